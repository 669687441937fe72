#include "unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/util.h"
#include "contract/engine/suite.h"

#define GIVE_UP_MS 60000 /* a hang fails the test instead of the whole run */

/* One engine with everything that it has told. */
struct bench {
	const struct contract *contract;
	struct loop *loop;
	struct engine *engine;
	bool up;
	char image[80];
	char id[24];
	int tty;
	bool answered;
	struct error err; /* of the last answer; code 0: fine */
	char ended[24];	  /* reason of the sandbox's end; "" while it runs */
	int exit_code;
	unsigned terminal_ended;
	unsigned listed_terminals[8];
	size_t listed; /* terminals of our sandbox in the list; 0: it is not there */
	struct engine_usage usage;
	bool has_usage;
	bool saved; /* sandbox.saved came, and well */
};

static const struct engine_limits limits = {.memory = 256u << 20, .cpu = 500, .pids = 64, .disk = 64u << 20};

static void on_up(void *data)
{
	((struct bench *)data)->up = true;
}

static void on_down(const struct error *why, void *data)
{
	(void)why;
	((struct bench *)data)->up = false;
}

static void on_sandbox_ended(const char *sandbox, const char *reason, int exit_code, void *data)
{
	struct bench *bench = data;

	if (strcmp(sandbox, bench->id) != 0)
		return;
	snprintf(bench->ended, sizeof(bench->ended), "%s", reason);
	bench->exit_code = exit_code;
}

static void on_terminal_ended(const char *sandbox, unsigned terminal, void *data)
{
	struct bench *bench = data;

	if (strcmp(sandbox, bench->id) == 0)
		bench->terminal_ended = terminal;
}

static void on_image_progress(const char *reference, const char *stage, unsigned done, unsigned total, void *data)
{
	(void)reference;
	(void)stage;
	(void)data;
	assert_true(done <= total);
}

static void on_build_stage(const char *build, const char *stage, void *data)
{
	(void)build;
	(void)stage;
	(void)data;
}

static void on_build_ended(const char *build, const char *state, const char *error, const char *reference, void *data)
{
	(void)build;
	(void)state;
	(void)error;
	(void)reference;
	(void)data;
}

static void on_saved(const char *sandbox, const struct error *err, void *data)
{
	struct bench *bench = data;

	if (strcmp(sandbox, bench->id) == 0)
		bench->saved = err == NULL;
}

static const struct engine_events events = {
	.up = on_up,
	.down = on_down,
	.sandbox_ended = on_sandbox_ended,
	.terminal_ended = on_terminal_ended,
	.image_progress = on_image_progress,
	.build_stage = on_build_stage,
	.build_ended = on_build_ended,
	.sandbox_saved = on_saved,
};

#define wait_for(bench, condition)                                                                                     \
	do {                                                                                                           \
		int64_t give_up = clock_monotonic_ms() + GIVE_UP_MS;                                                   \
		while (!(condition)) {                                                                                 \
			assert_true(clock_monotonic_ms() < give_up);                                                   \
			assert_int_equal(loop_once((bench)->loop, 20), 0);                                             \
		}                                                                                                      \
	} while (0)

static void answer(struct bench *bench, const struct error *err)
{
	assert_false(bench->answered); /* exactly once */
	bench->answered = true;
	bench->err = err != NULL ? *err : (struct error){0};
}

static void on_done(const struct error *err, void *data)
{
	answer(data, err);
}

static void on_pulled(const struct error *err, const struct engine_image *image, void *data)
{
	struct bench *bench = data;

	answer(bench, err);
	if (err == NULL)
		snprintf(bench->image, sizeof(bench->image), "%s", image->image);
}

static void on_started(const struct error *err, int *tty, uint64_t start_us, bool pooled, void *data)
{
	struct bench *bench = data;

	(void)start_us;
	(void)pooled;
	answer(bench, err);
	if (err == NULL) {
		bench->tty = *tty;
		*tty = -1;
	}
}

static void on_fd(const struct error *err, int *fd, void *data)
{
	struct bench *bench = data;

	answer(bench, err);
	if (err == NULL) {
		bench->tty = *fd;
		*fd = -1;
	}
}

static void on_listed(const struct error *err, const struct engine_sandbox *sandboxes, size_t count, void *data)
{
	struct bench *bench = data;

	answer(bench, err);
	bench->listed = 0;
	for (size_t i = 0; i < count; i++)
		if (strcmp(sandboxes[i].sandbox, bench->id) == 0)
			for (size_t t = 0; t < sandboxes[i].terminal_count && t < ARRAY_SIZE(bench->listed_terminals); t++)
				bench->listed_terminals[bench->listed++] = sandboxes[i].terminals[t];
}

