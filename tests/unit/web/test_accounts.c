/* Accounts by the API: who registers, signs in and out, changes, withdraws; and what of their sandboxes. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit/web/fixture.h"

#include "base/clock.h"
#include "base/util.h"
#include "store/audit.h"
#include "store/users.h"
#include "unit/http/client.h"

#define ME	"/api/v1/users/me"
#define SESSION "/api/v1/session"
#define BOXES	"/api/v1/sandboxes"

static void refused(struct guest *guest, const char *method, const char *path, const char *body, int status, const char *code)
{
	json_t *json = expect(guest, method, path, body, status);

	if (strcmp(text_of(json, "code"), code) != 0)
		fail_msg("%s %s: %s, not %s", method, path, text_of(json, "code"), code);
	drop(json);
}

/* ---- registering and signing in ------------------------------------------------------------------------------------------ */

static void registers_and_is_signed_in(void **state)
{
	struct guest guest = {.fixture = *state};
	json_t *me;

	me = expect(&guest, "POST", "/api/v1/users",
		    "{\"username\": \"alice\", \"email\": \"Alice@example.org\", \"password\": \"" PASSWORD "\"}", 201);
	assert_string_equal(text_of(me, "username"), "alice");
	assert_string_equal(text_of(me, "display_name"), "alice");
	assert_string_equal(text_of(me, "email"), "Alice@example.org");
	assert_string_equal(text_of(me, "role"), "user");
	assert_true(json_is_false(at(me, "email_verified")));
	assert_true(json_is_true(at(me, "has_password")));
	assert_true(json_is_null(at(me, "language")));
	assert_null(at(me, "password_hash"));
	drop(me);
	me = expect(&guest, "GET", SESSION, NULL, 200);
	assert_string_equal(text_of(me, "user.username"), "alice");
	assert_true(json_is_false(at(me, "guest")));
	assert_true(json_is_null(at(me, "sandbox")));
	drop(me);
	drop(expect(&guest, "GET", ME, NULL, 200));
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM audit WHERE action = 'user.register' AND actor = 'alice'"), 1);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM users WHERE password_hash LIKE '$argon2id$%'"), 1);
}

static void says_who_is_there(void **state)
{
	struct guest guest = {.fixture = *state};
	json_t *json;

	drop(expect(&guest, "GET", SESSION, NULL, 401));
	json = expect(&guest, "GET", SESSION "?optional=1", NULL, 200);
	assert_true(json_is_null(at(json, "user")));
	assert_true(json_is_true(at(json, "guest")));
	assert_true(json_is_null(at(json, "sandbox")));
	drop(json);
	drop(expect(&guest, "POST", BOXES, TRY, 201));
	json = expect(&guest, "GET", SESSION, NULL, 200);
	assert_true(json_is_null(at(json, "user")));
	assert_string_equal(text_of(json, "sandbox.state"), "running");
	drop(json);
	drop(expect(&guest, "GET", ME, NULL, 401));
}

static void signs_in_by_name_or_address_and_out(void **state)
{
	struct guest guest = {.fixture = *state}, other = {.fixture = *state};
	char *before;
	json_t *json;

	drop(expect(&guest, "POST", "/api/v1/users",
		    "{\"username\": \"alice\", \"email\": \"a@example.org\", \"password\": \"" PASSWORD "\"}", 201));
	before = xstrdup(guest.cookie);
	drop(expect(&guest, "DELETE", SESSION, NULL, 204));
	drop(expect(&guest, "GET", SESSION, NULL, 401));
	snprintf(other.cookie, sizeof(other.cookie), "%s", before);
	drop(expect(&other, "GET", SESSION, NULL, 401)); /* kept by somebody, it opens nothing */
	drop(expect(&guest, "POST", SESSION, "{\"login\": \"Alice\", \"password\": \"" PASSWORD "\"}", 200));
	json = expect(&other, "POST", SESSION, "{\"login\": \"A@Example.org\", \"password\": \"" PASSWORD "\"}", 200);
	assert_string_equal(text_of(json, "user.username"), "alice");
	assert_true(json_is_false(at(json, "guest")));
	drop(json);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM sessions WHERE user IS NOT NULL"), 2);
	drop(expect(&other, "DELETE", SESSION, NULL, 204));
	drop(expect(&guest, "GET", ME, NULL, 200));
	drop(expect(&guest, "DELETE", SESSION, NULL, 204));
	drop(expect(&guest, "DELETE", SESSION, NULL, 204));
	free(before);
}

