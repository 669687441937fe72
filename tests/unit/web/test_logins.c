/* Images that need a name and a password: over real HTTP, into the database, and out of it into the build. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"
#include "store/store.h"
#include "unit/web/people.h"

#define SECRET "tiny-purple-elephants"
#define OTHER  "seven-loud-penguins"
#define IMAGE  "\"kind\": \"image\", \"reference\": \"registry.example:5000/lab/tool:1\""
#define LOGIN  "\"username\": \"robot$pull\", \"password\": \"" SECRET "\""
#define FORM(name, source) "{\"name\": \"" name "\", \"summary\": \"S\", \"category\": \"fun\", \"source\": {" source "}}"

static int setup(void **state)
{
	struct fixture *fixture = fixture_new();

	fixture->options.builds = 1;
	*state = fixture;
	fixture_start(fixture);
	return 0;
}

static void read_login(struct engine *engine, void *data)
{
	char **login = data;

	free(*login);
	*login = xstrdup(fake_engine_login(engine));
}

/* What the engine was told with the last build; NULL: nothing. */
static char *told(struct fixture *fixture)
{
	char *login = NULL;

	fixture_on_loop(fixture, read_login, &login);
	return login;
}

static void assert_told(struct fixture *fixture, const char *expected)
{
	auto_free char *login = told(fixture);

	if (expected == NULL)
		assert_null(login);
	else
		assert_string_equal(login, expected);
}

static json_t *publish_tool(struct guest *guest)
{
	call(guest, "POST", "/api/v1/projects", FORM("tool", IMAGE ", " LOGIN), 202);
	return until(guest, "/api/v1/projects/ann/tool", "state", "ready");
}

static void next_version(struct guest *guest, const char *body, const char *state)
{
	call(guest, "POST", "/api/v1/projects/ann/tool/versions", body, 202);
	drop(until(guest, "/api/v1/projects/ann/tool/builds", "items.0.state", state));
}

static int64_t kept(struct fixture *fixture)
{
	return fixture_count(fixture, "SELECT COUNT(*) FROM credentials");
}

static void the_engine_is_told_and_nobody_else(void **state)
{
	static const char *const pages[] = {"/api/v1/projects/ann/tool", "/api/v1/projects/ann/tool/source", "/api/v1/projects/ann/tool/builds",
					    "/api/v1/builds", "/api/v1/admin/audit", "/api/v1/projects/ann/tool/versions", "/api/v1/admin/projects"};
	struct guest ann = person(*state, "ann", "admin"), bob = person(*state, "bob", "user");
	json_t *json = publish_tool(&ann);

	assert_string_equal(text_of(json, "dockerfile"), "FROM registry.example:5000/lab/tool:1\n");
	drop(json);
	assert_told(*state, "registry.example:5000 robot$pull " SECRET);
	json = expect(&ann, "GET", "/api/v1/projects/ann/tool/source", NULL, 200);
	assert_true(json_is_true(at(json, "source.has_credentials")));
	assert_string_equal(text_of(json, "source.username"), "robot$pull");
	assert_null(at(json, "source.credentials"));
	assert_null(at(json, "source.password"));
	drop(json);
	call(&bob, "GET", "/api/v1/projects/ann/tool/source", NULL, 403);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		struct reply reply = ask(&ann, "GET", pages[i], NULL);

		assert_int_equal(reply.status, 200);
		assert_null(strstr(reply.body.data, SECRET));
		reply_fini(&reply);
	}
}

/* The whole folder of the web process: database, its journal, build logs, contexts. */
static void it_stands_nowhere_in_the_clear(void **state)
{
	struct guest ann = person(*state, "ann", "user");
	struct fixture *fixture = *state;
	auto_free char *search = xasprintf("! grep -rqF %s %s", SECRET, fixture->folder);
	auto_free char *control = xasprintf("grep -rqF 'robot$pull' %s", fixture->folder);

	drop(publish_tool(&ann));
	fixture_stop(fixture);
	assert_int_equal(system(control), 0); /* NOLINT(cert-env33-c): the search would find it */
	assert_int_equal(system(search), 0);  /* NOLINT(cert-env33-c) */
	fixture_start(fixture);
}

