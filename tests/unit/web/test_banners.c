/* Banners, pictures, what an author decides about a project, oEmbed, and guests in frames. */
#include "unit/web/people.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/util.h"
#include "store/projects.h"
#include "store/sessions.h"
#include "store/users.h"
#include "unit/http/client.h"
#include "unit/image/samples.h"
#include "web/banners.h"
#include "web/visitor.h"

#define BANNER "{\"text\": \"Buy <b>spoons</b>\", \"text_ko\": \"숟가락\", \"link\": \"https://spoons.example/?a=1&b=2\"}"

static struct fixture *start(void)
{
	struct fixture *fixture = fixture_new();

	fixture->options.image_program = IMAGE_PROGRAM;
	fixture_start(fixture);
	return fixture;
}

/* Any request with headers and bytes as they are. */
static struct reply send(struct fixture *fixture, const char *method, const char *path, const char *headers, const void *body, size_t length)
{
	unsigned port = web_port(fixture->web);
	struct buf text = BUF_INIT;
	struct answer answer;
	struct reply reply = {0};
	int fd = client_connect(port);

	buf_printf(&text, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n", method, path, port, length,
		   headers);
	client_send_bytes(fd, text.data, text.length);
	if (length > 0)
		client_send_bytes(fd, body, length);
	client_read(fd, strcmp(method, "HEAD") == 0, &answer);
	client_closed(fd);
	close(fd);
	buf_fini(&text);
	reply.status = answer.status;
	reply.head = answer.head;
	reply.body = answer.body;
	reply.json = reply.body.length > 0 ? json_loadb(reply.body.data, reply.body.length, 0, NULL) : NULL;
	return reply;
}

#define PERSON "User-Agent: Mozilla/5.0 (X11) Firefox/150\r\n"

static void see(struct fixture *fixture, const char *method, const char *path, const char *headers, int status)
{
	struct reply reply = send(fixture, method, path, headers, "", 0);

	assert_int_equal(reply.status, status);
	assert_null(strstr(reply.head.data, "Set-Cookie"));
	reply_fini(&reply);
}

/* ---- banners -------------------------------------------------------------------------------------------------------------- */