static void refuses_bad_registrations(void **state)
{
	static const struct {
		const char *body;
		int status;
		const char *field;
	} cases[] = {
		{"{\"password\": \"" PASSWORD "\"}", 422, "username"},
		{"{\"username\": \"alice\"}", 422, "password"},
		{"{\"username\": \"Alice\", \"password\": \"" PASSWORD "\"}", 422, "username"},
		{"{\"username\": \"admin\", \"password\": \"" PASSWORD "\"}", 422, "username"},
		{"{\"username\": \"alice\", \"password\": \"password\"}", 422, "password"},
		{"{\"username\": \"alice\", \"password\": \"alice123\"}", 422, "password"},
		{"{\"username\": \"alice\", \"email\": \"nope\", \"password\": \"" PASSWORD "\"}", 422, "email"},
		{"{\"username\": \"alice\", \"email\": 7, \"password\": \"" PASSWORD "\"}", 422, "email"},
		{"{\"username\": [\"alice\"], \"password\": \"" PASSWORD "\"}", 422, "username"},
		{"{\"username\": \"alice\", \"password\": \"" PASSWORD "\", \"role\": \"admin\"}", 422, "role"},
	};
	struct guest guest = {.fixture = *state};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *json = expect(&guest, "POST", "/api/v1/users", cases[i].body, cases[i].status);
		bool found = false;

		for (size_t e = 0; e < json_array_size(at(json, "errors")); e++)
			found = found || strcmp(json_string_value(json_object_get(json_array_get(at(json, "errors"), e), "field")),
						cases[i].field) == 0;
		if (!found)
			fail_msg("%s does not name %s", cases[i].body, cases[i].field);
		drop(json);
	}
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM users"), 0);
	register_as(&guest, "alice");
	refused(&guest, "POST", "/api/v1/users", "{\"username\": \"alice\", \"password\": \"" PASSWORD "\"}", 409, "username_taken");
}

static void closes_registration(void **state)
{
	struct fixture *fixture = *state;
	struct guest guest = {.fixture = fixture};

	fixture_stop(fixture);
	fixture->options.registration_closed = true;
	fixture_start(fixture);
	refused(&guest, "POST", "/api/v1/users", "{\"username\": \"alice\", \"password\": \"" PASSWORD "\"}", 403, "registration_closed");
}

/* ---- a guest's things ---------------------------------------------------------------------------------------------------- */

static void keeps_the_sandbox_over_registration(void **state)
{
	struct guest guest = {.fixture = *state}, late = {.fixture = *state};
	json_t *sandbox = expect(&guest, "POST", BOXES, TRY, 201);
	char *path = xasprintf(BOXES "/%s", text_of(sandbox, "id"));
	json_t *json;

	snprintf(late.cookie, sizeof(late.cookie), "%s", guest.cookie);
	register_as(&guest, "alice");
	json = expect(&guest, "GET", path, NULL, 200);
	assert_string_equal(text_of(json, "state"), "running");
	drop(json);
	json = expect(&guest, "GET", SESSION, NULL, 200);
	assert_string_equal(text_of(json, "sandbox.id"), text_of(sandbox, "id"));
	drop(json);
	json = expect(&guest, "GET", BOXES, NULL, 200);
	assert_int_equal(number_of(json, "total"), 1);
	drop(json);
	drop(expect(&late, "GET", path, NULL, 401)); /* the guest's cookie is over */
	free(path);
	drop(sandbox);
}

