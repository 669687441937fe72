/* What the world sees without an account: badges, what pages say about themselves, feeds. */
#include "unit/web/fixture.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/util.h"
#include "store/projects.h"
#include "store/versions.h"
#include "unit/http/client.h"

#define HOSTILE  "</title></script><script>alert(1)</script>\"'><!-- ]]> &amp; 한글"
#define TEMPLATE                                                                                                                   \
	"<!doctype html>\n<html lang=\"en\">\n<head><!--page--><title>old</title><!--/page--></head>\n<body><noscript>"            \
	"<!--noscript-->old<!--/noscript--></noscript><p>rest</p></body></html>\n"

static struct fixture *with_pages(void)
{
	struct fixture *fixture = fixture_new();
	static char folder[96];
	char path[128];

	snprintf(folder, sizeof(folder), "%s/ui", fixture->folder);
	assert_int_equal(dir_make_all(folder, 0755, NULL), 0);
	snprintf(path, sizeof(path), "%s/index.html", folder);
	assert_int_equal(file_replace(path, TEMPLATE, strlen(TEMPLATE), 0644, NULL), 0);
	snprintf(path, sizeof(path), "%s/embed.html", folder);
	assert_int_equal(file_replace(path, TEMPLATE, strlen(TEMPLATE), 0644, NULL), 0);
	fixture->options.ui = folder;
	return fixture;
}

static int64_t add(struct fixture *fixture, const char *name, const char *summary, const char *visibility, bool ready)
{
	struct version version = {
		.label = (char *)"1.0<", .reference = (char *)"taste/x:b0", .image = (char *)"sha256:01", .size = 1, .shell = true};
	struct project project = {.owner = (char *)"taste",
				  .name = (char *)name,
				  .summary = (char *)summary,
				  .category = (char *)"fun",
				  .tags = (char *)"",
				  .license = (char *)"MIT OR Apache-2.0",
				  .homepage = (char *)"https://example.org/?a=1&b=\"><script>",
				  .ports = (char *)"",
				  .smoke = (char *)"true",
				  .version_command = (char *)"true",
				  .source_kind = (char *)"script",
				  .source = (char *)"{}",
				  .digest = (char *)"00"};
	struct store store;
	bool rebuild;
	int64_t id;

	assert_int_equal(store_open(fixture->database, &store, NULL), 0);
	assert_int_equal(projects_upsert(&store, &project, clock_realtime_ms(), &id, &rebuild, NULL), 0);
	if (ready) {
		version.project = id;
		assert_int_equal(versions_add(&store, &version, clock_realtime_ms(), NULL, NULL), 0);
	}
	assert_int_equal(projects_set_visibility(&store, id, visibility, clock_realtime_ms(), NULL), 0);
	store_close(&store);
	return id;
}

/* A GET with further headers, as they are. */
static struct reply get(struct fixture *fixture, const char *path, const char *headers)
{
	struct buf text = BUF_INIT;
	struct answer answer;
	struct reply reply = {0};

	buf_printf(&text, "GET %s HTTP/1.1\r\nConnection: close\r\n%s\r\n", path, headers);
	client_ask(web_port(fixture->web), text.data, &answer);
	buf_fini(&text);
	reply.status = answer.status;
	reply.head = answer.head;
	reply.body = answer.body;
	return reply;
}

static bool head_has(const struct reply *reply, const char *line)
{
	return strstr(reply->head.data, line) != NULL;
}

static bool body_has(const struct reply *reply, const char *text)
{
	return reply->body.data != NULL && strstr(reply->body.data, text) != NULL;
}

#define HOST "Host: taste.example\r\n"

/* ---- badges ----------------------------------------------------------------------------------------------------------- */

