#include "unit/web/fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "store/builds.h"
#include "store/projects.h"
#include "store/versions.h"
#include "unit/http/client.h"
#include "web/context.h"

#define GIVE_UP_MS 60000

static struct engine *make_engine(struct loop *loop, const struct engine_events *events, void *events_data, void *data)
{
	struct fixture *fixture = data;

	fixture->engine = fake_engine_new(loop, events, events_data);
	if (fixture->engine_away)
		fake_engine_away(fixture->engine, true);
	return fixture->engine;
}

static void fill_options(struct fixture *fixture)
{
	fixture->options = (struct web_options){
		.listen = "127.0.0.1:0",
		.data = fixture->folder,
		.database = fixture->database,
		.workers = 4,
		.limits = {.memory = 512u << 20, .cpu = 500, .pids = 128, .disk = 512u << 20},
		.idle_ms = 900000,
		.lifetime_ms = 3600000,
		.extend_ms = 1800000,
		.lifetime_max_ms = 7200000,
		.most = 10,
		.queue_max = 3,
		.terminals_max = 4,
		.builds = 2,
		.build_limits = {.memory = 1u << 30, .cpu = 1000, .pids = 512, .disk = 1u << 30},
		.build_seconds = 600,
		.build_output = 1 << 20,
		.smoke_ms = 30000,
		.context_max = 1 << 20,
		.tries = 1000,
		.registrations = 1000,
		.signins = 1000,
		.guesses = 1000,
		.hash_memory = 64 * 1024, /* quick, and nobody's secret */
		.engine_new = make_engine,
		.engine_data = fixture,
	};
}

static int64_t insert(struct fixture *fixture, struct store *store, const char *name)
{
	struct buf tar = BUF_INIT;
	char digest[CONTEXT_DIGEST_SIZE];
	struct project project = {
		.owner = (char *)"taste",
		.name = (char *)name,
		.summary = (char *)"What it is",
		.summary_ko = (char *)"무엇인지",
		.category = (char *)"fun",
		.tags = (char *)"text,banner",
		.license = (char *)"MIT",
		.readme = (char *)"# Title\n\n```sh\nfiglet hi\n```\n<script>x</script>\n",
		.ports = (char *)"80,8080",
		.smoke = (char *)"true",
		.version_command = (char *)"echo 2.1",
		.source_kind = (char *)"script",
		.source = (char *)"{\"kind\":\"script\"}",
		.dockerfile = (char *)"FROM debian:bookworm\n",
		.digest = digest,
		.popularity = 10,
	};
	bool rebuild;
	int64_t id;

	buf_append_string(&tar, name);
	context_digest(&tar, "true", "echo 2.1", false, digest);
	assert_int_equal(context_write(fixture->folder, digest, &tar, NULL), 0);
	assert_int_equal(projects_upsert(store, &project, clock_realtime_ms(), &id, &rebuild, NULL), 0);
	buf_fini(&tar);
	return id;
}

static void enqueue(struct store *store, int64_t project)
{
	char id[STORE_ID_LENGTH + 1];
	bool fresh;

	assert_int_equal(builds_enqueue(store, project, BUILD_PRIORITY_CATALOG, clock_realtime_ms(), id, &fresh, NULL), 0);
}

void fixture_add_project(struct fixture *fixture, const char *name)
{
	struct store store;

	assert_int_equal(store_open(fixture->database, &store, NULL), 0);
	enqueue(&store, insert(fixture, &store, name));
	store_close(&store);
}

void fixture_seed(struct fixture *fixture)
{
	struct version version = {
		.label = (char *)"1.0", .reference = (char *)"taste/figlet:b0", .image = (char *)"sha256:00", .size = 1, .shell = true};
	struct store store;

	assert_int_equal(store_prepare(fixture->database, NULL), 0);
	assert_int_equal(store_open(fixture->database, &store, NULL), 0);
	version.project = insert(fixture, &store, "figlet");
	assert_int_equal(versions_add(&store, &version, clock_realtime_ms(), NULL, NULL), 0);
	store_close(&store);
}

struct fixture *fixture_new(void)
{
	struct fixture *fixture = xmalloc(sizeof(*fixture));

