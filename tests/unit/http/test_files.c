/* Static files: codings, caching, pages of the app, and everything that is not a file. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/util.h"
#include "client.h"
#include "fixture.h"
#include "http/files.h"

static char folder[] = "/tmp/ttob-files-XXXXXX";

struct site {
	struct server *server;
	struct files *files;
};

static void put(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", folder, name);

	assert_int_equal(file_replace(path, text, strlen(text), 0644, NULL), 0);
	free(path);
}

static int setup(void **state)
{
	static struct site site;
	struct route pages[] = {
		{METHOD_GET, "/projects", ROUTE_IMMEDIATE, files_index, NULL, 0, 0, NULL},
		{METHOD_GET, "/p/{owner}/{name}", ROUTE_IMMEDIATE, files_index, NULL, 0, 0, NULL},
	};
	struct server_config config;
	struct error err = {0};
	char *path;

	assert_non_null(mkdtemp(folder));
	path = xasprintf("%s/dist/assets", folder);
	assert_int_equal(dir_make_all(path, 0755, NULL), 0);
	put("secret.txt", "secret");
	put("dist/index.html", "<!doctype html><title>whole page of some length</title>");
	put("dist/index.html.gz", "gzip'd page");
	put("dist/assets/app-1a2b.js", "console.log('a rather long file, so that packing pays')");
	put("dist/assets/app-1a2b.js.br", "brotli");
	put("dist/assets/app-1a2b.js.gz", "gzipped");
	put("dist/assets/tiny.css", "a{}");
	put("dist/assets/tiny.css.br", "larger than plain");
	put("dist/empty.txt", "");
	put("dist/.hidden", "hidden");
	put("dist/favicon.svg", "<svg/>");
	free(path);
	path = xasprintf("%s/dist/link.txt", folder);
	assert_int_equal(symlink("../secret.txt", path), 0);
	free(path);
	path = xasprintf("%s/dist/up", folder);
	assert_int_equal(symlink("..", path), 0);
	free(path);
	path = xasprintf("%s/dist", folder);
	if (files_new(path, &site.files, &err) < 0)
		fail_msg("%s", err.message);
	free(path);
	server_config_init(&config);
	config.listen = "127.0.0.1:0";
	assert_int_equal(server_new(&config, &site.server, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i].data = site.files;
	server_add(site.server, pages, ARRAY_SIZE(pages));
	server_set_fallback(site.server, files_fallback, site.files);
	assert_int_equal(server_start(site.server, &err), 0);
	*state = &site;
	return 0;
}

static int teardown(void **state)
{
	struct site *site = *state;

	fixture_stop(site->server);
	files_free(site->files);
	return dir_remove_all(folder, NULL);
}

/* Asks, and gives the status; the header `name` is compared with `value` (NULL: it must not be there). */
static void expect(void **state, const char *path, const char *headers, int status, const char *body, const char *name,
		   const char *value)
{
	struct site *site = *state;
	char *text = xasprintf("GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", path, headers);
	struct answer answer;

	client_ask(server_port(site->server), text, &answer);
	if (answer.status != status)
		fail_msg("%s: %d instead of %d", text, answer.status, status);
	if (body != NULL && (answer.body.data == NULL || strcmp(answer.body.data, body) != 0))
		fail_msg("%s: %s instead of %s", text, answer.body.data, body);
	if (name != NULL) {
		char *got = answer_header(&answer, name);

		if ((got == NULL) != (value == NULL) || (got != NULL && strcmp(got, value) != 0))
			fail_msg("%s: %s: %s instead of %s", text, name, got, value);
		free(got);
	}
	answer_fini(&answer);
	free(text);
}

static void serves_files(void **state)
{
	expect(state, "/favicon.svg", "", 200, "<svg/>", "Content-Type", "image/svg+xml");
	expect(state, "/favicon.svg?v=1", "", 200, "<svg/>", "Cache-Control", "no-cache");
	expect(state, "/assets/tiny.css", "", 200, "a{}", "Content-Type", "text/css; charset=utf-8");
	expect(state, "/assets/tiny.css", "", 200, "a{}", "Cache-Control", "public, max-age=31536000, immutable");
	expect(state, "/", "", 200, NULL, "Content-Type", "text/html; charset=utf-8");
	expect(state, "/", "", 200, NULL, "Cache-Control", "no-cache");
	expect(state, "/", "", 200, NULL, "X-Content-Type-Options", "nosniff");
	expect(state, "/empty.txt", "", 200, NULL, "Content-Length", "0");
}

