#include "web/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sodium.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"

#define TIME_MAX_MS 15000
#define OUTPUT_MAX  ((size_t)16 << 20)
#define LINE_MAX_BYTES 400

struct child {
	pid_t pid;
	int in;  /* we write */
	int out; /* we read */
	int64_t deadline_ms;
};

void picture_fini(struct picture *picture)
{
	buf_fini(&picture->data);
}

const char *picture_media_type(const char *type)
{
	return strcmp(type, "jpg") == 0 ? "image/jpeg" : strcmp(type, "webp") == 0 ? "image/webp" : "image/png";
}

/* In the child, where other threads' locks may be held: nothing but system calls. */
static void become(int program, int in, int out, char *const *argv)
{
	static char *const env[] = {NULL};
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(program, 3) < 0)
		_exit(126);
	fcntl(3, F_SETFD, FD_CLOEXEC);
	syscall(SYS_close_range, 4, ~0u, 0);
	execveat(3, "", argv, env, AT_EMPTY_PATH);
	_exit(127);
}

static int start(const char *path, unsigned width, unsigned height, struct child *child, struct error *err)
{
	auto_fd int program = open(path, O_PATH | O_CLOEXEC);
	auto_fd int in_read = -1, in_write = -1, out_read = -1, out_write = -1;
	char texts[2][16];
	char *const argv[] = {(char *)"ttob-image", texts[0], texts[1], NULL};
	int in[2], out[2];

	if (program < 0)
		return error_set(err, ERROR_UNAVAILABLE, errno, "pictures can't be taken: %s: %s", path, strerror(errno));
	if (pipe2(in, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot make a pipe");
	in_read = in[0];
	in_write = in[1];
	if (pipe2(out, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot make a pipe");
	out_read = out[0];
	out_write = out[1];
	snprintf(texts[0], sizeof(texts[0]), "%u", width);
	snprintf(texts[1], sizeof(texts[1]), "%u", height);
	child->pid = fork();
	if (child->pid < 0)
		return error_errno(err, errno, "cannot start %s", path);
	if (child->pid == 0)
		become(program, in_read, out_write, argv);
	fd_set_nonblock(in_write, true);
	fd_set_nonblock(out_read, true);
	child->in = steal_fd(&in_write);
	child->out = steal_fd(&out_read);
	child->deadline_ms = clock_monotonic_ms() + TIME_MAX_MS;
	return 0;
}

/* Writes what fits; closes the pipe when all is written, or nobody reads (the child says why by its end). */
static void feed(struct child *child, const char *data, size_t length, size_t *done)
{
	ssize_t n = write(child->in, data + *done, min_size(length - *done, 65536));

	if (n > 0)
		*done += (size_t)n;
	if (*done == length || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		close(child->in);
		child->in = -1;
	}
}

/* Takes what is there; false at the end. */
static bool take(const struct child *child, struct buf *out)
{
	ssize_t n = read(child->out, buf_reserve(out, 65536), 65536);

	if (n > 0)
		buf_added(out, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static int talk(struct child *child, const char *data, size_t length, struct buf *out)
{
	size_t done = 0;

	for (;;) {
		struct pollfd fds[] = {{.fd = child->out, .events = POLLIN}, {.fd = child->in, .events = POLLOUT}};
		int64_t left = child->deadline_ms - clock_monotonic_ms();

		if (left <= 0 || out->length > OUTPUT_MAX)
			return -ETIMEDOUT;
		if (poll(fds, child->in >= 0 ? 2 : 1, (int)left) < 0 && errno != EINTR)
			return -errno;
		if (child->in >= 0 && fds[1].revents != 0)
			feed(child, data, length, &done);
		if (fds[0].revents != 0 && !take(child, out))
			return 0;
	}
}

/* The child is gone when this returns. */
static int finish(struct child *child, int talked, struct error *err)
{
	int status = 0;

	if (talked < 0)
		kill(child->pid, SIGKILL);
	if (child->in >= 0)
		close(child->in);
	close(child->out);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (talked == 0 && WIFEXITED(status) && WEXITSTATUS(status) <= 1)
		return WEXITSTATUS(status);
	if (WIFEXITED(status) && WEXITSTATUS(status) >= 126)
		return error_set(err, ERROR_UNAVAILABLE, ENOEXEC, "pictures can't be taken: the program for them can't be run");
	log_warning("a picture was too much for ttob-image (%s %d)", WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return error_set(err, ERROR_INVALID, EINVAL, "the picture is damaged, or takes too much time or memory");
}

static int refused(const struct buf *out, struct error *err)
{
	size_t length = out->length < LINE_MAX_BYTES ? out->length : LINE_MAX_BYTES;

	while (length > 0 && (out->data[length - 1] == '\n' || out->data[length - 1] == '\r'))
		length--;
	return error_set(err, ERROR_INVALID, EINVAL, "%.*s", (int)length, length > 0 ? out->data : "");
}

/* "png 600 200\n" and the picture. */
static int read_answer(struct buf *out, struct picture *picture, struct error *err)
{
	unsigned char hash[16];
	int header = 0;

	if (out->length == 0 || sscanf(out->data, "%7[a-z] %u %u%n", picture->type, &picture->width, &picture->height, &header) != 3 ||
	    out->data[header] != '\n' ||
	    (strcmp(picture->type, "png") != 0 && strcmp(picture->type, "jpg") != 0 && strcmp(picture->type, "webp") != 0))
		return error_set(err, ERROR_INTERNAL, EBADMSG, "ttob-image gave a strange answer");
	buf_consume(out, (size_t)header + 1);
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)out->data, out->length, NULL, 0);
	str_hex(hash, sizeof(hash), picture->hash);
	picture->data = *out;
	buf_init(out);
	return 0;
}

int picture_make(const char *program, const void *data, size_t length, unsigned width_max, unsigned height_max,
		 struct picture *ret_picture, struct error *err)
{
	auto_buf struct buf out = BUF_INIT;
	struct child child = {.in = -1, .out = -1};
	int r;

	memset(ret_picture, 0, sizeof(*ret_picture));
	if (length == 0)
		return error_set(err, ERROR_INVALID, EINVAL, "the body must be a picture");
	r = start(program, width_max, height_max, &child, err);
	if (r < 0)
		return r;
	r = finish(&child, talk(&child, data, length, &out), err);
	if (r < 0)
		return r;
	return r == 1 ? refused(&out, err) : read_answer(&out, ret_picture, err);
}
