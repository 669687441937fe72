/* A bare shell on a base: no project behind it, and a project at its end. */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "core/tar.h"
#include "unit/web/people.h"

#define BARE "{\"base\": \"debian:bookworm\"}"

static int setup(void **state)
{
	struct fixture *fixture = fixture_new();

	fixture->options.queue_max = 5;
	*state = fixture;
	return 0;
}

static void start_bare(struct guest *guest, char *path, size_t size)
{
	json_t *json = expect(guest, "POST", "/api/v1/sandboxes", BARE, 201);

	snprintf(path, size, "/api/v1/sandboxes/%s", text_of(json, "id"));
	drop(json);
}

static void count_ops(struct engine *engine, void *data)
{
	unsigned *counts = data;

	counts[0] = fake_engine_count(engine, "base_ensure");
	counts[1] = fake_engine_count(engine, "pull");
	counts[2] = fake_engine_count(engine, "start");
}

static void it_starts_and_belongs_to_no_project(void **state)
{
	unsigned before[3], after[3];
	struct guest ann;
	json_t *json;

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	fixture_on_loop(*state, count_ops, before);
	json = expect(&ann, "POST", "/api/v1/sandboxes", BARE, 201);
	fixture_on_loop(*state, count_ops, after);
	for (size_t i = 0; i < ARRAY_SIZE(after); i++)
		assert_int_equal(after[i], before[i] + 1);
	assert_string_equal(text_of(json, "state"), "running");
	assert_string_equal(text_of(json, "base"), "debian:bookworm");
	assert_string_equal(text_of(json, "project_summary"), "Debian 12 (bookworm)");
	assert_true(json_is_null(at(json, "project")));
	assert_true(json_is_null(at(json, "version")));
	assert_int_equal(json_array_size(at(json, "terminals")), 1);
	assert_true(number_of(json, "limits.memory") > 0);
	drop(json);
	json = expect(&ann, "GET", "/api/v1/session", NULL, 200);
	assert_string_equal(text_of(json, "sandbox.base"), "debian:bookworm");
	drop(json);
}

static void bad_wishes_are_told(void **state)
{
	static const struct {
		const char *body;
		const char *field;
	} table[] = {
		{"{}", "project"},
		{"{\"base\": \"\"}", "base"},
		{"{\"base\": null}", "base"},
		{"{\"base\": 5}", "base"},
		{"{\"base\": \"alpine:3\"}", "base"},
		{"{\"base\": \"debian:bookworm\\n\"}", "base"},
		{"{\"base\": \"taste/figlet\"}", "base"},
		{"{\"base\": \"debian:bookworm\", \"project\": \"taste/figlet\"}", "project"},
		{"{\"base\": \"debian:bookworm\", \"version\": \"1.0\"}", "version"},
		{"{\"base\": \"debian:bookworm\", \"cols\": 0}", "cols"},
	};
	struct guest ann, nobody = {.fixture = *state}, visitor = {.fixture = *state};

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		json_t *json = expect(&ann, "POST", "/api/v1/sandboxes", table[i].body, 422);

		assert_string_equal(text_of(json, "errors.0.field"), table[i].field);
		drop(json);
	}
	call(&nobody, "POST", "/api/v1/sandboxes", BARE, 401);
	call(&visitor, "POST", "/api/v1/sandboxes", TRY, 201); /* a guest with a cookie is no author either */
	call(&visitor, "POST", "/api/v1/sandboxes", BARE, 401);
	ann.origin = "https://evil.example";
	call(&ann, "POST", "/api/v1/sandboxes", BARE, 403);
}

static void it_is_the_one_that_one_may_have(void **state)
{
	struct guest ann;
	char path[80];
	json_t *json;

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	start_bare(&ann, path, sizeof(path));
	json = expect(&ann, "POST", "/api/v1/sandboxes", TRY, 409);
	assert_string_equal(text_of(json, "sandbox.base"), "debian:bookworm");
	drop(json);
	json = expect(&ann, "POST", "/api/v1/sandboxes", BARE, 409);
	drop(json);
	call(&ann, "POST", "/api/v1/sandboxes", "{\"base\": \"debian:trixie\", \"replace\": true}", 201);
	json = expect(&ann, "GET", path, NULL, 200);
	assert_string_equal(text_of(json, "ended.reason"), "replaced");
	drop(json);
	call(&ann, "POST", "/api/v1/sandboxes?replace=1", TRY, 201);
}

