#include "agent/image/unpack/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/image/unpack/confine.h"
#include "agent/image/unpack/tree.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "base/str.h"
#include "base/util.h"

#define MEMORY	      ((uint64_t)512 << 20)
#define CPU_SECONDS   600
#define OPAQUE	      ".wh..wh..opq"
#define WHITEOUT      ".wh."
#define OVERLAY_VALUE 64

struct packing {
	const struct pack_job *job;
	struct archive *archive;
	struct map *links; /* "dev:inode" of files with several names → the first one's path */
	uint64_t bytes;
	uint64_t entries;
	unsigned depth;
};

static int folder_pack(struct packing *p, int folder, const char *path, struct error *err);

/* Folders whose contents are nobody's work, and single files. */
static bool is_left_out(const char *path)
{
	static const char *const below[] = {"tmp/", "run/", "var/tmp/", "proc/", "sys/", "dev/"};
	static const char *const files[] = {"etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/profile.d/zz-image-path.sh", ".dockerenv"};
	static const char *const names[] = {".bash_history", ".ash_history", ".sh_history", ".python_history", ".lesshst", ".viminfo",
					    ".wget-hsts"};
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_SIZE(below); i++)
		if (str_starts_with(path, below[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (str_equal(path, files[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_equal(name, names[i]))
			return true;
	return false;
}

static int write_header(struct packing *p, struct archive_entry *entry, struct error *err)
{
	if (++p->entries > p->job->entries_max)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "more than %llu files were written here",
				 (unsigned long long)p->job->entries_max);
	if (archive_write_header(p->archive, entry) < ARCHIVE_WARN)
		return error_set(err, ERROR_INTERNAL, EIO, "the layer can't be written: %s", archive_error_string(p->archive));
	return 0;
}

/* Somebody outside the sandbox's range can't be; it would be a fault of ours. */
static uint32_t inner_id(const struct packing *p, uint32_t id)
{
	return id >= p->job->id_base && id - p->job->id_base <= TREE_ID_MAX ? id - p->job->id_base : 0;
}

static struct archive_entry *entry_new(const struct packing *p, const char *path, const struct stat *st)
{
	struct archive_entry *entry = archive_entry_new();

	if (entry == NULL)
		abort();
	archive_entry_set_pathname(entry, path);
	archive_entry_set_mode(entry, st->st_mode);
	archive_entry_set_uid(entry, inner_id(p, st->st_uid));
	archive_entry_set_gid(entry, inner_id(p, st->st_gid));
	archive_entry_set_mtime(entry, st->st_mtim.tv_sec, 0);
	return entry;
}

static int finish_entry(struct packing *p, struct archive_entry *entry, struct error *err)
{
	int r = write_header(p, entry, err);

	archive_entry_free(entry);
	return r;
}

/* An empty file that says something about its neighbours. */
static int write_mark(struct packing *p, const char *path, struct error *err)
{
	const struct stat st = {.st_mode = S_IFREG | 0600, .st_uid = p->job->id_base, .st_gid = p->job->id_base};
	struct archive_entry *entry = entry_new(p, path, &st);

	archive_entry_set_size(entry, 0);
	return finish_entry(p, entry, err);
}

/* As many bytes as the header promised: a file that grows is cut, one that shrinks is filled up. */
static int write_data(struct packing *p, int fd, uint64_t size, struct error *err)
{
	static char block[65536];

	p->bytes += size;
	if (p->bytes > p->job->bytes_max)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "more than %llu MiB were written here",
				 (unsigned long long)p->job->bytes_max >> 20);
	while (size > 0) {
		size_t wanted = size < sizeof(block) ? (size_t)size : sizeof(block);
		ssize_t n = read(fd, block, wanted);

		if (n <= 0) {
			memset(block, 0, wanted);
			n = (ssize_t)wanted;
		}
		if (archive_write_data(p->archive, block, (size_t)n) < 0)
			return error_set(err, ERROR_INTERNAL, EIO, "the layer can't be written: %s", archive_error_string(p->archive));
		size -= (uint64_t)n;
	}
	return 0;
}

static int file_pack(struct packing *p, int folder, const char *name, const char *path, struct error *err)
{
	auto_fd int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct archive_entry *entry;
	const char *first;
	char key[48];
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0; /* gone or changed since it was listed */
	if (fgetxattr(fd, "trusted.overlay.metacopy", NULL, 0) >= 0)
		return error_set(err, ERROR_UNSUPPORTED, ENOTSUP, "this host keeps changed files in a way that can't be saved");
	snprintf(key, sizeof(key), "%llx:%llx", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	first = st.st_nlink > 1 ? map_get(p->links, key) : NULL;
	entry = entry_new(p, path, &st);
	if (first != NULL) {
		archive_entry_set_hardlink(entry, first);
		return finish_entry(p, entry, err);
	}
	if (st.st_nlink > 1)
		map_put(p->links, key, xstrdup(path));
	archive_entry_set_size(entry, st.st_size);
	r = finish_entry(p, entry, err);
	return r == 0 ? write_data(p, fd, (uint64_t)st.st_size, err) : r;
}

static int link_pack(struct packing *p, int folder, const char *name, const char *path, const struct stat *st, struct error *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(folder, name, target, sizeof(target) - 1);
	struct archive_entry *entry;

	if (n < 0)
		return 0;
	target[n] = '\0';
	entry = entry_new(p, path, st);
	archive_entry_set_symlink(entry, target);
	return finish_entry(p, entry, err);
}

static int whiteout_pack(struct packing *p, const char *name, const char *path, struct error *err)
{
	auto_free char *mark = xasprintf("%.*s" WHITEOUT "%s", (int)(strlen(path) - strlen(name)), path, name);

	return write_mark(p, mark, err);
}

static int subfolder_pack(struct packing *p, int folder, const char *name, const char *path, struct error *err)
{
	auto_fd int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_free char *mark = xasprintf("%s/" OPAQUE, path);
	char opaque[OVERLAY_VALUE];
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	if (fgetxattr(fd, "trusted.overlay.redirect", NULL, 0) >= 0)
		return error_set(err, ERROR_UNSUPPORTED, ENOTSUP, "this host keeps moved folders in a way that can't be saved");
	r = finish_entry(p, entry_new(p, path, &st), err);
	if (r == 0 && fgetxattr(fd, "trusted.overlay.opaque", opaque, sizeof(opaque)) == 1 && opaque[0] == 'y')
		r = write_mark(p, mark, err);
	return r == 0 ? folder_pack(p, steal_fd(&fd), path, err) : r;
}

static int name_pack(struct packing *p, int folder, const char *parent, const char *name, struct error *err)
{
	auto_free char *path = *parent != '\0' ? xasprintf("%s/%s", parent, name) : xstrdup(name);
	struct stat st;

	if (is_left_out(path) || fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	/* Such a name in a layer would be a deletion. */
	if (str_starts_with(name, WHITEOUT))
		return error_set(err, ERROR_UNSUPPORTED, ENOTSUP, "a file's name begins with " WHITEOUT ", which a layer can't hold");
	if (strlen(path) >= PATH_MAX)
		return error_set(err, ERROR_TOO_LARGE, ENAMETOOLONG, "a file's path is too long");
	if (S_ISDIR(st.st_mode))
		return subfolder_pack(p, folder, name, path, err);
	if (S_ISREG(st.st_mode))
		return file_pack(p, folder, name, path, err);
	if (S_ISLNK(st.st_mode))
		return link_pack(p, folder, name, path, &st, err);
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0))
		return whiteout_pack(p, name, path, err);
	return S_ISFIFO(st.st_mode) ? finish_entry(p, entry_new(p, path, &st), err) : 0; /* sockets mean nothing without their process */
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of a folder, sorted so that the same tree gives the same tar. Takes `folder`. */
static int read_names(struct packing *p, int folder, char ***ret_names, size_t *ret_count, struct error *err)
{
	DIR *dir = fdopendir(folder);
	char **names = NULL;
	size_t count = 0;
	struct dirent *entry;
	int r = 0;

	if (dir == NULL) {
		close(folder);
		return error_errno(err, errno, "cannot read a folder");
	}
	while (r == 0 && (entry = readdir(dir)) != NULL) {
		if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
			continue;
		if (p->entries + count >= p->job->entries_max) {
			r = error_set(err, ERROR_TOO_LARGE, EFBIG, "more than %llu files were written here",
				      (unsigned long long)p->job->entries_max);
			break;
		}
		if ((count & (count - 1)) == 0)
			names = xrealloc(names, (count == 0 ? 1 : count * 2) * sizeof(*names));
		names[count++] = xstrdup(entry->d_name);
	}
	closedir(dir);
	if (count > 0)
		qsort(names, count, sizeof(*names), by_name);
	*ret_names = names;
	*ret_count = count;
	return r;
}

/* Takes `folder`. */
static int folder_pack(struct packing *p, int folder, const char *path, struct error *err)
{
	auto_fd int fd = folder;
	char **names = NULL;
	size_t count = 0;
	int copy;
	int r;

	if (++p->depth > TREE_DEPTH_MAX)
		return error_set(err, ERROR_TOO_LARGE, ELOOP, "folders lie more than %d deep", TREE_DEPTH_MAX);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return error_errno(err, errno, "cannot read a folder");
	r = read_names(p, copy, &names, &count, err);
	for (size_t i = 0; i < count; i++) {
		if (r == 0)
			r = name_pack(p, fd, path, names[i], err);
		free(names[i]);
	}
	free(names);
	p->depth--;
	return r;
}

static int confine(const struct pack_job *job, struct error *err)
{
	/* Files of every owner, and overlayfs' notes, which are in the trusted name space. */
	const uint64_t keep = (uint64_t)1 << CAP_DAC_READ_SEARCH | (uint64_t)1 << CAP_SYS_ADMIN;
	int r = confine_limits(MEMORY, 0, CPU_SECONDS, err);

	if (r < 0)
		return r;
	if (fchdir(job->folder) < 0 || chroot(".") < 0)
		return error_errno(err, errno, "cannot confine the packer");
	r = confine_capabilities(keep, err);
	return r == 0 ? confine_calls(CONFINE_FILES, err) : r;
}

static struct archive *open_archive(const struct pack_job *job)
{
	struct archive *archive = archive_write_new();

	if (archive == NULL)
		abort();
	archive_write_set_format_pax_restricted(archive);
	archive_write_set_options(archive, "hdrcharset=BINARY");
	archive_write_set_bytes_per_block(archive, 65536);
	archive_write_set_bytes_in_last_block(archive, 1);
	return archive_write_open_fd(archive, job->out) == ARCHIVE_OK ? archive : (archive_write_free(archive), NULL);
}

static void forget_links(struct map *links)
{
	size_t cursor = 0;
	void *path;

	while ((path = map_next(links, &cursor, NULL)) != NULL)
		free(path);
	map_free(links);
}

int pack(const struct pack_job *job, struct error *err)
{
	struct packing p = {.job = job, .archive = open_archive(job)};
	int copy, r;

	if (p.archive == NULL)
		return error_set(err, ERROR_INTERNAL, EIO, "the layer can't be written");
	p.links = map_new();
	r = confine(job, err);
	if (r == 0) {
		copy = openat(job->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = copy < 0 ? error_errno(err, errno, "cannot read what was written") : folder_pack(&p, copy, "", err);
	}
	if (r == 0 && archive_write_close(p.archive) != ARCHIVE_OK)
		r = error_set(err, ERROR_INTERNAL, EIO, "the layer can't be written: %s", archive_error_string(p.archive));
	if (r < 0)
		archive_write_fail(p.archive); /* no end mark: what is there is not whole */
	archive_write_free(p.archive);
	forget_links(p.links);
	return r;
}
