#include "unit/test.h"

#include <errno.h>

#include "base/cleanup.h"
#include "db/db.h"

static void puts_a_password_in(void **state)
{
	static const char password[] = "p@s:s/w?%\"";
	auto_free char *url = NULL;
	struct error err;

	(void)state;
	assert_int_equal(db_url_with_password("mariadb://ttob@db:3307/ttob?tls=verify", password, strlen(password), &url, &err), 0);
	assert_string_equal(url, "mariadb://ttob:%70%40%73%3A%73%2F%77%3F%25%22@db:3307/ttob?tls=verify");
}

static void refuses_where_there_is_no_place_for_it(void **state)
{
	static const char *const urls[] = {"sqlite:/a/b.db", "mariadb://db/ttob", "mariadb:///x?socket=/a@b", "mariadb://u:p@db/ttob", ""};
	struct error err;
	char *url;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_int_equal(db_url_with_password(urls[i], "secret", 6, &url, &err), -EINVAL);
		assert_null(strstr(err.message, "secret"));
	}
}

static void shows_no_password(void **state)
{
	static const char *const pairs[][2] = {
		{"mariadb://u:secret@db/ttob?a=b:c@d", "mariadb://u@db/ttob?a=b:c@d"},
		{"mariadb://u@db:3306/ttob", "mariadb://u@db:3306/ttob"},
		{"mariadb:///ttob?socket=/run/x", "mariadb:///ttob?socket=/run/x"},
		{"sqlite:/var/lib/a:b@c.db", "sqlite:/var/lib/a:b@c.db"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		auto_free char *shown = db_url_without_password(pairs[i][0]);

		assert_string_equal(shown, pairs[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_a_password_in),
		cmocka_unit_test(refuses_where_there_is_no_place_for_it),
		cmocka_unit_test(shows_no_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
