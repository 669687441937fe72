/* Attacks on accounts: docs/threat-model.md, "Accounts", names each of these. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/web/fixture.h"

#include "base/clock.h"
#include "base/util.h"
#include "store/store.h"
#include "unit/http/client.h"

#define ME	"/api/v1/users/me"
#define USERS	"/api/v1/users"
#define SESSION "/api/v1/session"
#define BOXES	"/api/v1/sandboxes"
#define EVIL	"https://evil.example"

static char *login_as(const char *login, const char *password)
{
	json_t *json = json_pack("{s:s,s:s}", "login", login, "password", password);
	char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	return text;
}

static int try_login(struct guest *guest, const char *login, const char *password)
{
	char *body = login_as(login, password);
	int status = status_of(guest, "POST", SESSION, body);

	free(body);
	return status;
}

/* ---- from pages of other sites ------------------------------------------------------------------------------------------- */

static const struct {
	const char *method;
	const char *path;
	const char *body;
} writes[] = {
	{"POST", USERS, "{\"username\": \"mallory\", \"password\": \"" PASSWORD "\"}"},
	{"POST", SESSION, "{\"login\": \"alice\", \"password\": \"" PASSWORD "\"}"},
	{"DELETE", SESSION, NULL},
	{"PATCH", ME, "{\"bio\": \"owned\"}"},
	{"DELETE", ME, "{\"password\": \"" PASSWORD "\"}"},
	{"DELETE", ME "/sessions", NULL},
	{"DELETE", ME "/sessions/x", NULL},
	{"POST", ME "/tokens", "{\"name\": \"owned\"}"},
	{"DELETE", ME "/tokens/x", NULL},
};

static void no_page_elsewhere_writes(void **state)
{
	static const char *const origins[] = {EVIL, "null", "http://127.0.0.1.evil.example", "https://127.0.0.1", ""};
	struct guest alice = {.fixture = *state};

	register_as(&alice, "alice");
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
		for (size_t o = 0; o < ARRAY_SIZE(origins); o++) {
			struct guest victim = alice; /* the browser sends the cookie along */

			victim.origin = origins[o]; /* "": a client that leaves it out */
			if (status_of(&victim, writes[i].method, writes[i].path, writes[i].body) != 403)
				fail_msg("%s %s went through from \"%s\"", writes[i].method, writes[i].path, origins[o]);
		}
	}
	drop(expect(&alice, "GET", ME, NULL, 200));
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM users"), 1);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM tokens"), 0);
}

/* Without any cookie, too: a foreign page must not sign the visitor in to the attacker's account. */
static void no_page_elsewhere_signs_in(void **state)
{
	struct guest alice = {.fixture = *state}, victim = {.fixture = *state, .origin = EVIL};

	register_as(&alice, "alice");
	drop(expect(&victim, "POST", SESSION, "{\"login\": \"alice\", \"password\": \"" PASSWORD "\"}", 403));
	drop(expect(&victim, "POST", USERS, "{\"username\": \"mallory\", \"password\": \"" PASSWORD "\"}", 403));
	assert_string_equal(victim.cookie, "");
}

static void no_form_is_taken(void **state)
{
	static const char *const types[] = {"application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""};
	struct guest alice = {.fixture = *state};

	register_as(&alice, "alice");
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
		for (size_t t = 0; writes[i].body != NULL && t < ARRAY_SIZE(types); t++) {
			struct guest form = {.fixture = *state, .type = types[t]};

			assert_int_equal(status_of(&form, writes[i].method, writes[i].path, writes[i].body), 415);
		}
	}
}

/* ---- sessions ------------------------------------------------------------------------------------------------------------ */

