#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/util.h"
#include "core/build_trace.h"

static unsigned script_line(const char *log, const char *script)
{
	struct build_trace trace = {0};

	for (size_t i = 0; log[i] != '\0'; i++) /* however it is cut */
		build_trace_feed(&trace, log + i, 1);
	return build_trace_script_line(&trace, script);
}

static void scripts_have_lines(void **state)
{
	static const char script[] = "set -e\n"		   /* 1 */
				     "# fetch it\n"	   /* 2 */
				     "URL=https://x\n"	   /* 3 */
				     "curl -O \"$URL/a\"\n" /* 4 */
				     "make\r\n"		   /* 5 */
				     "cd sub && make install\n" /* 6 */
				     "make\n"		   /* 7 */
				     "echo done\n";	   /* 8 */
	static const struct {
		const char *log;
		unsigned line;
	} table[] = {
		{"", 0},
		{"no trace\n", 0},
		{"+ set -e\n", 1},
		{"+ set -e\n+ URL=https://x\n+ curl -O https://x/a\ncurl: (6) no host\n", 4},
		{"+ make\nerror\n", 5},
		{"+ make\r\n+ cd sub\n+ make install\n", 6},
		{"+ make\n+ cd sub\n+ make install\n+ make\n", 5}, /* told by the last of its kind in a row only */
		{"+ make\n+ make\n", 7},
		{"+ nothing like it\n", 0},
		{"/tmp/install.sh: 3: foo: not found\n", 3},
		{"+ make\n/tmp/install.sh: line 8: foo: not found\n", 8},
		{"/tmp/install.sh: 99999999999999999999: x\n", 0},
		{"+ \n", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (script_line(table[i].log, script) != table[i].line)
			fail_msg("%s: line %u, not %u", table[i].log, script_line(table[i].log, script), table[i].line);
	assert_int_equal(script_line("+ make\n", ""), 0);
}

static void dockerfiles_have_lines(void **state)
{
	static const char dockerfile[] = "# syntax\n"		/* 1 */
					 "ARG V=1\n"		/* 2 */
					 "FROM a AS one\n"	/* 3 */
					 "RUN x && \\\n"	/* 4 */
					 "  # why\n"		/* 5 */
					 "\n"			/* 6 */
					 "  y\n"		/* 7 */
					 "copy . /\n"		/* 8 */
					 "from one\n"		/* 9 */
					 "RUN z";		/* 10 */
	static const struct {
		const char *log;
		unsigned line;
	} table[] = {
		{"", 0},
		{"[1/2] STEP 1/3: FROM a AS one\n", 3},
		{"[1/2] STEP 2/3: RUN x && y\n+ STEP 9/9: no\n", 4},
		{"[1/2] STEP 3/3: COPY . /\n", 8},
		{"[2/2] STEP 1/2: FROM one\n", 9},
		{"[2/2] STEP 1/2: FROM one\r\n[2/2] STEP 2/2: RUN z\n", 10},
		{"STEP 2/2: RUN x\n", 4},
		{"STEP 77/80: RUN x\n", 0},
		{"STEP 99999999999999999999/1: x\n", 0},
		{"[\nSTEP\nSTEP \nSTEP 1\n[1/1]\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct build_trace trace = {0};

		build_trace_feed(&trace, table[i].log, strlen(table[i].log));
		if (build_trace_dockerfile_line(&trace, dockerfile) != table[i].line)
			fail_msg("%s: line %u, not %u", table[i].log, build_trace_dockerfile_line(&trace, dockerfile), table[i].line);
	}
}

static void endless_lines_are_cut(void **state)
{
	static const char junk[4096] = {0};
	struct build_trace trace = {0};

	(void)state;
	build_trace_feed(&trace, "+ ", 2);
	for (int i = 0; i < 100; i++)
		build_trace_feed(&trace, junk, sizeof(junk));
	build_trace_feed(&trace, "\n+ make\n", 8);
	assert_int_equal(build_trace_script_line(&trace, "\n\nmake\n"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scripts_have_lines),
		cmocka_unit_test(dockerfiles_have_lines),
		cmocka_unit_test(endless_lines_are_cut),
	};

	return cmocka_run_group_tests_name("core: build trace", tests, NULL, NULL);
}
