#include "../../test.h"

#include <fcntl.h>
#include <unistd.h>

#include "agent/build/build_log.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/util.h"

struct fixture {
	struct loop *loop;
	struct build_log *log;
	int reader;
	unsigned closed;
};

static void on_closed(void *data)
{
	((struct fixture *)data)->closed++;
}

static void set_up(struct fixture *f, uint64_t max)
{
	struct error err;

	*f = (struct fixture){.loop = loop_new()};
	assert_int_equal(build_log_new(f->loop, max, on_closed, f, &f->log, &err), 0);
	f->reader = build_log_reader(f->log);
	fd_set_nonblock(f->reader, true);
}

static void turn(struct fixture *f)
{
	for (int i = 0; i < 20; i++)
		loop_once(f->loop, 1);
}

/* Ends the log and reads to the end of file. */
static void finish(struct fixture *f, struct buf *out)
{
	char data[4096];
	ssize_t n;

	build_log_drain(f->log);
	build_log_end(f->log);
	for (;;) {
		n = read(f->reader, data, sizeof(data));
		if (n == 0)
			break;
		if (n > 0)
			buf_append(out, data, (size_t)n);
		else
			loop_once(f->loop, 1);
	}
	close(f->reader);
	loop_free(f->loop);
}

static void test_passes_all(void **state)
{
	struct fixture f;
	auto_buf struct buf out = BUF_INIT;

	(void)state;
	set_up(&f, 1000);
	fd_write_all(build_log_writer(f.log), "hello\n", 6);
	turn(&f);
	build_log_say(f.log, "[us]\n");
	fd_write_all(build_log_writer(f.log), "bye\n", 4);
	finish(&f, &out);
	assert_string_equal(out.data, "hello\n[us]\nbye\n");
	assert_int_equal(f.closed, 0);
}

static void test_cap_and_tail(void **state)
{
	struct fixture f;
	auto_buf struct buf out = BUF_INIT;
	char block[1000];

	(void)state;
	memset(block, 'x', sizeof(block));
	set_up(&f, 5000);
	for (int i = 0; i < 200; i++) {
		fd_write_all(build_log_writer(f.log), block, sizeof(block));
		turn(&f);
	}
	fd_write_all(build_log_writer(f.log), "the reason\n", 11);
	build_log_drain(f.log);
	assert_non_null(strstr(build_log_tail(f.log), "the reason"));
	assert_true(strlen(build_log_tail(f.log)) <= 3 * BUILD_LOG_TAIL);
	finish(&f, &out);
	assert_true(out.length > 5000 && out.length < 5200);
	assert_non_null(strstr(out.data, "the rest is not shown"));
	assert_null(strstr(out.data, "the reason"));
}

/* Nothing is piled up for a reader that sleeps: the writer stands instead. */
static void test_slow_reader(void **state)
{
	struct fixture f;
	auto_buf struct buf out = BUF_INIT;
	char block[4096];
	size_t written = 0;
	int64_t until;

	(void)state;
	memset(block, 'y', sizeof(block));
	set_up(&f, 1 << 30);
	fd_set_nonblock(build_log_writer(f.log), true);
	until = clock_monotonic_ms() + 300;
	while (clock_monotonic_ms() < until) {
		ssize_t n = write(build_log_writer(f.log), block, sizeof(block));

		if (n > 0)
			written += (size_t)n;
		loop_once(f.loop, 0);
	}
	assert_true(written < 400 * 1024); /* two pipes and a chunk */
	finish(&f, &out);
	assert_int_equal(out.length, written);
}

static void test_reader_gone(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, 1000);
	close(f.reader);
	turn(&f);
	assert_int_equal(f.closed, 1);
	fd_write_all(build_log_writer(f.log), "still\n", 6); /* the job does not die of it */
	turn(&f);
	build_log_say(f.log, "nobody hears\n");
	build_log_drain(f.log);
	assert_string_equal(build_log_tail(f.log), "still\n");
	assert_int_equal(f.closed, 1);
	build_log_end(f.log);
	turn(&f);
	loop_free(f.loop);
}

static void test_never_handed_out(void **state)
{
	struct fixture f = {.loop = loop_new()};
	struct error err;

	(void)state;
	assert_int_equal(build_log_new(f.loop, 10, on_closed, &f, &f.log, &err), 0);
	build_log_end(f.log);
	turn(&f);
	build_log_end(NULL);
	loop_free(f.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passes_all),  cmocka_unit_test(test_cap_and_tail),     cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_reader_gone), cmocka_unit_test(test_never_handed_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
