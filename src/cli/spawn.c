#include "cli/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"

static int drop_rights(uid_t uid, gid_t gid)
{
	/* The bounding set first: it needs a capability that goes with the user id. The kernel refuses the first number it lacks. */
	for (int capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++)
		;
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/* Opens `path` as that very descriptor; the lower ones are taken, or would be by nothing else. */
static void open_as(int fd, const char *path, int flags)
{
	int opened = path != NULL ? open(path, O_PATH | O_CLOEXEC | flags) : -1;

	if (path != NULL && opened < 0)
		fprintf(stderr, "cannot open %s: %s\n", path, strerror(errno));
	else if (opened == fd)
		fd_set_cloexec(fd, false);
	else if (opened >= 0 && dup2(opened, fd) == fd)
		close(opened);
}

#define SECRET_MAX ((size_t)1024 * 1024)

/* A copy in memory: the file itself would be asked for its permissions once more. */
static void copy_as(int fd, const char *path)
{
	auto_buf struct buf text = BUF_INIT;
	int copy = path != NULL && file_read(AT_FDCWD, path, SECRET_MAX, &text) == 0 ? memfd_create("secret", MFD_CLOEXEC) : -1;

	if (path == NULL)
		return;
	if (copy < 0 || fd_write_all(copy, text.data, text.length) < 0)
		fprintf(stderr, "cannot hand %s on\n", path);
	else if (copy == fd)
		fd_set_cloexec(fd, false);
	else if (dup2(copy, fd) == fd)
		close(copy);
}

/* All but the first three, and the control socket, which gets its number. */
static void close_others(int control)
{
	if (control > 0 && control != SPAWN_CONTROL_FD)
		dup2(control, SPAWN_CONTROL_FD);
	else if (control > 0)
		fd_set_cloexec(control, false);
	syscall(SYS_close_range, 3, control > 0 ? SPAWN_CONTROL_FD - 1 : ~0u, 0);
	if (control > 0)
		syscall(SYS_close_range, SPAWN_CONTROL_FD + 1, ~0u, 0);
}

/* What the child's user may not reach by its path is opened while we are still root. */
static int open_as_root(const struct spawn *what)
{
	open_as(3, what->folder, O_DIRECTORY);
	open_as(4, what->helper, 0);
	copy_as(SPAWN_SECRET_FD, what->secret);
	return strchr(what->argv[0], '/') != NULL ? open(what->argv[0], O_PATH | O_CLOEXEC) : -1;
}

/* In the child, until the exec. Never returns. */
static void become(const struct spawn *what, int output, pid_t parent)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;
	int program;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	dup2(null, 0);
	dup2(output, 1);
	dup2(output, 2);
	close_others(what->control);
	program = open_as_root(what);
	if (what->uid != 0 && drop_rights(what->uid, what->gid) < 0) {
		fprintf(stderr, "cannot become user %u: %s\n", what->uid, strerror(errno));
		_exit(126);
	}
	/* After the change of user, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(126);
	if (program >= 0)
		execveat(program, "", (char *const *)what->argv, (char *const *)what->env, AT_EMPTY_PATH);
	else
		execvpe(what->argv[0], (char *const *)what->argv, (char *const *)what->env);
	fprintf(stderr, "cannot run %s: %s\n", what->argv[0], strerror(errno));
	_exit(127);
}

int spawn(const struct spawn *what, pid_t *ret_pid, int *ret_pidfd, int *ret_output, struct error *err)
{
	auto_fd int in = -1;
	auto_fd int out = -1;
	pid_t parent = getpid();
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot make a pipe");
	in = ends[0];
	out = ends[1];
	fd_set_nonblock(in, true);
	pid = fork();
	if (pid < 0)
		return error_errno(err, errno, "cannot start %s", what->argv[0]);
	if (pid == 0)
		become(what, out, parent);
	*ret_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (*ret_pidfd < 0)
		return error_errno(err, errno, "cannot watch %s", what->argv[0]);
	fd_set_cloexec(*ret_pidfd, true);
	*ret_pid = pid;
	*ret_output = steal_fd(&in);
	return 0;
}
