#include "agent/sandbox/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/sandbox/ids.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

/* glibc's <sys/mount.h> and <linux/mount.h> of Debian 12 cannot be included together. */
int umount2(const char *path, int flags);
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
#define DETACH 2 /* MNT_DETACH */
#define STACK_SIZE ((size_t)16 * 1024)

/* It shares all our descriptors, so it must never outlive us: not even when we are killed before the prctl. */
static int wait_for_end(void *data)
{
	const pid_t *parent = data;

	if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL) == 0 && getppid() == *parent)
		pause();
	return 0;
}

static int write_map(pid_t pid, const char *file, uint32_t base)
{
	char path[64];
	char map[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	snprintf(map, sizeof(map), "0 %u %u", base, ID_RANGE_SIZE);
	return file_write_control(path, map);
}

/* A user namespace needs a process to be born with; it only lives until we hold the descriptor. */
static int open_user_namespace(uint32_t base, struct error *err)
{
	char path[64];
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	pid_t parent = getpid();
	int fd = -1;
	pid_t pid;
	int r;

	if (stack == MAP_FAILED)
		return error_errno(err, errno, "cannot make a stack");
	/* No exit signal: nobody but us waits for it. */
	pid = clone(wait_for_end, stack + STACK_SIZE, CLONE_VM | CLONE_FILES | CLONE_NEWUSER, &parent);
	if (pid < 0) {
		r = errno;
		munmap(stack, STACK_SIZE);
		return error_errno(err, r, "cannot make a user namespace (is user.max_user_namespaces too low?)");
	}
	r = write_map(pid, "uid_map", base);
	if (r == 0)
		r = write_map(pid, "gid_map", base);
	if (r == 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	munmap(stack, STACK_SIZE);
	return r < 0 ? error_errno(err, r, "cannot map the ids of a user namespace") : fd;
}

/* The layer as a detached mount, read-only, its ids shifted into the sandbox's range. */
static int open_layer(const char *path, int user_namespace, struct error *err)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
		.userns_fd = (uint64_t)user_namespace,
	};
	auto_fd int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0)
		return error_errno(err, errno, "cannot open the layer %s", path);
	if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return error_errno(err, errno, "cannot map the ids of the layer %s (needs ID-mapped mounts, Linux 5.19 or later)",
				   path);
	return steal_fd(&fd);
}

static int configure(int context, unsigned command, const char *key, const void *value, int aux)
{
	return syscall(SYS_fsconfig, context, command, key, value, aux) < 0 ? -errno : 0;
}

static int set_number(int context, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return configure(context, FSCONFIG_SET_STRING, key, text, 0);
}

/* The tmpfs with the folders upper and work, detached. */
static int open_writable(const struct rootfs_options *options, struct error *err)
{
	auto_fd int context = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	auto_fd int fd = -1;
	int r;

	if (context < 0)
		return error_errno(err, errno, "cannot make a tmpfs");
	r = set_number(context, "size", options->size);
	if (r == 0)
		r = set_number(context, "nr_inodes", options->inodes);
	if (r == 0)
		r = configure(context, FSCONFIG_SET_STRING, "mode", "0700", 0);
	if (r == 0)
		r = configure(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0)
		return error_errno(err, r, "cannot make a tmpfs of %llu bytes", (unsigned long long)options->size);
	fd = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (fd < 0)
		return error_errno(err, errno, "cannot mount a tmpfs");
	if (mkdirat(fd, "upper", 0755) < 0 || mkdirat(fd, "work", 0700) < 0 ||
	    fchownat(fd, "upper", options->id_base, options->id_base, 0) < 0 || fchmodat(fd, "upper", 0755, 0) < 0)
		return error_errno(err, errno, "cannot prepare the writable layer");
	return steal_fd(&fd);
}

struct parts {
	int layers[128];
	size_t layer_count;
	int writable;
	int upper;
	int work;
};

static void parts_close(struct parts *parts)
{
	for (size_t i = 0; i < parts->layer_count; i++)
		close(parts->layers[i]);
	close_fd_pointer(&parts->upper);
	close_fd_pointer(&parts->work);
	close_fd_pointer(&parts->writable);
}

