#include "../../test.h"

#include "agent/build/explain.h"
#include "base/str.h"

static struct error explained(const char *log)
{
	const struct explain_facts facts = {.log = log, .exit_code = 1, .network = true, .memory = 1 << 20, .disk = 2 << 20, .seconds = 61};
	struct error err = {0};

	assert_true(explain_failure(&facts, &err) < 0);
	return err;
}

static void check(const char *log, const char *wanted)
{
	struct error err = explained(log);

	if (strstr(err.message, wanted) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.message, wanted);
}

static void test_usual_causes(void **state)
{
	(void)state;
	check("Reading…\nE: Unable to locate package figlett\nerror building at STEP \"RUN x\": exit status 100\n", "no package figlett in");
	check("npm ERR! 404  'nosuch@*' is not in this registry.\n", "no npm package nosuch@*");
	check("ERROR: No matching distribution found for nosuch==1\n", "no Python package nosuch==1");
	check("/bin/sh: 1: make: not found\nerror building at STEP \"RUN make\": exit status 127\n", "the command make is not");
	check("/tmp/install.sh: 12: mak: not found\r\nError: building at STEP \"RUN x\": exit status 127\n", "the command mak is not");
	check("x.sh: line 2: mak: command not found\nError: building at STEP \"RUN x\": exit status 127\n", "the command mak is not");
	check("a.txt: not found\nError: building at STEP \"RUN x\": exit status 1\n", "the step \"RUN x\" failed with exit code 1");
	check(": not found\nError: building at STEP \"RUN x\": exit status 1\n", "the step \"RUN x\" failed with exit code 1");
	check("curl: (6) Could not resolve host: nowhere.example\n", "the name nowhere.example cannot be resolved");
	check("write error: No space left on device\n", "the disk of the build is full: it has 2 MiB");
	check("Error: creating build container: debian:x: image not known\n", "the base image debian:x");
	check("Error: mounting new container: mounting build container \"a\": creating overlay mount to b: no such file or directory\n", "too many layers");
	check("Error: mounting new container: mounting build container \"a\": max depth exceeded\n", "too many layers");
	check("msg=\"Can't add file /x/hole to tar: io: read/write on closed pipe\"\nError: committing: storing layer \"a\" to file: io: read/write on closed pipe\n",
	      "a file with holes counts whole");
}

static void test_steps(void **state)
{
	(void)state;
	check("STEP 2/2: RUN make\nerror building at STEP \"RUN make\": error while running runtime: exit status 2\nexit status 2\n",
	      "the step \"RUN make\" failed with exit code 2");
	check("error building at STEP \"RUN echo \"a\": b\": some reason\n", "the step \"RUN echo \"a\": b\" failed: some reason");
	check("Error: something else\n", "could not go on: something else");
	check("", "exit code 1");
}

static void test_facts_win(void **state)
{
	struct explain_facts facts = {.log = "E: Unable to locate package x\n", .exit_code = 137, .memory = 64 << 20, .seconds = 61};
	struct error err;

	(void)state;
	facts.out_of_memory = true;
	explain_failure(&facts, &err);
	assert_non_null(strstr(err.message, "64 MiB of memory"));
	facts.timed_out = true;
	explain_failure(&facts, &err);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
	assert_non_null(strstr(err.message, "1 minutes and 1 seconds"));
}

/* Whatever a hostile log says, the message is short and is text. */
static void test_hostile_logs(void **state)
{
	char text[4096] = "E: Unable to locate package \x1b[2J\xff\x01\"';";
	struct error err = explained(text);

	(void)state;
	assert_true(str_is_utf8(err.message, strlen(err.message)));
	assert_null(strchr(err.message, '\x1b'));
	memset(text + 28, '\xe2', sizeof(text) - 29);
	err = explained(text);
	assert_true(str_is_utf8(err.message, strlen(err.message)));
	check("E: Unable to locate package \n", "failed");
	check("E: Unable to locate package %s%n%s\n", "%s%n%s");
	check("at STEP \"", "exit code 1");
	check("at STEP \"x\": ", "the step \"x\" failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual_causes),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_facts_win),
		cmocka_unit_test(test_hostile_logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
