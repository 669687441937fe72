#include "agent/image/unpack/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/image/unpack/copy_up.h"
#include "base/cleanup.h"

#define PARENT_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

void place_fini(struct place *place)
{
	if (place->parent >= 0)
		close(place->parent);
	place->parent = -1;
}

/* "No space left" is the operator's business and must not look like a broken image. */
static int failed(struct error *err, int code, const char *what)
{
	if (code < 0)
		code = -code;
	if (code == ENOSPC || code == EDQUOT)
		return error_set(err, ERROR_UNAVAILABLE, code, "the disk is full");
	return error_errno(err, code, "cannot %s", what);
}

int tree_clean_path(const char *raw, char out[PATH_MAX], struct error *err)
{
	size_t length = 0;
	unsigned depth = 0;

	out[0] = '\0';
	for (const char *p = raw; *p != '\0';) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return error_set(err, ERROR_MALFORMED, EINVAL, "a name with .. in it");
		if (n > NAME_MAX || length + n + 2 > PATH_MAX)
			return error_set(err, ERROR_MALFORMED, ENAMETOOLONG, "a name is too long");
		if (n > 0 && !(n == 1 && p[0] == '.')) {
			if (++depth > TREE_DEPTH_MAX)
				return error_set(err, ERROR_MALFORMED, ENAMETOOLONG, "folders nest deeper than %d",
						 TREE_DEPTH_MAX);
			if (length > 0)
				out[length++] = '/';
			memcpy(out + length, p, n);
			length += n;
			out[length] = '\0';
		}
		p += n;
		p += strspn(p, "/");
	}
	return 0;
}

static int join(const char *folder, const char *name, char out[PATH_MAX], struct error *err)
{
	int n = snprintf(out, PATH_MAX, "%s%s%s", folder, folder[0] != '\0' ? "/" : "", name);

	return n < 0 || n >= PATH_MAX ? error_set(err, ERROR_MALFORMED, ENAMETOOLONG, "a name is too long") : 0;
}

int tree_path(const struct place *place, char out[PATH_MAX], struct error *err)
{
	return join(place->folder, place->name, out, err);
}

/* 1, or a negative errno. */
static int link_target(int parent, const char *name, char out[PATH_MAX], struct error *err)
{
	ssize_t n = readlinkat(parent, name, out, PATH_MAX - 1);

	if (n < 0)
		return failed(err, errno, "read a link");
	out[n] = '\0';
	return 1;
}

/* Makes the missing parent `path` as the layers below have it. 1: it is a link there, its target is in `target`. */
static int make_parent(struct tree *tree, int parent, const char *name, const char *path, char target[PATH_MAX],
		       struct error *err)
{
	auto_fd int below = -1;
	struct merged found;
	char folder[PATH_MAX];
	char *slash;

	if (merged_lookup_below(tree->layers, tree->count, path, &found) < 0)
		return mkdirat(parent, name, 0755) < 0 ? failed(err, errno, "make a folder") : 0;
	if (S_ISDIR(found.st.st_mode)) {
		below = merged_open_folder(tree->layers[found.layer], found.path);
		if (below < 0)
			return failed(err, below, "open a folder of the layer below");
		return copy_up_folder(below, parent, name, err);
	}
	if (!S_ISLNK(found.st.st_mode))
		return error_set(err, ERROR_MALFORMED, ENOTDIR, "a name below something that is no folder");
	memcpy(folder, found.path, sizeof(folder));
	slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
	else
		folder[0] = '\0';
	below = merged_open_folder(tree->layers[found.layer], folder);
	if (below < 0)
		return failed(err, below, "open a folder of the layer below");
	return link_target(below, name, target, err);
}

/* Opens (or makes) the parent `name` in `parent`: 0 and *ret_fd, or 1 and the target of the link that it is. */
static int enter(struct tree *tree, int parent, const char *name, const char *path, int *ret_fd, char target[PATH_MAX],
		 struct error *err)
{
	struct stat st;
	int r;

