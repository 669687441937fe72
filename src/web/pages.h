/* The first HTML answer of the pages that others read: search engines, previews in chats, readers without scripts. The built pages
 * (ui/index.html, ui/embed.html) carry marks; what stands between them is replaced by what the page is about. */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "http/files.h"
#include "http/request.h"
#include "web/internal.h"

struct pages;

/* Never NULL. A file without marks is served as it is. `files` is borrowed and may be NULL. */
struct pages *pages_new(const struct files *files);
void pages_free(struct pages *pages); /* takes NULL */

/* Served when there are pages; all end with a NULL pattern. */
extern const struct resource page_resources[];

enum template { TEMPLATE_APP, TEMPLATE_EMBED, TEMPLATES };

/* What a page says about itself. Strings are borrowed and escaped by pages_render. */
struct page_meta {
	const char *language; /* "ko", "en" */
	const char *title;
	const char *description;
	const char *canonical; /* whole address; NULL: none */
	const char *site;
	bool noindex;
	json_t *linked_data; /* JSON-LD; borrowed; may be NULL */
	const char *oembed;  /* address of its oEmbed answer, or NULL */
	const struct buf *noscript; /* HTML that is safe already, or NULL */
};

/* False: the pages were not built, or without this one. */
bool pages_has(const struct pages *pages, enum template which);
/* The whole page, which is there; appended to `out`. */
void pages_render(const struct pages *pages, enum template which, const struct page_meta *meta, struct buf *out);
/* "ko" or "en", as the client asks for (Accept-Language); answers that depend on it need the header Vary. */
const char *page_language(const struct request *request);
/* The address of a project's page: "https://site/p/owner/name"; malloc'd. */
char *page_project_url(const struct request *request, const char *owner, const char *name);
