#include "agent/build/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "base/cleanup.h"
#include "base/fd.h"

int files_put(const char *path, const void *data, size_t length, mode_t mode, uid_t owner, struct error *err)
{
	auto_fd int fd = -1;
	int r = 0;

	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(err, errno, "cannot replace %s", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return error_errno(err, errno, "cannot make %s", path);
	if (owner != (uid_t)-1 && fchown(fd, owner, owner) < 0)
		r = -errno;
	if (r == 0)
		r = fd_write_all(fd, data, length);
	return r < 0 ? error_errno(err, r, "cannot write %s", path) : 0;
}

int files_folder(const char *path, mode_t mode, uid_t owner, struct error *err)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return error_errno(err, errno, "cannot make %s", path);
	if (owner != (uid_t)-1 && lchown(path, owner, owner) < 0)
		return error_errno(err, errno, "cannot hand %s over", path);
	return 0;
}

int files_read_untrusted(const char *folder, const char *name, size_t max, struct buf *out)
{
	/* O_NONBLOCK: a fifo in the place of the file must not hold us. */
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};
	auto_fd int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	auto_fd int fd = -1;
	struct stat st;

	if (dir < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return fd_read_all(fd, max, out);
}
