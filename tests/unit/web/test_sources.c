/* Repositories, over real HTTP, with the in-memory engine that "fetches". */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "core/tar.h"
#include "unit/web/people.h"

#define GIT "{\"url\": \"https://example.org/ann/Letters.git\", \"ref\": \"main\"}"

/* What the engine gives from now on. */
struct stream {
	struct buf tar;
	enum error_kind kind;
	bool hold;
};

static void set_stream(struct engine *engine, void *data)
{
	struct stream *stream = data;

	fake_engine_stream(engine, stream->tar.data, stream->tar.length, stream->kind, "the host does not answer");
	fake_engine_hold_streams(engine, stream->hold);
}

static void stream_files(struct fixture *fixture, const char *const *files, struct stream stream)
{
	for (; *files != NULL; files += 2)
		assert_int_equal(tar_add_file(&stream.tar, files[0], 0644, files[1], strlen(files[1]), NULL), 0);
	tar_finish(&stream.tar);
	fixture_on_loop(fixture, set_stream, &stream);
	buf_fini(&stream.tar);
}

/* Asks for a look; gives its address. */
static void look(struct guest *guest, const char *body, char url[80])
{
	json_t *json = expect(guest, "POST", "/api/v1/sources/git", body, 202);

	snprintf(url, 80, "/api/v1/sources/%s", text_of(json, "id"));
	drop(json);
}

static const char *const node_files[] = {"package.json", "{\"name\": \"letters\", \"bin\": \"x.js\", \"license\": \"MIT\"}",
					 "README.md",	 "# Letters\n\nBig letters for a game.\n",
					 "x.js",	 "",
					 NULL};

static void a_repository_is_recognised(void **state)
{
	struct fixture *fixture = *state;
	struct guest ann, bob;
	json_t *json;
	char url[80];

	fixture_start(fixture);
	ann = person(fixture, "ann", "user");
	bob = person(fixture, "bob", "user");
	stream_files(fixture, node_files, (struct stream){.tar = BUF_INIT});
	look(&ann, GIT, url);
	json = until(&ann, url, "state", "ready");
	assert_string_equal(text_of(json, "found"), "node");
	assert_int_equal(strlen(text_of(json, "commit")), 40);
	assert_string_equal(text_of(json, "proposal.name"), "letters");
	assert_string_equal(text_of(json, "proposal.license"), "MIT");
	assert_string_equal(text_of(json, "proposal.run"), "letters");
	assert_string_equal(text_of(json, "proposal.source.kind"), "git");
	assert_string_equal(text_of(json, "proposal.source.ref"), "main");
	assert_string_equal(text_of(json, "files.0"), "package.json");
	assert_true(json_is_null(at(json, "error")));
	drop(json);
	drop(expect(&bob, "GET", url, NULL, 404));
	drop(expect(&ann, "GET", "/api/v1/sources/nothing", NULL, 404));
}

static void failures_are_told(void **state)
{
	struct fixture *fixture = *state;
	struct guest ann;
	struct stream nothing = {.kind = ERROR_NOT_FOUND};
	json_t *json;
	char url[80];

	fixture->options.context_max = 2048;
	fixture_start(fixture);
	ann = person(fixture, "ann", "user");
	fixture_on_loop(fixture, set_stream, &nothing);
	look(&ann, GIT, url);
	json = until(&ann, url, "state", "failed");
	assert_string_equal(text_of(json, "error_kind"), "not_found");
	assert_string_equal(text_of(json, "error"), "the host does not answer");
	drop(json);
	/* Half a tar that the engine calls whole. */
	nothing = (struct stream){.kind = ERROR_NONE};
	buf_append(&nothing.tar, "half", 4);
	fixture_on_loop(fixture, set_stream, &nothing);
	look(&ann, GIT, url);
	json = until(&ann, url, "state", "failed");
	assert_string_equal(text_of(json, "error_kind"), "malformed");
	drop(json);
	buf_fini(&nothing.tar);
	/* A whole one that the engine calls broken. */
	stream_files(fixture, node_files + 4, (struct stream){.kind = ERROR_UNAVAILABLE});
	look(&ann, GIT, url);
	json = until(&ann, url, "state", "failed");
	assert_string_equal(text_of(json, "error_kind"), "unavailable");
	drop(json);
	/* Larger than may be kept. */
	stream_files(fixture, node_files, (struct stream){.kind = ERROR_NONE});
	look(&ann, GIT, url);
	json = until(&ann, url, "state", "failed");
	assert_string_equal(text_of(json, "error_kind"), "too_large");
	drop(json);
}

