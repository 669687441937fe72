#include "unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "cli/spawn.h"
#include "cli/supervise.h"

#define GIVE_UP_MS 60000

static const char *const env[] = {"PATH=/usr/bin:/bin", NULL};

/* Services are shells that write their steps into one file. */
struct bench {
	struct loop *loop;
	struct supervisor *supervisor;
	char folder[64];
	char *commands[3];
	const char *argv[3][4];
	struct service services[3];
	char *ready_files[3];
	bool ready;
	bool stopped;
	bool failed;
	struct buf order; /* names in the order in which they were told to stop */
};

static void on_ready(void *data)
{
	((struct bench *)data)->ready = true;
}

static void on_stopping(const char *service, void *data)
{
	struct bench *bench = data;

	buf_printf(&bench->order, "%s ", service);
	supervisor_stop_next(bench->supervisor);
}

static void on_stopped(bool failed, void *data)
{
	struct bench *bench = data;

	bench->stopped = true;
	bench->failed = failed;
}

static const struct supervisor_events events = {.ready = on_ready, .stopping = on_stopping, .stopped = on_stopped};

static bool is_ready(void *data)
{
	return access(data, F_OK) == 0;
}

static int setup(void **state)
{
	struct bench *bench = xmalloc(sizeof(*bench));

	log_setup("test", LOG_LEVEL_ERROR + 1, false);
	strcpy(bench->folder, "/tmp/ttob-supervise-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	bench->loop = loop_new();
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	supervisor_free(bench->supervisor);
	loop_free(bench->loop);
	dir_remove_all(bench->folder, NULL);
	for (int i = 0; i < 3; i++) {
		free(bench->commands[i]);
		free(bench->ready_files[i]);
	}
	buf_fini(&bench->order);
	free(bench);
	return 0;
}

/* `format` gets the folder as its one argument. The service is ready when <folder>/<name> exists. */
static void add(struct bench *bench, unsigned i, const char *name, const char *format)
{
	bench->commands[i] = xasprintf(format, bench->folder);
	bench->ready_files[i] = xasprintf("%s/%s", bench->folder, name);
	bench->argv[i][0] = "/bin/sh";
	bench->argv[i][1] = "-c";
	bench->argv[i][2] = bench->commands[i];
	bench->services[i] = (struct service){.name = name,
					      .argv = bench->argv[i],
					      .env = env,
					      .is_ready = is_ready,
					      .data = bench->ready_files[i],
					      .stop_seconds = 1};
}

static void start(struct bench *bench, size_t count)
{
	bench->supervisor = supervisor_new(bench->loop, bench->services, count, &events, bench);
	supervisor_start(bench->supervisor);
}

#define wait_for(bench, condition)                                                                                     \
	do {                                                                                                           \
		int64_t give_up = clock_monotonic_ms() + GIVE_UP_MS;                                                   \
		while (!(condition)) {                                                                                 \
			assert_true(clock_monotonic_ms() < give_up);                                                   \
			loop_once((bench)->loop, 20);                                                                  \
		}                                                                                                      \
	} while (0)

static size_t lines_of(struct bench *bench, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", bench->folder, name);
	auto_buf struct buf text = BUF_INIT;
	size_t lines = 0;

	file_read(AT_FDCWD, path, 65536, &text);
	for (size_t i = 0; i < text.length; i++)
		lines += text.data[i] == '\n';
	return lines;
}

static void starts_in_order_and_stops_in_reverse(void **state)
{
	struct bench *bench = *state;

	add(bench, 0, "first", "cd %s; touch first; exec sleep 1000");
	add(bench, 1, "second", "cd %s; test -e first && touch second; exec sleep 1000");
	add(bench, 2, "third", "cd %s; test -e second && touch third; exec sleep 1000");
	start(bench, 3);
	wait_for(bench, bench->ready);
	supervisor_stop(bench->supervisor);
	supervisor_stop(bench->supervisor);
	wait_for(bench, bench->stopped);
	assert_false(bench->failed);
	assert_string_equal(bench->order.data, "third second first ");
}

static void what_dies_is_started_again(void **state)
{
	struct bench *bench = *state;

	/* The second life stays. */
	add(bench, 0, "ready", "cd %s; echo >> lives; touch ready; test $(wc -l < lives) -ge 3 && exec sleep 1000; sleep 0.2; exit 5");
	start(bench, 1);
	wait_for(bench, bench->ready);
	wait_for(bench, lines_of(bench, "lives") >= 3);
	supervisor_stop(bench->supervisor);
	wait_for(bench, bench->stopped);
	assert_false(bench->failed);
}

static void what_never_gets_ready_ends_everything(void **state)
{
	struct bench *bench = *state;

	add(bench, 0, "good", "cd %s; touch good; exec sleep 1000");
	add(bench, 1, "bad", "cd %s; exit 3");
	start(bench, 2);
	wait_for(bench, bench->stopped);
	assert_true(bench->failed);
	assert_false(bench->ready);
	assert_string_equal(bench->order.data, "good ");
}

static void a_program_that_is_not_there_is_a_failure(void **state)
{
	struct bench *bench = *state;

	add(bench, 0, "none", "%s");
	bench->argv[0][0] = "/nowhere/program";
	start(bench, 1);
	wait_for(bench, bench->stopped);
	assert_true(bench->failed);
}

static void the_deaf_are_killed(void **state)
{
	struct bench *bench = *state;

	add(bench, 0, "deaf", "cd %s; trap '' TERM; touch deaf; while :; do sleep 0.1; done");
	start(bench, 1);
	wait_for(bench, bench->ready);
	supervisor_stop(bench->supervisor);
	wait_for(bench, bench->stopped);
}

static void rights_are_dropped(void **state)
{
	struct bench *bench = *state;
	auto_free char *path = xasprintf("%s/status", bench->folder);
	auto_buf struct buf text = BUF_INIT;

	assert_int_equal(geteuid(), 0); /* scripts/test sees to that */
	assert_int_equal(chown(bench->folder, 65534, 65534), 0);
	add(bench, 0, "ready", "cd %s; cat /proc/self/status > status; touch ready; exec sleep 1000");
	bench->services[0].uid = 65534;
	bench->services[0].gid = 65534;
	start(bench, 1);
	wait_for(bench, bench->ready);
	assert_int_equal(file_read(AT_FDCWD, path, 65536, &text), 0);
	assert_non_null(strstr(text.data, "Uid:\t65534\t65534\t65534\t65534"));
	assert_non_null(strstr(text.data, "Groups:\t \n"));
	assert_non_null(strstr(text.data, "CapPrm:\t0000000000000000"));
	assert_non_null(strstr(text.data, "CapBnd:\t0000000000000000"));
	assert_non_null(strstr(text.data, "NoNewPrivs:\t1"));
	supervisor_stop(bench->supervisor);
	wait_for(bench, bench->stopped);
}

/* As after a clone into somebody's home: program and pages lie below a folder that only root may enter. */
static void what_lies_behind_a_closed_folder_is_reached(void **state)
{
	struct bench *bench = *state;
	auto_free char *closed = xasprintf("%s/closed", bench->folder);
	auto_free char *pages = xasprintf("%s/pages", closed);
	auto_free char *page = xasprintf("%s/index.html", pages);
	auto_free char *program = xasprintf("%s/sh", pages);
	auto_free char *copy = xasprintf("cp /bin/sh %s", program);

	assert_int_equal(dir_make_all(pages, 0755, NULL), 0);
	assert_int_equal(file_replace(page, "hello", 5, 0644, NULL), 0);
	assert_int_equal(system(copy), 0);
	assert_int_equal(chmod(closed, 0700), 0);
	assert_int_equal(chown(bench->folder, 65534, 65534), 0);
	add(bench, 0, "ready", "cd %s; test $(cat " SPAWN_FOLDER "/index.html) = hello && touch ready; exec sleep 1000");
	bench->argv[0][0] = program;
	bench->services[0].uid = 65534;
	bench->services[0].gid = 65534;
	bench->services[0].folder = pages;
	start(bench, 1);
	wait_for(bench, bench->ready);
	supervisor_stop(bench->supervisor);
	wait_for(bench, bench->stopped);
	assert_false(bench->failed);
}

static void noise_is_not_passed_on(void **state)
{
	struct bench *bench = *state;
	auto_free char *path = xasprintf("%s/log", bench->folder);
	auto_buf struct buf text = BUF_INIT;
	int saved = dup(STDERR_FILENO);
	int log = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	dup2(log, STDERR_FILENO);
	add(bench, 0, "ready", "cd %s; echo a word; echo much noise here; echo the end; touch ready; exec sleep 1000");
	bench->services[0].noise = "noise";
	start(bench, 1);
	wait_for(bench, bench->ready);
	supervisor_stop(bench->supervisor);
	wait_for(bench, bench->stopped);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(log);
	assert_int_equal(file_read(AT_FDCWD, path, 65536, &text), 0);
	assert_non_null(strstr(text.data, "ready    | a word\n"));
	assert_non_null(strstr(text.data, "ready    | the end\n"));
	assert_null(strstr(text.data, "noise"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(starts_in_order_and_stops_in_reverse, setup, teardown),
		cmocka_unit_test_setup_teardown(what_dies_is_started_again, setup, teardown),
		cmocka_unit_test_setup_teardown(what_never_gets_ready_ends_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(a_program_that_is_not_there_is_a_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(the_deaf_are_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(rights_are_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(what_lies_behind_a_closed_folder_is_reached, setup, teardown),
		cmocka_unit_test_setup_teardown(noise_is_not_passed_on, setup, teardown),
	};

	return cmocka_run_group_tests_name("cli: supervise", tests, NULL, NULL);
}
