#include "web/context.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/map.h"
#include "base/str.h"
#include "base/util.h"
#include "store/project_life.h"

static void hash_text(crypto_generichash_state *state, const char *text)
{
	/* With its NUL, so that "ab" + "c" is not "a" + "bc". */
	crypto_generichash_update(state, (const unsigned char *)(text != NULL ? text : ""), strlen(text != NULL ? text : "") + 1);
}

void context_digest(const struct buf *tar, const char *smoke, const char *version_command, bool network,
		    char ret_digest[CONTEXT_DIGEST_SIZE])
{
	crypto_generichash_state state;
	unsigned char digest[crypto_generichash_BYTES];

	crypto_generichash_init(&state, NULL, 0, sizeof(digest));
	hash_text(&state, smoke);
	hash_text(&state, version_command);
	hash_text(&state, network ? "network" : "");
	crypto_generichash_update(&state, (const unsigned char *)tar->data, tar->length);
	crypto_generichash_final(&state, digest, sizeof(digest));
	str_hex(digest, sizeof(digest), ret_digest);
}

static int digest_path(const char *data_folder, const char *digest, char **ret_path, struct error *err)
{
	if (digest == NULL || strlen(digest) != CONTEXT_DIGEST_SIZE - 1 || strspn(digest, "0123456789abcdef") != CONTEXT_DIGEST_SIZE - 1)
		return error_set(err, ERROR_INTERNAL, EINVAL, "a project's digest is not one");
	*ret_path = xasprintf("%s/contexts/%s.tar", data_folder, digest);
	return 0;
}

int context_write(const char *data_folder, const char *digest, const struct buf *tar, struct error *err)
{
	auto_free char *folder = xasprintf("%s/contexts", data_folder);
	auto_free char *path = NULL;
	int r = digest_path(data_folder, digest, &path, err);

	if (r == 0)
		r = dir_make_all(folder, 0750, err);
	if (r == 0)
		r = file_replace(path, tar->data, tar->length, 0640, err);
	return r;
}

int context_open(const char *data_folder, const struct project *project, int *ret_fd, struct error *err)
{
	auto_free char *path = NULL;
	int r = digest_path(data_folder, project->digest, &path, err);
	int fd;

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return error_set(err, ERROR_NOT_FOUND, errno, "the source of %s/%s is no longer there (%s); import it again", project->owner,
				 project->name, path);
	*ret_fd = fd;
	return 0;
}

/* ---- archives that are sent ----------------------------------------------------------------------------------------------- */

#define HEAD_SIZE 265 /* up to behind a tar's magic */

struct context_writer {
	char *data_folder;
	int fd;
	unsigned char head[HEAD_SIZE];
	size_t head_length;
};

int context_writer_new(const char *data_folder, struct context_writer **ret_writer, struct error *err)
{
	auto_free char *folder = xasprintf("%s/contexts", data_folder);
	struct context_writer *writer;
	int r = dir_make_all(folder, 0750, err);
	int fd;

	if (r < 0)
		return r;
	fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0640);
	if (fd < 0)
		return error_set(err, ERROR_UNAVAILABLE, errno, "there is no room for files just now");
	writer = xmalloc(sizeof(*writer));
	writer->data_folder = xstrdup(data_folder);
	writer->fd = fd;
	*ret_writer = writer;
	return 0;
}

void context_writer_free(struct context_writer *writer)
{
	if (writer == NULL)
		return;
	close(writer->fd);
	free(writer->data_folder);
	free(writer);
}

int context_writer_add(struct context_writer *writer, const void *data, size_t length, struct error *err)
{
	size_t head = min_size(length, HEAD_SIZE - writer->head_length);
	int r = fd_write_all(writer->fd, data, length);

	if (r < 0)
		return error_set(err, ERROR_UNAVAILABLE, -r, "there is no room for files just now");
	memcpy(writer->head + writer->head_length, data, head);
	writer->head_length += head;
	return 0;
}

/* Only a guess that spares people a build: the build's unpacker is the judge. */
static bool is_archive(const unsigned char *head, size_t length)
{
	static const struct {
		size_t at;
		size_t length;
		const char *magic;
	} kinds[] = {{257, 5, "ustar"}, {0, 2, "\x1f\x8b"}, {0, 4, "PK\x03\x04"}, {0, 3, "BZh"}, {0, 6, "\xfd""7zXZ\0"}, {0, 4, "\x28\xb5\x2f\xfd"}};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (length >= kinds[i].at + kinds[i].length && memcmp(head + kinds[i].at, kinds[i].magic, kinds[i].length) == 0)
			return true;
	return false;
}

int context_writer_check(const struct context_writer *writer, struct error *err)
{
	if (is_archive(writer->head, writer->head_length))
		return 0;
	return error_set(err, ERROR_INVALID, EINVAL, "the part \"context\" is no archive: send a tar, tar.gz or zip");
}

int context_writer_keep(struct context_writer *writer, char ret_digest[CONTEXT_DIGEST_SIZE], struct error *err)
{
	auto_free char *self = xasprintf("/proc/self/fd/%d", writer->fd);
	unsigned char name[(CONTEXT_DIGEST_SIZE - 1) / 2];
	auto_free char *path = NULL;
	int r;

	randombytes_buf(name, sizeof(name));
	str_hex(name, sizeof(name), ret_digest);
	r = digest_path(writer->data_folder, ret_digest, &path, err);
	if (r == 0 && fdatasync(writer->fd) < 0)
		r = error_errno(err, errno, "cannot keep the archive");
	if (r == 0 && linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0)
		r = error_errno(err, errno, "cannot keep the archive");
	return r;
}

void context_remove(const char *data_folder, const char *digest)
{
	auto_free char *path = NULL;

	if (digest_path(data_folder, digest, &path, NULL) == 0)
		unlink(path);
}

/* ---- throwing away ------------------------------------------------------------------------------------------------------------ */

static void remember(const char *digest, void *data)
{
	map_put(data, digest, data);
}

static void sweep_one(int folder, const char *name, const struct map *needed, int64_t before_ms)
{
	auto_free char *digest = xstrdup(name);
	size_t length = strlen(name);
	struct stat st;

	if (length < 4 || strcmp(name + length - 4, ".tar") != 0)
		return;
	digest[length - 4] = '\0';
	if (map_get(needed, digest) == NULL && fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mtime * INT64_C(1000) < before_ms)
		unlinkat(folder, name, 0);
}

int context_sweep(struct store *store, const char *data_folder, int64_t older_ms, struct error *err)
{
	auto_free char *path = xasprintf("%s/contexts", data_folder);
	int64_t now = clock_realtime_ms();
	struct map *needed = map_new();
	/* A build that has failed may be tried again for a week. */
	int r = projects_each_digest(store, now - PROJECT_KEPT_MS, remember, needed, err);
	DIR *folder = r == 0 ? opendir(path) : NULL;

	if (folder != NULL) {
		for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
			sweep_one(dirfd(folder), entry->d_name, needed, now - older_ms);
		closedir(folder);
	}
	map_free(needed);
	return r;
}
