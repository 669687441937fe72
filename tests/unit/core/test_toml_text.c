#include "core/toml_text.h"

#include "base/util.h"

#include "../test.h"

static const char sample[] = "top = 'first'\n[package]\nname = \"tool\" # why\nversion.workspace = true\nbad = \"a\\\"b\"\nopen = \"\n"
			     "many = \"\"\"x\"\"\"\n  [ project.scripts ]\n\"say\" = \"a:b\"\nlate = 1\n[[bin]]\nname = 'other'";

static void texts_are_found(void **state)
{
	static const struct {
		const char *section;
		const char *key;
		const char *value;
	} table[] = {
		{"", "top", "first"},	  {"package", "name", "tool"}, {"package", "bad", NULL},  {"package", "open", NULL},
		{"package", "many", NULL}, {"package", "top", NULL},	{"[bin]", "name", "other"}, {"nothing", "name", NULL},
		{"package", "nam", NULL},  {"project.scripts", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char *value = toml_text(sample, table[i].section, table[i].key);

		if (table[i].value == NULL)
			assert_null(value);
		else
			assert_string_equal(value, table[i].value);
		free(value);
	}
}

static void the_first_key_is_found(void **state)
{
	char *key = toml_first_key(sample, "project.scripts");

	(void)state;
	assert_string_equal(key, "say");
	free(key);
	assert_null(toml_first_key("[a]\n[b]\nx=1", "a"));
	assert_null(toml_first_key("", "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(texts_are_found), cmocka_unit_test(the_first_key_is_found)};

	return cmocka_run_group_tests_name("toml_text", tests, NULL, NULL);
}
