/* /oembed: other sites ask how a project's page is shown within theirs (oembed.com 1.0). Where the author lets sites show the terminal it is
 * a frame with it ("rich"), else a link. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "core/markup.h"
#include "core/names.h"
#include "store/projects.h"
#include "web/internal.h"
#include "web/pages.h"

#define WIDTH	  720
#define HEIGHT	  480
#define CACHE_AGE 3600

struct asked {
	char owner[NAME_MAX_LENGTH + 1];
	char name[NAME_MAX_LENGTH + 1];
	uint64_t width;
	uint64_t height;
};

static int no_such_page(struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, ENOENT, "url is not the address of a project's page here");
}

/* "https://site/p/owner/name", whatever its query. */
static int read_url(const struct request *request, struct asked *asked, struct error *err)
{
	const char *url = request_query(request, "url");
	const char *site = request_site(request);
	size_t length = strlen(site);
	int end = 0;

	if (url == NULL || *url == '\0')
		return error_set(err, ERROR_INVALID, EINVAL, "url is needed: the address of a project's page");
	if (strncmp(url, site, length) != 0)
		return no_such_page(err);
	/* The widths are NAME_MAX_LENGTH. */
	if (sscanf(url + length, "/p/%40[a-z0-9._-]/%40[a-z0-9._-]%n", asked->owner, asked->name, &end) != 2)
		return no_such_page(err);
	url += length + (size_t)end;
	if (strchr("?#", *url) == NULL && strcmp(url, "/") != 0) /* the end is one of them, too */
		return no_such_page(err);
	return name_is_valid(asked->owner) && name_is_valid(asked->name) ? 0 : no_such_page(err);
}

static int read_query(const struct request *request, struct asked *asked, struct error *err)
{
	int r = read_url(request, asked, err);

	if (r == 0)
		r = request_query_number(request, "maxwidth", 1, 100000, WIDTH, &asked->width, err);
	if (r == 0)
		r = request_query_number(request, "maxheight", 1, 100000, HEIGHT, &asked->height, err);
	asked->width = min_size(asked->width, WIDTH);
	asked->height = min_size(asked->height, HEIGHT);
	return r;
}

static char *frame(const struct request *request, const struct project *project, const struct asked *asked)
{
	struct buf html = BUF_INIT;

	buf_append_string(&html, "<iframe src=\"");
	markup_append(&html, request_site(request));
	buf_append_string(&html, "/embed/");
	markup_append_segment(&html, project->owner);
	buf_append_char(&html, '/');
	markup_append_segment(&html, project->name);
	buf_append_string(&html, "\" title=\"");
	markup_append(&html, project->name);
	buf_printf(&html, "\" width=\"%d\" height=\"%d\" loading=\"lazy\" allow=\"clipboard-write; fullscreen\" style=\"border:0\"></iframe>",
		   (int)asked->width, (int)asked->height);
	return buf_steal(&html);
}

static void respond_oembed(struct request *request, const struct project *project, const struct asked *asked)
{
	const char *site = request_site(request);
	auto_free char *image = xasprintf("%s/card.png", site);
	auto_free char *author = xasprintf("%s/u/%s", site, project->owner);
	auto_free char *html = frame(request, project, asked);
	bool rich = project->embed_origins != NULL && *project->embed_origins != '\0';
	json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:s,s:i,s:i}", "version", "1.0", "type", rich ? "rich" : "link", "title",
				 project->name, "author_name", project->owner, "author_url", author, "provider_name", "trythisonbrowser",
				 "provider_url", site, "cache_age", CACHE_AGE, "thumbnail_url", image, "thumbnail_width", 1200, "thumbnail_height", 630);

	if (rich) {
		json_object_set_new(json, "html", json_string(html));
		json_object_set_new(json, "width", json_integer((json_int_t)asked->width));
		json_object_set_new(json, "height", json_integer((json_int_t)asked->height));
	}
	respond_header(request, "Cache-Control", "public, max-age=300");
	respond_header(request, "Access-Control-Allow-Origin", "*"); /* the same for everybody, and no cookie is read */
	respond_json(request, 200, json);
}

static int get_oembed(struct request *request, struct error *err)
{
	static const char only_json[] = "{\"type\":\"about:blank\",\"title\":\"Not Implemented\",\"status\":501,"
					"\"detail\":\"only format=json is spoken here\"}";
	const char *format = request_query(request, "format");
	struct project project = {0};
	struct asked asked = {0};
	int r;

	if (format != NULL && strcmp(format, "json") != 0) { /* oembed.com §2.2.1 */
		respond_data(request, 501, "application/problem+json", only_json, strlen(only_json));
		return 0;
	}
	r = read_query(request, &asked, err);
	if (r == 0)
		r = projects_get_short(request_local(request), asked.owner, asked.name, &project, err);
	if (r == 0 && strcmp(project.visibility, "hidden") == 0)
		r = no_such_page(err);
	if (r == 0)
		respond_oembed(request, &project, &asked);
	project_fini(&project);
	return r;
}

const struct resource oembed_resources[] = {
	{METHOD_GET, "/oembed", ROUTE_WORK, get_oembed, false, 0},
	{0},
};