	log_setup("test", LOG_LEVEL_ERROR, false);
	strcpy(fixture->folder, "/tmp/ttob-web-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	fixture->database = xasprintf("sqlite:%s/ttob.db", fixture->folder);
	fill_options(fixture);
	fixture_seed(fixture);
	return fixture;
}

static void go_away(struct engine *engine, void *data)
{
	fake_engine_away(engine, *(bool *)data);
}

void fixture_away(struct fixture *fixture, bool away)
{
	fixture_on_loop(fixture, go_away, &away);
}

void fixture_start(struct fixture *fixture)
{
	struct guest guest = {.fixture = fixture};
	int64_t give_up = clock_monotonic_ms() + GIVE_UP_MS;
	struct error err = {0};

	if (web_new(&fixture->options, &fixture->web, &err) < 0 || web_start(fixture->web, &err) < 0)
		fail_msg("%s", err.message);
	if (fixture->engine_away)
		return;
	for (;;) {
		struct reply reply = ask(&guest, "GET", "/readyz", NULL);
		int status = reply.status;

		reply_fini(&reply);
		if (status == 200)
			return;
		assert_true(clock_monotonic_ms() < give_up);
		usleep(2000);
	}
}

void fixture_stop(struct fixture *fixture)
{
	if (fixture->web != NULL) {
		web_stop(fixture->web);
		web_free(fixture->web);
	}
	fixture->web = NULL;
}

void fixture_free(struct fixture *fixture)
{
	fixture_stop(fixture);
	dir_remove_all(fixture->folder, NULL);
	free(fixture->database);
	free(fixture);
}

int fixture_setup(void **state)
{
	*state = fixture_new();
	return 0;
}

int fixture_setup_started(void **state)
{
	fixture_setup(state);
	fixture_start(*state);
	return 0;
}

int fixture_teardown(void **state)
{
	fixture_free(*state);
	return 0;
}

void fixture_sql(struct fixture *fixture, const char *sql)
{
	struct store store;
	struct error err = {0};

	assert_int_equal(store_open(fixture->database, &store, NULL), 0);
	if (db_execute(store.db, NULL, &err, sql, "") < 0)
		fail_msg("%s: %s", sql, err.message);
	store_close(&store);
}

int64_t fixture_count(struct fixture *fixture, const char *sql)
{
	struct store store;
	struct error err = {0};
	int64_t value;

	assert_int_equal(store_open(fixture->database, &store, NULL), 0);
	if (db_number(store.db, -1, &value, &err, sql, "") < 0)
		fail_msg("%s: %s", sql, err.message);
	store_close(&store);
	return value;
}

struct visit {
	struct engine *engine;
	void (*body)(struct engine *engine, void *data);
	void *data;
	pthread_mutex_t lock;
	pthread_cond_t over;
	bool is_over;
};

static void run_visit(void *data)
{
	struct visit *visit = data;

	visit->body(visit->engine, visit->data);
	pthread_mutex_lock(&visit->lock);
	visit->is_over = true;
	pthread_cond_signal(&visit->over);
	pthread_mutex_unlock(&visit->lock);
}

void fixture_on_loop(struct fixture *fixture, void (*body)(struct engine *engine, void *data), void *data)
{
	struct visit visit = {.engine = fixture->engine,
			      .body = body,
			      .data = data,
			      .lock = PTHREAD_MUTEX_INITIALIZER,
			      .over = PTHREAD_COND_INITIALIZER};

	loop_post(fixture->engine->loop, run_visit, &visit);
	pthread_mutex_lock(&visit.lock);
	while (!visit.is_over)
		pthread_cond_wait(&visit.over, &visit.lock);
	pthread_mutex_unlock(&visit.lock);
}

/* ---- a visitor -------------------------------------------------------------------------------------------------------- */

static void keep_cookie(struct guest *guest, const struct answer *answer)
{
	char *value = answer_header(answer, "Set-Cookie");

	if (value != NULL && strncmp(value, "ttob_session=", 13) == 0) {
		value[strcspn(value, ";")] = '\0';
		snprintf(guest->cookie, sizeof(guest->cookie), "%s", value);
	}
	free(value);
}

struct reply ask(struct guest *guest, const char *method, const char *path, const char *body)
{
	unsigned port = web_port(guest->fixture->web);
	struct buf text = BUF_INIT;
	struct answer answer;
	struct reply reply = {0};

