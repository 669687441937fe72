/* Layers: unpacked over another one, without the confinement, in a tmpfs. The first byte chooses between a tar as it
 * is, and a tar made from a list of entries (kind, name, target), which reaches deeper. Nothing outside the layer's
 * folder may change. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/image/unpack/untar.h"
#include "base/buf.h"
#include "base/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char top[64];
static int outside = -1, lower = -1;
static struct stat outside_before, secret_before;

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		abort();
	}
}

static void path_of(char out[128], const char *name)
{
	snprintf(out, 128, "%s/%s", top, name);
}

static void cleanup_top(void)
{
	umount2(top, MNT_DETACH);
	rmdir(top);
}

/* top/ is a tmpfs: outside/secret, lower/{usr/bin/tool, bin → usr/bin, etc/a}, layer/ */
static void prepare(void)
{
	char path[128];

	snprintf(top, sizeof(top), "/tmp/ttob-fuzz-XXXXXX");
	must(mkdtemp(top) != NULL, "mkdtemp");
	must(mount("fuzz", top, "tmpfs", 0, "size=256m") == 0, "tmpfs (root is needed)");
	atexit(cleanup_top);
	path_of(path, "outside");
	must(mkdir(path, 0755) == 0, path);
	outside = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	path_of(path, "outside/secret");
	must(file_replace(path, "secret", 6, 0644, NULL) == 0, path);
	path_of(path, "lower/usr/bin");
	must(dir_make_all(path, 0755, NULL) == 0, path);
	path_of(path, "lower/usr/bin/tool");
	must(file_replace(path, "tool", 4, 04755, NULL) == 0, path);
	path_of(path, "lower/etc");
	must(mkdir(path, 0750) == 0, path);
	path_of(path, "lower/etc/a");
	must(file_replace(path, "a", 1, 0644, NULL) == 0, path);
	path_of(path, "lower/bin");
	must(symlink("usr/bin", path) == 0, path);
	path_of(path, "lower");
	lower = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fstat(outside, &outside_before) == 0 && fstatat(outside, "secret", &secret_before, 0) == 0, "stat");
}

static int same(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_nlink == b->st_nlink &&
	       a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static la_ssize_t append(struct archive *archive, void *data, const void *bytes, size_t length)
{
	(void)archive;
	buf_append(data, bytes, length);
	return (la_ssize_t)length;
}

/* A length byte and so many bytes, as a string; names are built from a small alphabet so that they meet each other. */
static size_t read_name(const uint8_t *data, size_t size, char out[64])
{
	static const char *const parts[] = {"a",    "b",       "/",      "..",   ".",
					    "usr",  "bin",     "etc",    ".wh.", ".wh..wh..opq",
					    "tool", "outside", "secret", "/../", "a/b",
					    "x"};
	size_t count = size > 0 ? data[0] % 6 : 0, used = 1;

	out[0] = '\0';
	for (; count > 0 && used < size; count--, used++)
		if (strlen(out) < 48)
			strcat(out, parts[data[used] % 16]);
	return used < size ? used : size;
}

static void add_entry(struct archive *archive, uint8_t kind, const char *name, const char *target, uint8_t more)
{
	static const unsigned types[] = {AE_IFREG, AE_IFDIR, AE_IFLNK, AE_IFREG,
					 AE_IFIFO, AE_IFCHR, AE_IFDIR, AE_IFREG};
	struct archive_entry *entry = archive_entry_new();

	archive_entry_copy_pathname(entry, name);
	archive_entry_set_filetype(entry, types[kind % 8]);
	archive_entry_set_perm(entry, (more & 7) << 9 | 0755);
	archive_entry_set_size(entry, 0);
	archive_entry_set_uid(entry, more > 250 ? 70000 : more);
	if (kind % 8 == 2)
		archive_entry_copy_symlink(entry, target);
	if (kind % 8 == 3)
		archive_entry_copy_hardlink(entry, target);
	if (kind % 8 == 7)
		archive_entry_xattr_add_entry(entry, more % 2 == 0 ? "user.x" : "security.capability", target,
					      strlen(target));
	if (kind % 8 == 0)
		archive_entry_set_size(entry, more);
	(void)archive_write_header(archive, entry);
	if (kind % 8 == 0)
		(void)archive_write_data(archive, top, more < sizeof(top) ? more : sizeof(top));
	archive_entry_free(entry);
}

static void make_tar(const uint8_t *data, size_t size, struct buf *out)
{
	struct archive *archive = archive_write_new();

	archive_write_set_format_pax(archive);
	archive_write_set_bytes_in_last_block(archive, 1);
	must(archive_write_open(archive, out, NULL, append, NULL) == ARCHIVE_OK, "archive");
	for (int entries = 0; size > 2 && entries < 40; entries++) {
		char name[64], target[64];
		uint8_t kind = data[0], more = data[1];
		size_t used = 2;

		used += read_name(data + used, size - used, name);
		used += read_name(data + used, size - used, target);
		add_entry(archive, kind, name, target, more);
		data += used;
		size -= used;
	}
	archive_write_close(archive);
	archive_write_free(archive);
}

static int on_opaque(const char *path, void *data)
{
	(void)data;
	return strstr(path, "..") != NULL &&
			       (strcmp(path, "..") == 0 || strstr(path, "/..") != NULL || strncmp(path, "../", 3) == 0)
		       ? (abort(), 0)
		       : 0;
}

static void unpack(const void *bytes, size_t length)
{
	struct tree tree = {.count = 2, .bytes_left = 1024 * 1024, .opaque = on_opaque};
	struct untar_counts counts;
	struct error err = {0};
	struct archive *archive = untar_open_memory(bytes, length, &err);
	char path[128];
	int layer, r;

	if (archive == NULL)
		return;
	path_of(path, "layer");
	must(mkdir(path, 0755) == 0, path);
	layer = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tree.layers[0] = layer;
	tree.layers[1] = lower;
	r = untar(archive, &tree, 200, &counts, &err);
	if ((r < 0) != (err.kind != ERROR_NONE))
		abort();
	if (tree.bytes > 1024 * 1024)
		abort();
	archive_read_free(archive);
	close(layer);
	must(dir_remove_all(path, &err) == 0, err.message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stat outside_now, secret_now;

	if (outside < 0)
		prepare();
	if (size == 0)
		return 0;
	if (data[0] % 4 == 0) {
		unpack(data + 1, size - 1);
	} else {
		struct buf tar = BUF_INIT;

		make_tar(data + 1, size - 1, &tar);
		unpack(tar.data, tar.length);
		buf_fini(&tar);
	}
	must(fstat(outside, &outside_now) == 0 && fstatat(outside, "secret", &secret_now, 0) == 0, "stat");
	if (!same(&outside_now, &outside_before) || !same(&secret_now, &secret_before))
		abort();
	return 0;
}
