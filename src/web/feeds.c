/* What machines read: robots.txt (RFC 9309), sitemap.xml (sitemaps.org 0.9), feed.xml (RSS 2.0). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "core/markup.h"
#include "store/projects.h"
#include "store/sitemap.h"
#include "web/internal.h"
#include "web/pages.h"

#define MAP_MAX	   50000 /* addresses of one map, by its specification */
#define ROWS_ONCE  500
#define FEED_ITEMS 50
#define XML	   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define MAP_SPACE  "http://www.sitemaps.org/schemas/sitemap/0.9"

static int get_robots(struct request *request, struct error *err)
{
	auto_free char *text = xasprintf("User-agent: *\n"
					 "Disallow: /api/\n"
					 "Disallow: /me/\n"
					 "Disallow: /admin\n"
					 "Disallow: /settings\n"
					 "Disallow: /embed/\n"
					 "Allow: /\n"
					 "\n"
					 "Sitemap: %s/sitemap.xml\n",
					 request_site(request));

	(void)err;
	respond_header(request, "Cache-Control", "public, max-age=3600");
	respond_tagged(request, 200, "text/plain; charset=utf-8", text, strlen(text));
	return 0;
}

/* ---- sitemap --------------------------------------------------------------------------------------------------------- */

static void append_element(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "<%s>", name);
	markup_append(out, text);
	buf_printf(out, "</%s>", name);
}

static void append_place(struct buf *out, const char *url, int64_t changed_ms)
{
	char time[CLOCK_RFC3339_SIZE];

	buf_append_string(out, "<url>");
	append_element(out, "loc", url);
	if (changed_ms > 0) {
		clock_rfc3339(changed_ms, time);
		append_element(out, "lastmod", time);
	}
	buf_append_string(out, "</url>\n");
}

static void append_pages(struct request *request, struct buf *out)
{
	static const char *const paths[] = {"/", "/projects", "/docs", "/about"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_free char *url = xasprintf("%s%s", request_site(request), paths[i]);

		append_place(out, url, 0);
	}
}

static int append_projects(struct request *request, int64_t after, size_t most, struct buf *out, struct error *err)
{
	struct sitemap_row *rows = xcalloc(ROWS_ONCE, sizeof(*rows));
	size_t count, done = 0;
	int r;

	do {
		r = sitemap_read(request_local(request), after, rows, min_size(ROWS_ONCE, most - done), &count, err);
		for (size_t i = 0; r == 0 && i < count; i++) {
			auto_free char *url = page_project_url(request, rows[i].owner, rows[i].name);

			append_place(out, url, rows[i].changed_ms);
			after = rows[i].id;
		}
		done += count;
	} while (r == 0 && count == ROWS_ONCE && done < most);
	free(rows);
	return r;
}

static void respond_xml(struct request *request, const char *type, const struct buf *xml)
{
	respond_header(request, "Cache-Control", "public, max-age=300");
	respond_tagged(request, 200, type, xml->data, xml->length);
}

/* The first map has the site's own pages, too; so that it fits they count as projects. */
static int send_map(struct request *request, unsigned n, struct error *err)
{
	size_t most = MAP_MAX - 10;
	auto_buf struct buf xml = BUF_INIT;
	int64_t after;
	int r = sitemap_start(request_local(request), n, most, &after, err);

	if (r < 0)
		return r;
	buf_append_string(&xml, XML "<urlset xmlns=\"" MAP_SPACE "\">\n");
	if (n == 1)
		append_pages(request, &xml);
	r = append_projects(request, after, most, &xml, err);
	buf_append_string(&xml, "</urlset>\n");
	if (r == 0)
		respond_xml(request, "application/xml; charset=utf-8", &xml);
	return r;
}