static void bad_questions_are_refused(void **state)
{
	static const char *const bad[] = {
		"{}",
		"{\"url\": 7}",
		"{\"url\": \"http://example.org/a\"}",
		"{\"url\": \"https://user@example.org/a\"}",
		"{\"url\": \"https://example.org/\"}",
		"{\"url\": \"https://example.org/a b\"}",
		"{\"url\": \"--upload-pack=x\"}",
		"{\"url\": \"https://example.org/a\", \"ref\": \"-x\"}",
		"{\"url\": \"https://example.org/a\", \"ref\": \"a..b\"}",
		"{\"url\": \"https://example.org/a\", \"depth\": 1}",
	};
	struct fixture *fixture = *state;
	struct guest ann, guest = {.fixture = fixture};

	fixture_start(fixture);
	ann = person(fixture, "ann", "user");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		drop(expect(&ann, "POST", "/api/v1/sources/git", bad[i], 422));
	drop(expect(&ann, "POST", "/api/v1/sources/git", "half {", 400));
	drop(expect(&guest, "POST", "/api/v1/sources/git", GIT, 401));
	drop(expect(&guest, "GET", "/api/v1/sources/x", NULL, 401));
}

static void previews_tell_the_dockerfile(void **state)
{
	struct fixture *fixture = *state;
	struct guest guest = {.fixture = fixture};
	json_t *json;

	fixture_start(fixture);
	json = expect(&guest, "POST", "/api/v1/sources/preview",
		      "{\"source\": {\"kind\": \"script\", \"base\": \"debian:bookworm\", \"script\": \"true\"}}", 200);
	assert_non_null(strstr(text_of(json, "dockerfile"), "RUN sh -eux /tmp/install.sh"));
	drop(json);
	json = expect(&guest, "POST", "/api/v1/sources/preview", "{\"source\": {\"kind\": \"git\", \"url\": \"https://example.org/a/b\"}}", 200);
	assert_true(json_is_null(at(json, "dockerfile")));
	drop(json);
	drop(expect(&guest, "POST", "/api/v1/sources/preview", "{\"source\": {\"kind\": \"git\", \"url\": \"https://example.org/a/b\"}, \"x\": 1}", 422));
	drop(expect(&guest, "POST", "/api/v1/sources/preview", "{\"source\": {\"kind\": \"image\", \"reference\": \"a b\"}}", 422));
	drop(expect(&guest, "POST", "/api/v1/sources/preview",
		    "{\"source\": {\"kind\": \"image\", \"reference\": \"a/b\", \"username\": \"a\", \"password\": \"b\"}}", 422));
	drop(expect(&guest, "POST", "/api/v1/sources/preview", "{\"source\": {\"kind\": \"sandbox\", \"sandbox\": \"x\"}}", 422));
	drop(expect(&guest, "POST", "/api/v1/sources/preview", "{}", 422));
	drop(expect(&guest, "POST", "/api/v1/sources/preview", "[]", 400));
	json = expect(&guest, "GET", "/api/v1/bases", NULL, 200);
	assert_string_equal(text_of(json, "items.0.reference"), "debian:bookworm");
	drop(json);
}

#define ABOUT "\"summary\": \"Big letters\", \"category\": \"fun\""
#define PROJECT(name, more) "{\"name\": \"" name "\", " ABOUT ", \"source\": {\"kind\": \"git\", \"url\": \"https://example.org/ann/letters\"" more "}}"

static void a_repository_is_built(void **state)
{
	static const char *const files[] = {"Dockerfile", "FROM debian:bookworm\n", "demo/x", "", NULL};
	struct fixture *fixture = *state;
	struct guest ann;
	json_t *json;

	fixture_start(fixture);
	ann = person(fixture, "ann", "user");
	stream_files(fixture, files, (struct stream){.tar = BUF_INIT});
	drop(expect(&ann, "POST", "/api/v1/projects", PROJECT("own", ", \"ref\": \"v1\""), 202));
	json = until(&ann, "/api/v1/projects/ann/own", "state", "ready");
	assert_string_equal(text_of(json, "source_kind"), "git");
	assert_string_equal(text_of(json, "dockerfile"), "FROM debian:bookworm\n");
	drop(json);
	drop(expect(&ann, "POST", "/api/v1/projects", PROJECT("edited", ", \"base\": \"debian:bookworm\", \"script\": \"make\""), 202));
	json = until(&ann, "/api/v1/projects/ann/edited", "state", "ready");
	assert_non_null(strstr(text_of(json, "dockerfile"), "COPY src /src\n"));
	drop(json);
}

