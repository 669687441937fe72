#include "base/map.h"

#include <stdio.h>

#include "../test.h"

static void puts_gets_and_removes(void **state)
{
	struct map *map = map_new();
	int a = 1;
	int b = 2;

	(void)state;
	assert_null(map_put(map, "k", &a));
	assert_ptr_equal(map_get(map, "k"), &a);
	assert_ptr_equal(map_put(map, "k", &b), &a);
	assert_int_equal(map_count(map), 1);
	assert_ptr_equal(map_remove(map, "k"), &b);
	assert_null(map_remove(map, "k"));
	assert_null(map_get(map, "k"));
	assert_int_equal(map_count(map), 0);
	map_free(map);
}

static void keeps_thousands_and_lists_each_once(void **state)
{
	enum { COUNT = 5000 };
	static int values[COUNT];
	static int seen[COUNT];
	struct map *map = map_new();
	size_t cursor = 0;
	const char *key;
	int *value;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		char name[16];

		snprintf(name, sizeof(name), "key-%d", i);
		values[i] = i;
		map_put(map, name, &values[i]);
	}
	while ((value = map_next(map, &cursor, &key)) != NULL) {
		char name[16];

		snprintf(name, sizeof(name), "key-%d", *value);
		assert_string_equal(key, name);
		seen[*value]++;
	}
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(seen[i], 1);
	map_free(map);
}

static void the_key_is_copied(void **state)
{
	struct map *map = map_new();
	char key[] = "first";
	int value = 1;

	(void)state;
	map_put(map, key, &value);
	strcpy(key, "other");
	assert_ptr_equal(map_get(map, "first"), &value);
	assert_null(map_get(map, "other"));
	map_free(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_gets_and_removes),
		cmocka_unit_test(keeps_thousands_and_lists_each_once),
		cmocka_unit_test(the_key_is_copied),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