static void brings_the_sandbox_into_the_account(void **state)
{
	struct guest alice = {.fixture = *state}, guest = {.fixture = *state};
	json_t *mine, *theirs, *json;
	char *old;

	register_as(&alice, "alice");
	mine = expect(&alice, "POST", BOXES, TRY, 201);
	drop(expect(&guest, "POST", BOXES, TRY, 201));
	theirs = expect(&guest, "POST", BOXES "?replace=1", TRY, 201); /* and a history */
	json = expect(&guest, "POST", SESSION, "{\"login\": \"alice\", \"password\": \"" PASSWORD "\"}", 200);
	assert_string_equal(text_of(json, "sandbox.id"), text_of(theirs, "id"));
	drop(json);
	old = xasprintf(BOXES "/%s", text_of(mine, "id"));
	json = expect(&alice, "GET", old, NULL, 200);
	assert_string_equal(text_of(json, "ended.reason"), "replaced");
	drop(json);
	json = expect(&alice, "GET", BOXES, NULL, 200);
	assert_int_equal(number_of(json, "total"), 3);
	assert_string_equal(text_of(json, "items.0.id"), text_of(theirs, "id"));
	drop(json);
	drop(expect(&alice, "POST", BOXES, TRY, 409));
	assert_int_equal(fixture_count(*state, "SELECT COUNT(DISTINCT person) FROM sandboxes"), 1);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM sandboxes WHERE open_person IS NOT NULL"), 1);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM sandboxes s JOIN users u ON u.person = s.person"), 3);
	/* It stays the account's over a restart. */
	fixture_stop(*state);
	fixture_start(*state);
	json = expect(&alice, "GET", SESSION, NULL, 200);
	assert_string_equal(text_of(json, "user.username"), "alice");
	drop(json);
	free(old);
	drop(mine);
	drop(theirs);
}

static void goes_on_after_signing_out(void **state)
{
	struct guest alice = {.fixture = *state};
	json_t *sandbox, *json;

	register_as(&alice, "alice");
	sandbox = expect(&alice, "POST", BOXES, TRY, 201);
	drop(expect(&alice, "DELETE", SESSION, NULL, 204));
	log_in(&alice, "alice");
	json = expect(&alice, "GET", SESSION, NULL, 200);
	assert_string_equal(text_of(json, "sandbox.id"), text_of(sandbox, "id"));
	drop(json);
	drop(sandbox);
}

static void registers_as_one_guest_once(void **state)
{
	struct guest first = {.fixture = *state}, second = {.fixture = *state};

	drop(expect(&first, "POST", BOXES, TRY, 201));
	snprintf(second.cookie, sizeof(second.cookie), "%s", first.cookie);
	register_as(&first, "alice");
	register_as(&second, "bobby"); /* the guest is alice by now */
	assert_int_equal(fixture_count(*state, "SELECT COUNT(DISTINCT person) FROM users"), 2);
	drop(expect(&first, "DELETE", SESSION, NULL, 204));
}

/* ---- changes ------------------------------------------------------------------------------------------------------------- */

static void changes_the_profile(void **state)
{
	struct guest alice = {.fixture = *state}, anybody = {.fixture = *state};
	json_t *json;

	register_as(&alice, "alice");
	json = expect(&alice, "PATCH", ME,
		      "{\"display_name\": \"앨리스\", \"bio\": \"one\\ntwo\", \"homepage\": \"https://example.org/\", \"language\": \"ko\", "
		      "\"theme\": \"dark\"}",
		      200);
	assert_string_equal(text_of(json, "display_name"), "앨리스");
	assert_string_equal(text_of(json, "language"), "ko");
	assert_string_equal(text_of(json, "theme"), "dark");
	drop(json);
	json = expect(&anybody, "GET", "/api/v1/users/alice", NULL, 200);
	assert_string_equal(text_of(json, "bio"), "one\ntwo");
	assert_string_equal(text_of(json, "homepage"), "https://example.org/");
	assert_int_equal(number_of(json, "projects"), 0);
	assert_null(at(json, "email"));
	assert_null(at(json, "role"));
	drop(json);
	json = expect(&alice, "PATCH", ME, "{\"homepage\": null, \"language\": null, \"theme\": null, \"bio\": null}", 200);
	assert_true(json_is_null(at(json, "homepage")));
	assert_true(json_is_null(at(json, "theme")));
	assert_string_equal(text_of(json, "bio"), "");
	assert_string_equal(text_of(json, "display_name"), "앨리스");
	drop(json);
	refused(&alice, "PATCH", ME, "{\"language\": \"fr\"}", 422, "invalid");
	refused(&alice, "PATCH", ME, "{\"display_name\": null}", 422, "invalid");
	refused(&alice, "PATCH", ME, "{\"homepage\": \"javascript:alert(1)\"}", 422, "invalid");
	refused(&alice, "PATCH", ME, "{\"username\": \"bob\"}", 422, "invalid");
	drop(expect(&alice, "PATCH", ME, "[]", 400));
	drop(expect(&anybody, "PATCH", ME, "{\"bio\": \"x\"}", 401));
	drop(expect(&anybody, "GET", "/api/v1/users/nobody-here", NULL, 404));
	json = expect(&anybody, "GET", "/api/v1/users/taste", NULL, 200); /* of the first projects, without an account */
	assert_int_equal(number_of(json, "projects"), 1);
	assert_true(json_is_null(at(json, "created_at")));
	drop(json);
}