static int parts_open(const struct rootfs_options *options, struct parts *parts, struct error *err)
{
	auto_fd int user_namespace = open_user_namespace(options->id_base, err);

	if (user_namespace < 0)
		return user_namespace;
	if (options->layer_count == 0 || options->layer_count > ARRAY_SIZE(parts->layers))
		return error_set(err, ERROR_INVALID, EINVAL, "an image must have 1 to %zu layers", ARRAY_SIZE(parts->layers));
	while (parts->layer_count < options->layer_count) {
		int fd = open_layer(options->layers[parts->layer_count], user_namespace, err);

		if (fd < 0)
			return fd;
		parts->layers[parts->layer_count++] = fd;
	}
	parts->writable = open_writable(options, err);
	if (parts->writable < 0)
		return parts->writable;
	parts->upper = openat(parts->writable, "upper", O_PATH | O_CLOEXEC);
	parts->work = openat(parts->writable, "work", O_PATH | O_CLOEXEC);
	return parts->upper < 0 || parts->work < 0 ? error_errno(err, errno, "cannot open the writable layer") : 0;
}

/* Linux 6.13 and later take the layers by descriptor. */
static int make_overlay_by_fd(const struct parts *parts)
{
	auto_fd int context = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
	int r = context < 0 ? -errno : 0;
	int fd;

	for (size_t i = parts->layer_count; r == 0 && i > 0; i--)
		r = configure(context, FSCONFIG_SET_FD, "lowerdir+", NULL, parts->layers[i - 1]);
	if (r == 0)
		r = configure(context, FSCONFIG_SET_FD, "upperdir", NULL, parts->upper);
	if (r == 0)
		r = configure(context, FSCONFIG_SET_FD, "workdir", NULL, parts->work);
	if (r == 0)
		r = configure(context, FSCONFIG_SET_FLAG, "volatile", NULL, 0);
	if (r == 0)
		r = configure(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0)
		return r;
	fd = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV);
	return fd < 0 ? -errno : fd;
}

/* Earlier ones take paths; a detached mount has none but that of its descriptor. */
static int mount_overlay_by_path(const struct parts *parts, const char *path)
{
	auto_buf struct buf options = BUF_INIT;

	buf_append_string(&options, "volatile,lowerdir=");
	for (size_t i = parts->layer_count; i > 0; i--)
		buf_printf(&options, "/proc/self/fd/%d%s", parts->layers[i - 1], i > 1 ? ":" : "");
	buf_printf(&options, ",upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d", parts->upper, parts->work);
	return mount("overlay", path, "overlay", 4 /* MS_NODEV */, options.data) < 0 ? -errno : 0;
}

int rootfs_mount(const struct rootfs_options *options, const char *path, int *ret_writable, struct error *err)
{
	struct parts parts = {.writable = -1, .upper = -1, .work = -1};
	int r = parts_open(options, &parts, err);

	if (r == 0) {
		auto_fd int overlay = make_overlay_by_fd(&parts);

		if (overlay >= 0)
			r = syscall(SYS_move_mount, overlay, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
		else
			r = mount_overlay_by_path(&parts, path);
		if (r < 0)
			error_errno(err, r, "cannot mount the root file system at %s", path);
	}
	if (r == 0 && ret_writable != NULL)
		*ret_writable = steal_fd(&parts.writable);
	parts_close(&parts);
	return r;
}

void rootfs_detach(const char *path)
{
	while (umount2(path, DETACH) == 0)
		;
}

int rootfs_open(int root, const char *path, int flags)
{
	struct open_how how = {
		/* openat2(2) takes nothing beside O_PATH that would mean nothing. */
		.flags = (uint64_t)(flags | O_CLOEXEC | ((flags & O_PATH) != 0 ? 0 : O_NOCTTY)),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

bool rootfs_has_program(int root, const char *path)
{
	auto_fd int fd = rootfs_open(root, path, O_PATH);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}
