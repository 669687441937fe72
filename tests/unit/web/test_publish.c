/* Publishing over real HTTP, with the in-memory engine that "builds". */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "store/store.h"
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

static void limits_are_told(void **state)
{
	struct guest ann = person(*state, "ann", "user");
	json_t *json;

	drop(expect(&ann, "POST", "/api/v1/projects", FORM("a", SCRIPT), 202));
	drop(expect(&ann, "POST", "/api/v1/projects", FORM("b", SCRIPT), 202));
	drop(expect(&ann, "POST", "/api/v1/projects", FORM("c", SCRIPT), 202));
	json = expect(&ann, "POST", "/api/v1/projects", FORM("d", SCRIPT), 429);
	assert_string_equal(text_of(json, "code"), "quota");
	assert_string_equal(text_of(json, "quota"), "queue");
	drop(json);
	fixture_away(*state, false);
	drop(until(&ann, "/api/v1/projects/ann/c", "state", "ready"));
	drop(expect(&ann, "POST", "/api/v1/projects", FORM("d", SCRIPT), 202));
	drop(until(&ann, "/api/v1/projects/ann/d", "state", "ready"));
	json = expect(&ann, "POST", "/api/v1/projects", FORM("e", SCRIPT), 429);
	assert_string_equal(text_of(json, "quota"), "projects");
	drop(json);
	drop(expect(&ann, "POST", "/api/v1/projects/ann/a/rebuild", "{}", 202));
	drop(until(&ann, "/api/v1/builds", "items.0.state", "succeeded"));
	drop(expect(&ann, "POST", "/api/v1/projects/ann/b/rebuild", "{}", 202));
	drop(until(&ann, "/api/v1/builds", "items.0.state", "succeeded"));
	json = expect(&ann, "POST", "/api/v1/projects/ann/c/rebuild", "{}", 429);
	assert_string_equal(text_of(json, "quota"), "builds");
	assert_true(strlen(text_of(json, "until")) > 10);
	drop(json);
	json = expect(&ann, "GET", "/api/v1/quota", NULL, 200);
	assert_int_equal(number_of(json, "builds.today"), 6);
	assert_int_equal(number_of(json, "builds.most"), 6);
	assert_int_equal(number_of(json, "projects.count"), 4);
	assert_int_equal(number_of(json, "queue.waiting"), 0);
	drop(json);
}

/* ---- the queue -------------------------------------------------------------------------------------------------------------- */

struct wish {
	bool hold;
	const char *build;
	const char *log;
	const char *end;
	const char *output; /* of the smoke command */
	int exit;
};

static void grant(struct engine *engine, void *data)
{
	const struct wish *wish = data;

	fake_engine_hold_builds(engine, wish->hold);
	if (wish->output != NULL)
		fake_engine_command(engine, wish->output, wish->exit);
	if (wish->log != NULL)
		fake_engine_build_log(engine, wish->build, wish->log);
	if (wish->end != NULL)
		fake_engine_build_end(engine, wish->build, wish->end, "it failed");
}

static void let(struct fixture *fixture, struct wish wish)
{
	fixture_on_loop(fixture, grant, &wish);
}

/* Publishes and gives the build's id. */
static void publish_as(struct guest *guest, const char *name, const char *source, char id[STORE_ID_LENGTH + 1])
{
	char *body = xasprintf("{\"name\": \"%s\", " ABOUT ", \"source\": %s}", name, source);
	json_t *json = expect(guest, "POST", "/api/v1/projects", body, 202);

	snprintf(id, STORE_ID_LENGTH + 1, "%s", text_of(json, "build.id"));
	drop(json);
	free(body);
}

static const char *build_path(const char *id, const char *what)
{
	static char path[100];

	snprintf(path, sizeof(path), "/api/v1/builds/%s%s", id, what);
	return path;
}