static void what_cannot_be_built_says_why(void **state)
{
	struct fixture *fixture = *state;
	struct stream nothing = {.kind = ERROR_NOT_FOUND};
	struct guest ann;
	json_t *json;

	fixture_start(fixture);
	ann = person(fixture, "ann", "user");
	stream_files(fixture, node_files, (struct stream){.tar = BUF_INIT});
	drop(expect(&ann, "POST", "/api/v1/projects", PROJECT("one", ""), 202));
	json = until(&ann, "/api/v1/projects/ann/one", "build.state", "failed");
	assert_non_null(strstr(text_of(json, "build.error"), "no Dockerfile at its top"));
	drop(json);
	fixture_on_loop(fixture, set_stream, &nothing);
	drop(expect(&ann, "POST", "/api/v1/projects", PROJECT("two", ""), 202));
	json = until(&ann, "/api/v1/projects/ann/two", "build.state", "failed");
	assert_string_equal(text_of(json, "build.error"), "the host does not answer");
	drop(json);
	drop(expect(&ann, "POST", "/api/v1/projects", PROJECT("three", ", \"folder\": \"../x\""), 422));
	drop(expect(&ann, "POST", "/api/v1/projects", PROJECT("three", ", \"folder\": \"/x\""), 422));
	drop(expect(&ann, "POST", "/api/v1/projects", PROJECT("three", ", \"script\": \"make\""), 422));
	drop(expect(&ann, "POST", "/api/v1/projects", PROJECT("three", ", \"ref\": \"--x\""), 422));
}

#define SAVED(name, id) "{\"name\": \"" name "\", " ABOUT ", \"source\": {\"kind\": \"sandbox\", \"sandbox\": \"%s\"}}", id

static void a_sandbox_is_saved_and_built(void **state)
{
	static const char *const files[] = {"root/hello", "hi", "etc/.wh.motd", "", NULL};
	struct stream broken = {.kind = ERROR_TOO_LARGE};
	struct fixture *fixture = *state;
	struct guest ann, bob;
	char body[400], id[40];
	json_t *json;

	fixture_start(fixture);
	ann = person(fixture, "ann", "user");
	bob = person(fixture, "bob", "user");
	json = expect(&ann, "POST", "/api/v1/sandboxes", TRY, 201);
	snprintf(id, sizeof(id), "%s", text_of(json, "id"));
	drop(json);
	stream_files(fixture, files, (struct stream){.tar = BUF_INIT});
	snprintf(body, sizeof(body), SAVED("kept", id));
	drop(expect(&bob, "POST", "/api/v1/projects", body, 404));
	drop(expect(&ann, "POST", "/api/v1/projects", body, 202));
	json = until(&ann, "/api/v1/projects/ann/kept", "state", "ready");
	assert_string_equal(text_of(json, "source_kind"), "sandbox");
	assert_non_null(strstr(text_of(json, "dockerfile"), "FROM taste/figlet"));
	assert_non_null(strstr(text_of(json, "dockerfile"), "ADD layer.tar /\n"));
	drop(json);
	/* The files are kept: the sandbox is no longer needed. */
	snprintf(body, sizeof(body), "/api/v1/sandboxes/%s", id);
	drop(expect(&ann, "DELETE", body, NULL, 204));
	drop(expect(&ann, "POST", "/api/v1/projects/ann/kept/rebuild", NULL, 202));
	snprintf(body, sizeof(body), SAVED("gone", id));
	drop(expect(&ann, "POST", "/api/v1/projects", body, 404));
	/* What the engine does not bring whole is none. */
	json = expect(&ann, "POST", "/api/v1/sandboxes", TRY, 201);
	snprintf(body, sizeof(body), SAVED("broken", text_of(json, "id")));
	drop(json);
	fixture_on_loop(fixture, set_stream, &broken);
	drop(expect(&ann, "POST", "/api/v1/projects", body, 413));
	stream_files(fixture, files + 4, (struct stream){.tar = BUF_INIT});
	drop(expect(&ann, "POST", "/api/v1/projects", body, 422)); /* nothing was changed */
	drop(expect(&ann, "GET", "/api/v1/projects/ann/broken", NULL, 404));
}