static void on_used(const struct error *err, const struct engine_usage *usage, void *data)
{
	struct bench *bench = data;

	answer(bench, err);
	bench->has_usage = usage != NULL;
	if (usage != NULL)
		bench->usage = *usage;
}

/* Asks and waits for the answer: the kind of its error, ERROR_NONE for none. Never answered from within. */
#define ask(bench, call)                                                                                               \
	__extension__({                                                                                                \
		(bench)->answered = false;                                                                             \
		call;                                                                                                  \
		assert_false((bench)->answered);                                                                       \
		wait_for(bench, (bench)->answered);                                                                    \
		(bench)->err.code == 0 ? ERROR_NONE : (bench)->err.kind;                                               \
	})

static enum error_kind start(struct bench *bench)
{
	struct engine_start what = {
		.sandbox = bench->id, .image = bench->image, .limits = limits, .network = false, .cols = 80, .rows = 24};

	return ask(bench, bench->engine->ops->start(bench->engine, &what, on_started, bench));
}

static enum error_kind list(struct bench *bench)
{
	return ask(bench, bench->engine->ops->list(bench->engine, on_listed, bench));
}

static enum error_kind stop(struct bench *bench, const char *reason)
{
	return ask(bench, bench->engine->ops->stop(bench->engine, bench->id, reason, on_done, bench));
}

/* Reads the terminal until `text` came. */
static void expect_output(struct bench *bench, int tty, const char *text)
{
	struct buf seen = BUF_INIT;
	int64_t give_up = clock_monotonic_ms() + GIVE_UP_MS;

	fcntl(tty, F_SETFL, O_NONBLOCK);
	while (seen.length == 0 || strstr(seen.data, text) == NULL) {
		ssize_t n = read(tty, buf_reserve(&seen, 4096), 4096);

		assert_true(clock_monotonic_ms() < give_up);
		if (n > 0)
			buf_added(&seen, (size_t)n);
		loop_once(bench->loop, 10);
	}
	buf_fini(&seen);
}

static void type(int tty, const char *text)
{
	assert_int_equal(write(tty, text, strlen(text)), (ssize_t)strlen(text));
}

static struct contract *current;

static int setup(void **state)
{
	struct bench *bench = xmalloc(sizeof(*bench));

	bench->contract = current;
	bench->tty = -1;
	bench->exit_code = -2;
	random_id(bench->id, sizeof(bench->id) - 4);
	bench->loop = loop_new();
	bench->engine = current->make(bench->loop, &events, bench, current->data);
	*state = bench;
	wait_for(bench, bench->up);
	assert_int_equal(ask(bench, bench->engine->ops->pull(bench->engine, current->reference, on_pulled, bench)), ERROR_NONE);
	assert_true(strncmp(bench->image, "sha256:", 7) == 0);
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	stop(bench, "stopped");
	if (bench->tty >= 0)
		close(bench->tty);
	bench->engine->ops->free(bench->engine);
	loop_free(bench->loop);
	free(bench);
	return 0;
}

static void starts_types_and_exits(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(start(bench), ERROR_NONE);
	type(bench->tty, "marker-one\n");
	expect_output(bench, bench->tty, "marker-one");
	type(bench->tty, "exit\n");
	wait_for(bench, bench->ended[0] != '\0');
	assert_string_equal(bench->ended, "exited");
	assert_true(bench->exit_code >= 0);
	assert_int_equal(list(bench), ERROR_NONE);
	assert_int_equal(bench->listed, 0);
}

static void stops_with_the_given_reason(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(start(bench), ERROR_NONE);
	assert_int_equal(stop(bench, "expired"), ERROR_NONE);
	wait_for(bench, bench->ended[0] != '\0');
	assert_string_equal(bench->ended, "expired");
	assert_int_equal(stop(bench, "expired"), ERROR_NONE); /* twice is fine */
	assert_int_equal(list(bench), ERROR_NONE);
	assert_int_equal(bench->listed, 0);
}

static void lists_attaches_and_measures(void **state)
{
	struct bench *bench = *state;
	int first;

	assert_int_equal(start(bench), ERROR_NONE);
	first = bench->tty;
	assert_int_equal(list(bench), ERROR_NONE);
	assert_int_equal(bench->listed, 1);
	assert_int_equal(bench->listed_terminals[0], 1);
	assert_int_equal(ask(bench, bench->engine->ops->attach(bench->engine, bench->id, 1, on_fd, bench)), ERROR_NONE);
	type(first, "marker-two\n");
	expect_output(bench, bench->tty, "marker-two"); /* both are the same terminal */
	assert_int_equal(ask(bench, bench->engine->ops->adopt(bench->engine, bench->id, 1, first, on_done, bench)), ERROR_NONE);
	close(first);
	assert_int_equal(ask(bench, bench->engine->ops->usage(bench->engine, bench->id, on_used, bench)), ERROR_NONE);
	assert_true(bench->has_usage);
	assert_true(bench->usage.memory > 0);
	assert_true(bench->usage.pids >= 1);
	assert_true(bench->usage.memory_limit == limits.memory);
}

