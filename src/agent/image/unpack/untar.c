#include "agent/image/unpack/untar.h"

#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/image/unpack/attributes.h"
#include "agent/image/unpack/copy_up.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"

#define WHITEOUT      ".wh."
#define WHITEOUT_META ".wh..wh." /* what aufs kept for itself */
#define OPAQUE        ".wh..wh..opq"
#define BLOCK         ((size_t)256 * 1024)

struct job {
	struct archive *archive;
	struct tree *tree;
	struct untar_counts *counts;
	struct buf times; /* of folders: struct timespec, path, NUL; set at the end, as every new entry changes them */
};

static int disk_failed(struct error *err, int code, const char *what)
{
	if (code == ENOSPC || code == EDQUOT)
		return error_set(err, ERROR_UNAVAILABLE, code, "the disk is full");
	return error_errno(err, code, "cannot %s", what);
}

static int archive_failed(struct archive *archive, struct error *err)
{
	const char *why = archive_error_string(archive);

	return error_set(err, ERROR_MALFORMED, EINVAL, "broken archive: %s", why != NULL ? why : "unknown reason");
}

static struct archive *reader(struct error *err)
{
	struct archive *archive = archive_read_new();

	/* An all-zero archive is a tar, one of no bytes is "empty": both are layers that change nothing. */
	if (archive == NULL || archive_read_support_filter_none(archive) < ARCHIVE_OK ||
	    archive_read_support_format_tar(archive) < ARCHIVE_OK ||
	    archive_read_support_format_empty(archive) < ARCHIVE_OK) {
		archive_read_free(archive);
		error_set(err, ERROR_INTERNAL, ENOMEM, "libarchive cannot read archives");
		return NULL;
	}
	return archive;
}

static struct archive *opened(struct archive *archive, int status, struct error *err)
{
	if (status == ARCHIVE_OK)
		return archive;
	archive_failed(archive, err);
	archive_read_free(archive);
	return NULL;
}

struct archive *untar_open_fd(int fd, struct error *err)
{
	struct archive *archive = reader(err);

	return archive != NULL ? opened(archive, archive_read_open_fd(archive, fd, BLOCK), err) : NULL;
}

struct archive *untar_open_memory(const void *data, size_t length, struct error *err)
{
	struct archive *archive = reader(err);

	return archive != NULL ? opened(archive, archive_read_open_memory(archive, data, length), err) : NULL;
}