static void authors_take_turns(void **state)
{
	struct guest ann = person(*state, "ann", "user"), bob = person(*state, "bob", "user");
	char a[3][STORE_ID_LENGTH + 1], b[STORE_ID_LENGTH + 1];
	json_t *json;

	let(*state, (struct wish){.hold = true});
	publish_as(&ann, "a1", SCRIPT, a[0]);
	publish_as(&ann, "a2", SCRIPT, a[1]);
	publish_as(&ann, "a3", SCRIPT, a[2]);
	publish_as(&bob, "b1", SCRIPT, b);
	json = expect(&bob, "GET", build_path(b, ""), NULL, 200);
	assert_int_equal(number_of(json, "position"), 2); /* behind ann's first one only */
	drop(json);
	fixture_away(*state, false);
	drop(until(&ann, build_path(a[0], ""), "stage", "build"));
	let(*state, (struct wish){.hold = true, .build = a[0], .end = "succeeded"});
	drop(until(&ann, build_path(b, ""), "stage", "build"));
	json = expect(&ann, "GET", build_path(a[1], ""), NULL, 200);
	assert_string_equal(text_of(json, "state"), "queued");
	drop(json);
}

static void builds_are_cancelled_and_tried_again(void **state)
{
	struct guest ann = person(*state, "ann", "user"), bob = person(*state, "bob", "user"), nobody = {.fixture = *state};
	char waits[STORE_ID_LENGTH + 1], runs[STORE_ID_LENGTH + 1], *again;
	json_t *json;

	publish_as(&ann, "waits", SCRIPT, waits);
	drop(expect(&nobody, "POST", build_path(waits, "/cancel"), NULL, 401));
	drop(expect(&bob, "POST", build_path(waits, "/cancel"), NULL, 403));
	drop(expect(&bob, "POST", build_path(waits, "/retry"), NULL, 403));
	drop(expect(&ann, "POST", build_path("nothing", "/cancel"), NULL, 404));
	drop(expect(&ann, "POST", build_path(waits, "/retry"), NULL, 409));
	json = expect(&ann, "POST", build_path(waits, "/cancel"), NULL, 200);
	assert_string_equal(text_of(json, "state"), "cancelled");
	drop(json);
	drop(expect(&ann, "POST", build_path(waits, "/cancel"), NULL, 409)); /* twice */
	let(*state, (struct wish){.hold = true});
	fixture_away(*state, false);
	publish_as(&ann, "runs", SCRIPT, runs);
	drop(until(&ann, build_path(runs, ""), "stage", "build"));
	drop(expect(&ann, "POST", build_path(runs, "/cancel"), NULL, 200));
	drop(until(&ann, build_path(runs, ""), "state", "cancelled"));
	let(*state, (struct wish){.hold = false});
	json = expect(&ann, "POST", build_path(runs, "/retry"), NULL, 202);
	again = xstrdup(text_of(json, "build.id"));
	assert_string_not_equal(again, runs);
	drop(json);
	drop(until(&ann, build_path(again, ""), "state", "succeeded"));
	drop(expect(&ann, "POST", build_path(waits, "/retry"), NULL, 202));
	drop(until(&ann, "/api/v1/projects/ann/waits", "state", "ready"));
	json = expect(&ann, "GET", "/api/v1/builds", NULL, 200);
	assert_int_equal(number_of(json, "total"), 4);
	drop(json);
	json = expect(&ann, "GET", "/api/v1/projects/ann/runs/builds", NULL, 200);
	assert_int_equal(number_of(json, "total"), 2);
	assert_string_equal(text_of(json, "items.0.id"), again);
	drop(json);
	json = expect(&bob, "GET", "/api/v1/builds", NULL, 200);
	assert_int_equal(number_of(json, "total"), 0);
	drop(json);
	drop(expect(&bob, "GET", "/api/v1/projects/ann/runs/builds", NULL, 404));
	drop(expect(&nobody, "GET", "/api/v1/builds", NULL, 401));
	drop(expect(&bob, "GET", "/api/v1/admin/builds", NULL, 403));
	free(again);
}

