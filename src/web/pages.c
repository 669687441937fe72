#include "web/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "core/markup.h"
#include "http/negotiate.h"

#define LANGUAGE_MARK  "<html lang=\"en\""
#define HEAD_BEGIN     "<!--page-->"
#define HEAD_END       "<!--/page-->"
#define NOSCRIPT_BEGIN "<!--noscript-->"
#define NOSCRIPT_END   "<!--/noscript-->"
#define IMAGE_WIDTH    1200
#define IMAGE_HEIGHT   630

enum piece { PIECE_START, PIECE_HEAD, PIECE_BODY, PIECE_REST, PIECES };

struct page_template {
	char *pieces[PIECES]; /* what stays, in its order; all NULL: not there. Only the first: no marks */
};

struct pages {
	struct page_template templates[TEMPLATES];
};

/* ---- taking the built pages apart ------------------------------------------------------------------------------------- */

/* What stands before `begin`, whose end is moved behind `end`; NULL when one of them is missing. */
static char *cut(const char **rest, const char *begin, const char *end)
{
	const char *from = strstr(*rest, begin);
	const char *to = from != NULL ? strstr(from, end) : NULL;
	char *before;

	if (to == NULL)
		return NULL;
	before = xstrndup(*rest, (size_t)(from - *rest));
	*rest = to + strlen(end);
	return before;
}

static void load(const struct files *files, const char *path, struct page_template *template)
{
	size_t length;
	const char *data = files != NULL ? files_get(files, path, &length) : NULL;
	auto_free char *whole = data != NULL ? xstrndup(data, length) : NULL;
	const char *rest = whole;

	if (whole == NULL)
		return;
	template->pieces[PIECE_START] = cut(&rest, LANGUAGE_MARK, LANGUAGE_MARK);
	if (template->pieces[PIECE_START] != NULL)
		template->pieces[PIECE_HEAD] = cut(&rest, HEAD_BEGIN, HEAD_END);
	if (template->pieces[PIECE_HEAD] != NULL)
		template->pieces[PIECE_BODY] = cut(&rest, NOSCRIPT_BEGIN, NOSCRIPT_END);
	if (template->pieces[PIECE_BODY] != NULL) {
		template->pieces[PIECE_REST] = xstrdup(rest);
		return;
	}
	free(template->pieces[PIECE_START]);
	free(template->pieces[PIECE_HEAD]);
	*template = (struct page_template){.pieces = {steal(whole)}};
}

struct pages *pages_new(const struct files *files)
{
	struct pages *pages = xmalloc(sizeof(*pages));

	load(files, "/index.html", &pages->templates[TEMPLATE_APP]);
	load(files, "/embed.html", &pages->templates[TEMPLATE_EMBED]);
	return pages;
}

void pages_free(struct pages *pages)
{
	if (pages == NULL)
		return;
	for (size_t t = 0; t < TEMPLATES; t++)
		for (size_t i = 0; i < PIECES; i++)
			free(pages->templates[t].pieces[i]);
	free(pages);
}

/* ---- putting them together ---------------------------------------------------------------------------------------------- */

static void append_tag(struct buf *out, const char *kind, const char *name, const char *content)
{
	buf_printf(out, "<meta %s=\"%s\" content=\"", kind, name);
	markup_append(out, content);
	buf_append_string(out, "\" />\n    ");
}

static void append_link(struct buf *out, const char *attributes, const char *url)
{
	buf_printf(out, "<link %s href=\"", attributes);
	markup_append(out, url);
	buf_append_string(out, "\" />\n    ");
}

/* Open Graph (ogp.me) and the cards of X, for previews in chats. */
static void append_preview(struct buf *out, const struct page_meta *meta)
{
	auto_free char *image = xasprintf("%s/card.png", meta->site);
	auto_free char *width = xasprintf("%d", IMAGE_WIDTH);
	auto_free char *height = xasprintf("%d", IMAGE_HEIGHT);
	bool korean = strcmp(meta->language, "ko") == 0;

	append_tag(out, "property", "og:site_name", "trythisonbrowser");
	append_tag(out, "property", "og:type", "website");
	append_tag(out, "property", "og:title", meta->title);
	append_tag(out, "property", "og:description", meta->description);
	if (meta->canonical != NULL)
		append_tag(out, "property", "og:url", meta->canonical);
	append_tag(out, "property", "og:image", image);
	append_tag(out, "property", "og:image:type", "image/png");
	append_tag(out, "property", "og:image:width", width);
	append_tag(out, "property", "og:image:height", height);
	append_tag(out, "property", "og:image:alt", "trythisonbrowser");
	append_tag(out, "property", "og:locale", korean ? "ko_KR" : "en_US");
	append_tag(out, "property", "og:locale:alternate", korean ? "en_US" : "ko_KR");
	append_tag(out, "name", "twitter:card", "summary_large_image");
}

static void append_head(struct buf *out, const struct page_meta *meta)
{
	auto_free char *feed = xasprintf("%s/feed.xml", meta->site);

	buf_append_string(out, "<title>");
	markup_append(out, meta->title);
	buf_append_string(out, "</title>\n    ");
	append_tag(out, "name", "description", meta->description);
	if (meta->noindex)
		append_tag(out, "name", "robots", "noindex");
	if (meta->canonical != NULL)
		append_link(out, "rel=\"canonical\"", meta->canonical);
	append_preview(out, meta);
	append_link(out, "rel=\"alternate\" type=\"application/rss+xml\" title=\"trythisonbrowser\"", feed);
	if (meta->oembed != NULL)
		append_link(out, "rel=\"alternate\" type=\"application/json+oembed\" title=\"oEmbed\"", meta->oembed);
	if (meta->linked_data != NULL) {
		/* A block of data: browsers never run it, and the CSP has no say in it (HTML §4.12.1). */
		buf_append_string(out, "<script type=\"application/ld+json\">");
		markup_append_json(out, meta->linked_data);
		buf_append_string(out, "</script>");
	}
}

void pages_render(const struct pages *pages, enum template which, const struct page_meta *meta, struct buf *out)
{
	char *const *pieces = pages->templates[which].pieces;

	buf_append_string(out, pieces[PIECE_START]);
	if (pieces[PIECE_HEAD] == NULL)
		return;
	buf_printf(out, "<html lang=\"%s\"", meta->language);
	buf_append_string(out, pieces[PIECE_HEAD]);
	append_head(out, meta);
	buf_append_string(out, pieces[PIECE_BODY]);
	if (meta->noscript != NULL && meta->noscript->length > 0)
		buf_append(out, meta->noscript->data, meta->noscript->length);
	buf_append_string(out, pieces[PIECE_REST]);
}

bool pages_has(const struct pages *pages, enum template which)
{
	return pages->templates[which].pieces[PIECE_START] != NULL;
}

const char *page_language(const struct request *request)
{
	const char *header = request_header(request, "Accept-Language");

	return accept_language_quality(header, "ko") > accept_language_quality(header, "en") ? "ko" : "en";
}

char *page_project_url(const struct request *request, const char *owner, const char *name)
{
	struct buf url = BUF_INIT;

	buf_printf(&url, "%s/p/", request_site(request));
	markup_append_segment(&url, owner);
	buf_append_char(&url, '/');
	markup_append_segment(&url, name);
	return buf_steal(&url);
}