static void a_planted_session_is_worth_nothing(void **state)
{
	struct guest attacker = {.fixture = *state}, victim = {.fixture = *state}, alice = {.fixture = *state};

	register_as(&alice, "alice");
	drop(expect(&attacker, "POST", BOXES, TRY, 201));
	snprintf(victim.cookie, sizeof(victim.cookie), "%s", attacker.cookie);
	log_in(&victim, "alice");
	assert_string_not_equal(victim.cookie, attacker.cookie);
	drop(expect(&attacker, "GET", SESSION, NULL, 401));
	/* The same for a registration, and for a value that was never given out. */
	drop(expect(&attacker, "POST", BOXES, TRY, 201));
	snprintf(victim.cookie, sizeof(victim.cookie), "%s", attacker.cookie);
	register_as(&victim, "bobby");
	drop(expect(&attacker, "GET", SESSION, NULL, 401));
	strcpy(victim.cookie, "ttob_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	log_in(&victim, "alice");
	assert_null(strstr(victim.cookie, "AAAAAAAAAAAAAAAA"));
}

static void signing_in_again_gives_a_new_session(void **state)
{
	struct guest alice = {.fixture = *state}, before = {.fixture = *state};

	register_as(&alice, "alice");
	snprintf(before.cookie, sizeof(before.cookie), "%s", alice.cookie);
	log_in(&alice, "alice");
	assert_string_not_equal(alice.cookie, before.cookie);
	drop(expect(&before, "GET", ME, NULL, 401));
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM sessions"), 1);
}

static void stolen_and_old_cookies_open_nothing(void **state)
{
	static const char *const cookies[] = {"",  "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "' OR 1=1 --", "%00", "../../etc/passwd",
					      "\"\""};
	struct guest alice = {.fixture = *state}, thief = {.fixture = *state};

	register_as(&alice, "alice");
	snprintf(thief.cookie, sizeof(thief.cookie), "%s", alice.cookie);
	drop(expect(&alice, "DELETE", SESSION, NULL, 204));
	drop(expect(&thief, "GET", ME, NULL, 401));
	log_in(&alice, "alice");
	fixture_sql(*state, "UPDATE sessions SET expires_ms = 1");
	drop(expect(&alice, "GET", ME, NULL, 401));
	for (size_t i = 0; i < ARRAY_SIZE(cookies); i++) {
		snprintf(thief.cookie, sizeof(thief.cookie), "ttob_session=%s", cookies[i]);
		drop(expect(&thief, "GET", ME, NULL, 401));
	}
	/* What the database holds of a session is not the cookie. */
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM sessions WHERE LENGTH(token_hash) = 64"), 1);
}

static void cookies_are_kept_from_scripts(void **state)
{
	struct guest alice = {.fixture = *state};
	struct reply reply = ask(&alice, "POST", USERS, "{\"username\": \"alice\", \"password\": \"" PASSWORD "\"}");

	assert_int_equal(reply.status, 201);
	assert_non_null(strstr(reply.head.data, "; HttpOnly"));
	assert_non_null(strstr(reply.head.data, "; SameSite=Lax"));
	assert_non_null(strstr(reply.head.data, "no-store"));
	reply_fini(&reply);
}

/* ---- who has an account -------------------------------------------------------------------------------------------------- */

/* The answer without its date. */
static char *plain_answer(struct guest *guest, const char *login)
{
	char *body = login_as(login, "a wrong password");
	struct reply reply = ask(guest, "POST", SESSION, body);
	char *date = strstr(reply.head.data, "Date:");
	char *text;

	assert_int_equal(reply.status, 401);
	if (date != NULL)
		memset(date, '-', strcspn(date, "\r"));
	text = xasprintf("%s%s", reply.head.data, reply.body.data);
	reply_fini(&reply);
	free(body);
	return text;
}

static void a_wrong_login_reads_the_same(void **state)
{
	static const char *const logins[] = {"no-such-user", "without-password", "x@example.org", "suspended-one", "admin", "' OR ''='"};
	struct guest guest = {.fixture = *state}, stranger = {.fixture = *state};
	char *known;

	register_as(&guest, "alice");
	register_as(&guest, "without-password");
	register_as(&guest, "suspended-one");
	fixture_sql(*state, "UPDATE users SET password_hash = NULL WHERE username = 'without-password'");
	fixture_sql(*state, "UPDATE users SET state = 'suspended' WHERE username = 'suspended-one'");
	known = plain_answer(&stranger, "alice");
	for (size_t i = 0; i < ARRAY_SIZE(logins); i++) {
		char *other = plain_answer(&stranger, logins[i]);

		assert_string_equal(known, other);
		free(other);
	}
	free(known);
}

#define ROUNDS 41

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t median(int64_t times[ROUNDS])
{
	qsort(times, ROUNDS, sizeof(*times), by_number);
	return times[ROUNDS / 2];
}

static int64_t time_of(struct guest *guest, const char *login)
{
	int64_t began = clock_monotonic_us();

	assert_int_equal(try_login(guest, login, "a wrong password"), 401);
	return clock_monotonic_us() - began;
}

/* One against the other, by turns, so that a busy machine slows both. Without the hash of nobody's password the ratio is 0.1. */
static void a_wrong_login_takes_as_long(void **state)
{
	static const char *const logins[] = {"alice", "no-such-user", "without-password", "x@example.org"};
	struct fixture *fixture = *state;
	struct guest guest = {.fixture = fixture}, stranger = {.fixture = fixture};
	int64_t times[ARRAY_SIZE(logins)][ROUNDS];
	double known;

	fixture->options.hash_memory = 8u << 20;
	fixture_start(fixture);
	register_as(&guest, "alice");
	register_as(&guest, "without-password");
	fixture_sql(fixture, "UPDATE users SET password_hash = NULL WHERE username = 'without-password'");
	for (size_t round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < ARRAY_SIZE(logins); i++)
			times[i][round] = time_of(&stranger, logins[i]);
	known = (double)median(times[0]);
	for (size_t i = 1; i < ARRAY_SIZE(logins); i++) {
		double ratio = (double)median(times[i]) / known;

		if (ratio < 0.5 || ratio > 2)
			fail_msg("%s takes %.2f times as long as a known one", logins[i], ratio);
	}
}

/* Other people's e-mail addresses show nowhere, and registering with one tells nothing. */
static void an_address_tells_nothing(void **state)
{
	struct guest alice = {.fixture = *state}, other = {.fixture = *state};
	json_t *json;

	drop(expect(&alice, "POST", USERS,
		    "{\"username\": \"alice\", \"email\": \"a@example.org\", \"password\": \"" PASSWORD "\"}", 201));
	drop(expect(&other, "POST", USERS,
		    "{\"username\": \"bobby\", \"email\": \"a@example.org\", \"password\": \"" PASSWORD "\"}", 201));
	json = expect(&other, "GET", USERS "/alice", NULL, 200);
	assert_null(at(json, "email"));
	drop(json);
	drop(expect(&other, "PATCH", ME, "{\"email\": \"A@example.org\", \"current_password\": \"" PASSWORD "\"}", 200));
}

/* ---- what is typed ------------------------------------------------------------------------------------------------------- */

static const char *const nasty[] = {
	"'; DROP TABLE users; --",
	"' OR '1'='1",
	"\" OR 1=1 --",
	"<script>alert(1)</script>",
	"\"><img src=x onerror=alert(1)>",
	"{{7*7}}${7*7}<%= 7 %>",
	"%s%n%x",
	"..%2f..%2fetc",
	"../../../etc/passwd",
	"$(id)`id`|id;id",
};

/* What may hold any text holds it to the letter; what may not is refused; nothing is run. */
static void sql_and_html_are_only_text(void **state)
{
	struct guest alice = {.fixture = *state}, stranger = {.fixture = *state};

	register_as(&alice, "alice");
	for (size_t i = 0; i < ARRAY_SIZE(nasty); i++) {
		json_t *body = json_pack("{s:s,s:s}", "display_name", nasty[i], "bio", nasty[i]);
		char *text = json_dumps(body, 0);
		json_t *answer = expect(&alice, "PATCH", ME, text, 200);

		assert_string_equal(text_of(answer, "display_name"), nasty[i]);
		assert_string_equal(text_of(answer, "bio"), nasty[i]);
		drop(answer);
		drop(body);
		free(text);
		body = json_pack("{s:s}", "name", nasty[i]);
		text = json_dumps(body, 0);
		answer = expect(&alice, "POST", ME "/tokens", text, 201);
		assert_string_equal(text_of(answer, "name"), nasty[i]);
		drop(answer);
		drop(body);
		free(text);
		body = json_pack("{s:s,s:s,s:s}", "username", nasty[i], "email", nasty[i], "password", PASSWORD);
		text = json_dumps(body, 0);
		assert_int_equal(status_of(&stranger, "POST", USERS, text), 422);
		drop(body);
		free(text);
		assert_int_equal(try_login(&stranger, nasty[i], nasty[i]), 401);
		body = json_pack("{s:s}", "homepage", nasty[i]);
		text = json_dumps(body, 0);
		assert_int_equal(status_of(&alice, "PATCH", ME, text), 422);
		drop(body);
		free(text);
	}
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM users"), 1);
	drop(expect(&stranger, "GET", USERS "/%27%20OR%201%3D1%20--", NULL, 404));
	drop(expect(&alice, "DELETE", ME "/tokens/%27%20OR%201%3D1%20--", NULL, 404));
	drop(expect(&alice, "DELETE", ME "/sessions/%27%20OR%201%3D1%20--", NULL, 404));
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM tokens"), ARRAY_SIZE(nasty));
}

static void no_line_break_gets_into_a_header(void **state)
{
	struct guest alice = {.fixture = *state, .headers = "User-Agent: a\tb\x0c\r\n"};
	struct reply reply;

	register_as(&alice, "alice");
	drop(expect(&alice, "POST", USERS, "{\"username\": \"a\\r\\nSet-Cookie: x=y\", \"password\": \"" PASSWORD "\"}", 422));
	drop(expect(&alice, "PATCH", ME, "{\"homepage\": \"https://a.example/\\r\\nSet-Cookie: x=y\"}", 422));
	drop(expect(&alice, "PATCH", ME, "{\"display_name\": \"a\\r\\nSet-Cookie: x=y\"}", 422));
	reply = ask(&alice, "GET", USERS "/a%0d%0aSet-Cookie:%20x=y", NULL);
	assert_null(strstr(reply.head.data, "x=y"));
	reply_fini(&reply);
}

static void nobody_sets_what_is_not_theirs_to_set(void **state)
{
	static const char *const members[] = {"role",	 "state",      "email_verified", "id",		"person",  "password_hash",
					      "created_at", "has_password", "is_admin",	 "__proto__", "username2"};
	struct guest alice = {.fixture = *state}, stranger = {.fixture = *state};
	char body[256];

	register_as(&alice, "alice");
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		snprintf(body, sizeof(body), "{\"username\": \"mallory\", \"password\": \"" PASSWORD "\", \"%s\": \"admin\"}", members[i]);
		assert_int_equal(status_of(&stranger, "POST", USERS, body), 422);
		snprintf(body, sizeof(body), "{\"bio\": \"x\", \"%s\": true}", members[i]);
		assert_int_equal(status_of(&alice, "PATCH", ME, body), 422);
		snprintf(body, sizeof(body), "{\"name\": \"x\", \"%s\": true}", members[i]);
		assert_int_equal(status_of(&alice, "POST", ME "/tokens", body), 422);
		snprintf(body, sizeof(body), "{\"login\": \"alice\", \"password\": \"" PASSWORD "\", \"%s\": true}", members[i]);
		assert_int_equal(status_of(&stranger, "POST", SESSION, body), 422);
	}
	drop(expect(&alice, "PATCH", ME, "{\"bio\": \"x\", \"bio\": \"y\"}", 400)); /* the same name twice */
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM users WHERE role = 'user' AND email_verified = 0 AND bio = ''"), 1);
}