static void it_counts_for_nobodys_statistics(void **state)
{
	struct guest root;
	char path[80], more[100];
	json_t *json;

	fixture_start(*state);
	root = person(*state, "root-of-it", "admin");
	start_bare(&root, path, sizeof(path));
	json = expect(&root, "GET", "/api/v1/admin/sandboxes", NULL, 200);
	assert_int_equal(number_of(json, "total"), 1);
	assert_string_equal(text_of(json, "items.0.base"), "debian:bookworm");
	assert_true(json_is_null(at(json, "items.0.project")));
	drop(json);
	call(&root, "GET", "/api/v1/admin/overview", NULL, 200);
	call(&root, "GET", "/api/v1/recommendations", NULL, 200);
	snprintf(more, sizeof(more), "/api/v1/admin/sandboxes/%s", strrchr(path, '/') + 1);
	call(&root, "DELETE", more, NULL, 204);
	json = expect(&root, "GET", "/api/v1/sandboxes", NULL, 200);
	assert_string_equal(text_of(json, "items.0.state"), "ended");
	assert_string_equal(text_of(json, "items.0.project_summary"), "Debian 12 (bookworm)");
	drop(json);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM tries"), 0);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM project_days"), 0);
	snprintf(more, sizeof(more), "%s/history", path);
	call(&root, "DELETE", more, NULL, 204);
}

struct failure {
	const char *op;
	enum error_kind kind;
	unsigned count;
};

static void break_op(struct engine *engine, void *data)
{
	const struct failure *failure = data;

	fake_engine_fail(engine, failure->op, failure->kind, failure->count);
}

static void what_goes_wrong_is_told(void **state)
{
	struct failure failures[] = {{"base_ensure", ERROR_UNAVAILABLE, 1}, {"pull", ERROR_NOT_FOUND, 1}, {"start", ERROR_INTERNAL, 1}};
	struct failure elsewhere = {"base_ensure", ERROR_UNSUPPORTED, 1};
	struct guest ann;
	json_t *json;

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		fixture_on_loop(*state, break_op, &failures[i]);
		json = expect(&ann, "POST", "/api/v1/sandboxes", BARE, 503);
		assert_non_null(strstr(text_of(json, "detail"), "could not start"));
		drop(json);
	}
	fixture_on_loop(*state, break_op, &elsewhere); /* not made here: whoever's it is, it may be in the registry */
	call(&ann, "POST", "/api/v1/sandboxes", BARE, 201);
}

static void give_layer(struct engine *engine, void *data)
{
	const struct buf *layer = data;

	fake_engine_stream(engine, layer->data, layer->length, ERROR_NONE, NULL);
}

static void it_becomes_a_project(void **state)
{
	struct buf layer = BUF_INIT;
	struct fixture *fixture = *state;
	struct guest ann;
	char path[80], body[300];
	struct error err;
	json_t *json;

	assert_int_equal(tar_add_file(&layer, "usr/bin/tool", 0755, "#!/bin/sh\n", 10, &err), 0);
	tar_finish(&layer);
	fixture_start(fixture);
	ann = person(fixture, "ann", "user");
	start_bare(&ann, path, sizeof(path));
	fixture_on_loop(fixture, give_layer, &layer);
	snprintf(body, sizeof(body), "{\"name\": \"tool\", \"summary\": \"S\", \"category\": \"fun\", \"source\": {\"kind\": \"sandbox\", \"sandbox\": \"%s\"}}",
		 strrchr(path, '/') + 1);
	call(&ann, "POST", "/api/v1/projects", body, 202);
	json = until(&ann, "/api/v1/projects/ann/tool", "state", "ready");
	assert_non_null(strstr(text_of(json, "dockerfile"), "FROM debian:bookworm\n"));
	drop(json);
	buf_fini(&layer);
}

/* The one that runs is gone with its engine: the next web process goes on with who waits. */
static void it_waits_through_a_restart(void **state)
{
	struct guest first = {.fixture = *state}, ann;
	struct fixture *fixture = *state;
	char path[80];
	json_t *json;

	fixture->options.most = 1;
	fixture_start(fixture);
	call(&first, "POST", "/api/v1/sandboxes", TRY, 201);
	ann = person(fixture, "ann", "user");
	json = expect(&ann, "POST", "/api/v1/sandboxes", BARE, 202);
	assert_string_equal(text_of(json, "state"), "queued");
	assert_string_equal(text_of(json, "base"), "debian:bookworm");
	assert_true(json_is_null(at(json, "project")));
	snprintf(path, sizeof(path), "/api/v1/sandboxes/%s", text_of(json, "id"));
	drop(json);
	fixture_stop(fixture);
	fixture_start(fixture);
	drop(until(&ann, path, "state", "running"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_starts_and_belongs_to_no_project, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(bad_wishes_are_told, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(it_is_the_one_that_one_may_have, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(it_counts_for_nobodys_statistics, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_goes_wrong_is_told, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(it_becomes_a_project, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(it_waits_through_a_restart, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
