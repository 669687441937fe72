#include "../../test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/child.h"
#include "agent/reaper.h"
#include "base/clock.h"

struct outcome {
	bool done;
	int exit_code;
	bool timed_out;
	char output[64 * 1024 + 1];
	size_t length;
	char errors[5000];
};

static struct agent agent;

static int setup(void **state)
{
	(void)state;
	agent.loop = loop_new();
	agent.reaper = reaper_new(agent.loop);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	reaper_free(agent.reaper);
	loop_free(agent.loop);
	return 0;
}

static void on_done(struct child *child, const struct child_result *result, void *data)
{
	struct outcome *outcome = data;

	(void)child;
	outcome->done = true;
	outcome->exit_code = result->exit_code;
	outcome->timed_out = result->timed_out;
	outcome->length = result->output_length;
	memcpy(outcome->output, result->output, result->output_length);
	snprintf(outcome->errors, sizeof(outcome->errors), "%s", result->errors);
}

static void run(struct child_options *options, struct outcome *outcome)
{
	struct error err;

	*outcome = (struct outcome){.done = false};
	assert_int_equal(child_start(&agent, options, on_done, outcome, NULL, &err), 0);
	assert_false(outcome->done); /* never from within */
	while (!outcome->done)
		loop_once(agent.loop, 1000);
}

static void on_exit_code(struct watch *watch, int exit_code, void *data)
{
	watch_free(watch);
	*(int *)data = exit_code;
}

