#include "core/password.h"

#include <stdlib.h>
#include <string.h>

#include "../test.h"

#include "base/util.h"

static void takes_good_ones(void **state)
{
	static const char *const good[] = {
		"correct horse battery", "비밀번호는 길게 쓰자", "Tr0ub4dor&3x", "зелёный чай утром", "🙂🚀🌱🍵🙃🛸🐢🎏", "  spaces count  ",
		"x7#kQ!v2", "안녕하세요세계여",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (password_fault(good[i], "alice", "alice@example.org") != NULL)
			fail_msg("%s: %s", good[i], password_fault(good[i], "alice", "alice@example.org"));
}

static void counts_characters_not_bytes(void **state)
{
	char *longest = xmalloc(PASSWORD_MAX * 4 + 1);
	char *too_long = xmalloc(PASSWORD_MAX + 2);

	(void)state;
	assert_non_null(password_fault("일이삼사오육칠", NULL, NULL)); /* 7 characters, 21 bytes */
	assert_null(password_fault("일이삼사오육칠팔", NULL, NULL));
	for (size_t i = 0; i < PASSWORD_MAX; i++)
		memcpy(longest + 4 * i, i % 5 == 0 ? "😀" : i % 5 == 1 ? "😁" : i % 5 == 2 ? "🙂" : i % 5 == 3 ? "🚀" : "🌱", 4);
	assert_null(password_fault(longest, NULL, NULL));
	for (size_t i = 0; i < PASSWORD_MAX + 1; i++)
		too_long[i] = (char)('!' + i % 90);
	assert_non_null(password_fault(too_long, NULL, NULL));
	too_long[PASSWORD_MAX] = '\0';
	assert_null(password_fault(too_long, NULL, NULL));
	free(longest);
	free(too_long);
}

static void refuses_what_is_tried_first(void **state)
{
	static const char *const bad[] = {
		"password",    "Password1!",   "PASSWORD",     "12345678",	"qwertyuiop",  "Sunshine2024!", "iloveyou2",
		"letmein123",  "aaaaaaaa",     "abababab",     "abcdefgh",	"87654321",    "qwertyasdfgh",	"zxcvbnm,./",
		"trustno1",    "1q2w3e4r",     "qlalfqjsgh",   "dkssudgktpdy",	"short",		"",
		"        ",    "kubernetes99", "administrator",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (password_fault(bad[i], NULL, NULL) == NULL)
			fail_msg("%s was taken", bad[i]);
	assert_true(common_passwords_count > 1000);
}

static void refuses_the_name(void **state)
{
	(void)state;
	assert_non_null(password_fault("christine", "christine", NULL));
	assert_non_null(password_fault("Christine77!", "christine", NULL));
	assert_non_null(password_fault("enitsirhc", "christine", NULL));
	assert_non_null(password_fault("boblinboblin", "boblin", NULL));
	assert_non_null(password_fault("Zora@Example.org", "x", "zora@example.org"));
	assert_non_null(password_fault("zora.neale99", "x", "zora.neale@example.org"));
	assert_null(password_fault("christine eats figs", "christine", NULL));
}

static void refuses_what_is_not_text(void **state)
{
	(void)state;
	assert_non_null(password_fault("\xff\xfe\xfd good password", NULL, NULL));
	assert_non_null(password_fault("\xc0\xaf overlong here", NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_good_ones),  cmocka_unit_test(counts_characters_not_bytes), cmocka_unit_test(refuses_what_is_tried_first),
		cmocka_unit_test(refuses_the_name), cmocka_unit_test(refuses_what_is_not_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