static void a_badge_is_for_proxies(void **state)
{
	struct fixture *fixture = fixture_new();
	struct reply reply, again;
	char etag[64], line[128];

	(void)state;
	fixture_start(fixture);
	reply = get(fixture, "/badge/taste/figlet.svg", HOST);
	assert_int_equal(reply.status, 200);
	assert_true(head_has(&reply, "Content-Type: image/svg+xml; charset=utf-8\r\n"));
	assert_true(head_has(&reply, "Cache-Control: no-cache, max-age=0\r\n"));
	assert_true(head_has(&reply, "Cross-Origin-Resource-Policy: cross-origin\r\n"));
	assert_true(head_has(&reply, "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; sandbox\r\n"));
	assert_false(head_has(&reply, "script-src")); /* only one policy */
	assert_false(head_has(&reply, "Set-Cookie"));
	assert_true(body_has(&reply, "<title>taste/figlet: try this on browser</title>"));
	assert_int_equal(sscanf(strstr(reply.head.data, "ETag: "), "ETag: %63s", etag), 1);
	snprintf(line, sizeof(line), HOST "If-None-Match: %s\r\n", etag);
	again = get(fixture, "/badge/taste/figlet.svg", line);
	assert_int_equal(again.status, 304);
	assert_int_equal(again.body.length, 0);
	reply_fini(&again);
	again = get(fixture, "/badge/taste/figlet.svg?tries=1&theme=dark", line);
	assert_int_equal(again.status, 200);
	assert_true(body_has(&again, "0 tries"));
	assert_false(body_has(&again, "prefers-color-scheme"));
	reply_fini(&again);
	reply_fini(&reply);
	fixture_free(fixture);
}

static void a_badge_says_what_is_wrong(void **state)
{
	struct fixture *fixture = fixture_new();
	static const struct {
		const char *path;
		int status;
		const char *title;
	} cases[] = {
		{"/badge/taste/new.svg", 200, "being built"},
		{"/badge/taste/hidden.svg", 200, "not available<"},
		{"/badge/taste/none.svg", 404, "not found"},
		{"/badge/taste/a%22%3E%3Cscript%3E.svg", 404, "not found"},
		{"/badge/taste/unlisted.svg", 200, "on browser"},
	};
	struct reply reply;

	(void)state;
	add(fixture, "new", "x", "listed", false);
	add(fixture, "hidden", "x", "hidden", true);
	add(fixture, "unlisted", "x", "unlisted", true);
	fixture_start(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		reply = get(fixture, cases[i].path, HOST);
		assert_int_equal(reply.status, cases[i].status);
		assert_true(head_has(&reply, "image/svg+xml"));
		assert_true(body_has(&reply, cases[i].title));
		assert_false(body_has(&reply, "<script"));
		reply_fini(&reply);
	}
	reply = get(fixture, "/badge/taste/figlet.svg?theme=blue", HOST);
	assert_int_equal(reply.status, 422);
	reply_fini(&reply);
	reply = get(fixture, "/badge/taste/figlet.svg?tries=9", HOST);
	assert_int_equal(reply.status, 422);
	reply_fini(&reply);
	fixture_free(fixture);
}

/* ---- pages ------------------------------------------------------------------------------------------------------------ */

static void pages_say_what_they_are(void **state)
{
	struct fixture *fixture = with_pages();
	struct reply reply;

	(void)state;
	fixture_start(fixture);
	reply = get(fixture, "/", HOST);
	assert_int_equal(reply.status, 200);
	assert_true(head_has(&reply, "Vary: Accept-Language"));
	assert_true(body_has(&reply, "<html lang=\"en\">"));
	assert_true(body_has(&reply, "<title>trythisonbrowser — taste any open source</title>"));
	assert_true(body_has(&reply, "<link rel=\"canonical\" href=\"http://taste.example/\""));
	assert_true(body_has(&reply, "property=\"og:image\" content=\"http://taste.example/card.png\""));
	assert_true(body_has(&reply, "application/rss+xml"));
	assert_true(body_has(&reply, "\"@type\":\"WebSite\""));
	assert_true(body_has(&reply, "<p>rest</p>"));
	assert_false(body_has(&reply, "old"));
	reply_fini(&reply);
	reply = get(fixture, "/p/taste/figlet", HOST "Accept-Language: ko-KR,ko;q=0.9,en;q=0.8\r\n");
	assert_int_equal(reply.status, 200);
	assert_true(body_has(&reply, "<html lang=\"ko\">"));
	assert_true(body_has(&reply, "무엇인지"));
	assert_true(body_has(&reply, "og:locale\" content=\"ko_KR\""));
	assert_true(body_has(&reply, "<link rel=\"canonical\" href=\"http://taste.example/p/taste/figlet\""));
	assert_true(body_has(&reply, "\"license\":\"https://spdx.org/licenses/MIT.html\""));
	assert_true(body_has(&reply,
			     "href=\"http://taste.example/oembed?format=json&amp;url=http%3A%2F%2Ftaste.example%2Fp%2Ftaste%2Ffiglet\""));
	assert_false(body_has(&reply, "noindex"));
	reply_fini(&reply);
	reply = get(fixture, "/p/taste/figlet", HOST "Accept-Language: en, ko;q=0.5\r\n");
	assert_true(body_has(&reply, "<html lang=\"en\">"));
	assert_true(body_has(&reply, "What it is"));
	reply_fini(&reply);
	reply = get(fixture, "/projects?q=x", HOST);
	assert_int_equal(reply.status, 200);
	assert_true(body_has(&reply, "noindex"));
	reply_fini(&reply);
	fixture_free(fixture);
}

