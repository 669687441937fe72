#include "agent/image/unpack/outcome.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

void outcome_exit(int fd, const struct error *err)
{
	ssize_t n = 0;

	/* Below PIPE_BUF: one write, and the pipe was empty. */
	if (err->kind != ERROR_NONE)
		n = write(fd, err, sizeof(*err));
	(void)n;
	_exit(err->kind == ERROR_NONE ? 0 : 1);
}

void outcome_clean(char *message)
{
	bool utf8 = str_is_utf8(message, strlen(message));

	for (char *p = message; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f || (!utf8 && (unsigned char)*p > 0x7f))
			*p = '?';
}

int outcome_read(int fd, int status, const char *task, struct error *err)
{
	struct error told;
	ssize_t n;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status)) {
		int signal = WTERMSIG(status);

		if (signal == SIGXFSZ)
			return error_set(err, ERROR_TOO_LARGE, EFBIG, "the image unpacks to more than is allowed");
		if (signal == SIGXCPU)
			return error_set(err, ERROR_TOO_LARGE, ETIME, "the layer takes too long to unpack");
		return error_set(err, ERROR_MALFORMED, EIO, "the %s was ended by signal %d (%s)", task, signal,
				 signal == SIGSYS ? "a system call that it may not make" : strsignal(signal));
	}
	n = read(fd, &told, sizeof(told));
	if (n != (ssize_t)sizeof(told) || told.kind <= ERROR_NONE || told.kind >= ERROR_KINDS || told.code >= 0 ||
	    memchr(told.message, '\0', sizeof(told.message)) == NULL)
		return error_set(err, ERROR_INTERNAL, EIO, "the %s failed without a reason", task);
	outcome_clean(told.message);
	return error_set(err, told.kind, told.code, "%s", told.message);
}
