#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "store/builds.h"
#include "unit/http/client.h"
#include "unit/web/fixture.h"

static int setup(void **state)
{
	struct fixture *fixture = fixture_new();

	fixture->options.builds = 1;
	fixture->engine_away = true; /* builds begin when the test says so */
	*state = fixture;
	return 0;
}

/* "/api/v1/builds/<id>" of the project's last build. */
static void build_path(struct guest *guest, const char *project, char *out, size_t size)
{
	char path[80];
	json_t *json;

	snprintf(path, sizeof(path), "/api/v1/projects/taste/%s", project);
	json = expect(guest, "GET", path, NULL, 200);
	snprintf(out, size, "/api/v1/builds/%s", text_of(json, "build.id"));
	json_decref(json);
}

/* What a test does to the in-memory engine, all at once. */
struct wish {
	bool hold;
	const char *command_output; /* NULL: left as it is */
	int command_exit;
	const char *fail_op; /* NULL: none */
	enum error_kind fail_kind;
	const char *build; /* "/api/v1/builds/<id>" */
	const char *log;   /* for that build */
	const char *end;   /* its state */
	const char *error;
};

static void grant(struct engine *engine, void *data)
{
	const struct wish *wish = data;
	const char *id = wish->build != NULL ? strrchr(wish->build, '/') + 1 : NULL;

	fake_engine_hold_builds(engine, wish->hold);
	if (wish->command_output != NULL)
		fake_engine_command(engine, wish->command_output, wish->command_exit);
	if (wish->fail_op != NULL)
		fake_engine_fail(engine, wish->fail_op, wish->fail_kind, 1);
	if (wish->log != NULL)
		fake_engine_build_log(engine, id, wish->log);
	if (wish->end != NULL)
		fake_engine_build_end(engine, id, wish->end, wish->error);
}

static void let(struct fixture *fixture, struct wish wish)
{
	fixture_on_loop(fixture, grant, &wish);
}

static void a_build_makes_the_project_ready(void **state)
{
	struct guest guest = {.fixture = *state};
	json_t *json;

	fixture_add_project(*state, "one");
	fixture_start(*state);
	json = expect(&guest, "GET", "/api/v1/projects?state=building", NULL, 200);
	assert_int_equal(number_of(json, "total"), 1);
	assert_string_equal(text_of(json, "items.0.build.state"), "queued");
	drop(json);
	let(*state, (struct wish){.command_output = "\r\n  3.1.4 \r\nmore\r\n"});
	fixture_away(*state, false);
	json = until(&guest, "/api/v1/projects/taste/one", "state", "ready");
	assert_string_equal(text_of(json, "version"), "3.1.4");
	assert_true(json_is_string(at(json, "verified_at")));
	assert_non_null(strstr(text_of(json, "readme_html"), "language-sh"));
	assert_null(strstr(text_of(json, "readme_html"), "<script"));
	assert_int_equal(number_of(json, "ports.1"), 8080);
	drop(json);
	drop(expect(&guest, "POST", "/api/v1/sandboxes", "{\"project\": \"taste/one\", \"version\": \"3.1.4\"}", 201));
	json = expect(&guest, "GET", "/api/v1/status", NULL, 200);
	assert_int_equal(number_of(json, "projects.ready"), 2);
	assert_int_equal(number_of(json, "sandboxes.running"), 1);
	drop(json);
}

