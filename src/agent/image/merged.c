#include "agent/image/merged.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NOATIME)

/* The folder that the lookup stands in, in every layer that takes part in it. */
struct walk {
	int fds[MERGED_LAYERS_MAX]; /* -1: not in this layer, or hidden by one above */
	size_t count;
	char path[PATH_MAX];
};

bool merged_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static bool is_opaque(int fd)
{
	char value[4];

	return fgetxattr(fd, MERGED_OPAQUE, value, sizeof(value)) == 1 && value[0] == 'y';
}

static void walk_close(struct walk *walk)
{
	for (size_t i = 0; i < walk->count; i++)
		if (walk->fds[i] >= 0)
			close(walk->fds[i]);
	walk->count = 0;
}

static int open_folder(int parent, const char *name)
{
	int fd = openat(parent, name, FOLDER_FLAGS);

	if (fd < 0 && errno == EPERM) /* O_NOATIME is for the owner only */
		fd = openat(parent, name, FOLDER_FLAGS & ~O_NOATIME);
	return fd < 0 ? -errno : fd;
}

static int walk_start(struct walk *walk, const int *layers, size_t count)
{
	bool hidden = false;

	walk->path[0] = '\0';
	walk->count = count;
	memset(walk->fds, -1, sizeof(walk->fds));
	for (size_t i = 0; i < count && !hidden; i++) {
		int fd = open_folder(layers[i], ".");

		if (fd < 0) {
			walk_close(walk);
			return fd;
		}
		walk->fds[i] = fd;
		hidden = is_opaque(fd);
	}
	return 0;
}

/* Looks `name` up in the folder in hand, from layer `first` on. A folder's descriptors go to `next`; unused places are
 * -1. */
static int walk_look(const struct walk *walk, size_t first, const char *name, struct walk *next, struct merged *found)
{
	bool folder = false;

	memset(next->fds, -1, sizeof(next->fds));
	next->count = walk->count;
	for (size_t i = first; i < walk->count; i++) {
		struct stat st;
		int fd;

		if (walk->fds[i] < 0)
			continue;
		if (fstatat(walk->fds[i], name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno == ENOENT)
				continue;
			return -errno;
		}
		if (merged_is_whiteout(&st) || (!S_ISDIR(st.st_mode) && folder))
			break;
		if (!folder) {
			found->layer = i;
			found->st = st;
		}
		if (!S_ISDIR(st.st_mode))
			return 0;
		folder = true;
		fd = open_folder(walk->fds[i], name);
		if (fd < 0)
			return fd;
		next->fds[i] = fd;
		if (is_opaque(fd))
			break;
	}
	return folder ? 0 : -ENOENT;
}

int merged_substitute(const char *folder, const char *target, const char *rest, char out[PATH_MAX])
{
	const char *base = target[0] == '/' ? "" : folder;
	int n = snprintf(out, PATH_MAX, "%s/%s/%s", base, target, rest);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* Cuts the last component off. */
static void path_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL)
		path[0] = '\0';
	else
		*slash = '\0';
}

static int path_down(char path[PATH_MAX], const char *name)
{
	size_t length = strlen(path);
	int n = snprintf(path + length, PATH_MAX - length, "%s%s", length > 0 ? "/" : "", name);

	return n < 0 || (size_t)n >= PATH_MAX - length ? -ENAMETOOLONG : 0;
}

/* Takes the first component off `*rest`: 1, 0 at the end, or -ENAMETOOLONG. */
static int next_component(const char **rest, char name[NAME_MAX + 1])
{
	size_t length;

	*rest += strspn(*rest, "/");
	length = strcspn(*rest, "/");
	if (length == 0)
		return 0;
	if (length > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, *rest, length);
	name[length] = '\0';
	*rest += length;
	*rest += strspn(*rest, "/");
	return 1;
}

/* Reads the link `name` of layer `layer` and gives the path to go on with. */
static int follow_link(const struct walk *walk, size_t layer, const char *name, const char *rest, char out[PATH_MAX])
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(walk->fds[layer], name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return merged_substitute(walk->path, target, rest, out);
}

/* What the last component is looked for in, and whether it is followed when it is a link. */
enum last { LAST_FOLLOW, LAST_NOFOLLOW, LAST_BELOW };

/* One pass from the root: 0 when *ret is the answer, 1 (2 after a link) when `again` is the path to start over with. */
static int lookup_pass(const int *layers, size_t count, const char *path, enum last last, struct merged *ret,
		       char again[PATH_MAX])
{
	cleanup(walk_close) struct walk walk = {.count = 0};
	char name[NAME_MAX + 1];
	int r = walk_start(&walk, layers, count);

	if (r < 0)
		return r;
	ret->layer = 0;
	if (fstat(walk.fds[0], &ret->st) < 0)
		return -errno;
	while ((r = next_component(&path, name)) > 0) {
		cleanup(walk_close) struct walk next = {.count = 0};

		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			path_up(walk.path);
			r = merged_substitute(walk.path, ".", path, again);
			return r < 0 ? r : 1;
		}
		r = walk_look(&walk, *path == '\0' && last == LAST_BELOW ? 1 : 0, name, &next, ret);
		if (r < 0)
			return r;
		if (S_ISLNK(ret->st.st_mode) && (*path != '\0' || last == LAST_FOLLOW)) {
			r = follow_link(&walk, ret->layer, name, path, again);
			return r < 0 ? r : 2;
		}
		if (!S_ISDIR(ret->st.st_mode) && *path != '\0')
			return -ENOTDIR;
		r = path_down(walk.path, name);
		if (r < 0)
			return r;
		for (size_t i = 0; i < walk.count; i++) {
			int fd = walk.fds[i];

			walk.fds[i] = next.fds[i];
			next.fds[i] = fd;
		}
	}
	memcpy(ret->path, walk.path, sizeof(ret->path));
	return r;
}

static int lookup(const int *layers, size_t count, const char *path, enum last last, struct merged *ret)
{
	char current[PATH_MAX], again[PATH_MAX];
	unsigned links = 0, ups = 0;
	int r;

	if (count == 0 || count > MERGED_LAYERS_MAX)
		return -EINVAL;
	if (strlen(path) >= sizeof(current))
		return -ENAMETOOLONG;
	strcpy(current, path);
	for (;;) {
		r = lookup_pass(layers, count, current, last, ret, again);
		if (r <= 0)
			return r;
		if (r == 2 && ++links > MERGED_LINKS_MAX)
			return -ELOOP;
		if (++ups > 1024) /* every `..` starts over; links may hold many */
			return -ELOOP;
		memcpy(current, again, sizeof(current));
	}
}

int merged_lookup(const int *layers, size_t count, const char *path, bool follow, struct merged *ret)
{
	return lookup(layers, count, path, follow ? LAST_FOLLOW : LAST_NOFOLLOW, ret);
}

int merged_lookup_below(const int *layers, size_t count, const char *path, struct merged *ret)
{
	return lookup(layers, count, path, LAST_BELOW, ret);
}

int merged_open_folder(int root, const char *path)
{
	auto_fd int fd = open_folder(root, ".");
	char name[NAME_MAX + 1];
	int r = 0;

	while (fd >= 0 && (r = next_component(&path, name)) > 0) {
		int below = open_folder(fd, name);

		close(fd);
		fd = below;
	}
	if (fd < 0) {
		r = fd;
		fd = -1;
		return r;
	}
	return r < 0 ? r : steal_fd(&fd);
}
