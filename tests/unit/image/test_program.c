/* The program as it is run: its walls stand before it reads a byte, and broken pictures end nothing but it. */
#include "../test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "samples.h"

struct run {
	pid_t pid;
	int in;
	int out;
};

static struct run start(void)
{
	struct run run;
	int in[2], out[2];

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	run.pid = fork();
	assert_true(run.pid >= 0);
	if (run.pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl(IMAGE_PROGRAM, "ttob-image", "100", "100", NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	run.in = in[1];
	run.out = out[0];
	return run;
}

/* Its exit status; 128 and the signal when it was killed. */
static int finish(struct run *run, const void *data, size_t length, struct buf *out)
{
	int status;

	fd_write_all(run->in, data, length); /* it may have had enough before the end */
	close(run->in);
	assert_int_equal(fd_read_all(run->out, 64 << 20, out), 0);
	close(run->out);
	assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void read_proc(pid_t pid, const char *name, struct buf *out)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	assert_int_equal(file_read(AT_FDCWD, path, 65536, out), 0);
}

/* Until it waits for its input: by then everything else is done. */
static void wait_until_it_reads(pid_t pid)
{
	for (;;) {
		struct buf text = BUF_INIT;
		bool reads;

		read_proc(pid, "syscall", &text);
		reads = strncmp(text.data, "0 0x0 ", 6) == 0;
		buf_fini(&text);
		if (reads)
			return;
		usleep(1000);
	}
}

static void the_walls_stand_before_the_first_byte(void **state)
{
	struct run run = start();
	struct buf status = BUF_INIT, limits = BUF_INIT, out = BUF_INIT;

	(void)state;
	wait_until_it_reads(run.pid);
	read_proc(run.pid, "status", &status);
	assert_non_null(strstr(status.data, "NoNewPrivs:\t1\n"));
	assert_non_null(strstr(status.data, "Seccomp:\t2\n"));
	read_proc(run.pid, "limits", &limits);
	assert_non_null(strstr(limits.data, "Max cpu time              10 "));
	assert_non_null(strstr(limits.data, "Max open files            3 "));
	assert_non_null(strstr(limits.data, "Max processes             0 "));
	assert_non_null(strstr(limits.data, "Max file size             16777216 "));
	assert_int_equal(finish(&run, "", 0, &out), 1);
	buf_fini(&status);
	buf_fini(&limits);
	buf_fini(&out);
}

static int convert(const void *data, size_t length, struct buf *out)
{
	struct run run = start();

	return finish(&run, data, length, out);
}

static void pictures_come_out(void **state)
{
	static const char *const types[][2] = {{"png", "png 100 50\n"}, {"jpg", "jpg 100 50\n"}, {"gif", "png 100 50\n"}, {"webp", "webp 100 50\n"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct buf data = BUF_INIT, out = BUF_INIT;

		sample(types[i][0], 400, 200, &data);
		assert_int_equal(convert(data.data, data.length, &out), 0);
		assert_int_equal(strncmp(out.data, types[i][1], strlen(types[i][1])), 0);
		buf_fini(&data);
		buf_fini(&out);
	}
}

static void what_is_no_picture_is_refused_in_words(void **state)
{
	struct buf out = BUF_INIT, huge = BUF_INIT;

	(void)state;
	assert_int_equal(convert("<svg/>", 6, &out), 1);
	assert_non_null(strstr(out.data, "no PNG, JPEG, WebP or GIF"));
	buf_clear(&out);
	sample_claim(60000, 60000, &huge);
	assert_int_equal(convert(huge.data, huge.length, &out), 1);
	assert_non_null(strstr(out.data, "60000 x 60000"));
	buf_clear(&out);
	buf_clear(&huge);
	memset(buf_reserve(&huge, 9 << 20), 'x', 9 << 20);
	buf_added(&huge, 9 << 20);
	assert_int_equal(convert(huge.data, huge.length, &out), 1);
	assert_non_null(strstr(out.data, "8 MiB"));
	buf_fini(&out);
	buf_fini(&huge);
}

/* Broken ones by the dozen, always the same: bytes changed by a fixed sequence. It says no, or makes something; it is never killed. */
static void broken_pictures_end_in_words(void **state)
{
	static const char *const types[] = {"png", "jpg", "gif", "webp"};
	unsigned random = 1;

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		for (int round = 0; round < 12; round++) {
			struct buf data = BUF_INIT, out = BUF_INIT;
			int status;

			sample(types[t], 60, 60, &data);
			for (int i = 0; i < 1 + round; i++) {
				random = random * 1103515245 + 12345;
				data.data[(random >> 8) % data.length] ^= (char)(random >> 20 | 1);
			}
			status = convert(data.data, data.length, &out);
			if (status != 0 && status != 1)
				fail_msg("round %d of %s: status %d", round, types[t], status);
			buf_fini(&data);
			buf_fini(&out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_walls_stand_before_the_first_byte),
		cmocka_unit_test(pictures_come_out),
		cmocka_unit_test(what_is_no_picture_is_refused_in_words),
		cmocka_unit_test(broken_pictures_end_in_words),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("image: program", tests, NULL, NULL);
}