static void needs_the_password_for_what_opens_the_account(void **state)
{
	struct guest alice = {.fixture = *state};
	json_t *json;

	register_as(&alice, "alice");
	refused(&alice, "PATCH", ME, "{\"email\": \"a@example.org\"}", 403, "current_password");
	refused(&alice, "PATCH", ME, "{\"password\": \"another long password\", \"current_password\": \"wrong\"}", 403, "current_password");
	json = expect(&alice, "PATCH", ME, "{\"email\": \"a@example.org\", \"current_password\": \"" PASSWORD "\"}", 200);
	assert_string_equal(text_of(json, "email"), "a@example.org");
	drop(json);
	drop(expect(&alice, "PATCH", ME, "{\"email\": \"a@example.org\"}", 200)); /* nothing changes */
	json = expect(&alice, "PATCH", ME, "{\"email\": null, \"current_password\": \"" PASSWORD "\"}", 200);
	assert_true(json_is_null(at(json, "email")));
	drop(json);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM audit WHERE action = 'password.failed'"), 2);
}

static void a_new_password_ends_the_other_sessions(void **state)
{
	struct guest here = {.fixture = *state}, there = {.fixture = *state};

	register_as(&here, "alice");
	log_in(&there, "alice");
	refused(&here, "PATCH", ME, "{\"password\": \"short\", \"current_password\": \"" PASSWORD "\"}", 422, "invalid");
	drop(expect(&here, "PATCH", ME, "{\"password\": \"another long password\", \"current_password\": \"" PASSWORD "\"}", 200));
	drop(expect(&here, "GET", ME, NULL, 200));
	drop(expect(&there, "GET", ME, NULL, 401));
	refused(&there, "POST", SESSION, "{\"login\": \"alice\", \"password\": \"" PASSWORD "\"}", 401, "wrong_login");
	drop(expect(&there, "POST", SESSION, "{\"login\": \"alice\", \"password\": \"another long password\"}", 200));
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM audit WHERE action = 'user.password' AND actor = 'alice'"), 1);
}

/* ---- sessions and tokens ------------------------------------------------------------------------------------------------- */

static void lists_and_revokes_sessions(void **state)
{
	struct guest here = {.fixture = *state, .headers = "User-Agent: Here/1.0\r\n"}, there = {.fixture = *state};
	struct guest third = {.fixture = *state};
	char path[80];
	json_t *json;

	register_as(&here, "alice");
	log_in(&there, "alice");
	log_in(&third, "alice");
	json = expect(&here, "GET", ME "/sessions", NULL, 200);
	assert_int_equal(json_array_size(at(json, "items")), 3);
	for (size_t i = 0; i < 3; i++) {
		json_t *item = json_array_get(at(json, "items"), i);
		bool is_here = json_is_true(at(item, "current"));

		assert_string_equal(text_of(item, "agent"), is_here ? "Here/1.0" : "");
		assert_string_equal(text_of(item, "address"), "127.0.0.1");
		if (!is_here)
			snprintf(path, sizeof(path), ME "/sessions/%s", text_of(item, "id"));
	}
	drop(json);
	drop(expect(&here, "DELETE", path, NULL, 204));
	drop(expect(&here, "DELETE", path, NULL, 404));
	json = expect(&here, "GET", ME "/sessions", NULL, 200);
	assert_int_equal(json_array_size(at(json, "items")), 2);
	drop(json);
	drop(expect(&here, "DELETE", ME "/sessions?others=1", NULL, 204));
	drop(expect(&there, "GET", ME, NULL, 401));
	drop(expect(&third, "GET", ME, NULL, 401));
	drop(expect(&here, "DELETE", ME "/sessions", NULL, 204));
	drop(expect(&here, "GET", ME, NULL, 401));
	drop(expect(&here, "GET", ME "/sessions", NULL, 401));
}