static void a_failure_tells_its_line(void **state)
{
	struct guest ann = person(*state, "ann", "user");
	char id[STORE_ID_LENGTH + 1];
	json_t *json;

	let(*state, (struct wish){.hold = true});
	fixture_away(*state, false);
	publish_as(&ann, "one", SCRIPT, id);
	drop(until(&ann, build_path(id, ""), "stage", "build"));
	let(*state, (struct wish){.hold = true,
				  .build = id,
				  .log = "STEP 5/5: RUN sh\n+ apt-get update\n+ apt-get install -y figlet\nE: Unable to locate package\n",
				  .end = "failed"});
	json = until(&ann, build_path(id, ""), "state", "failed");
	assert_int_equal(number_of(json, "failed_line"), 2);
	assert_true(number_of(json, "log_bytes") > 50);
	assert_true(json_is_null(at(json, "smoke")));
	drop(json);
	publish_as(&ann, "two", DOCKERFILE, id);
	drop(until(&ann, build_path(id, ""), "stage", "build"));
	let(*state, (struct wish){.hold = true, .build = id, .log = "STEP 1/2: FROM x\nSTEP 2/2: RUN true\n", .end = "failed"});
	json = until(&ann, build_path(id, ""), "state", "failed");
	assert_int_equal(number_of(json, "failed_line"), 2);
	drop(json);
}

static void a_smoke_test_is_kept(void **state)
{
	struct guest ann = person(*state, "ann", "user");
	char id[STORE_ID_LENGTH + 1];
	json_t *json;

	let(*state, (struct wish){.output = "no such \xff thing\r\n", .exit = 3});
	fixture_away(*state, false);
	publish_as(&ann, "one", SCRIPT, id);
	json = until(&ann, build_path(id, ""), "state", "failed");
	assert_int_equal(number_of(json, "smoke.exit_code"), 3);
	assert_non_null(strstr(text_of(json, "smoke.output"), "no such"));
	drop(json);
	let(*state, (struct wish){.output = "fine\r\n"});
	drop(expect(&ann, "POST", build_path(id, "/retry"), NULL, 202));
	json = until(&ann, "/api/v1/projects/ann/one/builds", "items.0.state", "succeeded");
	assert_int_equal(number_of(json, "items.0.smoke.exit_code"), 0);
	drop(json);
}

static void what_was_sent_survives_a_restart(void **state)
{
	struct guest ann = person(*state, "ann", "user");
	struct fixture *fixture = *state;
	char id[STORE_ID_LENGTH + 1], gone[STORE_ID_LENGTH + 1];
	json_t *json;

	let(*state, (struct wish){.hold = true});
	fixture_away(*state, false);
	publish_as(&ann, "one", SCRIPT, id);
	drop(until(&ann, build_path(id, ""), "stage", "build"));
	publish_as(&ann, "two", SCRIPT, gone);
	fixture_stop(fixture);
	fixture->engine_away = true;
	fixture_start(fixture);
	json = expect(&ann, "POST", build_path(gone, "/cancel"), NULL, 200);
	drop(json);
	drop(expect(&ann, "POST", build_path(id, "/cancel"), NULL, 200)); /* its row still says that it runs */
	fixture_away(fixture, false);
	drop(until(&ann, build_path(id, ""), "state", "cancelled"));
	drop(expect(&ann, "POST", build_path(id, "/retry"), NULL, 202));
	drop(until(&ann, "/api/v1/projects/ann/one", "state", "ready"));
}

/* ---- files that come along --------------------------------------------------------------------------------------------------- */

#define PART(name) "--cut\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"../../x\"\r\n\r\n"
#define ZIP	   "PK\x03\x04 and more"
#define BESIDE	   "{\"kind\": \"dockerfile\", \"dockerfile\": \"FROM debian:bookworm\\nCOPY . /\"}"
#define WITHIN	   "{\"kind\": \"dockerfile\"}"

static unsigned files_in(struct fixture *fixture)
{
	char *path = xasprintf("%s/contexts", fixture->folder);
	DIR *folder = opendir(path);
	unsigned count = 0;

	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(folder);
	free(path);
	return count;
}

