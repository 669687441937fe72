#include "agent/build/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <linux/loop.h>

#include "agent/child.h"
#include "base/cleanup.h"
#include "base/util.h"

#define LOOP_TRIES 16
#define MKFS_TIMEOUT_MS 60000

struct making {
	int fd;
	scratch_made made;
	void *data;
	struct error err;
	struct agent *agent;
};

static void end(struct making *making, const struct error *err)
{
	making->made(err == NULL ? making->fd : -1, err, making->data);
	if (err != NULL && making->fd >= 0)
		close(making->fd);
	free(making);
}

static void fail_later(void *data)
{
	struct making *making = data;

	end(making, &making->err);
}

static void on_made(struct child *child, const struct child_result *result, void *data)
{
	struct making *making = data;

	(void)child;
	if (result->exit_code != 0)
		child_error(result, "mkfs.ext4", &making->err);
	end(making, result->exit_code != 0 ? &making->err : NULL);
}

static int start_mkfs(struct making *making, uid_t owner)
{
	auto_free char *extended = xasprintf("lazy_itable_init=1,nodiscard,root_owner=%u:%u", owner, owner);
	/* No journal: a scratch file system never outlives a crash. The file is handed over as descriptor 3. */
	/* Blocks as the loop device's: the kernel mounts none that are smaller. */
	const char *argv[] = {"mkfs.ext4", "-q", "-F", "-m", "0", "-b", "4096", "-O", "^has_journal,^resize_inode", "-E", extended,
			      "/proc/self/fd/3", NULL};
	const struct child_fd fds[] = {{.fd = making->fd, .target = 3}};
	struct child_options options = {.argv = argv, .fds = fds, .fd_count = 1, .timeout_ms = MKFS_TIMEOUT_MS};

	return child_start(making->agent, &options, on_made, making, NULL, &making->err);
}

void scratch_make(struct agent *agent, const char *folder, const char *path, uint64_t size, uid_t owner, scratch_made made,
		  void *data)
{
	struct making *making = xmalloc(sizeof(*making));

	*making = (struct making){.agent = agent, .made = made, .data = data};
	if (path != NULL)
		making->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	else
		making->fd = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (making->fd < 0)
		error_errno(&making->err, errno, "cannot make a scratch file in %s", path != NULL ? path : folder);
	else if (ftruncate(making->fd, (off_t)size) < 0)
		error_errno(&making->err, errno, "cannot size a scratch file to %llu bytes", (unsigned long long)size);
	else if (start_mkfs(making, owner) == 0)
		return;
	loop_post(agent->loop, fail_later, making);
}

/* A loop device over the file; it is gone with its last user. A descriptor, or -errno. */
static int attach_loop(int fd, bool readonly, char path[32])
{
	auto_fd int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = {.fd = (unsigned)fd,
				     .block_size = 4096,
				     .info.lo_flags = (unsigned)LO_FLAGS_AUTOCLEAR | (readonly ? (unsigned)LO_FLAGS_READ_ONLY : 0)};
	int r = -EBUSY;

	if (control < 0)
		return -errno;
	/* Between asking for a free one and taking it somebody else may have it. */
	for (int i = 0; i < LOOP_TRIES && r == -EBUSY; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);
		auto_fd int device = -1;

		if (number < 0)
			return -errno;
		snprintf(path, 32, "/dev/loop%d", number);
		device = open(path, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
		if (device < 0)
			return -errno;
		if (ioctl(device, LOOP_CONFIGURE, &config) == 0)
			return steal_fd(&device);
		r = -errno;
	}
	return r;
}

int scratch_mount(int fd, const char *target, bool readonly, struct error *err)
{
	char path[32];
	auto_fd int device = attach_loop(fd, readonly, path);

	if (device < 0)
		return error_set(err, ERROR_UNAVAILABLE, device, "no loop device for the build's disk: %s", strerror(-device));
	if (mkdir(target, 0700) < 0 && errno != EEXIST)
		return error_errno(err, errno, "cannot make %s", target);
	if (mount(path, target, "ext4", MS_NOSUID | MS_NODEV | MS_NOATIME | (readonly ? MS_RDONLY : 0), NULL) < 0) {
		int r = error_errno(err, errno, "cannot mount the build's disk at %s", target);

		rmdir(target);
		return r;
	}
	return 0;
}

void scratch_unmount(const char *target)
{
	while (umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		continue;
	rmdir(target);
}