static void makes_and_revokes_tokens(void **state)
{
	struct guest alice = {.fixture = *state}, program = {.fixture = *state, .origin = ""};
	json_t *token, *json;
	char *header, *path;

	register_as(&alice, "alice");
	refused(&alice, "POST", ME "/tokens", "{}", 422, "invalid");
	refused(&alice, "POST", ME "/tokens", "{\"name\": \"ci\", \"expires_in_days\": 0}", 422, "invalid");
	refused(&alice, "POST", ME "/tokens", "{\"name\": \"ci\", \"expires_in_days\": 1e9}", 422, "invalid");
	token = expect(&alice, "POST", ME "/tokens", "{\"name\": \"ci\", \"expires_in_days\": 30}", 201);
	assert_true(strncmp(text_of(token, "token"), "ttob_", 5) == 0);
	json = expect(&alice, "GET", ME "/tokens", NULL, 200);
	assert_string_equal(text_of(json, "items.0.name"), "ci");
	assert_null(at(json, "items.0.token"));
	drop(json);
	header = xasprintf("Authorization: Bearer %s\r\n", text_of(token, "token"));
	program.headers = header;
	json = expect(&program, "GET", SESSION, NULL, 200);
	assert_string_equal(text_of(json, "user.username"), "alice");
	drop(json);
	drop(expect(&program, "PATCH", ME, "{\"bio\": \"by a program\"}", 200));
	drop(expect(&program, "POST", BOXES, TRY, 201));
	path = xasprintf(ME "/tokens/%s", text_of(token, "id"));
	drop(expect(&alice, "DELETE", path, NULL, 204));
	drop(expect(&alice, "DELETE", path, NULL, 404));
	drop(expect(&program, "GET", SESSION, NULL, 401));
	drop(expect(&program, "POST", BOXES, TRY, 401));
	free(path);
	free(header);
	drop(token);
}

static void keeps_tokens_away_from_the_account(void **state)
{
	static const struct {
		const char *method;
		const char *path;
		const char *body;
	} closed[] = {
		{"PATCH", ME, "{\"password\": \"another long password\", \"current_password\": \"" PASSWORD "\"}"},
		{"PATCH", ME, "{\"email\": \"x@example.org\", \"current_password\": \"" PASSWORD "\"}"},
		{"DELETE", ME, "{\"password\": \"" PASSWORD "\"}"},
		{"GET", ME "/sessions", NULL},
		{"DELETE", ME "/sessions", NULL},
		{"DELETE", ME "/sessions/abc", NULL},
		{"GET", ME "/tokens", NULL},
		{"POST", ME "/tokens", "{\"name\": \"more\"}"},
		{"DELETE", ME "/tokens/abc", NULL},
		{"DELETE", SESSION, NULL},
	};
	struct guest alice = {.fixture = *state}, program = {.fixture = *state, .origin = ""};
	json_t *token;
	char *header;

	register_as(&alice, "alice");
	token = expect(&alice, "POST", ME "/tokens", "{\"name\": \"ci\"}", 201);
	header = xasprintf("Authorization: Bearer %s\r\n", text_of(token, "token"));
	program.headers = header;
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
		refused(&program, closed[i].method, closed[i].path, closed[i].body, 403, "token");
	/* The same with the cookie beside it: the token is what counts. */
	snprintf(program.cookie, sizeof(program.cookie), "%s", alice.cookie);
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
		refused(&program, closed[i].method, closed[i].path, closed[i].body, 403, "token");
	free(header);
	drop(token);
}

/* ---- withdrawal ---------------------------------------------------------------------------------------------------------- */

static void give_project(struct fixture *fixture, const char *owner)
{
	struct store store;

	assert_int_equal(store_open(fixture->database, &store, NULL), 0);
	assert_int_equal(db_execute(store.db, NULL, NULL, "UPDATE projects SET owner = ?", "s", owner), 0);
	store_close(&store);
}