static void files_come_along(void **state)
{
	struct guest ann = person(*state, "ann", "user");
	unsigned before = files_in(*state);

	ann.type = "multipart/form-data; boundary=cut";
	drop(expect(&ann, "POST", "/api/v1/projects", PART("project") FORM("one", BESIDE) "\r\n" PART("context") ZIP "\r\n--cut--\r\n", 202));
	drop(expect(&ann, "POST", "/api/v1/projects", PART("context") ZIP "\r\n" PART("project") FORM("two", WITHIN) "\r\n--cut--\r\n", 202));
	assert_int_equal(files_in(*state), before + 2);
	fixture_away(*state, false);
	drop(until(&ann, "/api/v1/projects/ann/one", "state", "ready"));
	drop(until(&ann, "/api/v1/projects/ann/two", "state", "ready"));
	drop(expect(&ann, "POST", "/api/v1/projects/ann/one/versions",
		    PART("project") "{\"source\": " WITHIN "}\r\n" PART("context") ZIP "2\r\n--cut--\r\n", 202));
	drop(until(&ann, "/api/v1/projects/ann/one/builds", "items.0.state", "succeeded"));
	assert_int_equal(files_in(*state), before + 3);
	drop(expect(&ann, "POST", "/api/v1/projects", PART("project") FORM("one", BESIDE) "\r\n" PART("context") ZIP "\r\n--cut--\r\n", 409));
	assert_int_equal(files_in(*state), before + 3); /* nothing came of it */
}

static void bad_files_leave_nothing(void **state)
{
	static const struct {
		const char *body;
		int status;
	} table[] = {
		{"", 400},
		{"--cut--\r\n", 400},
		{"no form at all", 400},
		{PART("context") ZIP "\r\n--cut--\r\n", 400},			 /* no project */
		{PART("project") FORM("a", BESIDE) "\r\n" PART("context") ZIP, 400}, /* cut off */
		{PART("project") FORM("a", BESIDE) "\r\n" PART("context") "text\r\n--cut--\r\n", 422},
		{PART("project") FORM("a", SCRIPT) "\r\n" PART("context") ZIP "\r\n--cut--\r\n", 422},
		{PART("project") FORM("a", BESIDE) "\r\n" PART("other") ZIP "\r\n--cut--\r\n", 422},
		{PART("project") FORM("a", BESIDE) "\r\n" PART("project") FORM("b", BESIDE) "\r\n--cut--\r\n", 400},
		{PART("project") "[]\r\n" PART("context") ZIP "\r\n--cut--\r\n", 400},
		{PART("project") "\xff\r\n--cut--\r\n", 400},
		{"--cut\r\nContent-Disposition: form-data\r\n\r\nx\r\n--cut--\r\n", 400},
	};
	struct guest ann = person(*state, "ann", "user"), nobody = {.fixture = *state};
	unsigned before = files_in(*state);
	struct buf huge = BUF_INIT;

	ann.type = nobody.type = "multipart/form-data; boundary=cut";
	drop(expect(&nobody, "POST", "/api/v1/projects", PART("project") FORM("a", BESIDE) "\r\n--cut--\r\n", 401));
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct reply reply = ask(&ann, "POST", "/api/v1/projects", table[i].body);

		if (reply.status != table[i].status)
			fail_msg("%zu gave %d: %s", i, reply.status, reply.body.data);
		reply_fini(&reply);
	}
	buf_append_string(&huge, PART("project") FORM("a", BESIDE) "\r\n" PART("context") ZIP);
	for (int i = 0; i < 1 << 20; i++)
		buf_append_char(&huge, 'x');
	buf_append_string(&huge, "\r\n--cut--\r\n");
	drop(expect(&ann, "POST", "/api/v1/projects", huge.data, 413));
	for (int i = 0; i < 8 << 20; i++)
		buf_append_char(&huge, 'x');
	drop(expect(&ann, "POST", "/api/v1/projects", huge.data, 413));
	buf_fini(&huge);
	ann.type = "multipart/form-data";
	drop(expect(&ann, "POST", "/api/v1/projects", "--cut--\r\n", 400)); /* no boundary */
	ann.type = "text/plain";
	drop(expect(&ann, "POST", "/api/v1/projects", "x", 415));
	assert_int_equal(files_in(*state), before);
}

