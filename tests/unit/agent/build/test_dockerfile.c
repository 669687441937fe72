#include "../../test.h"

#include "agent/build/dockerfile.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

/* Scans; gives the bases joined by a blank, then "/" and the index of the last stage's. */
static char *bases(const char *text)
{
	struct dockerfile file;
	struct error err = {0};
	struct buf out = BUF_INIT;

	if (dockerfile_scan(text, strlen(text), &file, &err) < 0)
		return xasprintf("error: %s", err.message);
	for (size_t i = 0; i < file.base_count; i++)
		buf_printf(&out, "%s ", file.bases[i]);
	buf_printf(&out, "/%d", file.last);
	dockerfile_fini(&file);
	return buf_steal(&out);
}

static void check(const char *text, const char *wanted)
{
	auto_free char *got = bases(text);

	assert_string_equal(got, wanted);
}

static void check_fails(const char *text, const char *words)
{
	auto_free char *got = bases(text);

	assert_true(str_starts_with(got, "error: "));
	if (strstr(got, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", got, words);
}

static void test_plain(void **state)
{
	(void)state;
	check("FROM debian\n", "debian /0");
	check("FROM debian", "debian /0");
	check("from debian:bookworm as x\r\nRUN true\r\n", "debian:bookworm /0");
	check("\n\n# hello\n  FROM\tdebian:bookworm\n", "debian:bookworm /0");
	check("FROM --platform=linux/amd64 a/b:1 AS c\n", "a/b:1 /0");
	check("FROM scratch\n", "/-1");
	check("\xef\xbb\xbf" "FROM debian\n", "debian /0");
	check("FROM debian@sha256:aa\n", "debian@sha256:aa /0");
}

static void test_stages(void **state)
{
	(void)state;
	check("FROM a AS x\nFROM x\n", "a /0");
	check("FROM a AS x\nFROM b\nFROM X AS y\n", "a b /0");
	check("FROM a\nFROM scratch\nFROM 0\n", "a /0");
	check("FROM a\nFROM a\nFROM a AS scratchy\n", "a /0");
	check("FROM a AS x\nFROM scratch\nCOPY --from=x / /\n", "a /-1");
}

static void test_sources(void **state)
{
	(void)state;
	check("FROM a\nCOPY --from=b /x /y\n", "a b /0");
	check("FROM a\nCOPY --chown=1:2 --from=b /x /y\nCOPY --from=0 / /\n", "a b /0");
	check("FROM a\nRUN --mount=type=bind,from=b,source=/x --mount=type=cache,target=/y make\n", "a b /0");
	check("FROM a\nRUN echo --from=b\nCOPY x --from=c\nCOPY --from=$D / /\n", "a /0");
	check("FROM a\nCOPY --from=\\\n b /x /y\n", "a /0");
}

static void test_arguments(void **state)
{
	(void)state;
	check("ARG V=12\nFROM debian:$V\n", "debian:12 /0");
	check("ARG V=12\nARG I=debian:${V}\nFROM ${I}\n", "debian:12 /0");
	check("ARG V\nFROM debian:${V:-sid}\n", "debian:sid /0");
	check("ARG V=\nFROM debian:${V:-sid}${V-x}\n", "debian:sid /0");
	check("ARG V=1\nFROM a${V:+b}${W:+c}${W-d}\n", "abd /0");
	check("ARG V=\"12\" W='13'\nFROM a:$V.$W\n", "a:12.13 /0");
	check("FROM a:${X:-${Y:-z}}\n", "a:z /0");
	check("FROM debian:$TARGETOS\n", "debian:linux /0");
	check("ARG A=1\nFROM a\nARG A=2\nFROM b:$A\n", "a b:1 /1");
	check("FROM a\\$b\n", "a$b /0");
}

static void test_names(void **state)
{
	static const char text[] = "ARG V=1\nFROM a:$V AS x\nFROM a:1\nFROM x\nCOPY --from=b / /\n";
	struct dockerfile file;
	struct error err;

	(void)state;
	assert_int_equal(dockerfile_scan(text, strlen(text), &file, &err), 0);
	assert_int_equal(file.base_count, 2);
	assert_int_equal(file.name_count, 3);
	assert_string_equal(file.names[0].text, "a:$V");
	assert_string_equal(file.names[1].text, "a:1");
	assert_int_equal(file.names[0].base, file.names[1].base);
	assert_string_equal(file.names[2].text, "b");
	assert_int_equal(file.names[2].base, 1);
	dockerfile_fini(&file);
}

static bool has_healthcheck(const char *text)
{
	struct dockerfile file;
	struct error err;

	assert_int_equal(dockerfile_scan(text, strlen(text), &file, &err), 0);
	dockerfile_fini(&file);
	return file.healthcheck;
}

static void test_healthcheck(void **state)
{
	(void)state;
	assert_true(has_healthcheck("FROM a\nHEALTHCHECK CMD true\n"));
	assert_true(has_healthcheck("FROM a\nhealthcheck --interval=1s \\\n  CMD true\nFROM b\n"));
	assert_false(has_healthcheck("FROM a\n# HEALTHCHECK CMD true\nRUN echo HEALTHCHECK\n"));
	assert_false(has_healthcheck("FROM a\nRUN echo \\\nHEALTHCHECK\n"));
}

static void test_lines(void **state)
{
	(void)state;
	check("FROM \\\n  debian\n", "debian /0");
	check("FROM \\\n# in between\n\n  debian\n", "debian /0");
	check("FROM debian \\\n AS x\nFROM x\n", "debian /0");
	check("# escape=`\nFROM `\ndebian\n", "debian /0");
	check("#escape = `\n# syntax=x\nFROM a\nRUN echo `\nFROM b\n", "a /0");
	check("# a comment\n# escape=`\nFROM \\\ndebian\n", "debian /0");
	check("FROM a\nRUN echo \\\nFROM b\n", "a /0");
	check("FROM debian \\", "debian /0");
	check("FR\\\nOM deb\\\nian\n", "debian /0");
}

static void test_mistakes(void **state)
{
	(void)state;
	check_fails("", "no FROM");
	check_fails("# nothing\n\n", "no FROM");
	check_fails("RUN x\n", "line 1: a Dockerfile starts with FROM");
	check_fails("ARG A=1\n\nRUN x\n", "line 3");
	check_fails("FROM\n", "line 1: FROM needs an image");
	check_fails("FROM --platform=x\n", "FROM needs an image");
	check_fails("FROM a b\n", "FROM image [AS name]");
	check_fails("FROM a AS\n", "FROM image [AS name]");
	check_fails("FROM a AS b c\n", "FROM image [AS name]");
	check_fails("FROM $NONE\n", "is empty");
	check_fails("FROM ${A\n", "cannot be understood");
	check_fails("FROM ${A:?x}\n", "cannot be understood");
	check_fails("FROM ${:-x}\n", "cannot be understood");
	check_fails("FROM ${}\n", "cannot be understood");
	check("FROM $\\\n", "$ /0");
}

static void test_limits(void **state)
{
	struct dockerfile file;
	struct buf text = BUF_INIT;
	struct error err;

	(void)state;
	for (int i = 0; i < DOCKERFILE_BASES_MAX; i++)
		buf_printf(&text, "FROM a%d\n", i);
	assert_int_equal(dockerfile_scan(text.data, text.length, &file, &err), 0);
	assert_int_equal(file.base_count, DOCKERFILE_BASES_MAX);
	dockerfile_fini(&file);
	buf_append_string(&text, "FROM more\n");
	assert_true(dockerfile_scan(text.data, text.length, &file, &err) < 0);
	assert_int_equal(err.kind, ERROR_TOO_LARGE);

	buf_clear(&text);
	for (int i = 0; i <= DOCKERFILE_STAGES_MAX; i++)
		buf_append_string(&text, "FROM scratch\n");
	assert_true(dockerfile_scan(text.data, text.length, &file, &err) < 0);
	assert_int_equal(err.kind, ERROR_TOO_LARGE);

	buf_clear(&text);
	buf_append_string(&text, "FROM ");
	for (int i = 0; i < 5000; i++)
		buf_append_char(&text, 'a');
	assert_true(dockerfile_scan(text.data, text.length, &file, &err) < 0);
	assert_int_equal(err.kind, ERROR_MALFORMED);

	buf_clear(&text);
	for (int i = 0; i < 100; i++)
		buf_append_string(&text, "ARG A=$A$A$A$A\n");
	assert_true(dockerfile_scan(text.data, text.length, &file, &err) < 0);

	buf_clear(&text);
	buf_append_string(&text, "FROM ");
	for (int i = 0; i < 50; i++)
		buf_append_string(&text, "${A:-");
	assert_true(dockerfile_scan(text.data, text.length, &file, &err) < 0);
	assert_true(dockerfile_scan(text.data, DOCKERFILE_SIZE_MAX + 1, &file, &err) < 0);
	assert_int_equal(err.kind, ERROR_TOO_LARGE);
	assert_true(dockerfile_scan("FROM a\0b", 8, &file, &err) < 0);
	assert_int_equal(err.kind, ERROR_MALFORMED);
	buf_fini(&text);
}

static void check_lines(const char *text, const char *wanted)
{
	auto_buf struct buf out = BUF_INIT;

	dockerfile_after_from(text, strlen(text), "ARG X=1\n", &out);
	assert_string_equal(out.data, wanted);
}

static void test_lines_behind_from(void **state)
{
	(void)state;
	check_lines("FROM a\nRUN b\n", "FROM a\nARG X=1\nRUN b\n");
	check_lines("FROM a", "FROM a\nARG X=1\n");
	check_lines("ARG FROM=x\nFROM \\\n a AS b\nRUN FROM\nfrom b\n", "ARG FROM=x\nFROM \\\n a AS b\nARG X=1\nRUN FROM\nfrom b\nARG X=1\n");
	check_lines("# escape=`\nFROM `\na\n", "# escape=`\nFROM `\na\nARG X=1\n");
	check_lines("RUN echo \\\nFROM a\n", "RUN echo \\\nFROM a\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),	  cmocka_unit_test(test_stages),   cmocka_unit_test(test_sources),
		cmocka_unit_test(test_arguments), cmocka_unit_test(test_lines),	   cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_limits),	  cmocka_unit_test(test_names),	   cmocka_unit_test(test_lines_behind_from),
		cmocka_unit_test(test_healthcheck),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
