/* Pulling from a registry of our own making: an index of images, one that gives no parts, that lies about sizes, that is in trouble; and
 * readers that don't read. */
#include <errno.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "http/response.h"
#include "store/versions.h"
#include "unit/http/client.h"
#include "unit/web/people.h"

#define LARGE (48u << 20) /* more than all buffers on the way hold */
#define DIGEST 72

struct thing {
	char digest[DIGEST];
	const char *type;
	char *data;
	size_t length;
};

struct warehouse {
	struct server *server;
	struct thing small, config, large, image, index, foreign, wrong;
	bool parts;	 /* gives some when asked */
	bool shorter;	 /* sends a byte less than it should */
	atomic_bool ill; /* answers 500 */
	atomic_uint manifests;
};

static struct warehouse shop;

static void digest_of(struct thing *thing)
{
	unsigned char hash[32];

	crypto_hash_sha256(hash, (const unsigned char *)thing->data, thing->length);
	memcpy(thing->digest, "sha256:", 7);
	str_hex(hash, sizeof(hash), thing->digest + 7);
}

static void make(struct thing *thing, const char *type, char *data, size_t length)
{
	*thing = (struct thing){.type = type, .data = data, .length = length};
	digest_of(thing);
}

static void make_text(struct thing *thing, const char *type, char *text)
{
	make(thing, type, text, strlen(text));
}

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define INDEX	 "application/vnd.oci.image.index.v1+json"

static void make_things(void)
{
	char *large = xmalloc(LARGE);

	for (size_t i = 0; i < LARGE; i++)
		large[i] = (char)(i * 7 + i / 4096);
	make_text(&shop.small, NULL, xstrdup("0123456789"));
	make_text(&shop.config, NULL, xstrdup("{}"));
	make(&shop.large, NULL, large, LARGE);
	make_text(&shop.image, MANIFEST,
		  xasprintf("{\"config\":{\"digest\":\"%s\",\"size\":2},\"layers\":[{\"digest\":\"%s\",\"size\":10},{\"digest\":\"%s\",\"size\":%u}]}",
			    shop.config.digest, shop.small.digest, shop.large.digest, LARGE));
	make_text(&shop.index, INDEX,
		  xasprintf("{\"manifests\":[{\"digest\":\"sha256:%064d\",\"size\":5},{\"digest\":\"%s\",\"size\":%zu}]}", 7, shop.image.digest,
			    shop.image.length));
	make_text(&shop.foreign, MANIFEST, xasprintf("{\"config\":{\"digest\":\"%s\",\"size\":2},\"layers\":[]}", shop.config.digest));
	make_text(&shop.wrong, "text/html", xstrdup("<script>"));
}

static void free_things(void)
{
	struct thing *things[] = {&shop.small, &shop.config, &shop.large, &shop.image, &shop.index, &shop.foreign, &shop.wrong};

	for (size_t i = 0; i < ARRAY_SIZE(things); i++)
		free(things[i]->data);
}

static int not_there(struct error *err)
{
	return error_set(err, atomic_load(&shop.ill) ? ERROR_INTERNAL : ERROR_NOT_FOUND, ENOENT, "nothing");
}

static int front_door(struct request *request, struct error *err)
{
	(void)err;
	respond_json(request, 200, json_object());
	return 0;
}

static int give_manifest(struct request *request, struct error *err)
{
	struct thing *things[] = {&shop.image, &shop.index, &shop.foreign, &shop.wrong};
	const char *reference = request_param(request, "reference");

	atomic_fetch_add(&shop.manifests, 1);
	for (size_t i = 0; i < ARRAY_SIZE(things) && !atomic_load(&shop.ill); i++) {
		if (!str_equal(things[i]->digest, reference) && !(i == 0 && str_equal(reference, "b0")))
			continue;
		respond_header(request, "Docker-Content-Digest", things[i]->digest);
		respond_data(request, 200, things[i]->type, things[i]->data, things[i]->length);
		return 0;
	}
	return not_there(err);
}

static int give_blob(struct request *request, struct error *err)
{
	struct thing *things[] = {&shop.small, &shop.config, &shop.large};
	const char *range = request_header(request, "Range");
	unsigned first = 0, last;

	for (size_t i = 0; i < ARRAY_SIZE(things) && !atomic_load(&shop.ill); i++) {
		if (!str_equal(things[i]->digest, request_param(request, "digest")))
			continue;
		last = (unsigned)things[i]->length - 1;
		if (range != NULL && shop.parts)
			assert_int_equal(sscanf(range, "bytes=%u-%u", &first, &last), 2);
		respond_data(request, range != NULL && shop.parts ? 206 : 200, "application/octet-stream", things[i]->data + first,
			     last - first + 1 - shop.shorter);
		return 0;
	}
	return not_there(err);
}