static void bad_ones_are_told_by_field(void **state)
{
	static const struct {
		const char *body;
		const char *field;
	} table[] = {
		{FORM("a", IMAGE ", \"username\": \"u\""), "source.password"},
		{FORM("a", IMAGE ", \"password\": \"p\""), "source.username"},
		{FORM("a", IMAGE ", \"username\": \"\", \"password\": \"p\""), "source.username"},
		{FORM("a", IMAGE ", \"username\": \"a:b\", \"password\": \"p\""), "source.username"},
		{FORM("a", IMAGE ", \"username\": \"a\\nb\", \"password\": \"p\""), "source.username"},
		{FORM("a", IMAGE ", \"username\": \"u\", \"password\": \"\""), "source.password"},
		{FORM("a", IMAGE ", \"username\": \"u\", \"password\": \"a\\rb\""), "source.password"},
		{FORM("a", IMAGE ", \"username\": 5, \"password\": \"p\""), "source.username"},
		{FORM("a", IMAGE ", \"username\": \"u\", \"password\": [\"p\"]"), "source.password"},
		{FORM("a", IMAGE ", \"has_credentials\": true"), "source.has_credentials"},
		{FORM("a", IMAGE ", \"has_credentials\": 1"), "source.has_credentials"},
		{FORM("a", IMAGE ", \"has_credentials\": true, " LOGIN), "source.has_credentials"},
		{FORM("a", IMAGE ", \"credentials\": \"aaaaaaaaaaaaaaaaaaaa\""), "source.credentials"},
		{FORM("a", "\"kind\": \"image\", \"reference\": \"lab/tool\", " LOGIN), "source.reference"},
		{FORM("a", "\"kind\": \"script\", \"base\": \"a\", \"script\": \"true\", " LOGIN), "source.username"},
	};
	struct guest ann = person(*state, "ann", "user");
	auto_free char *large = xmalloc(6000), *body = NULL;
	struct reply reply;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		reply = ask(&ann, "POST", "/api/v1/projects", table[i].body);
		if (reply.status != 422)
			fail_msg("%s gave %d: %s", table[i].body, reply.status, reply.body.data);
		assert_string_equal(text_of(reply.json, "errors.0.field"), table[i].field);
		assert_null(strstr(reply.body.data, SECRET));
		reply_fini(&reply);
	}
	memset(large, 'x', 5000);
	large[5000] = '\0';
	body = xasprintf(FORM("a", IMAGE ", \"username\": \"u\", \"password\": \"%s\""), large);
	reply = ask(&ann, "POST", "/api/v1/projects", body);
	assert_int_equal(reply.status, 422);
	reply_fini(&reply);
	assert_int_equal(kept(*state), 0);
}

static void the_next_version_uses_them_again(void **state)
{
	struct guest ann = person(*state, "ann", "user");

	drop(publish_tool(&ann));
	next_version(&ann, "{}", "succeeded");
	assert_told(*state, "registry.example:5000 robot$pull " SECRET);
	call(&ann, "POST", "/api/v1/projects/ann/tool/rebuild", "{}", 202);
	drop(until(&ann, "/api/v1/projects/ann/tool/builds", "items.0.state", "succeeded"));
	assert_told(*state, "registry.example:5000 robot$pull " SECRET);
	/* Another tag of the same registry, as the edit page sends it. */
	next_version(&ann,
		     "{\"source\": {\"kind\": \"image\", \"reference\": \"registry.example:5000/lab/tool:2\", \"has_credentials\": true, "
		     "\"username\": \"robot$pull\"}}",
		     "succeeded");
	assert_told(*state, "registry.example:5000 robot$pull " SECRET);
	assert_int_equal(kept(*state), 1);
}

