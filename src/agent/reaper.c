#include "agent/reaper.h"

#include <errno.h>
#include <linux/types.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/list.h"
#include "base/util.h"

/* linux/pidfd.h of 6.15 and later; older headers lack it. */
struct pidfd_exit_info {
	__u64 mask;
	__u64 cgroupid;
	__u32 pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	__s32 exit_code;
};

#define PIDFD_EXIT_INFO_GET _IOWR(0xFF, 11, struct pidfd_exit_info)
#define PIDFD_EXIT_INFO_MASK (1ull << 3)

#define ORPHAN_WAIT_MS 1000
#define BUCKETS 256 /* by pid */

struct reaper {
	struct loop *loop;
	struct loop_io signal_io;
	int signal_fd;
	struct loop_timer orphan_timer;
	unsigned expected; /* orphans that will be watched */
	struct list watches[BUCKETS];
};

struct watch {
	struct list link;
	struct loop_io io;
	int pidfd;
	pid_t pid;
	bool kills_group;
	watch_exited exited;
	void *data;
};

static int code_of_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int code_of_info(const siginfo_t *info)
{
	return info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
}

/* Not our child: the kernel may still tell (PIDFD_GET_INFO, once somebody has reaped it). */
static int code_of_stranger(int pidfd)
{
	struct pidfd_exit_info info = {.mask = PIDFD_EXIT_INFO_MASK};

	/* Its own parent may take a moment to reap it; the information appears with that. */
	for (int i = 0; i < 20; i++) {
		info.mask = PIDFD_EXIT_INFO_MASK;
		if (ioctl(pidfd, PIDFD_EXIT_INFO_GET, &info) == 0 && (info.mask & PIDFD_EXIT_INFO_MASK) != 0)
			return code_of_status(info.exit_code);
		usleep(200);
	}
	return -1;
}

static void on_exit_event(struct loop_io *io, uint32_t events)
{
	struct watch *watch = container_of(io, struct watch, io);
	siginfo_t info = {0};
	int code;

	(void)events;
	if (watch->kills_group && waitid(P_PIDFD, (id_t)watch->pidfd, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 &&
	    code_of_info(&info) != 0)
		kill(-watch->pid, SIGKILL);
	info = (siginfo_t){0};
	if (waitid(P_PIDFD, (id_t)watch->pidfd, &info, WEXITED | WNOHANG) == 0) {
		if (info.si_pid == 0)
			return;
		code = code_of_info(&info);
	} else {
		code = code_of_stranger(watch->pidfd);
	}
	loop_remove(&watch->io);
	watch->exited(watch, code, watch->data);
}

static bool is_watched(const struct reaper *reaper, pid_t pid)
{
	const struct list *bucket = &reaper->watches[(unsigned)pid % BUCKETS];

	for (const struct list *node = bucket->next; node != bucket; node = node->next)
		if (container_of(node, struct watch, link)->pid == pid)
			return true;
	return false;
}

/* Orphans that nobody watches. They are left for a moment, so that a watch that is about to be made still finds its process. */
static void reap_orphans(void *data)
{
	struct reaper *reaper = data;
	siginfo_t info = {0};

	if (reaper->expected > 0) {
		loop_timer_start(reaper->loop, &reaper->orphan_timer, ORPHAN_WAIT_MS, reap_orphans, reaper);
		return;
	}
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) {
		if (is_watched(reaper, info.si_pid)) {
			/* Its own handler is due; look again after it. */
			loop_timer_start(reaper->loop, &reaper->orphan_timer, ORPHAN_WAIT_MS, reap_orphans, reaper);
			return;
		}
		waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG);
		info.si_pid = 0;
	}
}

static void on_signal(struct loop_io *io, uint32_t events)
{
	struct reaper *reaper = container_of(io, struct reaper, signal_io);
	struct signalfd_siginfo info;

	(void)events;
	while (read(reaper->signal_fd, &info, sizeof(info)) > 0)
		;
	if (reaper->orphan_timer.loop == NULL)
		loop_timer_start(reaper->loop, &reaper->orphan_timer, ORPHAN_WAIT_MS, reap_orphans, reaper);
}

struct reaper *reaper_new(struct loop *loop)
{
	struct reaper *reaper = xmalloc(sizeof(*reaper));
	sigset_t set;

	reaper->loop = loop;
	for (size_t i = 0; i < BUCKETS; i++)
		list_init(&reaper->watches[i]);
	prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	reaper->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (reaper->signal_fd < 0 || loop_add(loop, &reaper->signal_io, reaper->signal_fd, EPOLLIN, on_signal) < 0)
		abort();
	return reaper;
}

void reaper_free(struct reaper *reaper)
{
	if (reaper == NULL)
		return;
	loop_remove(&reaper->signal_io);
	loop_timer_stop(&reaper->orphan_timer);
	close(reaper->signal_fd);
	free(reaper);
}

void reaper_expect(struct reaper *reaper)
{
	reaper->expected++;
}

void reaper_expect_less(struct reaper *reaper)
{
	reaper->expected--;
}

int watch_new_pidfd(struct reaper *reaper, pid_t pid, int pidfd, watch_exited exited, void *data, struct watch **ret_watch)
{
	struct watch *watch = xmalloc(sizeof(*watch));
	int r;

	*watch = (struct watch){.pidfd = pidfd, .pid = pid, .exited = exited, .data = data};
	r = loop_add(reaper->loop, &watch->io, pidfd, EPOLLIN, on_exit_event);
	if (r < 0) {
		close(pidfd);
		free(watch);
		return r;
	}
	list_append(&reaper->watches[(unsigned)pid % BUCKETS], &watch->link);
	*ret_watch = watch;
	return 0;
}

int watch_new(struct reaper *reaper, pid_t pid, watch_exited exited, void *data, struct watch **ret_watch)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	return pidfd < 0 ? -errno : watch_new_pidfd(reaper, pid, pidfd, exited, data, ret_watch);
}

void watch_free(struct watch *watch)
{
	if (watch == NULL)
		return;
	loop_remove(&watch->io);
	list_remove(&watch->link);
	close(watch->pidfd);
	free(watch);
}

void watch_kill_group_on_failure(struct watch *watch)
{
	watch->kills_group = true;
}

int watch_kill(struct watch *watch, int signal)
{
	return syscall(SYS_pidfd_send_signal, watch->pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

pid_t watch_pid(const struct watch *watch)
{
	return watch->pid;
}