static void a_half_sent_file_leaves_nothing(void **state)
{
	struct guest ann = person(*state, "ann", "user");
	unsigned port = web_port(((struct fixture *)*state)->web), before = files_in(*state);
	char *head = xasprintf("POST /api/v1/projects HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: http://127.0.0.1:%u\r\nCookie: %s\r\n"
			       "Content-Type: multipart/form-data; boundary=cut\r\nContent-Length: 100000\r\n\r\n"
			       PART("project") FORM("half", BESIDE) "\r\n" PART("context") ZIP,
			       port, port, ann.cookie);

	for (int i = 0; i < 10; i++) { /* each gives its place back: more than one address may have */
		int fd = client_connect(port);

		client_send(fd, head);
		close(fd);
	}
	free(head);
	ann.type = "multipart/form-data; boundary=cut";
	for (;;) { /* until the server has seen that they are gone */
		struct reply reply = ask(&ann, "POST", "/api/v1/projects", PART("project") FORM("whole", BESIDE) "\r\n" PART("context") ZIP "\r\n--cut--\r\n");
		int status = reply.status;

		reply_fini(&reply);
		if (status == 202)
			break;
		assert_int_equal(status, 503);
		usleep(20000);
	}
	assert_int_equal(files_in(*state), before + 1);
	drop(expect(&ann, "GET", "/api/v1/projects/ann/half", NULL, 404));
}

/* ---- what the author does with a project ---------------------------------------------------------------------------------------- */

static const char *project_path(const char *name, const char *what)
{
	static char path[120];

	snprintf(path, sizeof(path), "/api/v1/projects/ann/%s%s", name, what);
	return path;
}

static void versions_come_and_go(void **state)
{
	struct guest ann = person(*state, "ann", "user"), bob = person(*state, "bob", "user");
	char id[STORE_ID_LENGTH + 1];
	json_t *json;

	fixture_away(*state, false);
	publish_as(&ann, "one", SCRIPT, id);
	drop(until(&ann, build_path(id, ""), "state", "succeeded"));
	drop(expect(&ann, "POST", project_path("one", "/versions"), "{\"source\": " DOCKERFILE ", \"version\": \"2.0\"}", 202));
	drop(until(&ann, project_path("one", ""), "version", "2.0"));
	json = expect(&ann, "GET", project_path("one", ""), NULL, 200);
	assert_string_equal(text_of(json, "source_kind"), "dockerfile"); /* what is tried is what is shown */
	drop(json);
	drop(expect(&ann, "POST", project_path("one", "/versions"), "{\"version\": \"2.0\"}", 202));
	drop(until(&ann, project_path("one", ""), "version", "2.0-2"));
	drop(expect(&ann, "POST", project_path("one", "/rebuild"), "{}", 202));
	drop(until(&ann, project_path("one", "/builds"), "items.0.state", "succeeded"));
	json = expect(&bob, "GET", project_path("one", "/versions"), NULL, 200);
	assert_int_equal(json_array_size(at(json, "items")), 3); /* the rebuild took the place of 2.0-2 */
	assert_string_equal(text_of(json, "items.0.label"), "2.0-2");
	assert_true(json_is_true(at(json, "items.0.current")));
	assert_string_equal(text_of(json, "items.1.label"), "2.0");
	drop(json);
	drop(expect(&bob, "PUT", project_path("one", "/versions/2.0/current"), "{}", 403));
	drop(expect(&bob, "DELETE", project_path("one", "/versions/2.0"), NULL, 403));
	drop(expect(&ann, "PUT", project_path("one", "/versions/9/current"), "{}", 404));
	json = expect(&ann, "PUT", project_path("one", "/versions/2.0/current"), "{}", 200);
	assert_string_equal(text_of(json, "version"), "2.0");
	drop(json);
	json = expect(&ann, "DELETE", project_path("one", "/versions/2.0"), NULL, 409);
	assert_string_equal(text_of(json, "code"), "current");
	drop(json);
	drop(expect(&ann, "DELETE", project_path("one", "/versions/2.0-2"), NULL, 204));
	drop(expect(&ann, "DELETE", project_path("one", "/versions/2.0-2"), NULL, 404));
	drop(expect(&ann, "POST", "/api/v1/sandboxes", "{\"project\": \"ann/one\", \"version\": \"2.0-2\"}", 404));
}