static void withdraws(void **state)
{
	struct guest alice = {.fixture = *state}, there = {.fixture = *state}, again = {.fixture = *state};
	json_t *sandbox;
	char *path;

	register_as(&alice, "alice");
	log_in(&there, "alice");
	sandbox = expect(&alice, "POST", BOXES, TRY, 201);
	refused(&alice, "DELETE", ME, "{}", 422, "invalid");
	refused(&alice, "DELETE", ME, "{\"password\": \"wrong\"}", 403, "current_password");
	drop(expect(&alice, "GET", ME, NULL, 200));
	drop(expect(&alice, "DELETE", ME, "{\"password\": \"" PASSWORD "\"}", 204));
	drop(expect(&there, "GET", ME, NULL, 401));
	drop(expect(&again, "GET", "/api/v1/users/alice", NULL, 404));
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM users"), 0);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM sessions"), 0);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM sandboxes"), 0);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM audit WHERE actor = 'alice' OR target = 'alice'"), 0);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM audit WHERE action = 'user.withdraw'"), 1);
	register_as(&again, "alice"); /* a new person */
	path = xasprintf(BOXES "/%s", text_of(sandbox, "id"));
	drop(expect(&again, "GET", path, NULL, 404));
	free(path);
	drop(sandbox);
}

static void asks_what_becomes_of_projects(void **state)
{
	struct guest alice = {.fixture = *state}, bob = {.fixture = *state};

	register_as(&alice, "alice");
	register_as(&bob, "bobby");
	give_project(*state, "alice");
	refused(&alice, "DELETE", ME, "{\"password\": \"" PASSWORD "\"}", 409, "has_projects");
	refused(&alice, "DELETE", ME, "{\"password\": \"" PASSWORD "\", \"projects\": \"burn\"}", 422, "invalid");
	refused(&alice, "DELETE", ME, "{\"password\": \"" PASSWORD "\", \"projects\": \"transfer\"}", 422, "invalid");
	refused(&alice, "DELETE", ME, "{\"password\": \"" PASSWORD "\", \"projects\": \"transfer\", \"transfer_to\": \"alice\"}", 422,
		"invalid");
	refused(&alice, "DELETE", ME, "{\"password\": \"" PASSWORD "\", \"projects\": \"transfer\", \"transfer_to\": \"nobody-here\"}",
		422, "invalid");
	drop(expect(&alice, "DELETE", ME,
		    "{\"password\": \"" PASSWORD "\", \"projects\": \"transfer\", \"transfer_to\": \"bobby\"}", 204));
	drop(expect(&bob, "GET", "/api/v1/projects/bobby/figlet", NULL, 200));
	drop(expect(&bob, "DELETE", ME, "{\"password\": \"" PASSWORD "\", \"projects\": \"delete\"}", 204));
	drop(expect(&bob, "GET", "/api/v1/projects/bobby/figlet", NULL, 404));
}

static void change_user(struct fixture *fixture, const char *username, const char *role, const char *state)
{
	struct store store;
	struct user user;

	assert_int_equal(store_open(fixture->database, &store, NULL), 0);
	assert_int_equal(users_by_name(&store, username, &user, NULL), 0);
	assert_int_equal(users_set_role(&store, user.id, role, NULL), 0);
	assert_int_equal(users_set_state(&store, user.id, state, NULL), 0);
	user_fini(&user);
	store_close(&store);
}

static void keeps_the_last_administrator(void **state)
{
	struct guest alice = {.fixture = *state}, bob = {.fixture = *state};

	register_as(&alice, "alice");
	register_as(&bob, "bobby");
	change_user(*state, "alice", "admin", "active");
	refused(&alice, "DELETE", ME, "{\"password\": \"" PASSWORD "\"}", 409, "last_admin");
	change_user(*state, "bobby", "admin", "active");
	drop(expect(&alice, "DELETE", ME, "{\"password\": \"" PASSWORD "\"}", 204));
}

static void withdraws_without_a_password(void **state)
{
	struct fixture *fixture = *state;
	struct guest alice = {.fixture = fixture};
	struct store store;
	json_t *json;

	register_as(&alice, "alice");
	assert_int_equal(store_open(fixture->database, &store, NULL), 0);
	assert_int_equal(users_set_password(&store, 1, NULL, NULL), 0);
	store_close(&store);
	json = expect(&alice, "GET", ME, NULL, 200);
	assert_true(json_is_false(at(json, "has_password")));
	drop(json);
	refused(&alice, "POST", SESSION, "{\"login\": \"alice\", \"password\": \"" PASSWORD "\"}", 401, "wrong_login");
	refused(&alice, "DELETE", ME, "{\"password\": \"" PASSWORD "\"}", 422, "invalid");
	refused(&alice, "DELETE", ME, "{\"confirm\": \"bob\"}", 422, "invalid");
	drop(expect(&alice, "DELETE", ME, "{\"confirm\": \"alice\"}", 204));
	drop(expect(&alice, "GET", "/api/v1/users/alice", NULL, 404));
}