static void others_ids_are_not_there(void **state)
{
	struct guest alice = {.fixture = *state}, bob = {.fixture = *state};
	json_t *sessions, *token, *sandbox;
	char *path;

	register_as(&alice, "alice");
	register_as(&bob, "bobby");
	sessions = expect(&alice, "GET", ME "/sessions", NULL, 200);
	path = xasprintf(ME "/sessions/%s", text_of(sessions, "items.0.id"));
	drop(expect(&bob, "DELETE", path, NULL, 404));
	free(path);
	token = expect(&alice, "POST", ME "/tokens", "{\"name\": \"ci\"}", 201);
	path = xasprintf(ME "/tokens/%s", text_of(token, "id"));
	drop(expect(&bob, "DELETE", path, NULL, 404));
	free(path);
	sandbox = expect(&alice, "POST", BOXES, TRY, 201);
	path = xasprintf(BOXES "/%s", text_of(sandbox, "id"));
	drop(expect(&bob, "GET", path, NULL, 404));
	drop(expect(&bob, "DELETE", path, NULL, 404));
	free(path);
	drop(expect(&alice, "GET", ME, NULL, 200));
	drop(sessions);
	drop(token);
	drop(sandbox);
}

static void bytes_that_are_no_name(void **state)
{
	static const struct {
		const char *body;
		int status;
	} cases[] = {
		{"{\"username\": \"a\\u0000b\", \"password\": \"" PASSWORD "\"}", 400},
		{"{\"username\": \"alice\", \"password\": \"seven\\u0000green kettles\"}", 400},
		{"{\"username\": \"al\xff\xfeice\", \"password\": \"" PASSWORD "\"}", 400},
		{"{\"username\": \"al\xc0\xafice\", \"password\": \"" PASSWORD "\"}", 400},
		{"{\"username\": \"\xed\xa0\x80\", \"password\": \"" PASSWORD "\"}", 400},
		{"{\"username\": \"\\ud800\", \"password\": \"" PASSWORD "\"}", 400},
		{"{\"username\": \"ali\\u202ece\", \"password\": \"" PASSWORD "\"}", 422},
		{"{\"username\": \"\\u0430lice\", \"password\": \"" PASSWORD "\"}", 422},
		{"{\"username\": \"\\uff41lice\", \"password\": \"" PASSWORD "\"}", 422},
		{"{\"username\": \"ali\\u200bce\", \"password\": \"" PASSWORD "\"}", 422},
		{"{\"username\": null, \"password\": \"" PASSWORD "\"}", 422},
		{"{\"username\": {\"$ne\": \"\"}, \"password\": {\"$ne\": \"\"}}", 422},
		{"{\"username\": \"alice\", \"password\": true}", 422},
		{"", 400},
		{"null", 400},
		{"[[[[", 400},
	};
	struct guest guest = {.fixture = *state};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (status_of(&guest, "POST", USERS, cases[i].body) != cases[i].status)
			fail_msg("%zu: %s", i, cases[i].body);
	register_as(&guest, "alice");
	drop(expect(&guest, "PATCH", ME, "{\"display_name\": \"\\u202eecila\"}", 422));
	drop(expect(&guest, "PATCH", ME, "{\"bio\": \"\\u0000\"}", 400));
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM users"), 1);
}