static void what_cannot_be_seen_is_404(void **state)
{
	struct fixture *fixture = with_pages();
	static const char *const paths[] = {"/p/taste/none", "/p/taste/hidden", "/embed/taste/none", "/embed/taste/hidden",
					    "/p/%3Cscript%3E/x"};
	struct reply reply;

	(void)state;
	add(fixture, "hidden", HOSTILE, "hidden", true);
	add(fixture, "unlisted", "x", "unlisted", true);
	fixture_start(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		reply = get(fixture, paths[i], HOST);
		assert_int_equal(reply.status, 404);
		assert_true(head_has(&reply, "text/html"));
		assert_true(body_has(&reply, "noindex"));
		assert_false(body_has(&reply, "<script"));
		assert_false(body_has(&reply, "alert"));
		reply_fini(&reply);
	}
	reply = get(fixture, "/p/taste/unlisted", HOST);
	assert_int_equal(reply.status, 200);
	assert_true(body_has(&reply, "noindex"));
	reply_fini(&reply);
	fixture_free(fixture);
}

/* How often `text` stands in the body. */
static unsigned count(const struct reply *reply, const char *text)
{
	unsigned n = 0;

	for (const char *p = reply->body.data; (p = strstr(p, text)) != NULL; p += strlen(text))
		n++;
	return n;
}

static void a_hostile_project_stays_text(void **state)
{
	struct fixture *fixture = with_pages();
	struct reply reply;

	(void)state;
	add(fixture, "hostile", HOSTILE, "listed", true);
	fixture_start(fixture);
	reply = get(fixture, "/p/taste/hostile", HOST);
	assert_int_equal(reply.status, 200);
	assert_int_equal(count(&reply, "<script"), 1); /* the block of data */
	assert_int_equal(count(&reply, "</script"), 1);
	assert_int_equal(count(&reply, "</title"), 1);
	assert_int_equal(count(&reply, "<!--"), 0);
	assert_int_equal(count(&reply, "\"><"), 0);
	assert_true(body_has(&reply, "&lt;/title&gt;&lt;/script&gt;&lt;script&gt;alert(1)"));
	assert_true(body_has(&reply, "\\u003c/script\\u003e"));
	assert_true(body_has(&reply, "script-src") == false);
	assert_true(head_has(&reply, "script-src 'self'"));
	reply_fini(&reply);
	reply = get(fixture, "/feed.xml", HOST);
	assert_int_equal(reply.status, 200);
	assert_int_equal(count(&reply, "<script"), 0);
	assert_int_equal(count(&reply, "]]>"), 0);
	reply_fini(&reply);
	fixture_free(fixture);
}

static void a_forged_host_is_not_repeated(void **state)
{
	struct fixture *fixture = with_pages();
	static const char *const hosts[] = {"Host: evil.example\"><script>alert(1)</script>\r\n", "Host: a b\r\n", "Host: evil/..\r\n",
					    "Host: x@evil.example\r\n", "Host: \xff\r\n"};
	static const char *const paths[] = {"/", "/p/taste/figlet", "/feed.xml", "/sitemap.xml", "/robots.txt"};

	(void)state;
	fixture_start(fixture);
	for (size_t h = 0; h < ARRAY_SIZE(hosts); h++) {
		for (size_t p = 0; p < ARRAY_SIZE(paths); p++) {
			struct reply reply = get(fixture, paths[p], hosts[h]);

			assert_true(reply.status == 200 || reply.status == 400);
			assert_false(body_has(&reply, "evil"));
			assert_false(body_has(&reply, "alert"));
			reply_fini(&reply);
		}
	}
	fixture_free(fixture);
}