/* Removed for good while it is built: that is no fault of ours to complain about. */
static void a_removed_projects_build_ends_quietly(void **state)
{
	struct fixture *fixture = *state;
	struct guest guest = {.fixture = fixture};
	char *log = xasprintf("%s/log", fixture->folder);
	char path[80];
	struct buf text = BUF_INIT;
	int stderr_before = dup(STDERR_FILENO);
	int fd = open(log, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);

	fixture_add_project(fixture, "one");
	fixture_add_project(fixture, "two");
	fixture_start(fixture);
	build_path(&guest, "one", path, sizeof(path));
	let(fixture, (struct wish){.hold = true});
	fixture_away(fixture, false);
	drop(until(&guest, path, "stage", "build"));
	fixture_sql(fixture, "DELETE FROM projects WHERE name = 'one'");
	dup2(fd, STDERR_FILENO);
	let(fixture, (struct wish){.build = path, .end = "succeeded"});
	drop(until(&guest, "/api/v1/projects/taste/two", "state", "ready")); /* which comes behind */
	dup2(stderr_before, STDERR_FILENO);
	close(stderr_before);
	close(fd);
	assert_int_equal(file_read(AT_FDCWD, log, 65536, &text), 0);
	if (text.length > 0)
		fail_msg("%s", text.data);
	call(&guest, "GET", path, NULL, 404);
	buf_fini(&text);
	free(log);
}

static void who_is_wanted_goes_first(void **state)
{
	struct guest guest = {.fixture = *state};
	char first[80], second[80], third[80];
	json_t *json;

	fixture_add_project(*state, "first");
	fixture_add_project(*state, "second");
	fixture_add_project(*state, "third");
	fixture_start(*state);
	build_path(&guest, "first", first, sizeof(first));
	build_path(&guest, "second", second, sizeof(second));
	build_path(&guest, "third", third, sizeof(third));
	json = expect(&guest, "POST", "/api/v1/sandboxes", "{\"project\": \"taste/third\"}", 202);
	assert_string_equal(text_of(json, "state"), "building");
	assert_string_equal(text_of(json, "project"), "taste/third");
	assert_int_equal(number_of(json, "build.position"), 1);
	drop(json);
	let(*state, (struct wish){.hold = true});
	fixture_away(*state, false);
	drop(until(&guest, third, "stage", "build"));
	json = expect(&guest, "GET", first, NULL, 200);
	assert_string_equal(text_of(json, "state"), "queued");
	assert_int_equal(number_of(json, "position"), 1);
	drop(json);
	json = expect(&guest, "GET", second, NULL, 200);
	assert_int_equal(number_of(json, "position"), 2);
	drop(json);
	let(*state, (struct wish){.hold = true, .build = third, .end = "succeeded"});
	drop(until(&guest, third, "state", "succeeded"));
	drop(until(&guest, first, "stage", "build"));
}

static void what_fails_is_told(void **state)
{
	struct guest guest = {.fixture = *state};
	char path[80];
	json_t *json;

	fixture_add_project(*state, "one");
	fixture_start(*state);
	build_path(&guest, "one", path, sizeof(path));
	let(*state, (struct wish){.hold = true});
	fixture_away(*state, false);
	drop(until(&guest, path, "stage", "build"));
	let(*state, (struct wish){.build = path, .end = "failed", .error = "line 3: no such package"});
	json = until(&guest, path, "state", "failed");
	assert_string_equal(text_of(json, "error"), "line 3: no such package");
	assert_string_equal(text_of(json, "stages.2.state"), "failed");
	drop(json);
	json = until(&guest, "/api/v1/projects/taste/one", "state", "failed");
	assert_true(json_is_null(at(json, "version")));
	drop(json);
	json = expect(&guest, "POST", "/api/v1/sandboxes", "{\"project\": \"taste/one\"}", 409);
	assert_string_equal(text_of(json, "build.state"), "failed");
	drop(json);
}

static void count_builds(struct engine *engine, void *data)
{
	*(unsigned *)data = fake_engine_count(engine, "build");
}