static void only_administrators_make_banners(void **state)
{
	struct fixture *fixture = start();
	struct guest user = person(fixture, "someone", "user"), nobody = {.fixture = fixture};
	static const char *const calls[][2] = {{"GET", "/api/v1/admin/banners"},
					       {"POST", "/api/v1/admin/banners"},
					       {"GET", "/api/v1/admin/banners/x"},
					       {"PATCH", "/api/v1/admin/banners/x"},
					       {"DELETE", "/api/v1/admin/banners/x"},
					       {"PUT", "/api/v1/admin/banners/x/image"},
					       {"DELETE", "/api/v1/admin/banners/x/image"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		json_decref(expect(&nobody, calls[i][0], calls[i][1], "{}", 401));
		json_decref(expect(&user, calls[i][0], calls[i][1], "{}", 403));
	}
	fixture_free(fixture);
}

static void a_banner_lives(void **state)
{
	struct fixture *fixture = start();
	struct guest admin = person(fixture, "boss", "admin");
	json_t *json;
	char id[32], path[128];
	struct reply reply;

	(void)state;
	see(fixture, "GET", "/api/v1/banner", "", 204);
	json = expect(&admin, "POST", "/api/v1/admin/banners", BANNER, 201);
	snprintf(id, sizeof(id), "%s", text_of(json, "id"));
	assert_int_equal(number_of(json, "weight"), 1);
	assert_true(json_is_true(at(json, "enabled")));
	json_decref(json);
	json = expect(&admin, "GET", "/api/v1/banner", NULL, 200);
	assert_string_equal(text_of(json, "id"), id);
	assert_string_equal(text_of(json, "text"), "Buy <b>spoons</b>");
	assert_string_equal(text_of(json, "i18n.ko.text"), "숟가락");
	assert_true(json_is_null(at(json, "image")));
	json_decref(json);
	snprintf(path, sizeof(path), "/banner/%s/go", id);
	reply = send(fixture, "GET", path, PERSON, "", 0);
	assert_int_equal(reply.status, 302);
	assert_non_null(strstr(reply.head.data, "Location: https://spoons.example/?a=1&b=2\r\n"));
	assert_null(strstr(reply.head.data, "Set-Cookie"));
	reply_fini(&reply);
	/* Not yet, no more, not at all: it is not shown. */
	snprintf(path, sizeof(path), "/api/v1/admin/banners/%s", id);
	json_decref(expect(&admin, "PATCH", path, "{\"starts_at\": \"2999-01-01T00:00:00Z\"}", 200));
	see(fixture, "GET", "/api/v1/banner", "", 204);
	json_decref(expect(&admin, "PATCH", path, "{\"starts_at\": null, \"ends_at\": \"2001-01-01T00:00:00Z\"}", 200));
	see(fixture, "GET", "/api/v1/banner", "", 204);
	json_decref(expect(&admin, "PATCH", path, "{\"ends_at\": \"2999-01-01T00:00:00+09:00\", \"text_ko\": null}", 200));
	json = expect(&admin, "GET", path, NULL, 200);
	assert_true(json_is_null(at(json, "text_ko")));
	assert_string_equal(text_of(json, "ends_at"), "2998-12-31T15:00:00.000Z");
	assert_int_equal(number_of(json, "clicks"), 1);
	json_decref(json);
	see(fixture, "GET", "/api/v1/banner", "", 200);
	json_decref(expect(&admin, "PATCH", path, "{\"enabled\": false}", 200));
	see(fixture, "GET", "/api/v1/banner", "", 204);
	json = expect(&admin, "GET", "/api/v1/admin/banners", NULL, 200);
	assert_int_equal(number_of(json, "total"), 1);
	json_decref(json);
	json_decref(expect(&admin, "DELETE", path, NULL, 204));
	json_decref(expect(&admin, "DELETE", path, NULL, 404));
	json_decref(expect(&admin, "PATCH", path, "{}", 404));
	fixture_free(fixture);
}

static void forms_are_checked(void **state)
{
	struct fixture *fixture = start();
	struct guest admin = person(fixture, "boss", "admin");
	static const char *const bad[] = {"{}",
					  "{\"text\": \"x\"}",
					  "{\"link\": \"https://a.example\"}",
					  "{\"text\": \"\", \"link\": \"https://a.example\"}",
					  "{\"text\": \"a\\nb\", \"link\": \"https://a.example\"}",
					  "{\"text\": 5, \"link\": \"https://a.example\"}",
					  "{\"text\": \"x\", \"link\": \"javascript:alert(1)\"}",
					  "{\"text\": \"x\", \"link\": \"//a.example\"}",
					  "{\"text\": \"x\", \"link\": \"https://a.example/\\r\\nSet-Cookie: x\"}",
					  "{\"text\": \"x\", \"link\": \"https://\"}",
					  "{\"text\": \"x\", \"link\": null}",
					  "{\"text\": \"x\", \"link\": \"https://a.example\", \"weight\": 0}",
					  "{\"text\": \"x\", \"link\": \"https://a.example\", \"weight\": 101}",
					  "{\"text\": \"x\", \"link\": \"https://a.example\", \"weight\": 1.5}",
					  "{\"text\": \"x\", \"link\": \"https://a.example\", \"enabled\": 1}",
					  "{\"text\": \"x\", \"link\": \"https://a.example\", \"starts_at\": \"tomorrow\"}",
					  "{\"text\": \"x\", \"link\": \"https://a.example\", \"starts_at\": \"2026-01-02T00:00:00Z\", \"ends_at\": \"2026-01-01T00:00:00Z\"}",
					  "{\"text\": \"x\", \"link\": \"https://a.example\", \"image\": \"x\"}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		json_t *json = expect(&admin, "POST", "/api/v1/admin/banners", bad[i], 422);

		assert_true(json_array_size(at(json, "errors")) > 0);
		json_decref(json);
	}
	json_decref(expect(&admin, "POST", "/api/v1/admin/banners", "[]", 400));
	fixture_free(fixture);
}

static void people_are_counted(void **state)
{
	struct fixture *fixture = start();
	struct guest admin = person(fixture, "boss", "admin");
	json_t *json = expect(&admin, "POST", "/api/v1/admin/banners", BANNER, 201);
	char view[128], go[128], path[128];

	(void)state;
	snprintf(view, sizeof(view), "/api/v1/banner/%s/view", text_of(json, "id"));
	snprintf(go, sizeof(go), "/banner/%s/go", text_of(json, "id"));
	snprintf(path, sizeof(path), "/api/v1/admin/banners/%s", text_of(json, "id"));
	json_decref(json);
	see(fixture, "POST", view, PERSON, 204);
	see(fixture, "POST", view, PERSON, 204);
	see(fixture, "GET", go, PERSON, 302);
	/* None of these is somebody. */
	see(fixture, "POST", view, "", 204);
	see(fixture, "POST", view, "User-Agent: Googlebot/2.1\r\n", 204);
	see(fixture, "HEAD", go, PERSON, 302);
	see(fixture, "GET", go, PERSON "Sec-Purpose: prefetch;prerender\r\n", 302);
	see(fixture, "GET", go, "User-Agent: curl/8\r\n", 302);
	see(fixture, "POST", "/api/v1/banner/x/view", PERSON, 404);
	see(fixture, "POST", "/api/v1/banner/aaaaaaaaaaaaaaaaaaaa/view", PERSON, 404);
	see(fixture, "GET", "/banner/aaaaaaaaaaaaaaaaaaaa/go", PERSON, 404);
	json = expect(&admin, "GET", path, NULL, 200);
	assert_int_equal(number_of(json, "views"), 2);
	assert_int_equal(number_of(json, "clicks"), 1);
	json_decref(json);
	fixture_free(fixture);
}

static void one_address_does_not_count_for_ever(void **state)
{
	struct fixture *fixture = fixture_new();
	struct guest admin;
	json_t *json;
	char view[128], path[128];

	(void)state;
	fixture->options.limit_loopback = true;
	fixture_start(fixture);
	admin = person(fixture, "boss", "admin");
	json = expect(&admin, "POST", "/api/v1/admin/banners", BANNER, 201);
	snprintf(view, sizeof(view), "/api/v1/banner/%s/view", text_of(json, "id"));
	snprintf(path, sizeof(path), "/api/v1/admin/banners/%s", text_of(json, "id"));
	json_decref(json);
	for (int i = 0; i < 70; i++)
		see(fixture, "POST", view, PERSON, 204);
	json = expect(&admin, "GET", path, NULL, 200);
	assert_int_equal(number_of(json, "views"), 60);
	json_decref(json);
	fixture_free(fixture);
}

static void weights_share_the_place(void **state)
{
	const struct banner banners[] = {{.weight = 1}, {.weight = 3}, {.weight = 96}};
	unsigned seen[3] = {0};

	(void)state;
	for (uint32_t i = 0; i < 10000; i++)
		seen[banner_pick(banners, 3, (uint32_t)(((uint64_t)i << 32) / 10000))]++;
	assert_in_range(seen[0], 99, 101);
	assert_in_range(seen[1], 299, 301);
	assert_int_equal(banner_pick(banners, 3, 0), 0);
	assert_int_equal(banner_pick(banners, 3, UINT32_MAX), 2);
	assert_int_equal(banner_pick(banners, 1, UINT32_MAX), 0);
}

/* ---- pictures --------------------------------------------------------------------------------------------------------------- */

static struct reply put_image(struct guest *admin, const char *path, const void *data, size_t length)
{
	char headers[256];

	snprintf(headers, sizeof(headers), "Cookie: %s\r\nOrigin: http://127.0.0.1:%u\r\nContent-Type: image/jpeg\r\n", admin->cookie,
		 web_port(admin->fixture->web));
	return send(admin->fixture, "PUT", path, headers, data, length);
}

static void a_picture_is_made_anew(void **state)
{
	struct fixture *fixture = start();
	struct guest admin = person(fixture, "boss", "admin");
	json_t *json = expect(&admin, "POST", "/api/v1/admin/banners", BANNER, 201);
	struct buf data = BUF_INIT;
	struct reply reply;
	char path[128], url[128];

	(void)state;
	snprintf(path, sizeof(path), "/api/v1/admin/banners/%s/image", text_of(json, "id"));
	json_decref(json);
	sample_exif(1600, 400, 6, &data);
	reply = put_image(&admin, path, data.data, data.length);
	assert_int_equal(reply.status, 200);
	assert_int_equal(number_of(reply.json, "image.width"), 200);
	assert_int_equal(number_of(reply.json, "image.height"), 800);
	snprintf(url, sizeof(url), "%s", text_of(reply.json, "image.url"));
	reply_fini(&reply);
	reply = send(fixture, "GET", url, "", "", 0);
	assert_int_equal(reply.status, 200);
	assert_non_null(strstr(reply.head.data, "Content-Type: image/jpeg\r\n"));
	assert_non_null(strstr(reply.head.data, "Cache-Control: public, max-age=31536000, immutable\r\n"));
	assert_non_null(strstr(reply.head.data, "X-Content-Type-Options: nosniff\r\n"));
	assert_null(memmem(reply.body.data, reply.body.length, SAMPLE_SECRET, strlen(SAMPLE_SECRET)));
	assert_null(memmem(reply.body.data, reply.body.length, "Exif", 4));
	reply_fini(&reply);
	reply = put_image(&admin, path, "<svg onload='alert(1)'/>", 24);
	assert_int_equal(reply.status, 422);
	reply_fini(&reply);
	reply = put_image(&admin, path, "", 0);
	assert_int_equal(reply.status, 422);
	reply_fini(&reply);
	buf_clear(&data);
	sample_claim(50000, 50000, &data);
	reply = put_image(&admin, path, data.data, data.length);
	assert_int_equal(reply.status, 422);
	reply_fini(&reply);
	json_decref(expect(&admin, "DELETE", path, NULL, 204));
	see(fixture, "GET", url, "", 404);
	see(fixture, "GET", "/media/..%2e", "", 404);
	see(fixture, "GET", "/media/00000000000000000000000000000000.svg", "", 404);
	buf_fini(&data);
	fixture_free(fixture);
}

static void without_the_program_pictures_wait(void **state)
{
	struct fixture *fixture = fixture_new();
	struct guest admin;
	struct reply reply;
	json_t *json;
	char path[128];

	(void)state;
	fixture->options.image_program = "/nonexistent/ttob-image";
	fixture_start(fixture);
	admin = person(fixture, "boss", "admin");
	json = expect(&admin, "POST", "/api/v1/admin/banners", BANNER, 201);
	snprintf(path, sizeof(path), "/api/v1/admin/banners/%s/image", text_of(json, "id"));
	json_decref(json);
	reply = put_image(&admin, path, "x", 1);
	assert_int_equal(reply.status, 503);
	reply_fini(&reply);
	fixture_free(fixture);
}

/* ---- what the author decides -------------------------------------------------------------------------------------------------- */

#define PROJECT "/api/v1/projects/taste/figlet"

static void authors_decide(void **state)
{
	struct fixture *fixture = start();
	struct guest author = person(fixture, "taste", "user"), other = person(fixture, "other", "user"), boss = person(fixture, "boss", "admin"),
		     nobody = {.fixture = fixture};
	static const char *const bad[] = {"{\"visibility\": \"hidden\"}",
					  "{\"visibility\": null}",
					  "{\"embed_origins\": \"https://a.example\"}",
					  "{\"embed_origins\": [\"https://a.example/path\"]}",
					  "{\"embed_origins\": [\"https://a.example; script-src *\"]}",
					  "{\"embed_origins\": [5]}",
					  "{\"embed_origins\": [\"*\"]}",
					  "{\"name\": \"x\"}"};
	struct buf many = BUF_INIT;
	json_t *json;

	(void)state;
	json_decref(expect(&nobody, "PATCH", PROJECT, "{}", 401));
	json_decref(expect(&other, "PATCH", PROJECT, "{\"visibility\": \"unlisted\"}", 403));
	json_decref(expect(&author, "PATCH", "/api/v1/projects/taste/none", "{}", 404));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		json_decref(expect(&author, "PATCH", PROJECT, bad[i], 422));
	buf_append_string(&many, "{\"embed_origins\": [");
	for (int i = 0; i < 21; i++)
		buf_printf(&many, "%s\"https://a%d.example\"", i > 0 ? "," : "", i);
	buf_append_string(&many, "]}");
	json_decref(expect(&author, "PATCH", PROJECT, many.data, 422));
	json = expect(&author, "PATCH", PROJECT,
		      "{\"visibility\": \"unlisted\", \"embed_origins\": [\"https://b.example\", \"http://localhost:9\", \"https://b.example\"]}", 200);
	assert_string_equal(text_of(json, "visibility"), "unlisted");
	assert_int_equal(json_array_size(at(json, "embed_origins")), 2);
	assert_string_equal(text_of(json, "embed_origins.1"), "http://localhost:9");
	json_decref(json);
	json = expect(&nobody, "GET", PROJECT, NULL, 200); /* not the kept answer of before */
	assert_string_equal(text_of(json, "visibility"), "unlisted");
	json_decref(json);
	json = expect(&boss, "PATCH", PROJECT, "{\"visibility\": \"listed\", \"embed_origins\": []}", 200);
	assert_int_equal(json_array_size(at(json, "embed_origins")), 0);
	json_decref(json);
	buf_fini(&many);
	fixture_free(fixture);
}

static void what_is_hidden_stays_hidden(void **state)
{
	struct fixture *fixture = start();
	struct guest author = person(fixture, "taste", "user");
	struct project project = {0};
	struct store store;

	(void)state;
	assert_int_equal(store_open(fixture->database, &store, NULL), 0);
	assert_int_equal(projects_get(&store, "taste", "figlet", &project, NULL), 0);
	assert_int_equal(projects_set_visibility(&store, project.id, "hidden", clock_realtime_ms(), NULL), 0);
	project_fini(&project);
	store_close(&store);
	json_decref(expect(&author, "PATCH", PROJECT, "{\"visibility\": \"listed\"}", 403));
	fixture_free(fixture);
}

/* ---- oEmbed --------------------------------------------------------------------------------------------------------------------- */

static struct reply oembed(struct fixture *fixture, const char *rest)
{
	char path[512];

	snprintf(path, sizeof(path), "/oembed?url=http%%3A%%2F%%2F127.0.0.1%%3A%u%s", web_port(fixture->web), rest);
	return send(fixture, "GET", path, "", "", 0);
}

static void oembed_answers(void **state)
{
	struct fixture *fixture = start();
	struct guest author = person(fixture, "taste", "user");
	struct reply reply;
	static const char *const missing[] = {"%2Fp%2Ftaste%2Fnone", "%2Fp%2Ftaste%2Ffiglet%2Fx%22", "%2F", "%2Fp%2F..%2Ffiglet", ".evil%2Fp%2Ftaste%2Ffiglet"};

	(void)state;
	reply = oembed(fixture, "%2Fp%2Ftaste%2Ffiglet");
	assert_int_equal(reply.status, 200);
	assert_string_equal(text_of(reply.json, "type"), "link");
	assert_string_equal(text_of(reply.json, "title"), "figlet");
	reply_fini(&reply);
	json_decref(expect(&author, "PATCH", PROJECT, "{\"embed_origins\": [\"https://b.example\"]}", 200));
	reply = oembed(fixture, "%2Fp%2Ftaste%2Ffiglet%3Ftry&format=json&maxwidth=400");
	assert_int_equal(reply.status, 200);
	assert_string_equal(text_of(reply.json, "type"), "rich");
	assert_int_equal(number_of(reply.json, "width"), 400);
	assert_non_null(strstr(text_of(reply.json, "html"), "/embed/taste/figlet\" title=\"figlet\" width=\"400\" height=\"480\""));
	reply_fini(&reply);
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++) {
		reply = oembed(fixture, missing[i]);
		assert_int_equal(reply.status, 404);
		reply_fini(&reply);
	}
	see(fixture, "GET", "/oembed?url=https%3A%2F%2Fevil.example%2Fp%2Ftaste%2Ffiglet", "", 404);
	see(fixture, "GET", "/oembed?url=x&format=xml", "", 501);
	see(fixture, "GET", "/oembed", "", 422);
	see(fixture, "GET", "/oembed?url=", "", 422);
	fixture_free(fixture);
}