static char *open_shop(void)
{
	static const struct route routes[] = {
		{METHOD_GET, "/v2/", ROUTE_IMMEDIATE, front_door, NULL, 0, 0, NULL},
		{METHOD_GET, "/v2/{owner}/{name}/manifests/{reference}", ROUTE_IMMEDIATE, give_manifest, NULL, 0, 0, NULL},
		{METHOD_GET, "/v2/{owner}/{name}/blobs/{digest}", ROUTE_IMMEDIATE, give_blob, NULL, 0, 0, NULL},
	};
	struct server_config config;

	server_config_init(&config);
	config.listen = "127.0.0.1:0";
	shop.parts = true;
	shop.shorter = false;
	atomic_store(&shop.ill, false);
	atomic_store(&shop.manifests, 0);
	assert_int_equal(server_new(&config, &shop.server, NULL), 0);
	server_add(shop.server, routes, ARRAY_SIZE(routes));
	assert_int_equal(server_start(shop.server, NULL), 0);
	return xasprintf("http://127.0.0.1:%u", server_port(shop.server));
}

static void add_version(struct fixture *fixture, const char *label, const char *digest)
{
	char *reference = xasprintf("taste/figlet@%s", digest);
	struct version version = {
		.project = 1, .label = (char *)label, .reference = reference, .image = (char *)digest, .size = 1, .shell = true};
	struct store store;

	assert_int_equal(store_open(fixture->database, &store, NULL), 0);
	assert_int_equal(versions_add(&store, &version, clock_realtime_ms(), NULL, NULL), 0);
	store_close(&store);
	free(reference);
}

static struct fixture *start(char *url)
{
	struct fixture *fixture = fixture_new();

	fixture->options.registry_url = url;
	fixture->options.registry_look_ms = 50;
	fixture->options.pulls = 4;
	fixture->options.pull_requests = 1000000;
	fixture->options.pull_patience_ms = 300;
	add_version(fixture, "2.0", shop.index.digest);
	fixture_start(fixture);
	return fixture;
}

static void stop(struct fixture *fixture, char *url)
{
	fixture_free(fixture);
	server_free(shop.server);
	free(url);
}

/* The path with the digest behind it. */
static struct reply pull(struct guest *guest, const char *method, const char *kind, const char *what)
{
	char *path = xasprintf("/v2/taste/figlet/%s/%s", kind, what);
	struct reply reply = ask(guest, method, path, NULL);

	free(path);
	return reply;
}

static void check(struct guest *guest, const char *kind, const char *what, int status, const char *code)
{
	struct reply reply = pull(guest, "GET", kind, what);

	assert_int_equal(reply.status, status);
	if (code != NULL)
		assert_string_equal(text_of(reply.json, "errors.0.code"), code);
	reply_fini(&reply);
}

static void images_of_an_index_and_of_a_tag_come(void **state)
{
	char *url = open_shop();
	struct fixture *fixture = start(url);
	struct guest guest = {.fixture = fixture};
	unsigned asked;

	(void)state;
	check(&guest, "manifests", "latest", 200, NULL);
	check(&guest, "manifests", shop.index.digest, 200, NULL);
	check(&guest, "manifests", shop.image.digest, 200, NULL); /* the index holds it */
	check(&guest, "manifests", "1.0", 200, NULL);		  /* by a tag of the registry */
	check(&guest, "blobs", shop.small.digest, 200, NULL);
	check(&guest, "blobs", shop.config.digest, 200, NULL);
	check(&guest, "manifests", shop.foreign.digest, 404, "MANIFEST_UNKNOWN"); /* the registry has it, no version of ours does */
	check(&guest, "blobs", shop.image.digest, 404, "BLOB_UNKNOWN");
	/* What images hold is asked once. */
	asked = atomic_load(&shop.manifests);
	check(&guest, "blobs", shop.small.digest, 200, NULL);
	assert_int_equal(atomic_load(&shop.manifests), asked);
	stop(fixture, url);
}

static void parts_come_from_a_registry_without(void **state)
{
	char *url = open_shop();
	struct fixture *fixture = start(url);
	struct guest guest = {.fixture = fixture, .headers = "Range: bytes=2-4\r\n"};
	struct reply reply;

	(void)state;
	for (int i = 0; i < 2; i++) {
		shop.parts = i == 0;
		reply = pull(&guest, "GET", "blobs", shop.small.digest);
		assert_int_equal(reply.status, 206);
		assert_int_equal(reply.body.length, 3);
		assert_memory_equal(reply.body.data, "234", 3);
		reply_fini(&reply);
	}
	stop(fixture, url);
}