static void what_is_kept_goes_to_its_registry_only(void **state)
{
	static const struct {
		const char *source;
		const char *field;
	} table[] = {
		{"\"kind\": \"image\", \"reference\": \"evil.example/lab/tool:1\", \"has_credentials\": true", "source.reference"},
		{"\"kind\": \"image\", \"reference\": \"registry.example/lab/tool:1\", \"has_credentials\": true", "source.reference"},
		{IMAGE ", \"has_credentials\": true, \"username\": \"root\"", "source.password"},
	};
	struct guest ann = person(*state, "ann", "user");

	drop(publish_tool(&ann));
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		auto_free char *body = xasprintf("{\"source\": {%s}}", table[i].source);
		json_t *json = expect(&ann, "POST", "/api/v1/projects/ann/tool/versions", body, 422);

		assert_string_equal(text_of(json, "errors.0.field"), table[i].field);
		drop(json);
	}
}

static void they_are_replaced_and_removed(void **state)
{
	struct guest ann = person(*state, "ann", "user");
	json_t *json;

	drop(publish_tool(&ann));
	next_version(&ann, "{\"source\": {" IMAGE ", \"username\": \"new\", \"password\": \"" OTHER "\"}}", "succeeded");
	assert_told(*state, "registry.example:5000 new " OTHER);
	assert_int_equal(kept(*state), 1);
	next_version(&ann, "{\"source\": {" IMAGE "}}", "succeeded");
	assert_told(*state, NULL);
	assert_int_equal(kept(*state), 0);
	json = expect(&ann, "GET", "/api/v1/projects/ann/tool/source", NULL, 200);
	assert_null(at(json, "source.has_credentials"));
	drop(json);
	call(&ann, "POST", "/api/v1/projects/ann/tool/versions", "{\"source\": {" IMAGE ", \"has_credentials\": true}}", 422);
}

static void another_owner_does_not_get_them(void **state)
{
	struct guest ann = person(*state, "ann", "user"), bob = person(*state, "bob", "user");
	json_t *json;

	drop(publish_tool(&ann));
	call(&ann, "POST", "/api/v1/projects/ann/tool/transfer", "{\"to\": \"bob\"}", 200);
	assert_int_equal(kept(*state), 0);
	json = expect(&bob, "GET", "/api/v1/projects/bob/tool/source", NULL, 200);
	assert_null(at(json, "source.has_credentials"));
	assert_null(at(json, "source.credentials"));
	drop(json);
	call(&bob, "POST", "/api/v1/projects/bob/tool/rebuild", "{}", 202);
	json = until(&bob, "/api/v1/projects/bob/tool/builds", "items.0.state", "failed");
	assert_non_null(strstr(text_of(json, "items.0.error"), "kept no longer"));
	drop(json);
}

/* The key is another one: a node that was not given the others'. */
static void another_key_is_told(void **state)
{
	struct guest ann = person(*state, "ann", "user");
	struct fixture *fixture = *state;
	auto_free char *key = xasprintf("%s/credentials.key", fixture->folder);
	json_t *json;

	drop(publish_tool(&ann));
	fixture_stop(fixture);
	assert_int_equal(unlink(key), 0);
	fixture_start(fixture);
	call(&ann, "POST", "/api/v1/projects/ann/tool/rebuild", "{}", 202);
	json = until(&ann, "/api/v1/projects/ann/tool/builds", "items.0.state", "failed");
	assert_non_null(strstr(text_of(json, "items.0.error"), "key that this node has"));
	drop(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_engine_is_told_and_nobody_else, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(it_stands_nowhere_in_the_clear, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(bad_ones_are_told_by_field, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_next_version_uses_them_again, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_is_kept_goes_to_its_registry_only, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(they_are_replaced_and_removed, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(another_owner_does_not_get_them, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(another_key_is_told, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