/* ---- guests in frames -------------------------------------------------------------------------------------------------------------- */

static void a_frame_has_a_guest_without_a_cookie(void **state)
{
	struct fixture *fixture = start();
	struct guest nobody = {.fixture = fixture}, evil = {.fixture = fixture, .origin = "https://evil.example"};
	struct guest user = person(fixture, "someone", "user");
	struct reply reply;
	char headers[256], cookie_token[256], both[512];
	json_t *json;

	(void)state;
	json_decref(expect(&evil, "POST", "/api/v1/embed/taste/figlet/session", "{}", 403));
	json_decref(expect(&nobody, "POST", "/api/v1/embed/taste/none/session", "{}", 404));
	reply = ask(&nobody, "POST", "/api/v1/embed/taste/figlet/session", "{}");
	assert_int_equal(reply.status, 201);
	assert_null(strstr(reply.head.data, "Set-Cookie"));
	snprintf(headers, sizeof(headers), "Authorization: Bearer %s\r\nContent-Type: application/json\r\nOrigin: http://127.0.0.1:%u\r\n",
		 text_of(reply.json, "token"), web_port(fixture->web));
	reply_fini(&reply);
	reply = send(fixture, "POST", "/api/v1/sandboxes", headers, TRY, strlen(TRY));
	assert_int_equal(reply.status, 201);
	assert_null(strstr(reply.head.data, "Set-Cookie"));
	reply_fini(&reply);
	reply = send(fixture, "GET", "/api/v1/sandboxes", headers, "", 0);
	assert_int_equal(number_of(reply.json, "total"), 1);
	reply_fini(&reply);
	json = expect(&nobody, "GET", "/api/v1/sandboxes", NULL, 200);
	assert_int_equal(number_of(json, "total"), 0);
	json_decref(json);
	/* A user's session opens nothing that way. */
	snprintf(cookie_token, sizeof(cookie_token), "Authorization: Bearer guest_%s\r\n", strchr(user.cookie, '=') + 1);
	reply = send(fixture, "GET", "/api/v1/sandboxes/aaaaaaaaaaaaaaaaaaaa", cookie_token, "", 0);
	assert_int_equal(reply.status, 401);
	reply_fini(&reply);
	reply = send(fixture, "GET", "/api/v1/sandboxes/aaaaaaaaaaaaaaaaaaaa", "Authorization: Bearer guest_\r\n", "", 0);
	assert_int_equal(reply.status, 401);
	reply_fini(&reply);
	/* It leaves, and whoever's cookie came along stays. */
	snprintf(both, sizeof(both), "%sCookie: %s\r\n", headers, user.cookie);
	reply = send(fixture, "DELETE", "/api/v1/session", both, "", 0);
	assert_int_equal(reply.status, 204);
	assert_null(strstr(reply.head.data, "Set-Cookie"));
	reply_fini(&reply);
	reply = send(fixture, "GET", "/api/v1/session", headers, "", 0);
	assert_int_equal(reply.status, 401);
	reply_fini(&reply);
	json_decref(expect(&user, "GET", "/api/v1/users/me", NULL, 200));
	fixture_free(fixture);
}