static void gives_an_account_its_first_password(void **state)
{
	struct fixture *fixture = *state;
	struct guest alice = {.fixture = fixture};
	struct store store;

	register_as(&alice, "alice");
	assert_int_equal(store_open(fixture->database, &store, NULL), 0);
	assert_int_equal(users_set_password(&store, 1, NULL, NULL), 0);
	store_close(&store);
	drop(expect(&alice, "PATCH", ME, "{\"email\": \"a@example.org\"}", 200));
	drop(expect(&alice, "PATCH", ME, "{\"password\": \"another long password\"}", 200));
	drop(expect(&alice, "POST", SESSION, "{\"login\": \"alice\", \"password\": \"another long password\"}", 200));
}

static void tells_the_suspended_only_after_the_password(void **state)
{
	struct guest alice = {.fixture = *state};

	register_as(&alice, "alice");
	change_user(*state, "alice", "user", "suspended");
	drop(expect(&alice, "GET", ME, NULL, 401));
	refused(&alice, "POST", SESSION, "{\"login\": \"alice\", \"password\": \"wrong password\"}", 401, "wrong_login");
	refused(&alice, "POST", SESSION, "{\"login\": \"alice\", \"password\": \"" PASSWORD "\"}", 401, "suspended");
	drop(expect(&alice, "GET", "/api/v1/users/alice", NULL, 404));
	change_user(*state, "alice", "user", "active");
	log_in(&alice, "alice");
}

/* ---- upkeep -------------------------------------------------------------------------------------------------------------- */

static void throws_away_what_is_over(void **state)
{
	struct fixture *fixture = *state;
	struct guest alice = {.fixture = fixture}, bob = {.fixture = fixture};
	struct store store;

	register_as(&alice, "alice");
	register_as(&bob, "bobby");
	assert_int_equal(store_open(fixture->database, &store, NULL), 0);
	assert_int_equal(db_execute(store.db, NULL, NULL, "UPDATE sessions SET expires_ms = 1 WHERE user = 1", ""), 0);
	assert_int_equal(audit_add(&store, 1, "-", "", "long.ago", "", NULL, NULL), 0);
	store_close(&store);
	fixture_stop(fixture);
	fixture->options.audit_ms = INT64_C(1000) * 3600 * 24;
	fixture_start(fixture);
	while (fixture_count(fixture, "SELECT COUNT(*) FROM sessions") != 1 ||
	       fixture_count(fixture, "SELECT COUNT(*) FROM audit WHERE action = 'long.ago'") != 0)
		usleep(20000);
	drop(expect(&bob, "GET", ME, NULL, 200));
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM audit WHERE action = 'user.register'"), 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup_started, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(registers_and_is_signed_in),
		TEST(says_who_is_there),
		TEST(signs_in_by_name_or_address_and_out),
		TEST(refuses_bad_registrations),
		TEST(closes_registration),
		TEST(keeps_the_sandbox_over_registration),
		TEST(brings_the_sandbox_into_the_account),
		TEST(goes_on_after_signing_out),
		TEST(registers_as_one_guest_once),
		TEST(changes_the_profile),
		TEST(needs_the_password_for_what_opens_the_account),
		TEST(a_new_password_ends_the_other_sessions),
		TEST(lists_and_revokes_sessions),
		TEST(makes_and_revokes_tokens),
		TEST(keeps_tokens_away_from_the_account),
		TEST(withdraws),
		TEST(asks_what_becomes_of_projects),
		TEST(keeps_the_last_administrator),
		TEST(withdraws_without_a_password),
		TEST(gives_an_account_its_first_password),
		TEST(tells_the_suspended_only_after_the_password),
		TEST(throws_away_what_is_over),
	};

	return cmocka_run_group_tests_name("web: accounts", tests, NULL, NULL);
}