static void a_registry_that_lies_or_is_ill_is_not_believed(void **state)
{
	char *url = open_shop();
	struct fixture *fixture = start(url);
	struct guest guest = {.fixture = fixture};

	(void)state;
	add_version(fixture, "3.0", shop.wrong.digest);
	check(&guest, "manifests", "latest", 503, "UNAVAILABLE"); /* of a type that no client knows */
	check(&guest, "manifests", "2.0", 200, NULL);
	check(&guest, "blobs", shop.small.digest, 200, NULL); /* the odd one stands in nobody's way */
	shop.shorter = true;
	check(&guest, "blobs", shop.small.digest, 503, "UNAVAILABLE");
	shop.shorter = false;
	atomic_store(&shop.ill, true);
	check(&guest, "manifests", "2.0", 503, "UNAVAILABLE");
	check(&guest, "blobs", shop.small.digest, 503, "UNAVAILABLE");
	stop(fixture, url);
}

static int ask_raw(struct fixture *fixture, int buffer)
{
	char *text = xasprintf("GET /v2/taste/figlet/blobs/%s HTTP/1.1\r\nHost: a\r\n\r\n", shop.large.digest);
	int fd = client_connect(web_port(fixture->web));

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer)), 0);
	client_send(fd, text);
	free(text);
	return fd;
}

/* Reads to the end of the connection or of the blob; how many bytes of the blob came. */
static size_t read_large(int fd)
{
	struct buf all = BUF_INIT;
	char bytes[65536];
	char *body = NULL;
	size_t got = 0;
	ssize_t n;

	while (got < LARGE && (n = read(fd, bytes, sizeof(bytes))) > 0) {
		buf_append(&all, bytes, (size_t)n);
		if (body == NULL)
			body = memmem(all.data, all.length, "\r\n\r\n", 4);
		if (body != NULL)
			got = all.length - (size_t)((char *)memmem(all.data, all.length, "\r\n\r\n", 4) + 4 - all.data);
	}
	if (got == LARGE)
		assert_memory_equal(all.data + all.length - LARGE, shop.large.data, LARGE);
	buf_fini(&all);
	return got;
}

static void who_does_not_read_is_cut_off(void **state)
{
	char *url = open_shop();
	struct fixture *fixture = start(url);
	int lazy[6], eager; /* more than there are threads: the last one comes when others have been cut off */

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lazy); i++)
		lazy[i] = ask_raw(fixture, 4096);
	eager = ask_raw(fixture, 1 << 20);
	assert_int_equal(read_large(eager), LARGE);
	close(eager);
	for (size_t i = 0; i < ARRAY_SIZE(lazy); i++)
		close(lazy[i]);
	stop(fixture, url);
}

static void stopping_waits_for_nobody(void **state)
{
	char *url = open_shop();
	struct fixture *fixture = fixture_new();
	int lazy[6];

	(void)state;
	fixture->options.registry_url = url;
	fixture->options.pulls = 2;
	fixture->options.pull_requests = 1000;
	fixture->options.pull_patience_ms = 3600000;
	add_version(fixture, "2.0", shop.index.digest);
	fixture_start(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(lazy); i++)
		lazy[i] = ask_raw(fixture, 4096);
	usleep(100000);
	fixture_stop(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(lazy); i++)
		close(lazy[i]);
	stop(fixture, url);
}

static void set_floor(struct engine *engine, void *data)
{
	(void)engine;
	((struct fixture *)data)->options.registry_floor = 0;
}

static void too_many_questions_are_refused(void **state)
{
	char *url = open_shop();
	struct fixture *fixture = fixture_new();
	struct guest guest = {.fixture = fixture};
	struct reply reply;

	(void)state;
	fixture->options.registry_url = url;
	fixture->options.pulls = 2;
	fixture->options.pull_requests = 3;
	fixture->options.limit_loopback = true;
	fixture_start(fixture);
	for (int i = 0; i < 3; i++)
		check(&guest, "tags", "list", 200, NULL);
	reply = pull(&guest, "GET", "manifests", "latest");
	assert_int_equal(reply.status, 429);
	assert_string_equal(text_of(reply.json, "errors.0.code"), "TOOMANYREQUESTS");
	assert_non_null(strstr(reply.head.data, "Retry-After: "));
	reply_fini(&reply);
	stop(fixture, url);
}