static void a_frames_terminal_opens_by_its_protocol(void **state)
{
	struct fixture *fixture = start();
	struct guest nobody = {.fixture = fixture};
	struct reply reply = ask(&nobody, "POST", "/api/v1/embed/taste/figlet/session", "{}");
	unsigned port = web_port(fixture->web);
	char token[80], headers[256], path[128];
	struct buf text = BUF_INIT, seen = BUF_INIT;
	int fd;

	(void)state;
	snprintf(token, sizeof(token), "%s", text_of(reply.json, "token"));
	reply_fini(&reply);
	snprintf(headers, sizeof(headers), "Authorization: Bearer %s\r\nContent-Type: application/json\r\n", token);
	reply = send(fixture, "POST", "/api/v1/sandboxes", headers, TRY, strlen(TRY));
	snprintf(path, sizeof(path), "%s", text_of(reply.json, "terminals.0.url"));
	reply_fini(&reply);
	for (int with = 0; with < 2; with++) {
		buf_clear(&text);
		buf_printf(&text,
			   "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: http://127.0.0.1:%u\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
			   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ttob.terminal.v1%s%s\r\n\r\n",
			   path, port, port, with ? ", ttob." : "", with ? token : "");
		fd = client_connect(port);
		client_send(fd, text.data);
		client_expect(fd, &seen, with ? "HTTP/1.1 101" : "HTTP/1.1 401");
		if (with)
			client_expect(fd, &seen, "Sec-WebSocket-Protocol: ttob.terminal.v1\r\n");
		close(fd);
	}
	buf_fini(&text);
	buf_fini(&seen);
	fixture_free(fixture);
}

static void where_guests_are_not_welcome_there_is_no_frame(void **state)
{
	struct fixture *fixture = fixture_new();
	struct guest nobody = {.fixture = fixture};

	(void)state;
	fixture->options.accounts_only = true;
	fixture_start(fixture);
	json_decref(expect(&nobody, "POST", "/api/v1/embed/taste/figlet/session", "{}", 401));
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_administrators_make_banners),
		cmocka_unit_test(a_banner_lives),
		cmocka_unit_test(forms_are_checked),
		cmocka_unit_test(people_are_counted),
		cmocka_unit_test(one_address_does_not_count_for_ever),
		cmocka_unit_test(weights_share_the_place),
		cmocka_unit_test(a_picture_is_made_anew),
		cmocka_unit_test(without_the_program_pictures_wait),
		cmocka_unit_test(authors_decide),
		cmocka_unit_test(what_is_hidden_stays_hidden),
		cmocka_unit_test(oembed_answers),
		cmocka_unit_test(a_frame_has_a_guest_without_a_cookie),
		cmocka_unit_test(a_frames_terminal_opens_by_its_protocol),
		cmocka_unit_test(where_guests_are_not_welcome_there_is_no_frame),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("web: banners and embedding", tests, NULL, NULL);
}
