#include "core/username.h"

#include "../test.h"

#include "core/names.h"

static void takes_usual_names(void **state)
{
	static const char *const good[] = {"abc", "a-b", "0x0", "alice", "bob-2026", "abcdefghijklmnopqrstuvwxyz012345"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_null(username_fault(good[i]));
		assert_true(name_is_valid(good[i])); /* stands in image references */
	}
}

static void refuses_the_rest_with_a_reason(void **state)
{
	static const struct {
		const char *name;
		const char *why;
	} bad[] = {
		{"", "3 to 32"},
		{"ab", "3 to 32"},
		{"abcdefghijklmnopqrstuvwxyz0123456", "3 to 32"},
		{"Alice", "lower case"},
		{"ALICE", "lower case"},
		{"-ab", "begin and end"},
		{"ab-", "begin and end"},
		{"a--b", "in a row"},
		{"a_b", "letters a to z"},
		{"a.b", "letters a to z"},
		{"a b", "letters a to z"},
		{"a/b", "letters a to z"},
		{"../etc", "letters a to z"},
		{"a%00b", "letters a to z"},
		{"<b>", "letters a to z"},
		{"' or 1=1", "letters a to z"},
		{"a\r\nb", "letters a to z"},
		{"앨리스", "display name"},
		{"аlice", "display name"},       /* Cyrillic а */
		{"alice\u202e", "display name"}, /* right-to-left override */
		{"ali\u200bce", "display name"}, /* zero width space */
		{"ａｌｉｃｅ", "display name"},  /* full width */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const char *fault = username_fault(bad[i].name);

		if (fault == NULL || strstr(fault, bad[i].why) == NULL)
			fail_msg("%s: %s", bad[i].name, fault != NULL ? fault : "taken");
	}
}

static void keeps_pages_roles_and_registries_back(void **state)
{
	static const char *const taken[] = {"admin",  "root",     "api",  "taste",	  "new",       "login",	  "settings",
					    "support", "security", "www",  "anonymous",	  "guest",     "withdrawn", "localhost",
					    "library", "docker",   "quay", "ttob",	  "registry",  "ghcr",	  "admin-1",
					    "ttob-team", "me",     "xn--80ak6aa92e", "site-admin", "operator"};

	(void)state;
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		assert_true(username_is_reserved(taken[i]));
		assert_non_null(username_fault(taken[i]));
	}
	assert_false(username_is_reserved("alice"));
	assert_false(username_is_reserved("administrata"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_usual_names),
		cmocka_unit_test(refuses_the_rest_with_a_reason),
		cmocka_unit_test(keeps_pages_roles_and_registries_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