static void chooses_a_coding(void **state)
{
	const char *app = "/assets/app-1a2b.js";

	expect(state, app, "Accept-Encoding: gzip, deflate, br\r\n", 200, "brotli", "Content-Encoding", "br");
	expect(state, app, "Accept-Encoding: gzip\r\n", 200, "gzipped", "Content-Encoding", "gzip");
	expect(state, app, "Accept-Encoding: br;q=0.5, gzip;q=0.8\r\n", 200, "gzipped", "Vary", "Accept-Encoding");
	expect(state, app, "Accept-Encoding: br;q=0, gzip;q=0\r\n", 200, NULL, "Content-Encoding", NULL);
	expect(state, app, "Accept-Encoding: *\r\n", 200, "brotli", "Content-Encoding", "br");
	expect(state, app, "Accept-Encoding: identity;q=1, *;q=0\r\n", 200, NULL, "Content-Encoding", NULL);
	expect(state, app, "", 200, NULL, "Content-Encoding", NULL);
	expect(state, app, "Accept-Encoding: br\r\n", 200, "brotli", "Content-Type", "text/javascript; charset=utf-8");
	/* Packed larger than plain: not used. */
	expect(state, "/assets/tiny.css", "Accept-Encoding: br\r\n", 200, "a{}", "Content-Encoding", NULL);
	expect(state, "/projects", "Accept-Encoding: gzip\r\n", 200, "gzip'd page", "Content-Encoding", "gzip");
}

static void answers_304(void **state)
{
	struct site *site = *state;
	struct answer answer;
	char *header;
	char *etag;

	client_ask(server_port(site->server), "GET /favicon.svg HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	etag = answer_header(&answer, "ETag");
	assert_non_null(etag);
	answer_fini(&answer);
	header = xasprintf("If-None-Match: \"x\", W/%s\r\n", etag);
	expect(state, "/favicon.svg", header, 304, NULL, "ETag", etag);
	expect(state, "/favicon.svg", "If-None-Match: \"x\"\r\n", 200, NULL, NULL, NULL);
	expect(state, "/favicon.svg", "If-None-Match: *\r\n", 304, NULL, NULL, NULL);
	free(header);
	free(etag);
}

static void gives_the_app_its_pages(void **state)
{
	expect(state, "/projects", "", 200, NULL, "Content-Type", "text/html; charset=utf-8");
	expect(state, "/p/demo/figlet", "", 200, NULL, "Content-Type", "text/html; charset=utf-8");
	expect(state, "/nowhere", "Accept: text/html,*/*\r\n", 404, NULL, "Content-Type", "text/html; charset=utf-8");
	expect(state, "/nowhere.png", "Accept: image/*\r\n", 404, NULL, "Content-Type", "application/problem+json");
	expect(state, "/api/v1/nowhere", "Accept: text/html\r\n", 404, NULL, "Content-Type",
	       "application/problem+json");
}

static void gives_nothing_else(void **state)
{
	static const char *const paths[] = {"/../secret.txt",
					    "/%2e%2e/secret.txt",
					    "/assets/../../secret.txt",
					    "/assets/..%2f..%2fsecret.txt",
					    "/link.txt",
					    "/up/secret.txt",
					    "/.hidden",
					    "//secret.txt",
					    "/favicon.svg%00.html",
					    "/favicon.svg/",
					    "/assets",
					    "/assets/",
					    "/..\\secret.txt",
					    "/%5c..%5csecret.txt",
					    "/FAVICON.svg",
					    "/etc/passwd"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct site *site = *state;
		char *text = xasprintf("GET %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[i]);
		struct answer answer;

		client_ask(server_port(site->server), text, &answer);
		if (answer.status != 404 && answer.status != 400)
			fail_msg("%s: %d", paths[i], answer.status);
		answer_fini(&answer);
		free(text);
	}
}

static void tells_missing_folders(void **state)
{
	struct files *files;
	struct error err = {0};

	(void)state;
	assert_int_equal(files_new("/nowhere/at/all", &files, &err), -ENOENT);
	assert_non_null(strstr(err.message, "/nowhere/at/all"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serves_files),       cmocka_unit_test(chooses_a_coding),
		cmocka_unit_test(answers_304),        cmocka_unit_test(gives_the_app_its_pages),
		cmocka_unit_test(gives_nothing_else), cmocka_unit_test(tells_missing_folders),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