static void two_megabytes_are_too_much(void **state)
{
	static const char *const heads[] = {"{\"username\": \"", "{\"login\": \"", "{\"password\": \""};
	struct guest alice = {.fixture = *state};
	size_t length = 2u << 20;
	char *body = xmalloc(length + 64);

	register_as(&alice, "alice");
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		size_t used = strlen(heads[i]);

		memcpy(body, heads[i], used);
		memset(body + used, 'a', length);
		strcpy(body + used + length, "\"}");
		assert_int_equal(status_of(&alice, "POST", USERS, body), 413);
		assert_int_equal(status_of(&alice, "POST", SESSION, body), 413);
		assert_int_equal(status_of(&alice, "PATCH", ME, body), 413);
		assert_int_equal(status_of(&alice, "POST", ME "/tokens", body), 413);
	}
	/* Within the body's limit, beyond the field's. */
	strcpy(body, "{\"login\": \"alice\", \"password\": \"");
	memset(body + strlen(body), 'a', 8000);
	strcpy(body + 8000, "\"}");
	assert_int_equal(status_of(&alice, "POST", SESSION, body), 422);
	free(body);
}

/* ---- many at once -------------------------------------------------------------------------------------------------------- */

#define CROWD 24

static void one_name_goes_to_one(void **state)
{
	struct fixture *fixture = *state;
	struct runner runners[CROWD];

	for (size_t i = 0; i < CROWD; i++)
		runners[i] = (struct runner){.guest = {.fixture = fixture},
					     .method = "POST",
					     .path = USERS,
					     .body = "{\"username\": \"alice\", \"password\": \"" PASSWORD "\"}"};
	run_all(runners, CROWD);
	assert_int_equal(answered(runners, CROWD, 201), 1);
	assert_int_equal(answered(runners, CROWD, 409), CROWD - 1);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM users"), 1);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM sessions"), 1);
}