	*ret_fd = openat(parent, name, PARENT_FLAGS);
	if (*ret_fd >= 0)
		return 0;
	if (errno == ENOENT) {
		r = make_parent(tree, parent, name, path, target, err);
		if (r != 0)
			return r;
	} else if (errno == ENOTDIR || errno == ELOOP) {
		if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return failed(err, errno, "look at a name");
		if (S_ISLNK(st.st_mode))
			return link_target(parent, name, target, err);
		if (!merged_is_whiteout(&st))
			return error_set(err, ERROR_MALFORMED, ENOTDIR, "a name below something that is no folder");
		/* Removed and made anew in one layer: nothing of the old one may shine through. */
		if (unlinkat(parent, name, 0) < 0 || mkdirat(parent, name, 0755) < 0)
			return failed(err, errno, "make a folder");
		r = tree_opaque(tree, path, err);
		if (r < 0)
			return r;
	} else {
		return failed(err, errno, "open a folder");
	}
	*ret_fd = openat(parent, name, PARENT_FLAGS);
	return *ret_fd < 0 ? failed(err, errno, "open a folder") : 0;
}

static int open_root(struct tree *tree, struct place *place, struct error *err)
{
	place_fini(place);
	place->folder[0] = '\0';
	place->parent = openat(tree->layers[0], ".", PARENT_FLAGS);
	return place->parent < 0 ? failed(err, errno, "open the layer's folder") : 0;
}

/* One walk from the root: 0 when `place` is found, 1 when `again` is to be walked instead (a link or `..` of one). */
static int walk(struct tree *tree, const char *path, struct place *place, char again[PATH_MAX], struct error *err)
{
	char target[PATH_MAX], full[PATH_MAX];
	int r = open_root(tree, place, err);

	while (r == 0) {
		const char *end = strchrnul(path, '/');
		int fd;

		if ((size_t)(end - path) > NAME_MAX)
			return error_set(err, ERROR_MALFORMED, ENAMETOOLONG, "a name is too long");
		memcpy(place->name, path, (size_t)(end - path));
		place->name[end - path] = '\0';
		path = end + strspn(end, "/");
		if (place->name[0] == '\0' || strcmp(place->name, ".") == 0) {
			if (*path == '\0') {
				place->name[0] = '\0'; /* only the root, or a link to a folder, ends so */
				return 0;
			}
			continue;
		}
		if (strcmp(place->name, "..") == 0) {
			char *slash = strrchr(place->folder, '/');

			if (slash == NULL)
				slash = place->folder;
			*slash = '\0';
			return merged_substitute(place->folder, ".", path, again) < 0
				       ? error_set(err, ERROR_MALFORMED, ENAMETOOLONG, "a name is too long")
				       : 1;
		}
		if (*path == '\0')
			return 0;
		r = join(place->folder, place->name, full, err);
		if (r < 0)
			return r;
		r = enter(tree, place->parent, place->name, full, &fd, target, err);
		if (r < 0)
			return r;
		if (r > 0)
			return merged_substitute(place->folder, target, path, again) < 0
				       ? error_set(err, ERROR_MALFORMED, ENAMETOOLONG, "a name is too long")
				       : 1;
		close(place->parent);
		place->parent = fd;
		memcpy(place->folder, full, sizeof(full));
	}
	return r;
}

int tree_place(struct tree *tree, const char *path, struct place *place, struct error *err)
{
	char current[PATH_MAX], again[PATH_MAX];

	place->parent = -1;
	memcpy(current, path, strlen(path) + 1);
	for (unsigned turns = 0; turns < 4 * MERGED_LINKS_MAX; turns++) {
		int r = walk(tree, current, place, again, err);

		if (r <= 0) {
			if (r < 0)
				place_fini(place);
			return r;
		}
		memcpy(current, again, sizeof(current));
	}
	place_fini(place);
	return error_set(err, ERROR_MALFORMED, ELOOP, "too many links in a name");
}

enum tree_there tree_there(const struct place *place)
{
	struct stat st;

