/* Publishing over real HTTP, with the in-memory engine that "builds". */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "unit/http/client.h"
#include "unit/web/people.h"

#define ABOUT	   "\"summary\": \"Big letters\", \"category\": \"fun\""
#define SCRIPT	   "{\"kind\": \"script\", \"base\": \"debian:bookworm\", \"script\": \"apt-get update\\napt-get install -y figlet\\n\"}"
#define DOCKERFILE "{\"kind\": \"dockerfile\", \"dockerfile\": \"FROM debian:bookworm\\nRUN true\\n\"}"
#define FORM(name, source) "{\"name\": \"" name "\", " ABOUT ", \"source\": " source "}"

static int setup(void **state)
{
	struct fixture *fixture = fixture_new();

	fixture->options.builds = 1;
	fixture->options.builds_most = 6;
	fixture->options.projects_most = 4;
	fixture->options.queued_most = 3;
	fixture->engine_away = true; /* builds begin when the test says so */
	*state = fixture;
	fixture_start(fixture);
	return 0;
}

static int teardown(void **state)
{
	fixture_free(*state);
	return 0;
}

static void drop(json_t *json)
{
	json_decref(json);
}

static void a_script_is_published_and_built(void **state)
{
	struct guest ann = person(*state, "ann", "user");
	json_t *json = expect(&ann, "POST", "/api/v1/projects", FORM("letters", SCRIPT), 202);

	assert_string_equal(text_of(json, "project.full_name"), "ann/letters");
	assert_string_equal(text_of(json, "project.state"), "building");
	assert_string_equal(text_of(json, "build.state"), "queued");
	assert_string_equal(text_of(json, "build.kind"), "publish");
	assert_string_equal(text_of(json, "build.author"), "ann");
	assert_int_equal(number_of(json, "build.position"), 1);
	drop(json);
	fixture_away(*state, false);
	json = until(&ann, "/api/v1/projects/ann/letters", "state", "ready");
	assert_non_null(strstr(text_of(json, "dockerfile"), "FROM debian:bookworm\n"));
	assert_non_null(strstr(text_of(json, "dockerfile"), "install.sh"));
	assert_string_equal(text_of(json, "source_kind"), "script");
	drop(json);
	drop(expect(&ann, "POST", "/api/v1/sandboxes", "{\"project\": \"ann/letters\"}", 201));
}

static void dockerfiles_and_images_are_published(void **state)
{
	struct guest ann = person(*state, "ann", "user");
	json_t *json;

	fixture_away(*state, false);
	drop(expect(&ann, "POST", "/api/v1/projects", FORM("one", DOCKERFILE), 202));
	drop(until(&ann, "/api/v1/projects/ann/one", "state", "ready"));
	drop(expect(&ann, "POST", "/api/v1/projects", FORM("two", "{\"kind\": \"image\", \"reference\": \"alpine:3\"}"), 202));
	json = until(&ann, "/api/v1/projects/ann/two", "state", "ready");
	assert_string_equal(text_of(json, "dockerfile"), "FROM alpine:3\n");
	drop(json);
}

static void a_name_is_taken_once(void **state)
{
	static const char *const reserved[] = {FORM("debian", SCRIPT), FORM("versions", SCRIPT)};
	struct guest ann = person(*state, "ann", "user"), bob = person(*state, "bob", "user");
	json_t *json;

	drop(expect(&ann, "POST", "/api/v1/projects", FORM("same", SCRIPT), 202));
	json = expect(&ann, "POST", "/api/v1/projects", FORM("same", DOCKERFILE), 409);
	assert_string_equal(text_of(json, "code"), "name_taken");
	assert_string_equal(text_of(json, "errors.0.field"), "name");
	drop(json);
	drop(expect(&bob, "POST", "/api/v1/projects", FORM("same", SCRIPT), 202)); /* another owner's */
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		json = expect(&ann, "POST", "/api/v1/projects", reserved[i], 422);
		assert_string_equal(text_of(json, "errors.0.field"), "name");
		drop(json);
	}
}

static void bad_forms_are_told_by_field(void **state)
{
	static const struct {
		const char *body;
		int status;
		const char *field; /* NULL: none is told */
	} table[] = {
		{"", 400, NULL},
		{"[]", 400, NULL},
		{"\"x\"", 400, NULL},
		{"{\"name\": \"a\xff\"}", 400, NULL},
		{"{\"name\": \"a\", \"name\": \"b\"}", 400, NULL},
		{"{}", 422, "name"},
		{FORM("../up", SCRIPT), 422, "name"},
		{FORM("UP", SCRIPT), 422, "name"},
		{FORM("a--b", SCRIPT), 422, "name"},
		{FORM("a/b", SCRIPT), 422, "name"},
		{FORM("한글", SCRIPT), 422, "name"},
		{"{\"name\": 5, " ABOUT ", \"source\": " SCRIPT "}", 422, "name"},
		{FORM("a", "5"), 422, "source"},
		{FORM("a", "{\"kind\": \"magic\"}"), 422, "source.kind"},
		{FORM("a", "{\"kind\": \"script\", \"base\": \"-x\", \"script\": \"true\"}"), 422, "source.base"},
		{FORM("a", "{\"kind\": \"script\", \"base\": \"a\", \"script\": \" \\n\"}"), 422, "source.script"},
		{FORM("a", "{\"kind\": \"script\", \"base\": \"a\", \"script\": \"x\\u0000y\"}"), 400, NULL},
		{FORM("a", "{\"kind\": \"dockerfile\", \"dockerfile\": \"RUN true\"}"), 422, "source.dockerfile"},
		{FORM("a", "{\"kind\": \"dockerfile\"}"), 422, "source.dockerfile"},
		{FORM("a", "{\"kind\": \"dockerfile\", \"dockerfile\": \"FROM a\", \"context\": true}"), 422, "source.context"},
		{FORM("a", "{\"kind\": \"image\", \"reference\": \"x y\"}"), 422, "source.reference"},
		{"{\"name\": \"a\", " ABOUT ", \"contact\": \"nobody\", \"source\": " SCRIPT "}", 422, "contact"},
		{"{\"name\": \"a\", " ABOUT ", \"size\": \"giant\", \"source\": " SCRIPT "}", 422, "size"},
		{"{\"name\": \"a\", " ABOUT ", \"owner\": \"bob\", \"source\": " SCRIPT "}", 422, "owner"},
	};
	struct guest ann = person(*state, "ann", "user"), nobody = {.fixture = *state};
	json_t *json;

	drop(expect(&nobody, "POST", "/api/v1/projects", FORM("a", SCRIPT), 401));
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct reply reply = ask(&ann, "POST", "/api/v1/projects", table[i].body);

		if (reply.status != table[i].status)
			fail_msg("%s gave %d: %s", table[i].body, reply.status, reply.body.data);
		if (table[i].field != NULL)
			assert_string_equal(text_of(reply.json, "errors.0.field"), table[i].field);
		reply_fini(&reply);
	}
	json = expect(&ann, "GET", "/api/v1/projects?q=&owner=ann", NULL, 200);
	drop(json);
	drop(expect(&ann, "GET", "/api/v1/projects/ann/a", NULL, 404));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_script_is_published_and_built, setup, teardown),
		cmocka_unit_test_setup_teardown(dockerfiles_and_images_are_published, setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_is_taken_once, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_forms_are_told_by_field, setup, teardown),
	};

	return cmocka_run_group_tests_name("web: publish", tests, NULL, NULL);
}