/* More than the pool takes: they are told to come again, and everything else goes on. */
static void a_storm_is_turned_away(void **state)
{
	struct fixture *fixture = *state;
	struct runner runners[CROWD];
	struct guest alice = {.fixture = fixture};
	unsigned in = 0, away = 0;

	fixture->options.hash_memory = 32u << 20;
	fixture->options.hash_queue = 4;
	fixture_start(fixture);
	register_as(&alice, "alice");
	for (size_t i = 0; i < CROWD; i++)
		runners[i] = (struct runner){.guest = {.fixture = fixture},
					     .method = "POST",
					     .path = SESSION,
					     .body = "{\"login\": \"alice\", \"password\": \"" PASSWORD "\"}"};
	run_all(runners, CROWD);
	for (size_t i = 0; i < CROWD; i++) {
		in += runners[i].status == 200;
		away += runners[i].status == 503;
	}
	assert_int_equal(in + away, CROWD);
	assert_true(in > 0);
	assert_true(away > 0);
	drop(expect(&alice, "GET", ME, NULL, 200));
	log_in(&alice, "alice");
}

/* ---- guessing ------------------------------------------------------------------------------------------------------------ */

static void start_limited(struct fixture *fixture, unsigned registrations, unsigned signins, unsigned guesses)
{
	fixture->options.trust_forwarded = true; /* so that a test can come from many places */
	fixture->options.limit_loopback = true;
	fixture->options.registrations = registrations;
	fixture->options.signins = signins;
	fixture->options.guesses = guesses;
	fixture_start(fixture);
}

static void comes_from(struct guest *guest, char header[64], const char *address)
{
	snprintf(header, 64, "X-Forwarded-For: %s\r\n", address);
	guest->headers = header;
}

static void registrations_of_an_address_are_limited(void **state)
{
	struct guest guest = {.fixture = *state};
	struct reply reply;
	char header[64], body[128], address[32];

	start_limited(*state, 3, 100, 100);
	comes_from(&guest, header, "192.0.2.1");
	for (int i = 0; i < 3; i++) {
		snprintf(body, sizeof(body), "{\"username\": \"name-%d\", \"password\": \"" PASSWORD "\"}", i);
		drop(expect(&guest, "POST", USERS, body, 201));
	}
	reply = ask(&guest, "POST", USERS, "{\"username\": \"name-4\", \"password\": \"" PASSWORD "\"}");
	assert_int_equal(reply.status, 429);
	assert_string_equal(text_of(reply.json, "code"), "too_many");
	assert_non_null(strstr(reply.head.data, "Retry-After: "));
	reply_fini(&reply);
	comes_from(&guest, header, "192.0.2.2");
	drop(expect(&guest, "POST", USERS, "{\"username\": \"name-4\", \"password\": \"" PASSWORD "\"}", 201));
	/* A network of IPv6 is one holder. */
	for (int i = 5; i < 8; i++) {
		snprintf(address, sizeof(address), "2001:db8::%d", i);
		comes_from(&guest, header, address);
		snprintf(body, sizeof(body), "{\"username\": \"name-%d\", \"password\": \"" PASSWORD "\"}", i);
		drop(expect(&guest, "POST", USERS, body, 201));
	}
	comes_from(&guest, header, "2001:db8::9");
	drop(expect(&guest, "POST", USERS, "{\"username\": \"name-9\", \"password\": \"" PASSWORD "\"}", 429));
}

static void guesses_from_an_address_are_limited(void **state)
{
	struct guest alice = {.fixture = *state}, thief = {.fixture = *state};
	char home[64], den[64];

	start_limited(*state, 100, 1000, 4);
	comes_from(&alice, home, "192.0.2.1");
	comes_from(&thief, den, "198.51.100.1");
	register_as(&alice, "alice");
	for (int i = 0; i < 4; i++)
		assert_int_equal(try_login(&thief, "alice", "a wrong password"), 401);
	assert_int_equal(try_login(&thief, "alice", "a wrong password"), 429);
	assert_int_equal(try_login(&thief, "ALICE", PASSWORD), 429); /* the right one, too late */
	/* The same for a name that nobody has: a limit tells nothing either. */
	for (int i = 0; i < 4; i++)
		assert_int_equal(try_login(&thief, "nobody-here", "a wrong password"), 401);
	assert_int_equal(try_login(&thief, "nobody-here", "a wrong password"), 429);
	/* The owner is at home, and others are not concerned. */
	assert_int_equal(try_login(&alice, "alice", PASSWORD), 200);
	comes_from(&thief, den, "198.51.100.2");
	assert_int_equal(try_login(&thief, "alice", PASSWORD), 200);
}

static void all_attempts_of_an_address_are_limited(void **state)
{
	struct guest thief = {.fixture = *state};
	char den[64], login[32];
	int status = 401, i;

	start_limited(*state, 100, 30, 1000);
	comes_from(&thief, den, "198.51.100.1");
	for (i = 0; status == 401 && i < 40; i++) {
		snprintf(login, sizeof(login), "user-%d", i);
		status = try_login(&thief, login, "a wrong password");
	}
	assert_int_equal(status, 429);
	assert_true(i <= 12); /* each wrong one counts for three */
}

/* Many places guess one account: it is closed to strange places for a minute at most, and never to a place that its owner comes from. */
static void a_crowd_does_not_lock_the_owner_out(void **state)
{
	struct guest alice = {.fixture = *state}, thief = {.fixture = *state};
	char home[64], den[64], address[32];
	struct reply reply;
	char *body = login_as("alice", PASSWORD);
	int status = 401;

	start_limited(*state, 100, 1000, 4);
	comes_from(&alice, home, "192.0.2.1");
	register_as(&alice, "alice");
	for (int i = 1; status == 401 && i < 100; i++) {
		snprintf(address, sizeof(address), "198.51.100.%d", i);
		comes_from(&thief, den, address);
		status = try_login(&thief, "alice", "a wrong password");
	}
	assert_int_equal(status, 429);
	comes_from(&thief, den, "203.0.113.1");
	reply = ask(&thief, "POST", SESSION, body);
	assert_int_equal(reply.status, 429);
	assert_true(atoi(strstr(reply.head.data, "Retry-After: ") + 13) <= 61);
	reply_fini(&reply);
	assert_int_equal(try_login(&alice, "alice", PASSWORD), 200);
	free(body);
}

