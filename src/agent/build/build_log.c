#include "agent/build/build_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

#define CHUNK 16384
#define LINGER_MS 30000 /* how long the reader may take for the rest */

struct build_log {
	struct loop *loop;
	int input;	  /* what jobs write arrives here */
	int input_writer; /* what jobs get */
	int output;
	int reader; /* until build_log_reader */
	struct loop_io input_io;
	struct loop_io output_io;
	struct buf waiting; /* for the reader; at most a chunk and our own lines */
	struct buf tail;
	uint64_t left; /* bytes until the cap */
	uint64_t output_max;
	bool full;
	bool over;
	build_log_closed closed;
	void *data;
	struct loop_timer timer;
};

static void update(struct build_log *log);

static void log_free(void *data)
{
	struct build_log *log = data;
	const int fds[] = {log->input, log->input_writer, log->output, log->reader};

	loop_timer_stop(&log->timer);
	loop_remove(&log->input_io);
	loop_remove(&log->output_io);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	buf_fini(&log->waiting);
	buf_fini(&log->tail);
	free(log);
}

static void reader_gone(struct build_log *log)
{
	if (log->output < 0)
		return;
	loop_remove(&log->output_io);
	close(log->output);
	log->output = -1;
	buf_clear(&log->waiting);
	if (log->over)
		loop_timer_start(log->loop, &log->timer, 0, log_free, log);
	else
		log->closed(log->data);
}

static void send_waiting(struct build_log *log)
{
	while (log->output >= 0 && log->waiting.length > 0) {
		ssize_t n = write(log->output, log->waiting.data, log->waiting.length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			reader_gone(log);
			return;
		}
		buf_consume(&log->waiting, (size_t)n);
	}
}

/* What goes to the reader, up to the cap. */
static void pass(struct build_log *log, const char *data, size_t length)
{
	size_t n = length < log->left ? length : (size_t)log->left;
	char text[160];

	if (log->output < 0 || log->full)
		return;
	buf_append(&log->waiting, data, n);
	log->left -= n;
	if (n == length)
		return;
	log->full = true;
	snprintf(text, sizeof(text),
		 "\n[the log is longer than the %llu KiB that are kept of one build; the rest is not shown, the build goes on]\n",
		 (unsigned long long)log->output_max >> 10);
	buf_append_string(&log->waiting, text);
}

static void keep_tail(struct build_log *log, const char *data, size_t length)
{
	buf_append(&log->tail, data, length);
	if (log->tail.length > 2 * BUILD_LOG_TAIL)
		buf_consume(&log->tail, log->tail.length - BUILD_LOG_TAIL);
}

/* One chunk; false when there was nothing. */
static bool take_chunk(struct build_log *log)
{
	char data[CHUNK];
	ssize_t n = read(log->input, data, sizeof(data));

	if (n <= 0)
		return false;
	keep_tail(log, data, (size_t)n);
	pass(log, data, (size_t)n);
	return true;
}

static void on_input(struct loop_io *io, uint32_t events)
{
	struct build_log *log = container_of(io, struct build_log, input_io);

	(void)events;
	take_chunk(log);
	send_waiting(log);
	update(log);
}

static void on_output(struct loop_io *io, uint32_t events)
{
	struct build_log *log = container_of(io, struct build_log, output_io);

	if (events & (EPOLLERR | EPOLLHUP)) {
		reader_gone(log);
		return;
	}
	send_waiting(log);
	update(log);
}

/* Reads only while the reader keeps up, and writes only while there is something. */
static void update(struct build_log *log)
{
	if (!log->over)
		loop_set_events(&log->input_io, log->waiting.length == 0 ? EPOLLIN : 0);
	if (log->output >= 0)
		loop_set_events(&log->output_io, log->waiting.length > 0 ? EPOLLOUT : 0);
	if (log->over && log->waiting.length == 0)
		loop_timer_start(log->loop, &log->timer, 0, log_free, log);
}

int build_log_new(struct loop *loop, uint64_t output_max, build_log_closed closed, void *data, struct build_log **ret_log,
		  struct error *err)
{
	struct build_log *log = xmalloc(sizeof(*log));
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	int r = 0;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		r = -errno;
	*log = (struct build_log){.loop = loop,
				  .input = in[0],
				  .input_writer = in[1],
				  .output = out[1],
				  .reader = out[0],
				  .left = output_max,
				  .output_max = output_max,
				  .closed = closed,
				  .data = data};
	if (r == 0)
		r = fd_set_nonblock(log->input, true);
	if (r == 0)
		r = fd_set_nonblock(log->output, true);
	if (r == 0)
		r = loop_add(loop, &log->input_io, log->input, EPOLLIN, on_input);
	if (r == 0)
		r = loop_add(loop, &log->output_io, log->output, 0, on_output);
	if (r < 0) {
		log_free(log);
		return error_errno(err, r, "cannot make the build's log");
	}
	*ret_log = log;
	return 0;
}

int build_log_reader(struct build_log *log)
{
	return steal_fd(&log->reader);
}

int build_log_writer(const struct build_log *log)
{
	return log->input_writer;
}

void build_log_say(struct build_log *log, const char *text)
{
	pass(log, text, strlen(text));
	send_waiting(log);
	update(log);
}

const char *build_log_tail(const struct build_log *log)
{
	return log->tail.data != NULL ? log->tail.data : "";
}

void build_log_drain(struct build_log *log)
{
	/* The pipe holds no more than its own size now, so this ends. */
	fd_set_nonblock(log->input, true);
	while (take_chunk(log))
		continue;
	send_waiting(log);
	if (!log->over)
		update(log);
}

void build_log_end(struct build_log *log)
{
	if (log == NULL)
		return;
	log->over = true;
	loop_remove(&log->input_io);
	if (log->reader >= 0) { /* never handed out */
		close(log->reader);
		log->reader = -1;
	}
	if (log->output < 0)
		buf_clear(&log->waiting);
	loop_timer_start(log->loop, &log->timer, LINGER_MS, log_free, log);
	send_waiting(log);
	update(log);
}