static void send_index(struct request *request, int64_t maps)
{
	auto_buf struct buf xml = BUF_INIT;

	buf_append_string(&xml, XML "<sitemapindex xmlns=\"" MAP_SPACE "\">\n");
	for (int64_t n = 1; n <= maps && n <= MAP_MAX; n++) {
		auto_free char *url = xasprintf("%s/sitemap.xml?n=%lld", request_site(request), (long long)n);

		buf_append_string(&xml, "<sitemap>");
		append_element(&xml, "loc", url);
		buf_append_string(&xml, "</sitemap>\n");
	}
	buf_append_string(&xml, "</sitemapindex>\n");
	respond_xml(request, "application/xml; charset=utf-8", &xml);
}

static int get_sitemap(struct request *request, struct error *err)
{
	int64_t count = 0;
	uint64_t n;
	int r = request_query_number(request, "n", 1, MAP_MAX, 0, &n, err);

	if (r == 0)
		r = sitemap_count(request_local(request), &count, err);
	if (r < 0)
		return r;
	if (n > 0 || count <= MAP_MAX - 10)
		return send_map(request, n > 0 ? (unsigned)n : 1, err);
	send_index(request, (count + MAP_MAX - 11) / (MAP_MAX - 10));
	return 0;
}

/* ---- feed --------------------------------------------------------------------------------------------------------------- */

/* RFC 822 §5 with four digits of the year (RFC 1123 §5.2.14): "Sun, 22 Nov 2026 09:40:00 GMT". */
static void append_date(struct buf *out, const char *name, int64_t realtime_ms)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t)(realtime_ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	buf_printf(out, "<%s>%s, %02d %s %04d %02d:%02d:%02d GMT</%s>", name, days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
		   tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, name);
}

static void append_item(struct request *request, struct buf *out, const struct project *project)
{
	auto_free char *url = page_project_url(request, project->owner, project->name);
	auto_free char *title = xasprintf("%s/%s", project->owner, project->name);

	buf_append_string(out, "<item>");
	append_element(out, "title", title);
	append_element(out, "link", url);
	buf_append_string(out, "<guid isPermaLink=\"true\">");
	markup_append(out, url);
	buf_append_string(out, "</guid>");
	append_element(out, "description", project->summary);
	append_element(out, "category", project->category);
	append_date(out, "pubDate", project->created_ms);
	buf_append_string(out, "</item>\n");
}

static int get_feed(struct request *request, struct error *err)
{
	const struct project_filter filter = {.state = "ready", .sort = PROJECT_SORT_NEW, .page = {1, FEED_ITEMS}};
	const char *site = request_site(request);
	auto_free char *self = xasprintf("%s/feed.xml", site);
	auto_free char *home = xasprintf("%s/", site);
	auto_buf struct buf xml = BUF_INIT;
	struct project_list list = {0};
	int r = projects_list(request_local(request), &filter, &list, err);

	if (r < 0)
		return r;
	buf_append_string(&xml, XML "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel>\n"
				    "<title>trythisonbrowser</title>");
	append_element(&xml, "link", home);
	buf_append_string(&xml, "<description>Open-source programs to try in a real shell, in the browser: the new ones</description>"
				"<language>en</language><ttl>60</ttl><atom:link rel=\"self\" type=\"application/rss+xml\" href=\"");
	markup_append(&xml, self);
	buf_append_string(&xml, "\"/>");
	if (list.count > 0)
		append_date(&xml, "lastBuildDate", list.items[0].created_ms);
	buf_append_char(&xml, '\n');
	for (size_t i = 0; i < list.count; i++)
		append_item(request, &xml, &list.items[i]);
	buf_append_string(&xml, "</channel></rss>\n");
	project_list_fini(&list);
	respond_xml(request, "application/rss+xml; charset=utf-8", &xml);
	return 0;
}

const struct resource feed_resources[] = {
	{METHOD_GET, "/robots.txt", ROUTE_IMMEDIATE, get_robots, false, 0},
	{METHOD_GET, "/sitemap.xml", ROUTE_WORK, get_sitemap, false, 0},
	{METHOD_GET, "/feed.xml", ROUTE_WORK, get_feed, false, 0},
	{0},
};