static void a_right_password_begins_again(void **state)
{
	struct guest alice = {.fixture = *state};
	char home[64];

	start_limited(*state, 100, 1000, 4);
	comes_from(&alice, home, "192.0.2.1");
	register_as(&alice, "alice");
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 3; i++)
			assert_int_equal(try_login(&alice, "alice", "a wrong password"), 401);
		assert_int_equal(try_login(&alice, "alice", PASSWORD), 200);
	}
}

/* Somebody sits at an open browser: the current password can't be guessed there without end. */
static void the_current_password_is_guarded_too(void **state)
{
	struct guest alice = {.fixture = *state};
	char home[64];

	start_limited(*state, 100, 1000, 4);
	comes_from(&alice, home, "192.0.2.1");
	register_as(&alice, "alice");
	for (int i = 0; i < 4; i++)
		drop(expect(&alice, "PATCH", ME, "{\"password\": \"another long password\", \"current_password\": \"guess\"}", 403));
	drop(expect(&alice, "PATCH", ME, "{\"password\": \"another long password\", \"current_password\": \"" PASSWORD "\"}", 429));
	drop(expect(&alice, "DELETE", ME, "{\"password\": \"" PASSWORD "\"}", 429));
	drop(expect(&alice, "PATCH", ME, "{\"theme\": \"dark\"}", 200));
}

/* A password in the wrong field stays out of the log, and so does every password. */
static void nothing_typed_gets_into_the_log(void **state)
{
	struct guest alice = {.fixture = *state};

	register_as(&alice, "alice");
	try_login(&alice, "my dearest secret", "my dearest secret");
	try_login(&alice, "alice", "my dearest secret");
	drop(expect(&alice, "PATCH", ME, "{\"password\": \"my dearest secret\", \"current_password\": \"" PASSWORD "\"}", 200));
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM audit WHERE action = 'session.failed'"), 2);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM audit WHERE target LIKE '%dearest%' OR detail LIKE '%dearest%' OR actor LIKE "
				       "'%dearest%'"),
			 0);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM users WHERE password_hash LIKE '%dearest%'"), 0);
}

/* ---- access tokens ------------------------------------------------------------------------------------------------------- */

static json_t *new_token(struct guest *owner, char header[128])
{
	json_t *token = expect(owner, "POST", ME "/tokens", "{\"name\": \"ci\"}", 201);

	snprintf(header, 128, "Authorization: Bearer %s\r\n", text_of(token, "token"));
	return token;
}

static void a_token_needs_no_origin_and_beats_the_cookie(void **state)
{
	struct guest alice = {.fixture = *state}, bob = {.fixture = *state}, program = {.fixture = *state, .origin = ""};
	char header[128];
	json_t *token, *me;

	register_as(&alice, "alice");
	register_as(&bob, "bobby");
	token = new_token(&alice, header);
	program.headers = header;
	drop(expect(&program, "PATCH", ME, "{\"bio\": \"alice, by a program\"}", 200));
	snprintf(program.cookie, sizeof(program.cookie), "%s", bob.cookie);
	me = expect(&program, "GET", ME, NULL, 200);
	assert_string_equal(text_of(me, "username"), "alice");
	drop(me);
	drop(expect(&program, "PATCH", ME, "{\"bio\": \"alice, again\"}", 200));
	program.origin = EVIL; /* no browser would let a page send the token; whoever says it comes from there is not ours */
	drop(expect(&program, "PATCH", ME, "{\"bio\": \"evil\"}", 403));
	/* A wrong token is nobody, whatever the cookie says, and doesn't stand in for the Origin. */
	program.origin = "";
	program.headers = "Authorization: Bearer ttob_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n";
	drop(expect(&program, "GET", ME, NULL, 401));
	drop(expect(&program, "PATCH", ME, "{\"bio\": \"x\"}", 401));
	program.headers = "Authorization: Basic YWxpY2U6eA==\r\n";
	drop(expect(&program, "PATCH", ME, "{\"bio\": \"x\"}", 403));
	drop(token);
}

static void old_tokens_open_nothing(void **state)
{
	struct guest alice = {.fixture = *state}, program = {.fixture = *state, .origin = ""};
	char header[128];

	register_as(&alice, "alice");
	drop(new_token(&alice, header));
	program.headers = header;
	drop(expect(&program, "GET", ME, NULL, 200));
	fixture_sql(*state, "UPDATE tokens SET expires_ms = 1");
	drop(expect(&program, "GET", ME, NULL, 401));
	fixture_sql(*state, "UPDATE tokens SET expires_ms = NULL");
	fixture_sql(*state, "UPDATE users SET state = 'suspended'");
	drop(expect(&program, "GET", ME, NULL, 401));
	/* The database doesn't hold it. */
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM tokens WHERE LENGTH(token_hash) = 64"), 1);
}

