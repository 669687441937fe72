#include "agent/image/unpack/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/image/unpack/untar.h"
#include "base/str.h"

#define CAPABILITY "security.capability"

static int check_xattrs(struct archive_entry *entry, struct error *err)
{
	const char *name;
	const void *value;
	size_t size, total = 0;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		if (name == NULL)
			continue;
		if (str_starts_with(name, "trusted."))
			return error_set(err, ERROR_MALFORMED, EPERM,
					 "an attribute of the kernel's trusted name space");
		total += strlen(name) + size;
		if (size > UNTAR_XATTR_MAX || total > UNTAR_XATTRS_MAX)
			return error_set(err, ERROR_TOO_LARGE, E2BIG, "extended attributes are too large");
	}
	return 0;
}

int attributes_read(struct archive_entry *entry, struct attributes *ret, struct error *err)
{
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
	long nanoseconds = archive_entry_mtime_nsec(entry);

	if (uid < 0 || uid > TREE_ID_MAX || gid < 0 || gid > TREE_ID_MAX)
		return error_set(err, ERROR_UNSUPPORTED, ERANGE,
				 "belongs to user %lld, group %lld; a sandbox has only the ids 0 to %d", (long long)uid,
				 (long long)gid, TREE_ID_MAX);
	*ret = (struct attributes){.uid = (uid_t)uid, .gid = (gid_t)gid, .mode = archive_entry_mode(entry) & 07777};
	if (archive_entry_mtime_is_set(entry)) {
		ret->mtime.tv_sec = archive_entry_mtime(entry);
		ret->mtime.tv_nsec = nanoseconds >= 0 && nanoseconds < 1000000000 ? nanoseconds : 0;
	}
	return check_xattrs(entry, err);
}

/* File capabilities of root of the initial name space (version 2), or with a root id of 0, which is the same (version
 * 3). Others are for a user name space that doesn't exist here. */
static bool is_capability(const void *value, size_t size)
{
	uint32_t magic, root;

	if (size != XATTR_CAPS_SZ_2 && size != XATTR_CAPS_SZ_3)
		return false;
	memcpy(&magic, value, sizeof(magic));
	if ((magic & VFS_CAP_REVISION_MASK) == VFS_CAP_REVISION_2)
		return size == XATTR_CAPS_SZ_2;
	if ((magic & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_3 || size != XATTR_CAPS_SZ_3)
		return false;
	memcpy(&root, (const char *)value + XATTR_CAPS_SZ_2, sizeof(root));
	return root == 0;
}

static int set_xattrs(struct archive_entry *entry, int fd, struct error *err)
{
	const char *name;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		if (name == NULL)
			continue;
		if (str_equal(name, CAPABILITY)) {
			if (!is_capability(value, size))
				continue;
			if (fsetxattr(fd, name, value, size, 0) < 0)
				return error_errno(err, errno, "cannot set file capabilities");
		} else if (str_starts_with(name, "user.") && !str_starts_with(name, "user.overlay.")) {
			/* ENOSPC, E2BIG, ENOTSUP: this file system keeps less. Programs that use these live with that.
			 */
			(void)fsetxattr(fd, name, value, size, 0);
		}
	}
	return 0;
}

int attributes_set_fd(const struct attributes *attributes, struct archive_entry *entry, int fd, struct error *err)
{
	const struct timespec times[2] = {attributes->mtime, attributes->mtime};
	int r;

	/* In this order: a new owner takes set-uid bits and capabilities away. */
	if (fchown(fd, attributes->uid, attributes->gid) < 0)
		return error_errno(err, errno, "cannot set the owner");
	if (fchmod(fd, attributes->mode) < 0)
		return error_errno(err, errno, "cannot set the mode");
	r = set_xattrs(entry, fd, err);
	if (r < 0)
		return r;
	return futimens(fd, times) < 0 ? error_errno(err, errno, "cannot set the time") : 0;
}

int attributes_set_at(const struct attributes *attributes, const struct place *place, struct error *err)
{
	const struct timespec times[2] = {attributes->mtime, attributes->mtime};

	if (fchownat(place->parent, place->name, attributes->uid, attributes->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, errno, "cannot set the owner");
	return utimensat(place->parent, place->name, times, AT_SYMLINK_NOFOLLOW) < 0
		       ? error_errno(err, errno, "cannot set the time")
		       : 0;
}