static void opens_more_shells(void **state)
{
	struct bench *bench = *state;
	int first;

	assert_int_equal(start(bench), ERROR_NONE);
	first = bench->tty;
	assert_int_equal(ask(bench, bench->engine->ops->exec(bench->engine, bench->id, 2, 80, 24, on_fd, bench)), ERROR_NONE);
	type(bench->tty, "marker-three\n");
	expect_output(bench, bench->tty, "marker-three");
	assert_int_equal(list(bench), ERROR_NONE);
	assert_int_equal(bench->listed, 2);
	type(bench->tty, "exit\n");
	wait_for(bench, bench->terminal_ended == 2);
	assert_string_equal(bench->ended, ""); /* the first shell goes on */
	type(first, "marker-four\n");
	expect_output(bench, first, "marker-four");
	close(first);
}

static void refuses_what_is_not_there(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(ask(bench, bench->engine->ops->attach(bench->engine, bench->id, 1, on_fd, bench)), ERROR_NOT_FOUND);
	assert_int_equal(ask(bench, bench->engine->ops->exec(bench->engine, bench->id, 2, 80, 24, on_fd, bench)), ERROR_NOT_FOUND);
	assert_int_equal(ask(bench, bench->engine->ops->usage(bench->engine, bench->id, on_used, bench)), ERROR_NONE);
	assert_false(bench->has_usage);
	assert_int_equal(stop(bench, "stopped"), ERROR_NONE);
	assert_int_equal(ask(bench, bench->engine->ops->build_cancel(bench->engine, bench->id, on_done, bench)), ERROR_NOT_FOUND);
}

static void saves_what_was_written(void **state)
{
	struct bench *bench = *state;
	char block[4096];
	int layer;

	assert_int_equal(ask(bench, bench->engine->ops->save(bench->engine, bench->id, 1u << 24, on_fd, bench)), ERROR_NOT_FOUND);
	assert_int_equal(start(bench), ERROR_NONE);
	close(bench->tty);
	assert_int_equal(ask(bench, bench->engine->ops->save(bench->engine, bench->id, 1u << 24, on_fd, bench)), ERROR_NONE);
	layer = bench->tty;
	bench->tty = -1;
	while (read(layer, block, sizeof(block)) > 0)
		continue;
	close(layer);
	wait_for(bench, bench->saved);
}

static void refuses_addresses_that_are_not_https(void **state)
{
	struct bench *bench = *state;
	const struct engine_fetch fetch = {
		.fetch = bench->id, .url = "file:///etc", .memory = 128u << 20, .disk = 64u << 20, .seconds = 10};

	assert_int_equal(ask(bench, bench->engine->ops->git_fetch(bench->engine, &fetch, on_fd, bench)), ERROR_INVALID);
	assert_int_equal(ask(bench, bench->engine->ops->git_cancel(bench->engine, bench->id, on_done, bench)), ERROR_NOT_FOUND);
}

static void refuses_the_same_id_twice(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(start(bench), ERROR_NONE);
	assert_int_equal(start(bench), ERROR_CONFLICT);
}

static void tells_a_command_exit_code(void **state)
{
	struct bench *bench = *state;
	const char *command[] = {"/bin/sh", "-c", "true", NULL};
	struct engine_start what = {
		.sandbox = bench->id, .image = bench->image, .command = command, .limits = limits, .cols = 80, .rows = 24};

	assert_int_equal(ask(bench, bench->engine->ops->start(bench->engine, &what, on_started, bench)), ERROR_NONE);
	wait_for(bench, bench->ended[0] != '\0');
	assert_string_equal(bench->ended, "exited");
	assert_int_equal(bench->exit_code, 0);
}

static void answers_all_when_freed(void **state)
{
	struct bench *bench = *state;
	struct bench other = {.tty = -1};

	other.loop = bench->loop;
	other.engine = current->make(bench->loop, &events, &other, current->data);
	wait_for(bench, other.up);
	other.engine->ops->list(other.engine, on_listed, &other);
	other.engine->ops->free(other.engine);
	assert_true(other.answered);
	assert_int_equal(other.err.kind, ERROR_UNAVAILABLE);
}

int contract_run(const char *name, struct contract *contract)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(starts_types_and_exits, setup, teardown),
		cmocka_unit_test_setup_teardown(stops_with_the_given_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(lists_attaches_and_measures, setup, teardown),
		cmocka_unit_test_setup_teardown(opens_more_shells, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_what_is_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(saves_what_was_written, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_addresses_that_are_not_https, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_the_same_id_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_a_command_exit_code, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_all_when_freed, setup, teardown),
	};

	current = contract;
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