static void nobody_has_tokens_without_end(void **state)
{
	struct guest alice = {.fixture = *state};
	json_t *json;

	register_as(&alice, "alice");
	for (int i = 0; i < 50; i++)
		drop(expect(&alice, "POST", ME "/tokens", "{\"name\": \"ci\"}", 201));
	json = expect(&alice, "POST", ME "/tokens", "{\"name\": \"ci\"}", 409);
	assert_string_equal(text_of(json, "code"), "too_many_tokens");
	drop(json);
}

static void nobody_fills_the_audit_log(void **state)
{
	struct guest alice = {.fixture = *state}, elsewhere = {.fixture = *state};
	struct reply reply;
	char path[128];
	json_t *json;

	register_as(&alice, "alice");
	for (int i = 0; i < 60; i++) {
		json = expect(&alice, "POST", ME "/tokens", "{\"name\": \"ci\"}", 201);
		snprintf(path, sizeof(path), ME "/tokens/%s", text_of(json, "id"));
		drop(json);
		drop(expect(&alice, "DELETE", path, NULL, 204));
	}
	reply = ask(&alice, "POST", ME "/tokens", "{\"name\": \"ci\"}");
	assert_int_equal(reply.status, 429);
	assert_string_equal(text_of(reply.json, "code"), "too_many");
	assert_non_null(strstr(reply.head.data, "Retry-After: "));
	reply_fini(&reply);
	log_in(&elsewhere, "alice");
	for (int i = 0; i < 3; i++)
		drop(expect(&alice, "DELETE", ME "/sessions?others=1", NULL, 204));
	drop(expect(&elsewhere, "GET", ME, NULL, 401));
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM audit WHERE action = 'session.revoked'"), 1);
}

/* ---- open terminals ------------------------------------------------------------------------------------------------------ */

static int open_terminal(struct guest *guest, const char *sandbox, const char *origin)
{
	unsigned port = web_port(guest->fixture->web);
	int fd = client_connect(port);
	char *request = xasprintf("GET " BOXES "/%s/terminals/1 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
				  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
				  "Sec-WebSocket-Protocol: ttob.terminal.v1\r\n%s%s%s%s%s\r\n",
				  sandbox, port, origin, guest->cookie[0] != '\0' ? "Cookie: " : "", guest->cookie,
				  guest->cookie[0] != '\0' ? "\r\n" : "", guest->headers != NULL ? guest->headers : "");

	client_send(fd, request);
	free(request);
	return fd;
}

/* client_expect would stop at the NULs of frames. */
static void expect_bytes(int fd, const char *text)
{
	struct buf seen = BUF_INIT;
	char c;

	while (seen.length == 0 || memmem(seen.data, seen.length, text, strlen(text)) == NULL) {
		if (recv(fd, &c, 1, 0) != 1)
			fail_msg("the terminal ended before \"%s\"", text);
		buf_append_char(&seen, c);
	}
	buf_fini(&seen);
}

static int open_own_terminal(struct guest *guest, json_t *sandbox)
{
	char origin[64];
	int fd;

	snprintf(origin, sizeof(origin), "Origin: http://127.0.0.1:%u\r\n", web_port(guest->fixture->web));
	fd = open_terminal(guest, text_of(sandbox, "id"), guest->headers != NULL ? "" : origin);
	expect_bytes(fd, "\"hello\"");
	return fd;
}

/* The shell behind it echoes. The mask is nought, so the text is as it is. */
static void expect_echo(int fd, const char *text)
{
	char frame[64] = {(char)0x82, (char)(0x80 | strlen(text))};

	memcpy(frame + 6, text, strlen(text));
	client_send_bytes(fd, frame, 6 + strlen(text));
	expect_bytes(fd, text);
}

static void expect_expelled(int fd)
{
	expect_bytes(fd, "\x03\xf0signed out");
	close(fd);
}

static void terminals_stay_when_a_guest_signs_in(void **state)
{
	struct guest alice = {.fixture = *state}, guest = {.fixture = *state}, third = {.fixture = *state};
	json_t *sandbox;
	int fd;

	register_as(&alice, "alice");
	sandbox = expect(&guest, "POST", BOXES, TRY, 201);
	fd = open_own_terminal(&guest, sandbox);
	expect_echo(fd, "before");
	log_in(&guest, "alice");
	expect_echo(fd, "after");
	close(fd);
	fd = open_own_terminal(&alice, sandbox); /* the account's other browser has it, too */
	expect_echo(fd, "elsewhere");
	drop(expect(&guest, "DELETE", SESSION, NULL, 204));
	expect_echo(fd, "still there");
	close(fd);
	drop(sandbox);
	sandbox = expect(&third, "POST", BOXES, TRY, 201);
	fd = open_own_terminal(&third, sandbox);
	register_as(&third, "carol");
	expect_echo(fd, "registered");
	drop(expect(&third, "DELETE", SESSION, NULL, 204));
	expect_expelled(fd); /* it was moved to the new session, and that is over */
	drop(sandbox);
}