static void a_version_that_fails_leaves_the_last_good_one(void **state)
{
	struct guest ann = person(*state, "ann", "user"), bob = person(*state, "bob", "user");
	char id[STORE_ID_LENGTH + 1];
	json_t *json;

	fixture_away(*state, false);
	publish_as(&ann, "one", SCRIPT, id);
	drop(until(&ann, project_path("one", ""), "state", "ready"));
	let(*state, (struct wish){.hold = true});
	json = expect(&ann, "POST", project_path("one", "/versions"), "{\"source\": " DOCKERFILE "}", 202);
	snprintf(id, sizeof(id), "%s", text_of(json, "build.id"));
	drop(json);
	json = expect(&ann, "POST", project_path("one", "/versions"), "{}", 409); /* one at a time */
	assert_string_equal(text_of(json, "code"), "building");
	assert_string_equal(text_of(json, "build.id"), id);
	drop(json);
	drop(until(&ann, build_path(id, ""), "stage", "build"));
	drop(expect(&ann, "PATCH", project_path("one", ""), "{\"summary\": \"Other\", \"smoke\": \"false\"}", 200)); /* changes nothing of it */
	let(*state, (struct wish){.hold = true, .build = id, .end = "failed"});
	drop(until(&ann, build_path(id, ""), "state", "failed"));
	json = expect(&ann, "GET", "/api/v1/users/me/projects", NULL, 200);
	assert_string_equal(text_of(json, "items.0.state"), "ready");
	assert_string_equal(text_of(json, "items.0.last_build.id"), id);
	assert_string_equal(text_of(json, "items.0.last_build.state"), "failed");
	drop(json);
	json = expect(&ann, "GET", project_path("one", ""), NULL, 200);
	assert_string_equal(text_of(json, "state"), "ready");
	assert_string_equal(text_of(json, "source_kind"), "script");
	drop(json);
	json = expect(&ann, "GET", project_path("one", "/source"), NULL, 200);
	assert_string_equal(text_of(json, "source.kind"), "dockerfile"); /* what was sent last */
	drop(json);
	drop(expect(&bob, "GET", project_path("one", "/source"), NULL, 403));
	drop(expect(&bob, "POST", project_path("one", "/versions"), "{}", 403));
	drop(expect(&bob, "POST", project_path("one", "/rebuild"), "{}", 403));
	drop(expect(&ann, "POST", project_path("none", "/versions"), "{}", 404));
	drop(expect(&ann, "POST", project_path("one", "/versions"), "{\"version\": \"a b\"}", 422));
	drop(expect(&ann, "POST", project_path("one", "/versions"), "{\"source\": 5}", 422));
	drop(expect(&ann, "POST", project_path("one", "/versions"), "{\"else\": 5}", 422));
}

