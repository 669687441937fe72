#include "web/recorder.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

#include "unit/test.h"

static char folder[64];
static char url[128];

static int setup(void **state)
{
	(void)state;
	log_setup("test", LOG_LEVEL_ERROR, false);
	strcpy(folder, "/tmp/ttob-recorder-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(url, sizeof(url), "sqlite:%s/ttob.db", folder);
	return store_prepare(url, NULL);
}

static int teardown(void **state)
{
	(void)state;
	return dir_remove_all(folder, NULL);
}

struct trace {
	char order[16];
	int failures_left;
	enum error_kind kind;
	struct loop *loop;
	int result;
};

static void mark(struct trace *trace, char c)
{
	size_t length = strlen(trace->order);

	if (length + 1 < sizeof(trace->order))
		trace->order[length] = c;
}

static int fail_first(struct store *store, void *data, struct error *err)
{
	struct trace *trace = data;

	(void)store;
	mark(trace, 'a');
	return trace->failures_left-- > 0 ? error_set(err, trace->kind, ENOSPC, "not now") : 0;
}

static int second(struct store *store, void *data, struct error *err)
{
	(void)store;
	(void)err;
	mark(data, 'b');
	return 0;
}

static void on_first(int result, const struct error *err, void *data)
{
	struct trace *trace = data;

	(void)err;
	trace->result = result;
}

static void on_second(int result, const struct error *err, void *data)
{
	struct trace *trace = data;

	(void)result;
	(void)err;
	loop_stop(trace->loop);
}

static void run(struct trace *trace)
{
	struct recorder *recorder;

	trace->loop = loop_new();
	assert_int_equal(recorder_new(trace->loop, url, &recorder, NULL), 0);
	recorder_post(recorder, "write the first", fail_first, on_first, trace);
	recorder_post(recorder, "write the second", second, on_second, trace);
	assert_int_equal(loop_run(trace->loop), 0);
	recorder_free(recorder);
	loop_free(trace->loop);
}

static void a_full_disk_loses_nothing_and_keeps_the_order(void **state)
{
	struct trace trace = {.failures_left = 2, .kind = ERROR_UNAVAILABLE, .result = -1};

	(void)state;
	run(&trace);
	assert_string_equal(trace.order, "aaab");
	assert_int_equal(trace.result, 0);
}

static void what_can_never_be_written_holds_up_nothing(void **state)
{
	struct trace trace = {.failures_left = 2, .kind = ERROR_CONFLICT};

	(void)state;
	run(&trace);
	assert_string_equal(trace.order, "ab");
	assert_int_equal(trace.result, -ENOSPC);
}

static void the_end_does_not_wait_for_a_full_disk(void **state)
{
	struct trace trace = {.failures_left = 1 << 20, .kind = ERROR_UNAVAILABLE, .loop = loop_new()};
	struct recorder *recorder;

	(void)state;
	assert_int_equal(recorder_new(trace.loop, url, &recorder, NULL), 0);
	recorder_post(recorder, "write the first", fail_first, on_first, &trace);
	recorder_stop(recorder);
	assert_int_equal(loop_once(trace.loop, 0), 0);
	assert_int_equal(trace.result, -ENOSPC);
	recorder_free(recorder);
	loop_free(trace.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_full_disk_loses_nothing_and_keeps_the_order, setup, teardown),
		cmocka_unit_test_setup_teardown(what_can_never_be_written_holds_up_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(the_end_does_not_wait_for_a_full_disk, setup, teardown),
	};

	return cmocka_run_group_tests_name("web: recorder", tests, NULL, NULL);
}