	if (fstatat(place->parent, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return TREE_NOTHING;
	if (S_ISDIR(st.st_mode))
		return TREE_FOLDER;
	return merged_is_whiteout(&st) ? TREE_WHITEOUT : TREE_OTHER;
}

/* TREE_DEPTH_MAX bounds the recursion. */
static int clear_at(int parent, const char *name)
{
	struct dirent *entry;
	int fd, r = 0;
	DIR *dir;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return -ENOMEM;
	}
	while (r == 0 && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = clear_at(dirfd(dir), entry->d_name);
	closedir(dir);
	if (r == 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

int tree_clear(const struct place *place, struct error *err)
{
	int r = clear_at(place->parent, place->name);

	return r < 0 ? failed(err, r, "remove what an earlier entry made") : 0;
}

int tree_opaque(struct tree *tree, const char *path, struct error *err)
{
	auto_fd int fd = -1;
	int r;

	if (tree->count < 2)
		return 0; /* there is nothing to hide */
	fd = merged_open_folder(tree->layers[0], path);
	if (fd < 0)
		return failed(err, fd, "open a folder");
	if (fsetxattr(fd, MERGED_OPAQUE, "y", 1, 0) < 0)
		return errno == ENOTSUP ? error_set(err, ERROR_INTERNAL, ENOTSUP,
						    "the file system of the state folder has no extended attributes")
					: failed(err, errno, "mark a folder as opaque");
	r = tree->opaque(path, tree->data);
	return r < 0 ? failed(err, r, "mark a folder as opaque") : 0;
}

int tree_folder(struct tree *tree, const struct place *place, struct error *err)
{
	enum tree_there there = tree_there(place);
	char path[PATH_MAX];
	int r;

	if (there == TREE_FOLDER)
		return 0;
	if (there != TREE_NOTHING) {
		r = tree_clear(place, err);
		if (r < 0)
			return r;
	}
	if (mkdirat(place->parent, place->name, 0700) < 0)
		return failed(err, errno, "make a folder");
	if (there == TREE_NOTHING)
		return 0;
	r = tree_path(place, path, err);
	return r < 0 ? r : tree_opaque(tree, path, err);
}

int tree_whiteout(struct tree *tree, const struct place *place, struct error *err)
{
	struct merged below;
	char path[PATH_MAX];
	int r = tree_path(place, path, err);

	if (r < 0)
		return r;
	switch (tree_there(place)) {
	case TREE_FOLDER:
		return tree_opaque(tree, path, err);
	case TREE_WHITEOUT:
	case TREE_OTHER:
		return 0;
	case TREE_NOTHING:
		break;
	}
	/* One that hides nothing would show up as a device where overlay has no other layer to merge. */
	if (merged_lookup_below(tree->layers, tree->count, path, &below) < 0)
		return 0;
	return mknodat(place->parent, place->name, S_IFCHR, makedev(0, 0)) < 0 ? failed(err, errno, "make a whiteout")
									       : 0;
}

static int bring_up(struct tree *tree, const struct merged *found, struct error *err)
{
	cleanup(place_fini) struct place from = {.parent = -1};
	cleanup(place_fini) struct place to = {.parent = -1};
	struct tree below = {.layers = {tree->layers[found->layer]}, .count = 1};
	int r = tree_charge(tree, S_ISREG(found->st.st_mode) ? (uint64_t)found->st.st_size : 0, err);

	/* The path has no links and all its folders are in that layer, so nothing is made there. */
	if (r == 0)
		r = tree_place(&below, found->path, &from, err);
	if (r == 0)
		r = tree_place(tree, found->path, &to, err);
	return r < 0 ? r : copy_up_file(from.parent, from.name, to.parent, to.name, err);
}

int tree_hard_link(struct tree *tree, const struct place *place, const char *target, struct error *err)
{
	cleanup(place_fini) struct place from = {.parent = -1};
	struct merged found;
	char path[PATH_MAX];
	int r = tree_path(place, path, err);

	if (r < 0)
		return r;
	r = merged_lookup(tree->layers, tree->count, target, false, &found);
	if (r < 0 || S_ISDIR(found.st.st_mode))
		return error_set(err, ERROR_MALFORMED, r < 0 ? -r : EISDIR,
				 "a hard link to something that is not there or is a folder");
	if (strcmp(found.path, path) == 0)
		return 0;
	if (found.layer > 0) {
		r = bring_up(tree, &found, err);
		if (r < 0)
			return r;
	}
	r = tree_clear(place, err);
	if (r == 0)
		r = tree_place(tree, found.path, &from, err);
	if (r < 0)
		return r;
	if (linkat(from.parent, from.name, place->parent, place->name, 0) < 0)
		return errno == ENOENT
			       ? error_set(err, ERROR_MALFORMED, ENOENT, "a hard link that replaces its own target")
			       : failed(err, errno, "make a hard link");
	return 0;
}

int tree_charge(struct tree *tree, uint64_t bytes, struct error *err)
{
	if (bytes > tree->bytes_left)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "the image unpacks to more than is allowed");
	tree->bytes_left -= bytes;
	tree->bytes += bytes;
	return 0;
}