static int write_all_at(int fd, const char *data, size_t length, int64_t offset, struct error *err)
{
	while (length > 0) {
		ssize_t n = pwrite(fd, data, length, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return disk_failed(err, errno, "write a file");
		data += n;
		length -= (size_t)n;
		offset += n;
	}
	return 0;
}

static int write_data(struct job *job, int fd, int64_t size, struct error *err)
{
	const void *data;
	int64_t offset, end = 0;
	size_t length;
	int status, r;

	while ((status = archive_read_data_block(job->archive, &data, &length, &offset)) == ARCHIVE_OK ||
	       status == ARCHIVE_WARN) {
		if (offset < end || offset > size || (uint64_t)length > (uint64_t)(size - offset))
			return error_set(err, ERROR_MALFORMED, EINVAL, "data beyond the file's size");
		r = tree_charge(job->tree, length, err);
		if (r < 0)
			return r;
		r = write_all_at(fd, data, length, offset, err);
		if (r < 0)
			return r;
		end = offset + (int64_t)length;
	}
	if (status != ARCHIVE_EOF)
		return archive_failed(job->archive, err);
	/* A sparse file may end with a hole. */
	if (end < size && ftruncate(fd, size) < 0)
		return disk_failed(err, errno, "write a file");
	return 0;
}

static int put_file(struct job *job, struct archive_entry *entry, const struct attributes *attributes,
		    const struct place *place, struct error *err)
{
	int64_t size = archive_entry_size(entry);
	auto_fd int fd = -1;
	int r;

	/* Holes cost no room, but a file may not be longer than what the whole image may hold. */
	if (size < 0 || (uint64_t)size > job->tree->bytes_left + job->tree->bytes)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "the image unpacks to more than is allowed");
	r = tree_clear(place, err);
	if (r < 0)
		return r;
	fd = openat(place->parent, place->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return disk_failed(err, errno, "make a file");
	r = write_data(job, fd, size, err);
	return r < 0 ? r : attributes_set_fd(attributes, entry, fd, err);
}

static int put_link(struct archive_entry *entry, const struct attributes *attributes, const struct place *place,
		    struct error *err)
{
	const char *target = archive_entry_symlink(entry);
	int r;

	if (target == NULL || target[0] == '\0' || strlen(target) >= PATH_MAX)
		return error_set(err, ERROR_MALFORMED, EINVAL, "a link without a target, or with one that is too long");
	r = tree_clear(place, err);
	if (r < 0)
		return r;
	if (symlinkat(target, place->parent, place->name) < 0)
		return disk_failed(err, errno, "make a link");
	return attributes_set_at(attributes, place, err);
}

static int put_fifo(const struct attributes *attributes, const struct place *place, struct error *err)
{
	int r = tree_clear(place, err);

	if (r < 0)
		return r;
	/* No umask is in the way: untar() clears it. */
	if (mkfifoat(place->parent, place->name, attributes->mode) < 0)
		return disk_failed(err, errno, "make a fifo");
	return attributes_set_at(attributes, place, err);
}

static void remember_time(struct job *job, const char *path, const struct timespec *mtime)
{
	buf_append(&job->times, mtime, sizeof(*mtime));
	buf_append(&job->times, path, strlen(path) + 1);
}

/* Where the archive says nothing about its root, the merged root has to look like the one below, not like our new
 * folder. */
static int put_root(struct job *job, struct error *err)
{
	auto_fd int root = merged_open_folder(job->tree->layers[0], "");
	auto_fd int below = -1;
	struct stat st;
	int r;

	if (root < 0)
		return disk_failed(err, -root, "open the layer's folder");
	if (job->tree->count < 2)
		return fchmod(root, 0755) < 0 ? disk_failed(err, errno, "set the mode of the root") : 0;
	below = merged_open_folder(job->tree->layers[1], "");
	if (below < 0 || fstat(below, &st) < 0)
		return disk_failed(err, below < 0 ? -below : errno, "open the layer below");
	r = copy_up_attributes(below, root, err);
	if (r == 0)
		remember_time(job, "", &st.st_mtim);
	return r;
}

static int put_folder(struct job *job, struct archive_entry *entry, const struct attributes *attributes,
		      const struct place *place, struct error *err)
{
	char path[PATH_MAX] = "";
	auto_fd int fd = -1;
	int r = 0;

	if (place->name[0] != '\0') {
		r = tree_folder(job->tree, place, err);
		if (r == 0)
			r = tree_path(place, path, err);
		if (r < 0)
			return r;
	}
	fd = openat(place->parent, place->name[0] != '\0' ? place->name : ".",
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return disk_failed(err, errno, "open a folder");
	r = attributes_set_fd(attributes, entry, fd, err);
	if (r < 0)
		return r;
	if (job->times.length > UNTAR_FOLDER_TIMES_MAX)
		return error_set(err, ERROR_TOO_LARGE, E2BIG, "too many folders");
	remember_time(job, path, &attributes->mtime);
	return 0;
}

/* A marker of something removed: never made under its own name. */
static int put_whiteout(struct job *job, struct place *place, struct error *err)
{
	const char *hidden = place->name + strlen(WHITEOUT);

	if (str_equal(place->name, OPAQUE))
		return tree_opaque(job->tree, place->folder, err);
	if (str_starts_with(place->name, WHITEOUT_META))
		return 0;
	if (hidden[0] == '\0' || str_equal(hidden, ".") || str_equal(hidden, ".."))
		return error_set(err, ERROR_MALFORMED, EINVAL, "a whiteout of nothing");
	memmove(place->name, hidden, strlen(hidden) + 1);
	return tree_whiteout(job->tree, place, err);
}

static int put_hard_link(struct job *job, const char *raw_target, const struct place *place, struct error *err)
{
	char target[PATH_MAX];
	int r = tree_clean_path(raw_target, target, err);

	return r < 0 ? r : tree_hard_link(job->tree, place, target, err);
}

static int put_at(struct job *job, struct archive_entry *entry, struct place *place, struct error *err)
{
	const char *target = archive_entry_hardlink(entry);
	mode_t type = archive_entry_filetype(entry);
	struct attributes attributes;
	int r;

	if (str_starts_with(place->name, WHITEOUT))
		return put_whiteout(job, place, err);
	if (place->name[0] == '\0' && (target != NULL || type != AE_IFDIR))
		return error_set(err, ERROR_MALFORMED, EINVAL, "the root is no folder");
	if (target != NULL)
		return put_hard_link(job, target, place, err);
	r = attributes_read(entry, &attributes, err);
	if (r < 0)
		return r;
	switch (type) {
	case AE_IFREG:
		return put_file(job, entry, &attributes, place, err);
	case AE_IFDIR:
		return put_folder(job, entry, &attributes, place, err);
	case AE_IFLNK:
		return put_link(entry, &attributes, place, err);
	case AE_IFIFO:
		return put_fifo(&attributes, place, err);
	case AE_IFBLK:
	case AE_IFCHR:
	case AE_IFSOCK:
		job->counts->skipped++;
		return 0;
	default:
		return error_set(err, ERROR_UNSUPPORTED, EINVAL, "a kind of file that is unknown");
	}
}

/* A part of the path that looks like a whiteout would be made as a folder, and then mean something else to the next
 * reader. */
static bool has_reserved_parent(const char *path)
{
	for (const char *p = path; (p = strstr(p, WHITEOUT)) != NULL; p++)
		if ((p == path || p[-1] == '/') && strchr(p, '/') != NULL)
			return true;
	return false;
}

static int put(struct job *job, struct archive_entry *entry, struct error *err)
{
	cleanup(place_fini) struct place place = {.parent = -1};
	const char *raw = archive_entry_pathname(entry);
	char path[PATH_MAX];
	int r;

	if (raw == NULL || raw[0] == '\0')
		return error_set(err, ERROR_MALFORMED, EINVAL, "an entry without a name");
	r = tree_clean_path(raw, path, err);
	if (r < 0)
		return r;
	if (has_reserved_parent(path))
		return error_set(err, ERROR_MALFORMED, EINVAL, "a folder with the name of a whiteout");
	r = tree_place(job->tree, path, &place, err);
	return r < 0 ? r : put_at(job, entry, &place, err);
}

static void set_folder_times(const struct job *job)
{
	for (size_t at = 0; at < job->times.length;) {
		struct timespec times[2];
		const char *path = job->times.data + at + sizeof(times[0]);
		auto_fd int fd = merged_open_folder(job->tree->layers[0], path);

		memcpy(&times[0], job->times.data + at, sizeof(times[0]));
		times[1] = times[0];
		if (fd >= 0) /* a later entry may have replaced it */
			(void)futimens(fd, times);
		at += sizeof(times[0]) + strlen(path) + 1;
	}
}

int untar(struct archive *archive, struct tree *tree, uint64_t entries_max, struct untar_counts *ret_counts,
	  struct error *err)
{
	struct job job = {.archive = archive, .tree = tree, .counts = ret_counts, .times = BUF_INIT};
	mode_t mask = umask(0);
	int status, r;

	*ret_counts = (struct untar_counts){0};
	r = put_root(&job, err);
	while (r == 0) {
		struct archive_entry *entry;
		const char *name;

		status = archive_read_next_header(archive, &entry);
		if (status == ARCHIVE_EOF)
			break;
		if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
			r = archive_failed(archive, err);
			break;
		}
		if (++ret_counts->entries > entries_max) {
			r = error_set(err, ERROR_TOO_LARGE, EFBIG, "more than %llu files in one layer",
				      (unsigned long long)entries_max);
			break;
		}
		r = put(&job, entry, err);
		name = archive_entry_pathname(entry);
		if (r < 0)
			error_wrap(err, "%.100s", name != NULL ? name : "?");
	}
	if (r == 0)
		set_folder_times(&job);
	buf_fini(&job.times);
	umask(mask);
	return r;
}