/* Its parent ends, and it does so too at once. */
static pid_t make_orphan(void)
{
	int ends[2];
	pid_t pid = 0;

	assert_int_equal(pipe(ends), 0);
	if (fork() == 0) {
		pid = fork();
		if (pid == 0)
			_exit(7);
		_exit(write(ends[1], &pid, sizeof(pid)) != sizeof(pid));
	}
	assert_int_equal(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
	close(ends[0]);
	close(ends[1]);
	return pid;
}

static void test_expected_orphans_wait_for_their_watch(void **state)
{
	struct watch *watch;
	int exit_code = -2;
	pid_t pid;

	(void)state;
	reaper_expect(agent.reaper);
	pid = make_orphan();
	for (int64_t end = clock_monotonic_ms() + 2500; clock_monotonic_ms() < end;) /* longer than orphans are left */
		loop_once(agent.loop, 100);
	assert_int_equal(watch_new(agent.reaper, pid, on_exit_code, &exit_code, &watch), 0);
	reaper_expect_less(agent.reaper);
	while (exit_code == -2)
		loop_once(agent.loop, 100);
	assert_int_equal(exit_code, 7);
	pid = make_orphan(); /* one that nobody expects */
	while (kill(pid, 0) == 0)
		loop_once(agent.loop, 100);
}

static void test_output_and_exit_code(void **state)
{
	const char *argv[] = {"sh", "-c", "echo out; echo err >&2; exit 7", NULL};
	struct child_options options = {.argv = argv};
	static struct outcome outcome;

	(void)state;
	run(&options, &outcome);
	assert_int_equal(outcome.exit_code, 7);
	assert_string_equal(outcome.output, "out\n");
	assert_string_equal(outcome.errors, "err\n");
}

static void test_no_shell_and_no_inheritance(void **state)
{
	const char *argv[] = {"sh", "-c", "echo \"$1\"; echo ${HOME-none}; pwd; ls /proc/self/fd", "sh", "$(id); `id` *", NULL};
	struct child_options options = {.argv = argv};
	static struct outcome outcome;
	int open_one = open("/dev/null", O_RDONLY); /* not close-on-exec */

	(void)state;
	run(&options, &outcome);
	close(open_one);
	assert_string_equal(outcome.output, "$(id); `id` *\nnone\n/\n0\n1\n2\n3\n"); /* 3 is ls's own */
}

static void test_silent_child(void **state)
{
	const char *argv[] = {"false", NULL};
	struct child_options options = {.argv = argv};
	static struct outcome outcome;
	char *dirt[64];

	(void)state;
	/* So that fresh memory is not zero by luck. */
	for (size_t i = 0; i < 64; i++)
		memset(dirt[i] = malloc(5000), 'x', 5000);
	for (size_t i = 0; i < 64; i++)
		free(dirt[i]);
	run(&options, &outcome);
	assert_int_equal(outcome.exit_code, 1);
	assert_string_equal(outcome.errors, "");
	assert_int_equal(outcome.length, 0);
}

static void test_missing_program(void **state)
{
	const char *argv[] = {"/no/such/program", NULL};
	struct child_options options = {.argv = argv};
	static struct outcome outcome;
	struct child_result result = {.exit_code = 127, .errors = outcome.errors};
	struct error err;

	(void)state;
	run(&options, &outcome);
	assert_int_equal(outcome.exit_code, 127);
	assert_int_equal(child_error(&result, "the program", &err), -EIO);
	if (strstr(err.message, "/no/such/program") == NULL)
		fail_msg("%s", err.message);
}

static void test_caps(void **state)
{
	const char *argv[] = {"sh", "-c", "yes; yes no | head -c 100000 >&2; echo tail >&2", NULL};
	struct child_options options = {.argv = argv, .output_max = 1000, .errors_max = 100};
	static struct outcome outcome;

	(void)state;
	run(&options, &outcome);
	assert_int_equal(outcome.length, 1000);
	assert_true(strlen(outcome.errors) <= 100);
	assert_non_null(strstr(outcome.errors, "tail"));
}

static void test_timeout_kills_the_group(void **state)
{
	const char *argv[] = {"sh", "-c", "trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000", NULL};
	struct child_options options = {.argv = argv, .timeout_ms = 200};
	static struct outcome outcome;
	pid_t grandchild;

	(void)state;
	run(&options, &outcome);
	assert_true(outcome.timed_out);
	assert_int_equal(outcome.exit_code, 128 + SIGKILL);
	grandchild = (pid_t)strtol(outcome.output, NULL, 10);
	assert_true(grandchild > 1);
	while (kill(grandchild, 0) == 0) /* an orphan is ours to reap, a moment later */
		loop_once(agent.loop, 50);
}

static void test_named_descriptors(void **state)
{
	const char *argv[] = {"sh", "-c", "cat <&5; cat <&3; echo more >&4", NULL};
	int a[2], b[2], c[2];
	struct child_options options = {.argv = argv};
	static struct outcome outcome;
	char more[8] = {0};

	(void)state;
	assert_int_equal(pipe(a) | pipe(b) | pipe(c), 0);
	assert_int_equal(write(a[1], "first ", 6) + write(b[1], "second", 6), 12);
	close(a[1]);
	close(b[1]);
	/* Targets that are other ones' sources. */
	options.fds = (struct child_fd[]){{a[0], 5}, {b[0], 3}, {c[1], 4}};
	options.fd_count = 3;
	run(&options, &outcome);
	assert_string_equal(outcome.output, "first second");
	assert_int_equal(read(c[0], more, sizeof(more)), 5);
	close(a[0]);
	close(b[0]);
	close(c[0]);
	close(c[1]);
}

static int prepare(void *data)
{
	return data != NULL ? -EACCES : setenv("PREPARED", "yes", 1) == 0 && chdir("/tmp") == 0 ? 0 : -errno;
}

static void test_prepare(void **state)
{
	const char *argv[] = {"sh", "-c", "echo ran", NULL};
	struct child_options options = {.argv = argv, .prepare = prepare};
	static struct outcome outcome;

	(void)state;
	run(&options, &outcome);
	assert_string_equal(outcome.output, "ran\n");
	assert_null(getenv("PREPARED")); /* a memory of its own */
	options.prepare_data = &options;
	run(&options, &outcome);
	assert_int_equal(outcome.exit_code, 126);
	assert_string_equal(outcome.output, "");
}

static void test_abandoned_is_silent(void **state)
{
	const char *argv[] = {"sleep", "1000", NULL};
	struct child_options options = {.argv = argv};
	static struct outcome outcome;
	struct child *child = NULL;
	struct error err;
	pid_t pid;

	(void)state;
	outcome.done = false;
	assert_int_equal(child_start(&agent, &options, on_done, &outcome, &child, &err), 0);
	pid = child_pid(child);
	child_abandon(child);
	child_abandon(NULL);
	while (kill(pid, 0) == 0)
		loop_once(agent.loop, 50);
	assert_false(outcome.done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expected_orphans_wait_for_their_watch),
		cmocka_unit_test(test_output_and_exit_code), cmocka_unit_test(test_no_shell_and_no_inheritance),
		cmocka_unit_test(test_missing_program),	     cmocka_unit_test(test_caps),
		cmocka_unit_test(test_timeout_kills_the_group), cmocka_unit_test(test_named_descriptors),
		cmocka_unit_test(test_silent_child), cmocka_unit_test(test_prepare),		     cmocka_unit_test(test_abandoned_is_silent),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
