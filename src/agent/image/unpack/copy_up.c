#include "agent/image/unpack/copy_up.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/image/merged.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

#define NAMES_MAX 65536 /* the kernel's own limits of a list and a value */
#define VALUE_MAX 65536

static int failed(struct error *err, int code)
{
	if (code == ENOSPC || code == EDQUOT)
		return error_set(err, ERROR_UNAVAILABLE, code, "the disk is full");
	return error_errno(err, code, "cannot copy from the layer below");
}

/* What the layers hold was chosen when they were unpacked, so all but the overlay's own marks is copied. */
static void copy_xattrs(int from, int to)
{
	auto_free char *names = xmalloc(NAMES_MAX);
	auto_free char *value = xmalloc(VALUE_MAX);
	ssize_t length = flistxattr(from, names, NAMES_MAX);

	for (const char *name = names; name < names + length; name += strlen(name) + 1) {
		ssize_t n;

		if (!str_equal(name, "security.capability") &&
		    (!str_starts_with(name, "user.") || str_equal(name, MERGED_OPAQUE)))
			continue;
		n = fgetxattr(from, name, value, VALUE_MAX);
		if (n >= 0)
			(void)fsetxattr(to, name, value, (size_t)n, 0); /* as with copy_up of overlayfs, best effort */
	}
}

static int copy_attributes(int from, int to, const struct stat *st)
{
	const struct timespec times[2] = {st->st_mtim, st->st_mtim};

	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return -errno;
	copy_xattrs(from, to);
	return futimens(to, times) < 0 ? -errno : 0;
}

int copy_up_attributes(int below, int to, struct error *err)
{
	struct stat st;
	int r;

	if (fstat(below, &st) < 0)
		return failed(err, errno);
	r = copy_attributes(below, to, &st);
	return r < 0 ? failed(err, -r) : 0;
}

int copy_up_folder(int below, int parent, const char *name, struct error *err)
{
	auto_fd int fd = -1;

	if (mkdirat(parent, name, 0700) < 0)
		return failed(err, errno);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? failed(err, errno) : copy_up_attributes(below, fd, err);
}

static int copy_data(int from, int to)
{
	auto_free char *block = xmalloc(VALUE_MAX);
	ssize_t n;

	while ((n = read(from, block, VALUE_MAX)) > 0)
		if (write(to, block, (size_t)n) != n)
			return -ENOSPC;
	return n < 0 ? -errno : 0;
}

static int copy_regular(int from_parent, const char *from_name, int to_parent, const char *to_name,
			const struct stat *st)
{
	auto_fd int from = openat(from_parent, from_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_fd int to = -1;
	int r;

	if (from < 0)
		return -errno;
	to = openat(to_parent, to_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	r = copy_data(from, to);
	return r < 0 ? r : copy_attributes(from, to, st);
}

static int copy_link(int from_parent, const char *from_name, int to_parent, const char *to_name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_parent, from_name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, to_parent, to_name) < 0 ? -errno : 0;
}

int copy_up_file(int from_parent, const char *from_name, int to_parent, const char *to_name, struct error *err)
{
	struct timespec times[2];
	struct stat st;
	int r;

	if (fstatat(from_parent, from_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(err, errno);
	if (S_ISREG(st.st_mode)) {
		r = copy_regular(from_parent, from_name, to_parent, to_name, &st);
		return r < 0 ? failed(err, -r) : 0;
	}
	if (S_ISLNK(st.st_mode))
		r = copy_link(from_parent, from_name, to_parent, to_name);
	else if (S_ISFIFO(st.st_mode))
		r = mkfifoat(to_parent, to_name, st.st_mode & 07777) < 0 ? -errno : 0;
	else
		r = -EINVAL;
	times[0] = times[1] = st.st_mtim;
	if (r == 0 && (fchownat(to_parent, to_name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		       utimensat(to_parent, to_name, times, AT_SYMLINK_NOFOLLOW) < 0))
		r = -errno;
	return r < 0 ? failed(err, -r) : 0;
}