	buf_printf(&text, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n", method, path, port);
	if (guest->cookie[0] != '\0')
		buf_printf(&text, "Cookie: %s\r\n", guest->cookie);
	if (guest->origin == NULL)
		buf_printf(&text, "Origin: http://127.0.0.1:%u\r\n", port);
	else if (guest->origin[0] != '\0')
		buf_printf(&text, "Origin: %s\r\n", guest->origin);
	if (guest->headers != NULL)
		buf_append_string(&text, guest->headers);
	if (body != NULL)
		buf_printf(&text, "Content-Type: %s\r\nContent-Length: %zu\r\n", guest->type != NULL ? guest->type : "application/json",
			   strlen(body));
	buf_append_string(&text, "\r\n");
	if (body != NULL)
		buf_append_string(&text, body);
	client_ask(port, text.data, &answer);
	buf_fini(&text);
	keep_cookie(guest, &answer);
	reply.status = answer.status;
	reply.head = answer.head;
	reply.body = answer.body;
	reply.json = reply.body.length > 0 ? json_loadb(reply.body.data, reply.body.length, 0, NULL) : NULL;
	return reply;
}

void reply_fini(struct reply *reply)
{
	json_decref(reply->json);
	buf_fini(&reply->head);
	buf_fini(&reply->body);
}

json_t *expect(struct guest *guest, const char *method, const char *path, const char *body, int status)
{
	struct reply reply = ask(guest, method, path, body);
	json_t *json = json_incref(reply.json);

	if (reply.status != status)
		fail_msg("%s %s gave %d, not %d: %s", method, path, reply.status, status, reply.body.data);
	reply_fini(&reply);
	return json;
}

void drop(json_t *json)
{
	json_decref(json);
}

void call(struct guest *guest, const char *method, const char *path, const char *body, int status)
{
	drop(expect(guest, method, path, body, status));
}

int status_of(struct guest *guest, const char *method, const char *path, const char *body)
{
	struct reply reply = ask(guest, method, path, body);
	int status = reply.status;

	reply_fini(&reply);
	return status;
}

static void *run(void *data)
{
	struct runner *runner = data;

	runner->status = status_of(&runner->guest, runner->method, runner->path, runner->body);
	return NULL;
}

void run_all(struct runner *runners, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(pthread_create(&runners[i].thread, NULL, run, &runners[i]), 0);
	for (size_t i = 0; i < count; i++)
		pthread_join(runners[i].thread, NULL);
}

unsigned answered(const struct runner *runners, size_t count, int status)
{
	unsigned answers = 0;

	for (size_t i = 0; i < count; i++)
		answers += runners[i].status == status;
	return answers;
}

void start_try(struct guest *guest, const char *project, char *path, size_t size)
{
	char *body = xasprintf("{\"project\": \"%s\"}", project);
	json_t *sandbox = expect(guest, "POST", "/api/v1/sandboxes", body, 201);

	assert_string_equal(text_of(sandbox, "state"), "running");
	snprintf(path, size, "/api/v1/sandboxes/%s", text_of(sandbox, "id"));
	drop(sandbox);
	free(body);
}

void try_out(struct guest *guest, const char *project)
{
	char path[96];

	start_try(guest, project, path, sizeof(path));
	call(guest, "DELETE", path, NULL, 204);
	call(guest, "GET", path, NULL, 200); /* by the recorder: all before is written */
}

void become_known(struct guest *guest)
{
	call(guest, "POST", "/api/v1/reports", "{\"project\": \"taste/figlet\", \"reason\": \"other\"}", 201);
}

json_t *at(json_t *json, const char *path)
{
	char copy[128];
	char *rest = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *name = strtok_r(copy, ".", &rest); name != NULL && json != NULL; name = strtok_r(NULL, ".", &rest))
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(name)) : json_object_get(json, name);
	return json;
}

const char *text_of(json_t *json, const char *path)
{
	json_t *value = at(json, path);

	if (!json_is_string(value))
		fail_msg("no text at %s", path);
	return json_string_value(value);
}

json_int_t number_of(json_t *json, const char *path)
{
	json_t *value = at(json, path);

	if (!json_is_integer(value))
		fail_msg("no number at %s", path);
	return json_integer_value(value);
}

void register_as(struct guest *guest, const char *username)
{
	char *body = xasprintf("{\"username\": \"%s\", \"password\": \"" PASSWORD "\"}", username);

	json_decref(expect(guest, "POST", "/api/v1/users", body, 201));
	free(body);
}

void log_in(struct guest *guest, const char *username)
{
	char *body = xasprintf("{\"login\": \"%s\", \"password\": \"" PASSWORD "\"}", username);

	json_decref(expect(guest, "POST", "/api/v1/session", body, 200));
	free(body);
}

json_t *until(struct guest *guest, const char *url, const char *path, const char *value)
{
	int64_t give_up = clock_monotonic_ms() + GIVE_UP_MS;

	for (;;) {
		struct reply reply = ask(guest, "GET", url, NULL);
		const char *now = json_string_value(at(reply.json, path));

		if (now != NULL && strcmp(now, value) == 0) {
			json_t *json = json_incref(reply.json);

			reply_fini(&reply);
			return json;
		}
		if (clock_monotonic_ms() > give_up)
			fail_msg("%s of %s never became %s: %s", path, url, value, reply.body.data);
		reply_fini(&reply);
		usleep(2000);
	}
}
