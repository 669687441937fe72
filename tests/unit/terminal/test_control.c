#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "terminal/control.h"

static int parse(const char *json, struct control *control)
{
	const char *why = NULL;
	int r = control_parse(json, strlen(json), control, &why);

	assert_true((r < 0) == (why != NULL));
	return r;
}

static void test_good(void **state)
{
	struct control control;

	(void)state;
	assert_int_equal(parse("{\"resize\": [1, 1000]}", &control), 0);
	assert_true(control.has_resize && !control.has_ack);
	assert_int_equal(control.cols, 1);
	assert_int_equal(control.rows, 1000);
	assert_int_equal(parse(" {\"ack\":9007199254740991 , \"resize\":[80,24]} ", &control), 0);
	assert_true(control.has_resize && control.has_ack);
	assert_int_equal(control.ack, 9007199254740991);
	assert_int_equal(parse("{\"ack\": 0}", &control), 0);
	assert_true(control.has_ack);
	assert_int_equal(parse("{}", &control), 0);
	assert_true(!control.has_resize && !control.has_ack);
	assert_int_equal(parse("{\"from\": \"tomorrow\", \"x\": {\"ack\": -1}}", &control), 0);
	assert_true(!control.has_resize && !control.has_ack);
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"",
		"null",
		"[]",
		"7",
		"\"ack\"",
		"{",
		"{\"ack\":1}{}",
		"ack 1",
		"{'ack': 1}",
		"{\"ack\": -1}",
		"{\"ack\": 1.0}",
		"{\"ack\": \"1\"}",
		"{\"ack\": null}",
		"{\"ack\": true}",
		"{\"ack\": [1]}",
		"{\"ack\": 99999999999999999999}",
		"{\"ack\": 1e3}",
		"{\"ack\": 1, \"ack\": 2}",
		"{\"ack\": NaN}",
		"{\"resize\": []}",
		"{\"resize\": [80]}",
		"{\"resize\": [80, 24, 1]}",
		"{\"resize\": [0, 24]}",
		"{\"resize\": [80, 0]}",
		"{\"resize\": [1001, 24]}",
		"{\"resize\": [80, 1001]}",
		"{\"resize\": [-1, 24]}",
		"{\"resize\": [\"80\", \"24\"]}",
		"{\"resize\": [80.5, 24]}",
		"{\"resize\": {\"cols\": 80, \"rows\": 24}}",
		"{\"resize\": \"80x24\"}",
		"{\"resize\": null}",
		"{\"resize\": [null, null]}",
		"{\"resize\": [4294967297, 4294967297]}",
		"{\"ack\": \"\xff\"}",
	};
	struct control control;
	char *deep = xmalloc(65537);
	const char *why;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (parse(bad[i], &control) != -EINVAL)
			fail_msg("was accepted: %s", bad[i]);
	memset(deep, '[', 65536);
	assert_int_equal(control_parse(deep, 65536, &control, &why), -EINVAL);
	assert_int_equal(control_parse("{\"ack\":1}\0", 10, &control, &why), -EINVAL);
	free(deep);
}

static void test_exit(void **state)
{
	char *text;

	(void)state;
	text = control_exit("exited", 127);
	assert_string_equal(text, "{\"exit\": {\"reason\": \"exited\", \"code\": 127}}");
	free(text);
	text = control_exit("a\"b", -1);
	assert_string_equal(text, "{\"exit\": {\"reason\": \"a\\\"b\", \"code\": null}}");
	free(text);
	text = control_exit("\xff", 1);
	assert_string_equal(text, "{\"exit\": {\"reason\": \"failed\", \"code\": null}}");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_exit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