static void a_configured_name_is_the_only_one(void **state)
{
	struct fixture *fixture = with_pages();
	static const char *const paths[] = {"/", "/p/taste/figlet", "/feed.xml", "/sitemap.xml", "/robots.txt"};

	(void)state;
	fixture->options.public_url = "https://try.example.org";
	fixture_start(fixture);
	for (size_t p = 0; p < ARRAY_SIZE(paths); p++) {
		struct reply reply = get(fixture, paths[p], HOST);

		assert_int_equal(reply.status, 200);
		assert_true(body_has(&reply, "https://try.example.org/"));
		assert_false(body_has(&reply, "taste.example"));
		reply_fini(&reply);
	}
	fixture_free(fixture);
}

static void framing_is_the_authors_to_allow(void **state)
{
	struct fixture *fixture = with_pages();
	struct store store;
	struct reply reply;
	int64_t id = add(fixture, "shown", "x", "listed", true);

	(void)state;
	assert_int_equal(store_open(fixture->database, &store, NULL), 0);
	assert_int_equal(projects_set_embed_origins(&store, id, "https://docs.example *;script-src http://localhost:9", 1, NULL), 0);
	store_close(&store);
	fixture_start(fixture);
	reply = get(fixture, "/embed/taste/shown", HOST);
	assert_int_equal(reply.status, 200);
	assert_true(head_has(&reply, "frame-ancestors 'self' https://docs.example http://localhost:9\r\n"));
	assert_int_equal(head_has(&reply, "frame-ancestors 'none'"), false);
	reply_fini(&reply);
	reply = get(fixture, "/embed/taste/figlet", HOST);
	assert_true(head_has(&reply, "frame-ancestors 'self'\r\n"));
	reply_fini(&reply);
	reply = get(fixture, "/p/taste/shown", HOST);
	assert_true(head_has(&reply, "frame-ancestors 'none'\r\n"));
	reply_fini(&reply);
	fixture_free(fixture);
}

static void without_pages_there_are_none(void **state)
{
	struct fixture *fixture = fixture_new();
	struct reply reply;

	(void)state;
	fixture_start(fixture);
	reply = get(fixture, "/", HOST);
	assert_int_equal(reply.status, 404);
	reply_fini(&reply);
	fixture_free(fixture);
}

/* ---- feeds ------------------------------------------------------------------------------------------------------------ */

static void feeds_list_what_is_listed(void **state)
{
	struct fixture *fixture = fixture_new();
	struct reply reply;

	(void)state;
	add(fixture, "hidden", "x", "hidden", true);
	add(fixture, "unlisted", "x", "unlisted", true);
	add(fixture, "building", "x", "listed", false);
	fixture_start(fixture);
	reply = get(fixture, "/sitemap.xml", HOST);
	assert_int_equal(reply.status, 200);
	assert_int_equal(count(&reply, "<url>"), 5);
	assert_true(body_has(&reply, "<loc>http://taste.example/p/taste/figlet</loc><lastmod>20"));
	reply_fini(&reply);
	reply = get(fixture, "/sitemap.xml?n=2", HOST);
	assert_int_equal(reply.status, 404);
	reply_fini(&reply);
	reply = get(fixture, "/sitemap.xml?n=0", HOST);
	assert_int_equal(reply.status, 422);
	reply_fini(&reply);
	reply = get(fixture, "/feed.xml", HOST);
	assert_int_equal(reply.status, 200);
	assert_true(head_has(&reply, "application/rss+xml"));
	assert_int_equal(count(&reply, "<item>"), 1);
	assert_true(body_has(&reply, "<guid isPermaLink=\"true\">http://taste.example/p/taste/figlet</guid>"));
	assert_true(body_has(&reply, "<atom:link rel=\"self\" type=\"application/rss+xml\" href=\"http://taste.example/feed.xml\"/>"));
	reply_fini(&reply);
	reply = get(fixture, "/robots.txt", HOST);
	assert_int_equal(reply.status, 200);
	assert_true(body_has(&reply, "Sitemap: http://taste.example/sitemap.xml\n"));
	reply_fini(&reply);
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_badge_is_for_proxies),	  cmocka_unit_test(a_badge_says_what_is_wrong),
		cmocka_unit_test(pages_say_what_they_are),	  cmocka_unit_test(what_cannot_be_seen_is_404),
		cmocka_unit_test(a_hostile_project_stays_text),	  cmocka_unit_test(a_forged_host_is_not_repeated),
		cmocka_unit_test(a_configured_name_is_the_only_one), cmocka_unit_test(framing_is_the_authors_to_allow),
		cmocka_unit_test(without_pages_there_are_none),	  cmocka_unit_test(feeds_list_what_is_listed),
	};

	return cmocka_run_group_tests_name("web: public", tests, NULL, NULL);
}