static void cancel_all(struct engine *engine, void *data)
{
	(void)data;
	fake_engine_hold_streams(engine, false);
	fake_engine_away(engine, true);
}

static unsigned asked;

static void count(struct engine *engine, void *data)
{
	(void)data;
	asked = fake_engine_count(engine, "git_fetch");
}

static void a_fetch_is_lost_with_the_engine(void **state)
{
	static const char *const files[] = {"Dockerfile", "FROM debian:bookworm\n", NULL};
	struct fixture *fixture = *state;
	struct guest ann;

	fixture_start(fixture);
	ann = person(fixture, "ann", "user");
	stream_files(fixture, files, (struct stream){.hold = true});
	drop(expect(&ann, "POST", "/api/v1/projects", PROJECT("own", ""), 202));
	drop(until(&ann, "/api/v1/projects/ann/own", "build.state", "running"));
	do
		fixture_on_loop(fixture, count, NULL);
	while (asked == 0);
	fixture_on_loop(fixture, cancel_all, NULL);
	fixture_away(fixture, false);
	drop(until(&ann, "/api/v1/projects/ann/own", "state", "ready"));
	fixture_on_loop(fixture, count, NULL);
	assert_int_equal(asked, 2); /* the build was queued again */
}

static void one_at_a_time_and_few_of_one_person(void **state)
{
	struct fixture *fixture = *state;
	struct guest ann, bob;
	char urls[4][80];

	fixture_start(fixture);
	ann = person(fixture, "ann", "user");
	bob = person(fixture, "bob", "user");
	stream_files(fixture, node_files, (struct stream){.hold = true});
	for (int i = 0; i < 3; i++)
		look(&ann, GIT, urls[i]);
	drop(expect(&ann, "POST", "/api/v1/sources/git", GIT, 429));
	look(&bob, GIT, urls[3]);
	drop(expect(&bob, "GET", urls[3], NULL, 200));
	do
		fixture_on_loop(fixture, count, NULL);
	while (asked == 0);
	assert_int_equal(asked, 1);
	/* The one that was under way is lost with the engine, the others wait for it. */
	fixture_on_loop(fixture, cancel_all, NULL);
	drop(until(&ann, urls[0], "state", "failed"));
	fixture_away(fixture, false);
	for (int i = 1; i < 3; i++)
		drop(until(&ann, urls[i], "state", "ready"));
	drop(until(&bob, urls[3], "state", "ready"));
}

static void fail_once(struct engine *engine, void *data)
{
	(void)data;
	fake_engine_fail(engine, "git_fetch", ERROR_UNAVAILABLE, 1);
}

static void a_busy_engine_is_asked_again(void **state)
{
	struct fixture *fixture = *state;
	struct guest ann;
	char url[80];

	fixture_start(fixture);
	ann = person(fixture, "ann", "user");
	stream_files(fixture, node_files, (struct stream){.tar = BUF_INIT});
	fixture_on_loop(fixture, fail_once, NULL);
	look(&ann, GIT, url);
	drop(until(&ann, url, "state", "ready"));
}

static void a_restart_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct guest ann;
	json_t *json;
	char urls[2][80];

	fixture_start(fixture);
	ann = person(fixture, "ann", "user");
	stream_files(fixture, node_files, (struct stream){.hold = true});
	look(&ann, GIT, urls[0]);
	look(&ann, GIT, urls[1]);
	drop(expect(&ann, "GET", urls[1], NULL, 200));
	fixture_stop(fixture);
	/* As if it had died instead. */
	fixture_sql(fixture, "UPDATE sources SET state = 'fetching', error = NULL");
	fixture_start(fixture);
	for (int i = 0; i < 2; i++) {
		json = expect(&ann, "GET", urls[i], NULL, 200);
		assert_string_equal(text_of(json, "state"), "failed");
		assert_string_equal(text_of(json, "error_kind"), "unavailable");
		assert_non_null(strstr(text_of(json, "error"), "ask again"));
		drop(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_repository_is_recognised, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(failures_are_told, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(bad_questions_are_refused, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(one_at_a_time_and_few_of_one_person, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_busy_engine_is_asked_again, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(previews_tell_the_dockerfile, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_repository_is_built, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_built_says_why, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_sandbox_is_saved_and_built, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_fetch_is_lost_with_the_engine, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_restart_is_told, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