static void a_registry_that_is_away_does_not_fail_it_at_once(void **state)
{
	struct guest guest = {.fixture = *state};
	char path[80];
	json_t *json;

	fixture_add_project(*state, "one");
	fixture_start(*state);
	build_path(&guest, "one", path, sizeof(path));
	let(*state, (struct wish){.hold = true});
	fixture_away(*state, false);
	for (int i = 0; i < BUILD_ATTEMPTS_MAX; i++) {
		json = until(&guest, path, "stage", "build");
		assert_true(json_is_null(at(json, "error")));
		drop(json);
		let(*state, (struct wish){.hold = true,
					  .build = path,
					  .end = "failed",
					  .error = "the image was built but could not be stored: cannot talk to the registry: refused"});
		for (unsigned n = 0; n < (unsigned)i + 2 && i < BUILD_ATTEMPTS_MAX - 1;)
			fixture_on_loop(*state, count_builds, &n);
	}
	json = until(&guest, path, "state", "failed");
	assert_non_null(strstr(text_of(json, "error"), "cannot talk to the registry"));
	drop(json);
}

static void a_program_that_does_not_run_is_not_ready(void **state)
{
	struct guest guest = {.fixture = *state};
	char path[80];
	json_t *json;

	fixture_add_project(*state, "one");
	fixture_start(*state);
	build_path(&guest, "one", path, sizeof(path));
	let(*state, (struct wish){.command_output = "segfault\r\n", .command_exit = 139});
	fixture_away(*state, false);
	json = until(&guest, path, "state", "failed");
	assert_non_null(strstr(text_of(json, "error"), "exit code 139"));
	assert_string_equal(text_of(json, "stage"), "smoke");
	drop(json);
}

static void a_refused_build_holds_up_no_other(void **state)
{
	static const char *const ops[] = {"build", "pull", "start"};
	struct guest guest = {.fixture = *state};
	char path[80], name[16];

	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "p%zu", i);
		fixture_add_project(*state, name);
	}
	fixture_start(*state);
	for (size_t i = 0; i < 3; i++)
		let(*state, (struct wish){.fail_op = ops[i], .fail_kind = ERROR_INTERNAL}); /* each fails once: one project each */
	fixture_away(*state, false);
	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "p%zu", i);
		snprintf(path, sizeof(path), "/api/v1/projects/taste/%s", name);
		drop(until(&guest, path, "state", i < 3 ? "failed" : "ready"));
	}
}

static void a_base_that_stutters_is_asked_for_again(void **state)
{
	struct guest guest = {.fixture = *state};
	char path[80];

	fixture_add_project(*state, "one");
	fixture_start(*state);
	build_path(&guest, "one", path, sizeof(path));
	let(*state, (struct wish){.fail_op = "base_ensure", .fail_kind = ERROR_UNAVAILABLE});
	fixture_away(*state, false);
	drop(until(&guest, path, "state", "succeeded"));
}

static void a_base_of_others_is_left_to_the_build(void **state)
{
	struct guest guest = {.fixture = *state};
	char path[80];

	fixture_add_project(*state, "one");
	fixture_start(*state);
	build_path(&guest, "one", path, sizeof(path));
	let(*state, (struct wish){.fail_op = "base_ensure", .fail_kind = ERROR_UNSUPPORTED});
	fixture_away(*state, false);
	drop(until(&guest, path, "state", "succeeded"));
}

static void an_engine_that_goes_away_costs_no_build(void **state)
{
	struct guest guest = {.fixture = *state};
	char path[80];

	fixture_add_project(*state, "one");
	fixture_start(*state);
	build_path(&guest, "one", path, sizeof(path));
	let(*state, (struct wish){.hold = true});
	fixture_away(*state, false);
	drop(until(&guest, path, "stage", "build"));
	fixture_away(*state, true);
	let(*state, (struct wish){.hold = false});
	fixture_away(*state, false);
	drop(until(&guest, path, "state", "succeeded"));
}

static void a_new_process_builds_what_the_old_one_left(void **state)
{
	struct guest guest = {.fixture = *state};
	char path[80];

	fixture_add_project(*state, "one");
	fixture_start(*state);
	build_path(&guest, "one", path, sizeof(path));
	let(*state, (struct wish){.hold = true});
	fixture_away(*state, false);
	drop(until(&guest, path, "stage", "build"));
	fixture_stop(*state);
	((struct fixture *)*state)->engine_away = false;
	fixture_start(*state);
	drop(until(&guest, path, "state", "succeeded"));
}