static void all_fields_are_edited(void **state)
{
	static const char *const bad[] = {
		"{\"name\": \"b\"}",	  "{\"source\": {}}",	    "{\"summary\": null}",   "{\"summary\": \"\"}",
		"{\"rebuild_days\": 31}", "{\"rebuild_days\": -1}", "{\"rebuild_days\": \"7\"}", "{\"ports\": [0]}",
		"{\"category\": \"x\"}",  "{\"size\": 3}",	    "{\"network\": 1}",	     "{\"tags\": \"a\"}",
	};
	struct guest ann = person(*state, "ann", "user"), bob = person(*state, "bob", "user");
	char id[STORE_ID_LENGTH + 1];
	json_t *json;

	fixture_away(*state, false);
	publish_as(&ann, "one", SCRIPT, id);
	drop(until(&ann, project_path("one", ""), "state", "ready"));
	json = expect(&ann, "PATCH", project_path("one", ""),
		      "{\"summary\": \"New\", \"summary_ko\": \"새것\", \"category\": \"web\", \"tags\": [\"x\", \"y\"], \"license\": \"MIT\", "
		      "\"readme\": \"# Hi\", \"readme_ko\": \"# 안녕\", \"homepage\": \"https://a.example/\", \"contact\": \"a@b.example\", "
		      "\"run\": \"top\", \"network\": true, \"ports\": [80], \"smoke\": \"true\", \"size\": \"small\", \"rebuild_days\": 0, "
		      "\"visibility\": \"unlisted\", \"embed_origins\": []}",
		      200);
	assert_string_equal(text_of(json, "summary"), "New");
	assert_string_equal(text_of(json, "tags.1"), "y");
	assert_string_equal(text_of(json, "license"), "MIT");
	assert_string_equal(text_of(json, "contact"), "a@b.example");
	assert_string_equal(text_of(json, "readme_ko"), "# 안녕");
	assert_string_equal(text_of(json, "visibility"), "unlisted");
	assert_int_equal(number_of(json, "rebuild_days"), 0);
	assert_int_equal(number_of(json, "limits.memory"), 256 << 20);
	drop(json);
	json = expect(&ann, "PATCH", project_path("one", ""), "{\"license\": null, \"tags\": [], \"run\": \"\"}", 200);
	assert_true(json_is_null(at(json, "license")));
	assert_true(json_is_null(at(json, "run")));
	assert_int_equal(json_array_size(at(json, "tags")), 0);
	assert_string_equal(text_of(json, "summary"), "New"); /* the others stay */
	assert_string_equal(text_of(json, "readme"), "# Hi");
	drop(json);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		drop(expect(&ann, "PATCH", project_path("one", ""), bad[i], 422));
	drop(expect(&bob, "PATCH", project_path("one", ""), "{\"summary\": \"mine\"}", 403));
}

static void deleted_ones_come_back_for_a_week(void **state)
{
	struct guest ann = person(*state, "ann", "user"), bob = person(*state, "bob", "user");
	char id[STORE_ID_LENGTH + 1];
	json_t *json;

	publish_as(&ann, "one", SCRIPT, id);
	drop(expect(&bob, "DELETE", project_path("one", ""), NULL, 403));
	drop(expect(&ann, "POST", project_path("one", "/restore"), NULL, 404)); /* it is there */
	drop(expect(&ann, "DELETE", project_path("one", ""), NULL, 204));
	drop(expect(&ann, "DELETE", project_path("one", ""), NULL, 404));
	drop(until(&ann, build_path(id, ""), "state", "cancelled"));
	drop(expect(&ann, "GET", project_path("one", ""), NULL, 404));
	drop(expect(&bob, "POST", "/api/v1/sandboxes", "{\"project\": \"ann/one\"}", 404));
	drop(expect(&ann, "POST", build_path(id, "/retry"), NULL, 404));
	drop(expect(&ann, "POST", "/api/v1/projects", FORM("one", SCRIPT), 409)); /* the name is kept for it */
	json = expect(&ann, "GET", "/api/v1/users/me/projects", NULL, 200);
	assert_int_equal(number_of(json, "total"), 0);
	drop(json);
	json = expect(&ann, "GET", "/api/v1/users/me/projects?deleted=1", NULL, 200);
	assert_int_equal(number_of(json, "total"), 1);
	assert_true(strcmp(text_of(json, "items.0.gone_at"), text_of(json, "items.0.deleted_at")) > 0);
	drop(json);
	drop(expect(&bob, "POST", project_path("one", "/restore"), NULL, 404));
	json = expect(&ann, "POST", project_path("one", "/restore"), NULL, 200);
	assert_string_equal(text_of(json, "visibility"), "listed");
	drop(json);
	drop(expect(&ann, "GET", project_path("one", ""), NULL, 200));
}

