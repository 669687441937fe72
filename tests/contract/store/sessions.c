#include "store/sessions.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "fixture.h"

#define LIFE INT64_C(1000000)

static const struct session_start guest = {.person = NULL};

static void finds_who_it_is(void **state)
{
	struct store *store = store_of(state);
	char token[SESSION_TOKEN_SIZE];
	char other[SESSION_TOKEN_SIZE];
	struct session made;
	struct session found;
	struct error err = {0};

	must(sessions_create(store, &guest, NOW, LIFE, token, &made, &err), &err);
	must(sessions_create(store, &guest, NOW, LIFE, other, &found, &err), &err);
	assert_int_equal(strlen(token), SESSION_TOKEN_SIZE - 1);
	assert_string_not_equal(token, other);
	assert_string_not_equal(made.person, found.person);
	must(sessions_find(store, token, NOW + 1000, LIFE, &found, &err), &err);
	assert_string_equal(found.person, made.person);
	assert_int_equal(found.expires_ms, NOW + LIFE); /* not written for every click */
	must(sessions_find(store, token, NOW + 70000, LIFE, &found, &err), &err);
	assert_int_equal(found.expires_ms, NOW + 70000 + LIFE);
	assert_int_equal(sessions_find(store, token, NOW + 70000 + LIFE, LIFE, &found, &err), -EACCES);
	assert_int_equal(err.kind, ERROR_UNAUTHENTICATED);
	must(sessions_delete(store, token, &err), &err);
	must(sessions_delete(store, token, &err), &err);
	assert_int_equal(sessions_find(store, token, NOW + 1000, LIFE, &found, &err), -EACCES);
	must(sessions_find(store, other, NOW + 1000, LIFE, &found, &err), &err);
}

static void refuses_what_it_never_gave(void **state)
{
	struct store *store = store_of(state);
	static const char *const tokens[] = {
		"",
		"x",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"' OR 1=1 --",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	struct session session;
	struct error err = {0};

	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
		assert_int_equal(sessions_find(store, tokens[i], NOW, LIFE, &session, &err), -EACCES);
		assert_int_equal(sessions_delete(store, tokens[i], &err), 0);
	}
	assert_int_equal(sessions_find(store, NULL, NOW, LIFE, &session, &err), -EACCES);
}

static void keeps_no_token(void **state)
{
	struct store *store = store_of(state);
	char token[SESSION_TOKEN_SIZE];
	unsigned char bytes[32];
	char hex[2 * sizeof(bytes) + 1];
	struct session session;
	struct error err = {0};
	struct statement *s;

	must(sessions_create(store, &guest, NOW, LIFE, token, &session, &err), &err);
	assert_int_equal(sodium_base642bin(bytes, sizeof(bytes), token, strlen(token), NULL, NULL, NULL,
					   sodium_base64_VARIANT_URLSAFE_NO_PADDING),
			 0);
	str_hex(bytes, sizeof(bytes), hex);
	must(db_query(store->db, &s, &err, "SELECT * FROM sessions", ""), &err);
	while (statement_step(s, &err) > 0) {
		for (int i = 0; i < 5; i++) {
			assert_null(strstr(statement_text(s, i), token));
			assert_null(strstr(statement_text(s, i), hex));
		}
	}
	statement_done(s);
}

static void purges_what_is_over(void **state)
{
	struct store *store = store_of(state);
	char token[SESSION_TOKEN_SIZE];
	struct session session;
	struct error err = {0};
	int64_t count;

	must(sessions_create(store, &guest, NOW, LIFE, token, &session, &err), &err);
	must(sessions_create(store, &guest, NOW, 2 * LIFE, token, &session, &err), &err);
	must(sessions_purge(store, NOW + LIFE, &count, &err), &err);
	assert_int_equal(count, 1);
	must(sessions_find(store, token, NOW + LIFE, LIFE, &session, &err), &err);
}

int run_sessions(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_who_it_is, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(refuses_what_it_never_gave, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(keeps_no_token, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(purges_what_is_over, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