static void the_metrics_tell_of_pulls_and_builds(void **state)
{
	char *url = open_shop();
	struct fixture *fixture = fixture_new();
	struct guest guest = {.fixture = fixture};
	struct answer answer;

	(void)state;
	fixture->options.registry_url = url;
	fixture->options.metrics_listen = "127.0.0.1:0";
	fixture->options.pulls = 2;
	fixture->options.pull_requests = 1000;
	add_version(fixture, "2.0", shop.index.digest);
	fixture_start(fixture);
	check(&guest, "manifests", "latest", 200, NULL);
	check(&guest, "blobs", shop.small.digest, 200, NULL);
	fixture_add_project(fixture, "cowsay"); /* its image can't be pulled by the engine, or can: it ends */
	json_decref(until(&guest, "/api/v1/projects/taste/cowsay", "state", "ready"));
	client_ask(web_metrics_port(fixture->web), "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.body.data, "\nttob_pulls_total 1\n"));
	assert_non_null(strstr(answer.body.data, "\nttob_pull_bytes_total 10\n"));
	assert_non_null(strstr(answer.body.data, "\nttob_registry_up 1\n"));
	assert_non_null(strstr(answer.body.data, "\nttob_builds_total{state=\"succeeded\"} 1\n"));
	assert_non_null(strstr(answer.body.data, "\nttob_build_seconds_bucket{le=\"+Inf\"} 1\n"));
	assert_non_null(strstr(answer.body.data, "\nttob_builds_waiting 0\n"));
	answer_fini(&answer);
	/* Nothing of that is for the world. */
	client_ask(web_port(fixture->web), "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	assert_int_equal(answer.status, 404);
	answer_fini(&answer);
	stop(fixture, url);
}

static void builds_wait_for_room(void **state)
{
	char *url = open_shop();
	struct fixture *fixture = fixture_new();
	struct guest admin;
	json_t *json;

	(void)state;
	fixture->options.registry_url = url;
	fixture->options.registry_look_ms = 20;
	fixture->options.registry_folder = fixture->folder;
	fixture->options.registry_floor = (uint64_t)1 << 60;
	fixture_start(fixture);
	admin = person(fixture, "keeper", "admin");
	for (;;) {
		json = expect(&admin, "GET", "/api/v1/admin/overview", NULL, 200);
		if (json_is_true(at(json, "registry.disk.full")))
			break;
		json_decref(json);
		usleep(2000);
	}
	assert_true(json_is_true(at(json, "registry.disk.low")));
	json_decref(json);
	fixture_add_project(fixture, "cowsay");
	json = until(&admin, "/api/v1/admin/builds?q=TE/COWS&state=queued", "items.0.waiting_for", "disk");
	assert_int_equal(number_of(json, "total"), 1);
	json_decref(json);
	json_decref(expect(&admin, "GET", "/api/v1/admin/builds?q=nobody", NULL, 200));
	json = expect(&admin, "GET", "/api/v1/admin/builds?q=%25", NULL, 200);
	assert_int_equal(number_of(json, "total"), 0);
	json_decref(json);
	json_decref(expect(&admin, "POST", "/api/v1/sandboxes", TRY, 201)); /* tries go on */
	fixture_on_loop(fixture, set_floor, fixture);
	json_decref(until(&admin, "/api/v1/projects/taste/cowsay", "state", "ready"));
	stop(fixture, url);
}

static void without_a_registry_nothing_is_handed_out(void **state)
{
	struct fixture *fixture = fixture_new();
	struct guest guest = {.fixture = fixture};

	(void)state;
	fixture_start(fixture);
	check(&guest, "manifests", "latest", 404, "NAME_UNKNOWN");
	check(&guest, "blobs", shop.small.digest, 404, "NAME_UNKNOWN");
	check(&guest, "tags", "list", 404, "NAME_UNKNOWN");
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images_of_an_index_and_of_a_tag_come),
		cmocka_unit_test(parts_come_from_a_registry_without),
		cmocka_unit_test(a_registry_that_lies_or_is_ill_is_not_believed),
		cmocka_unit_test(who_does_not_read_is_cut_off),
		cmocka_unit_test(stopping_waits_for_nobody),
		cmocka_unit_test(too_many_questions_are_refused),
		cmocka_unit_test(the_metrics_tell_of_pulls_and_builds),
		cmocka_unit_test(builds_wait_for_room),
		cmocka_unit_test(without_a_registry_nothing_is_handed_out),
	};
	int failed;

	make_things();
	failed = cmocka_run_group_tests_name("web: pull", tests, NULL, NULL);
	free_things();
	return failed;
}
