#include "unit/test.h"

#include <errno.h>

#include "db/mariadb_place.h"

static void reads_all_of_it(void **state)
{
	struct mariadb_place place;
	struct error err;

	(void)state;
	assert_int_equal(mariadb_place_parse("//us%65r:p%40%2Fss:w@db.example.org:3307/t%20t?tls=verify&ca=/etc/ca%26.pem", &place, &err), 0);
	assert_string_equal(place.user, "user");
	assert_string_equal(place.password, "p@/ss:w");
	assert_string_equal(place.host, "db.example.org");
	assert_int_equal(place.port, 3307);
	assert_string_equal(place.database, "t t");
	assert_string_equal(place.ca, "/etc/ca&.pem");
	assert_true(place.tls);
	assert_null(place.socket);
	mariadb_place_fini(&place);
}

static void needs_only_the_database(void **state)
{
	struct mariadb_place place;
	struct error err;

	(void)state;
	assert_int_equal(mariadb_place_parse("///ttob?socket=/run/mysqld/mysqld.sock", &place, &err), 0);
	assert_null(place.user);
	assert_null(place.password);
	assert_null(place.host);
	assert_int_equal(place.port, 0);
	assert_false(place.tls);
	assert_string_equal(place.database, "ttob");
	assert_string_equal(place.socket, "/run/mysqld/mysqld.sock");
	mariadb_place_fini(&place);
	assert_int_equal(mariadb_place_parse("//u:@[::1]:3306/d", &place, &err), 0);
	assert_string_equal(place.host, "::1");
	assert_int_equal(place.port, 3306);
	assert_null(place.password);
	mariadb_place_fini(&place);
}

static void refuses_what_is_broken(void **state)
{
	static const char *const places[] = {
		"",
		"/",
		"//",
		"///",
		"//host",
		"//host/",
		"//host/?socket=/a",
		"host/db",
		"//u:secret@host:0/db",
		"//u:secret@host:65536/db",
		"//u:secret@host:/db",
		"//u:secret@host:3306x/db",
		"//u:secret%@host/db",
		"//u:secret%4@host/db",
		"//u:secret%zz@host/db",
		"//u:secret%00@host/db",
		"//%:secret@host/db",
		"//u:secret@[::1/db",
		"//u:secret@[::1]x/db",
		"//u:secret@host/d%b",
		"//u:secret@host/db?",
		"//u:secret@host/db?socket",
		"//u:secret@host/db?socket=",
		"//u:secret@host/db?socket=/a&socket=/b",
		"//u:secret@host/db?tls=no",
		"//u:secret@host/db?ca=/x",
		"//u:secret@host/db?tls=verify&",
		"//u:secret@host/db?password=secret",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct mariadb_place place;
		struct error err = {0};

		if (mariadb_place_parse(places[i], &place, &err) != -EINVAL)
			fail_msg("%s", places[i]);
		assert_int_equal(err.kind, ERROR_INVALID);
		assert_null(strstr(err.message, "secret"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_of_it),
		cmocka_unit_test(needs_only_the_database),
		cmocka_unit_test(refuses_what_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