static void projects_are_handed_over(void **state)
{
	struct guest ann = person(*state, "ann", "user"), bob = person(*state, "bob", "user");
	char id[STORE_ID_LENGTH + 1];
	json_t *json;

	publish_as(&ann, "one", SCRIPT, id);
	publish_as(&ann, "two", SCRIPT, id);
	publish_as(&bob, "two", SCRIPT, id);
	drop(expect(&bob, "POST", project_path("one", "/transfer"), "{\"to\": \"bob\"}", 403));
	drop(expect(&ann, "POST", project_path("one", "/transfer"), "{\"to\": \"nobody\"}", 404));
	drop(expect(&ann, "POST", project_path("one", "/transfer"), "{\"to\": 5}", 422));
	drop(expect(&ann, "POST", project_path("one", "/transfer"), "{}", 422));
	json = expect(&ann, "POST", project_path("two", "/transfer"), "{\"to\": \"bob\"}", 409);
	assert_string_equal(text_of(json, "code"), "name_taken");
	drop(json);
	json = expect(&ann, "POST", project_path("one", "/transfer"), "{\"to\": \"bob\"}", 200);
	assert_string_equal(text_of(json, "full_name"), "bob/one");
	drop(json);
	drop(expect(&ann, "GET", project_path("one", ""), NULL, 404));
	fixture_away(*state, false);
	drop(until(&bob, "/api/v1/projects/bob/one", "state", "ready"));
}

static void the_upkeep_throws_away_and_builds_again(void **state)
{
	struct guest ann = person(*state, "ann", "user");
	struct fixture *fixture = *state;
	char id[STORE_ID_LENGTH + 1], *orphan = xasprintf("%s/contexts/%064d.tar", fixture->folder, 7);
	struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	FILE *file = fopen(orphan, "we");
	unsigned before;

	fixture_away(fixture, false);
	publish_as(&ann, "stays", SCRIPT, id);
	drop(until(&ann, project_path("stays", ""), "state", "ready"));
	publish_as(&ann, "goes", SCRIPT, id);
	drop(until(&ann, project_path("goes", ""), "state", "ready"));
	drop(expect(&ann, "DELETE", project_path("goes", ""), NULL, 204));
	fixture_stop(fixture);
	assert_non_null(file);
	fclose(file);
	before = files_in(fixture);
	assert_int_equal(utimensat(AT_FDCWD, orphan, old, 0), 0);
	fixture_sql(fixture, "UPDATE projects SET deleted_ms = 1000 WHERE name = 'goes'");
	fixture_sql(fixture, "UPDATE projects SET rebuild_ms = 1000 WHERE name = 'stays'");
	fixture->engine_away = false;
	fixture_start(fixture);
	drop(until(&ann, project_path("stays", "/builds"), "items.0.kind", "rebuild"));
	drop(until(&ann, project_path("stays", "/builds"), "items.0.state", "succeeded"));
	while (files_in(fixture) == before)
		usleep(2000);
	assert_int_equal(access(orphan, F_OK), -1);
	drop(expect(&ann, "POST", project_path("goes", "/restore"), NULL, 404));
	drop(expect(&ann, "POST", "/api/v1/projects", FORM("goes", SCRIPT), 202)); /* the name is free */
	free(orphan);
}

static void logos_need_a_picture(void **state)
{
	struct guest ann = person(*state, "ann", "user"), bob = person(*state, "bob", "user");
	char id[STORE_ID_LENGTH + 1];

	publish_as(&ann, "one", SCRIPT, id);
	ann.type = bob.type = "image/png";
	drop(expect(&bob, "PUT", project_path("one", "/logo"), "x", 403));
	drop(expect(&ann, "PUT", project_path("one", "/logo"), "x", 503)); /* nothing here makes pictures */
	drop(expect(&ann, "DELETE", project_path("one", "/logo"), NULL, 204));
	drop(expect(&bob, "DELETE", project_path("one", "/logo"), NULL, 403));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_script_is_published_and_built, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(dockerfiles_and_images_are_published, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_name_is_taken_once, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(bad_forms_are_told_by_field, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(limits_are_told, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(authors_take_turns, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(builds_are_cancelled_and_tried_again, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_failure_tells_its_line, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_smoke_test_is_kept, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_was_sent_survives_a_restart, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(files_come_along, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(versions_come_and_go, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_version_that_fails_leaves_the_last_good_one, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(all_fields_are_edited, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(deleted_ones_come_back_for_a_week, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(projects_are_handed_over, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_upkeep_throws_away_and_builds_again, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(logos_need_a_picture, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(bad_files_leave_nothing, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_half_sent_file_leaves_nothing, setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("web: publish", tests, NULL, NULL);
}
