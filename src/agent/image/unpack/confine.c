#include "agent/image/unpack/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

/* sys/mount.h and linux/mount.h cannot be included together everywhere; these are all we need of the former. */
#define FLAG_PRIVATE_REC (0x4000ul | 0x40000ul) /* MS_REC | MS_PRIVATE */
#define UMOUNT_DETACH    2                      /* MNT_DETACH */

#define NOBODY           65534

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

int confine_clone_folder(const char *path, bool read_only, struct error *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
					      (read_only ? MOUNT_ATTR_RDONLY : 0)};
	auto_fd int fd =
		(int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);

	if (fd < 0)
		return error_errno(err, errno, "cannot open the folder %s as a mount of its own", path);
	if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return error_errno(err, errno, "cannot restrict the mount of %s", path);
	return steal_fd(&fd);
}

int confine_to_folder(int folder, const char *path, struct error *err)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		return error_errno(err, errno, "cannot make name spaces");
	if (syscall(SYS_mount, NULL, "/", NULL, FLAG_PRIVATE_REC, NULL) < 0)
		return error_errno(err, errno, "cannot make the mounts private");
	if (syscall(SYS_move_mount, folder, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_errno(err, errno, "cannot mount %s", path);
	if (fchdir(folder) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    syscall(SYS_umount2, ".", UMOUNT_DETACH) < 0 || chdir("/") < 0)
		return error_errno(err, errno, "cannot change the root to %s", path);
	return 0;
}

int confine_user_space(struct error *err)
{
	return unshare(CLONE_NEWUSER) < 0 ? error_errno(err, errno, "cannot make a user name space") : 0;
}

int confine_map_ids(int pid, struct error *err)
{
	static const char *const files[] = {"uid_map", "gid_map"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char path[64];
		int r;

		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		r = file_write_control(path, "0 0 65536\n");
		if (r < 0)
			return error_errno(err, r, "cannot write %s", path);
	}
	return 0;
}

int confine_capabilities(uint64_t keep, struct error *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)keep, .permitted = (uint32_t)keep},
		{.effective = (uint32_t)(keep >> 32), .permitted = (uint32_t)(keep >> 32)},
	};

	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0L, 0L, 0L) >= 0; i++)
		if ((keep >> i & 1) == 0 && prctl(PR_CAPBSET_DROP, i, 0L, 0L, 0L) < 0)
			return error_errno(err, errno, "cannot drop capabilities");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L) < 0 || syscall(SYS_capset, &header, data) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0)
		return error_errno(err, errno, "cannot drop capabilities");
	return 0;
}

int confine_nobody(struct error *err)
{
	/* Those two go with the change from root to nobody. */
	int r = confine_capabilities((uint64_t)1 << CAP_SETUID | (uint64_t)1 << CAP_SETGID, err);

	if (r < 0)
		return r;
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return error_errno(err, errno, "cannot become nobody");
	return 0;
}

int confine_limits(uint64_t memory, uint64_t file_size, uint64_t seconds, struct error *err)
{
	const struct {
		int resource;
		rlim_t value;
	} limits[] = {
		{RLIMIT_AS, SANITIZED ? RLIM_INFINITY : memory}, /* the sanitizers' shadow is larger than any limit */
		{RLIMIT_FSIZE, file_size},
		{RLIMIT_CPU, seconds},
		{RLIMIT_CORE, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct rlimit now;

		if (getrlimit(limits[i].resource, &now) < 0)
			return error_errno(err, errno, "cannot read a limit");
		if (limits[i].value >= now.rlim_max) /* never above what we were given */
			continue;
		now.rlim_cur = now.rlim_max = limits[i].value;
		if (setrlimit(limits[i].resource, &now) < 0)
			return error_errno(err, errno, "cannot set a limit");
	}
	return 0;
}

/* What glibc needs of a process that only computes. */
static const int stream_calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(close),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mprotect),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(futex),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(fstat),
	SCMP_SYS(lseek),
	SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(tgkill),
	SCMP_SYS(newfstatat),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(restart_syscall),
};

static const int file_calls[] = {
	SCMP_SYS(openat),     SCMP_SYS(mkdirat),    SCMP_SYS(mknodat),   SCMP_SYS(symlinkat), SCMP_SYS(linkat),
	SCMP_SYS(unlinkat),   SCMP_SYS(fchmod),     SCMP_SYS(fchown),    SCMP_SYS(fchownat),  SCMP_SYS(utimensat),
	SCMP_SYS(readlinkat), SCMP_SYS(pwrite64),   SCMP_SYS(ftruncate), SCMP_SYS(fsetxattr), SCMP_SYS(fgetxattr),
	SCMP_SYS(flistxattr), SCMP_SYS(getdents64), SCMP_SYS(umask),     SCMP_SYS(fcntl),     SCMP_SYS(statx),
};

static int allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return r;
}

int confine_calls(enum confine_calls calls, struct error *err)
{
	scmp_filter_ctx filter;
	int r;

	if (SANITIZED) /* their run time calls what nobody has counted */
		return 0;
	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (filter == NULL)
		return error_set(err, ERROR_INTERNAL, ENOMEM, "cannot make a filter of system calls");
	r = allow(filter, stream_calls, ARRAY_SIZE(stream_calls));
	if (r == 0 && calls == CONFINE_FILES)
		r = allow(filter, file_calls, ARRAY_SIZE(file_calls));
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r < 0 ? error_errno(err, r, "cannot load the filter of system calls") : 0;
}