/* ---- the log ------------------------------------------------------------------------------------------------------------- */

/* Opens the log's stream. */
static int follow(struct guest *guest, const char *path, const char *last)
{
	unsigned port = web_port(guest->fixture->web);
	struct buf text = BUF_INIT;
	int fd = client_connect(port);

	buf_printf(&text, "GET %s/log HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n", path, port);
	if (last != NULL)
		buf_printf(&text, "Last-Event-ID: %s\r\n", last);
	buf_append_string(&text, "\r\n");
	client_send(fd, text.data);
	buf_fini(&text);
	return fd;
}

static void the_log_is_read_as_it_is_written(void **state)
{
	struct guest guest = {.fixture = *state};
	struct buf seen = BUF_INIT;
	char path[80];
	int fd;

	fixture_add_project(*state, "one");
	fixture_start(*state);
	build_path(&guest, "one", path, sizeof(path));
	fd = follow(&guest, path, NULL);
	client_expect(fd, &seen, "\"queued\"");
	let(*state, (struct wish){.hold = true});
	fixture_away(*state, false);
	client_expect(fd, &seen, "base…");
	let(*state, (struct wish){.hold = true, .build = path, .log = "한글 \x1b[31mred\x1b[0m \xff\xfe bytes"});
	client_expect(fd, &seen, "한글 \\u001B[31mred\\u001B[0m \xef\xbf\xbd\xef\xbf\xbd bytes");
	client_expect(fd, &seen, "\"stage\":\"build\"");
	let(*state, (struct wish){.build = path, .end = "succeeded"});
	client_expect(fd, &seen, "event: end");
	client_expect(fd, &seen, "\"state\":\"succeeded\"");
	client_expect(fd, &seen, "\r\n0\r\n\r\n"); /* the answer is over */
	close(fd);
	buf_fini(&seen);
}

static void the_log_goes_on_where_it_was_left(void **state)
{
	struct guest guest = {.fixture = *state};
	struct buf whole = BUF_INIT, rest = BUF_INIT;
	char path[80], id[32];
	const char *at;
	int fd;

	fixture_add_project(*state, "one");
	fixture_start(*state);
	build_path(&guest, "one", path, sizeof(path));
	fixture_away(*state, false);
	drop(until(&guest, path, "state", "succeeded"));
	fd = follow(&guest, path, NULL);
	client_expect(fd, &whole, "event: end");
	close(fd);
	at = strstr(whole.data, "id: ");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "id: %31[0-9]", id), 1);
	fd = follow(&guest, path, id); /* all of it was seen: only the end is left */
	client_expect(fd, &rest, "event: end");
	assert_null(strstr(rest.data, "event: log"));
	close(fd);
	drop(expect(&guest, "GET", "/api/v1/builds/nothing/log", NULL, 404));
	drop(expect(&guest, "GET", "/api/v1/builds/nothing", NULL, 404));
	buf_clear(&rest);
	fd = follow(&guest, path, "-5");
	client_expect(fd, &rest, "HTTP/1.1 422");
	close(fd);
	buf_fini(&whole);
	buf_fini(&rest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_build_makes_the_project_ready, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_removed_projects_build_ends_quietly, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(who_is_wanted_goes_first, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_fails_is_told, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_registry_that_is_away_does_not_fail_it_at_once, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_program_that_does_not_run_is_not_ready, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_refused_build_holds_up_no_other, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_base_that_stutters_is_asked_for_again, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_base_of_others_is_left_to_the_build, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(an_engine_that_goes_away_costs_no_build, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_new_process_builds_what_the_old_one_left, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_log_is_read_as_it_is_written, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_log_goes_on_where_it_was_left, setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("web: builds", tests, NULL, NULL);
}
