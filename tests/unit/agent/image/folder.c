#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

static void list_outside(const struct folder *folder, char out[512])
{
	auto_free char *command =
		xasprintf("cd %s && find outside -printf '%%p %%y %%m %%u %%s %%n %%T@ ' && cat outside/secret",
			  folder->top);
	FILE *pipe = popen(command, "r");
	size_t n = fread(out, 1, 511, pipe);

	out[n] = '\0';
	assert_int_equal(pclose(pipe), 0);
}

static int on_opaque(const char *path, void *data)
{
	struct folder *folder = data;

	(void)path;
	folder->opaque++;
	return 0;
}

void folder_push(struct folder *folder)
{
	auto_free char *path = xasprintf("%s/layer%zu", folder->top, folder->count);

	assert_int_equal(mkdir(path, 0755), 0);
	memmove(&folder->layers[1], &folder->layers[0], folder->count * sizeof(int));
	folder->layers[0] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder->count++;
}

int folder_setup(void **state)
{
	struct folder *folder = xmalloc(sizeof(*folder));
	auto_free char *outside = NULL, *secret = NULL;

	snprintf(folder->top, sizeof(folder->top), "%.30s/ttob-untar-XXXXXX",
		 getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/var/tmp");
	assert_non_null(mkdtemp(folder->top));
	outside = xasprintf("%s/outside", folder->top);
	secret = xasprintf("%s/secret", outside);
	assert_int_equal(mkdir(outside, 0755), 0);
	assert_int_equal(file_replace(secret, "secret", 6, 0644, NULL), 0);
	list_outside(folder, folder->outside);
	folder_push(folder);
	*state = folder;
	return 0;
}

int folder_teardown(void **state)
{
	struct folder *folder = *state;
	char outside[512];

	list_outside(folder, outside);
	assert_string_equal(outside, folder->outside);
	for (size_t i = 0; i < folder->count; i++)
		close(folder->layers[i]);
	assert_int_equal(dir_remove_all(folder->top, NULL), 0);
	free(folder);
	return 0;
}

int folder_unpack_bytes(struct folder *folder, const void *data, size_t length)
{
	struct archive *archive;
	int r;

	folder->tree = (struct tree){.count = folder->count,
				     .bytes_left = 64 * 1024 * 1024,
				     .opaque = on_opaque,
				     .data = folder};
	memcpy(folder->tree.layers, folder->layers, sizeof(folder->layers));
	folder->err = (struct error){0};
	archive = untar_open_memory(data, length, &folder->err);
	if (archive == NULL)
		return -EBADMSG;
	r = untar(archive, &folder->tree, 1000, &folder->counts, &folder->err);
	assert_int_equal(r == 0, folder->err.kind == ERROR_NONE);
	archive_read_free(archive);
	return r;
}

int folder_unpack(struct folder *folder, struct tar *tar)
{
	int r;

	tar_close(tar);
	r = folder_unpack_bytes(folder, tar->bytes.data, tar->bytes.length);
	tar_fini(tar);
	return r;
}

struct stat folder_stat(const struct folder *folder, size_t layer, const char *path)
{
	struct stat st;

	if (fstatat(folder->layers[layer], path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s is not there", path);
	return st;
}

bool folder_has(const struct folder *folder, size_t layer, const char *path)
{
	struct stat st;

	return fstatat(folder->layers[layer], path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

const char *folder_text(const struct folder *folder, size_t layer, const char *path)
{
	static char text[4096];
	auto_fd int fd = openat(folder->layers[layer], path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		fail_msg("%s cannot be read", path);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

bool folder_is_opaque(const struct folder *folder, size_t layer, const char *path)
{
	auto_fd int fd = openat(folder->layers[layer], path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char value[2];

	assert_true(fd >= 0);
	return fgetxattr(fd, MERGED_OPAQUE, value, sizeof(value)) == 1 && value[0] == 'y';
}

bool folder_is_whiteout(const struct folder *folder, size_t layer, const char *path)
{
	struct stat st;

	return fstatat(folder->layers[layer], path, &st, AT_SYMLINK_NOFOLLOW) == 0 && merged_is_whiteout(&st);
}