static void terminals_close_with_their_session(void **state)
{
	struct guest here = {.fixture = *state}, there = {.fixture = *state};
	json_t *sandbox, *sessions;
	int fd, other;
	char *path = NULL;

	register_as(&here, "alice");
	log_in(&there, "alice");
	sandbox = expect(&here, "POST", BOXES, TRY, 201);
	fd = open_own_terminal(&here, sandbox);
	other = open_own_terminal(&there, sandbox);
	drop(expect(&there, "DELETE", SESSION, NULL, 204));
	expect_expelled(other);
	log_in(&there, "alice");
	other = open_own_terminal(&there, sandbox);
	sessions = expect(&here, "GET", ME "/sessions", NULL, 200);
	for (size_t i = 0; i < 2; i++) {
		json_t *item = json_array_get(at(sessions, "items"), i);

		if (json_is_false(at(item, "current")))
			path = xasprintf(ME "/sessions/%s", text_of(item, "id"));
	}
	drop(expect(&here, "DELETE", path, NULL, 204));
	expect_expelled(other);
	log_in(&there, "alice");
	other = open_own_terminal(&there, sandbox);
	drop(expect(&here, "PATCH", ME, "{\"password\": \"another long password\", \"current_password\": \"" PASSWORD "\"}", 200));
	expect_expelled(other);
	expect_echo(fd, "this one stays");
	drop(expect(&here, "DELETE", ME "/sessions", NULL, 204));
	expect_expelled(fd);
	free(path);
	drop(sessions);
	drop(sandbox);
}

static void terminals_open_by_token_and_close_with_it(void **state)
{
	struct guest alice = {.fixture = *state}, program = {.fixture = *state, .origin = ""};
	json_t *token, *sandbox;
	char header[128];
	char *path;
	int fd;

	register_as(&alice, "alice");
	token = new_token(&alice, header);
	program.headers = header;
	sandbox = expect(&program, "POST", BOXES, TRY, 201);
	fd = open_own_terminal(&program, sandbox);
	expect_echo(fd, "by token");
	path = xasprintf(ME "/tokens/%s", text_of(token, "id"));
	drop(expect(&alice, "DELETE", path, NULL, 204));
	expect_expelled(fd);
	free(path);
	drop(token);
	drop(sandbox);
}

static void terminals_of_others_do_not_open(void **state)
{
	struct guest alice = {.fixture = *state}, bob = {.fixture = *state};
	struct answer answer;
	json_t *sandbox;
	char origin[64];
	int fd;

	register_as(&alice, "alice");
	register_as(&bob, "bobby");
	sandbox = expect(&alice, "POST", BOXES, TRY, 201);
	snprintf(origin, sizeof(origin), "Origin: http://127.0.0.1:%u\r\n", web_port(alice.fixture->web));
	fd = open_terminal(&bob, text_of(sandbox, "id"), origin);
	client_read(fd, 0, &answer);
	assert_int_equal(answer.status, 404);
	answer_fini(&answer);
	close(fd);
	fd = open_terminal(&alice, text_of(sandbox, "id"), "Origin: " EVIL "\r\n");
	client_read(fd, 0, &answer);
	assert_int_equal(answer.status, 403);
	answer_fini(&answer);
	close(fd);
	drop(sandbox);
}

static void withdrawal_ends_terminals(void **state)
{
	struct guest alice = {.fixture = *state};
	json_t *sandbox;
	int fd;

	register_as(&alice, "alice");
	sandbox = expect(&alice, "POST", BOXES, TRY, 201);
	fd = open_own_terminal(&alice, sandbox);
	drop(expect(&alice, "DELETE", ME, "{\"password\": \"" PASSWORD "\"}", 204));
	expect_bytes(fd, "\"exit\"");
	close(fd);
	drop(sandbox);
}

#define TEST(f)	   cmocka_unit_test_setup_teardown(f, fixture_setup_started, fixture_teardown)
#define LIMITED(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_page_elsewhere_writes),
		TEST(no_page_elsewhere_signs_in),
		TEST(no_form_is_taken),
		TEST(a_planted_session_is_worth_nothing),
		TEST(signing_in_again_gives_a_new_session),
		TEST(stolen_and_old_cookies_open_nothing),
		TEST(cookies_are_kept_from_scripts),
		TEST(a_wrong_login_reads_the_same),
		LIMITED(a_wrong_login_takes_as_long),
		TEST(an_address_tells_nothing),
		TEST(sql_and_html_are_only_text),
		TEST(no_line_break_gets_into_a_header),
		TEST(nobody_sets_what_is_not_theirs_to_set),
		TEST(others_ids_are_not_there),
		TEST(bytes_that_are_no_name),
		TEST(two_megabytes_are_too_much),
		TEST(one_name_goes_to_one),
		LIMITED(a_storm_is_turned_away),
		LIMITED(registrations_of_an_address_are_limited),
		LIMITED(guesses_from_an_address_are_limited),
		LIMITED(all_attempts_of_an_address_are_limited),
		LIMITED(a_crowd_does_not_lock_the_owner_out),
		LIMITED(a_right_password_begins_again),
		LIMITED(the_current_password_is_guarded_too),
		TEST(nothing_typed_gets_into_the_log),
		TEST(a_token_needs_no_origin_and_beats_the_cookie),
		TEST(old_tokens_open_nothing),
		TEST(nobody_has_tokens_without_end),
		TEST(nobody_fills_the_audit_log),
		TEST(terminals_stay_when_a_guest_signs_in),
		TEST(terminals_close_with_their_session),
		TEST(terminals_open_by_token_and_close_with_it),
		TEST(terminals_of_others_do_not_open),
		TEST(withdrawal_ends_terminals),
	};

	return cmocka_run_group_tests_name("web: attacks on accounts", tests, NULL, NULL);
}
