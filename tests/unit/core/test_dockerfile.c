#include "core/dockerfile.h"

#include <stdio.h>

#include "../test.h"

static int make(const char *base, const char *script, size_t length, struct buf *dockerfile, struct buf *out)
{
	struct dockerfile_source source = {
		.base = base, .script = script, .script_length = length, .title = "taste/figlet", .summary = "say \"hi\" $x\n"};

	return dockerfile_from_script(&source, dockerfile, out, NULL);
}

static void the_script_stays_one_file(void **state)
{
	static const char script[] = "cd /tmp\ncat <<'END' >f\n$x\nEND\npwd";
	auto_buf struct buf dockerfile = BUF_INIT;
	auto_buf struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(make("debian:bookworm", script, strlen(script), &dockerfile, &out), 0);
	assert_int_equal(strncmp(dockerfile.data, "FROM debian:bookworm\n", 21), 0);
	assert_non_null(strstr(dockerfile.data, "RUN sh -eux /tmp/install.sh"));
	assert_non_null(strstr(dockerfile.data, "title=\"taste/figlet\"\n"));
	assert_non_null(strstr(dockerfile.data, "description=\"say \\\"hi\\\" \\$x \"\n"));
	assert_int_equal(out.length, strlen(script) + 1);
	assert_memory_equal(out.data, script, strlen(script));
	assert_int_equal(out.data[out.length - 1], '\n');
}

static void line_ends_become_lf(void **state)
{
	auto_buf struct buf dockerfile = BUF_INIT;
	auto_buf struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(make("a", "one\r\ntwo\rthree\r", 15, &dockerfile, &out), 0);
	assert_string_equal(out.data, "one\ntwo\nthree\n");
}

static void bad_scripts_are_refused(void **state)
{
	auto_buf struct buf a = BUF_INIT;
	auto_buf struct buf b = BUF_INIT;
	char *big = malloc(SCRIPT_MAX + 1);

	(void)state;
	memset(big, 'x', SCRIPT_MAX + 1);
	assert_true(make("debian", "", 0, &a, &b) < 0);
	assert_true(make("debian", " \r\n\t", 4, &a, &b) < 0);
	assert_true(make("debian", "a\0b", 3, &a, &b) < 0);
	assert_true(make("debian", "\xff\xfe", 2, &a, &b) < 0);
	assert_true(make("debian", big, SCRIPT_MAX + 1, &a, &b) < 0);
	assert_true(make("debian\nRUN id", "x", 1, &a, &b) < 0);
	assert_true(make("", "x", 1, &a, &b) < 0);
	assert_int_equal(make("debian", big, SCRIPT_MAX, &a, &b), 0);
	free(big);
}

static void a_dockerfile_has_a_from(void **state)
{
	(void)state;
	assert_int_equal(dockerfile_check("# hi\nARG X=1\n  from debian AS b\nRUN x", 36, NULL), 0);
	assert_true(dockerfile_check("RUN x\n# FROM y\n", 15, NULL) < 0);
	assert_true(dockerfile_check("FROMAGE\n", 8, NULL) < 0);
	assert_true(dockerfile_check("FROM", 4, NULL) < 0);
	assert_true(dockerfile_check("", 0, NULL) < 0);
	assert_true(dockerfile_check("FROM a\0", 7, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_script_stays_one_file),
		cmocka_unit_test(line_ends_become_lf),
		cmocka_unit_test(bad_scripts_are_refused),
		cmocka_unit_test(a_dockerfile_has_a_from),
	};

	return cmocka_run_group_tests_name("dockerfile", tests, NULL, NULL);
}
