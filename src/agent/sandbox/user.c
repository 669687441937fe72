#include "agent/sandbox/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/sandbox/rootfs.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

#define FILE_MAX ((size_t)1024 * 1024)
#define ID_MAX 65535

/* What is no regular file (a fifo would hold us) or too big reads as empty. */
static void read_file(int root, const char *path, struct buf *out)
{
	auto_fd int fd = rootfs_open(root, path, O_RDONLY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || fd_read_all(fd, FILE_MAX, out) < 0)
		buf_clear(out);
	buf_append_string(out, "");
}

/* Cuts a line of `n` fields at its colons; gives false when there are fewer. */
static bool split(char *line, char **fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fields[i] = line;
		line = strchr(line, ':');
		if (line == NULL)
			return i == n - 1;
		*line++ = '\0';
	}
	return true;
}

static bool to_id(const char *text, uint32_t *ret_id)
{
	uint64_t id;

	if (str_to_u64(text, ID_MAX, &id) < 0)
		return false;
	*ret_id = (uint32_t)id;
	return true;
}

/* The entry of /etc/passwd with that name, or that id when `name` is NULL. `ret_name` points into `text`. */
static bool find_passwd(char *text, const char *name, uint32_t uid, struct user *user, const char **ret_name)
{
	char *place = NULL;

	for (char *line = strtok_r(text, "\n", &place); line != NULL; line = strtok_r(NULL, "\n", &place)) {
		char *fields[7];
		uint32_t found_uid;
		uint32_t found_gid;

		if (!split(line, fields, 7) || !to_id(fields[2], &found_uid) || !to_id(fields[3], &found_gid))
			continue;
		if (name != NULL ? strcmp(fields[0], name) != 0 : found_uid != uid)
			continue;
		user->uid = found_uid;
		user->gid = found_gid;
		if (fields[5][0] == '/' && strlen(fields[5]) < USER_HOME_MAX && str_is_utf8(fields[5], strlen(fields[5])))
			strcpy(user->home, fields[5]);
		*ret_name = fields[0];
		return true;
	}
	return false;
}

static bool is_member(char *members, const char *name)
{
	char *place = NULL;

	for (char *member = strtok_r(members, ",", &place); member != NULL; member = strtok_r(NULL, ",", &place))
		if (strcmp(member, name) == 0)
			return true;
	return false;
}

/* Reads /etc/group: the id of `wanted` (if not NULL), and the groups that `member` (if not NULL) is in. */
static bool read_groups(int root, const char *wanted, const char *member, struct user *user)
{
	auto_buf struct buf text = BUF_INIT;
	bool found = false;
	char *place = NULL;

	read_file(root, "/etc/group", &text);
	for (char *line = strtok_r(text.data, "\n", &place); line != NULL; line = strtok_r(NULL, "\n", &place)) {
		char *fields[4];
		uint32_t gid;

		if (!split(line, fields, 4) || !to_id(fields[2], &gid))
			continue;
		if (wanted != NULL && !found && strcmp(fields[0], wanted) == 0) {
			user->gid = gid;
			found = true;
		}
		if (member != NULL && user->group_count < USER_GROUPS_MAX && is_member(fields[3], member))
			user->groups[user->group_count++] = gid;
	}
	return found;
}

int user_find(int root, const char *text, struct user *ret_user, struct error *err)
{
	auto_free char *user = xstrdup(*text != '\0' ? text : "0");
	auto_buf struct buf passwd = BUF_INIT;
	char *group = strchr(user, ':');
	const char *name = NULL;
	uint32_t id = 0;
	bool by_id;

	if (group != NULL)
		*group++ = '\0';
	*ret_user = (struct user){.home = "/"};
	by_id = *user == '\0' || to_id(user, &id);
	read_file(root, "/etc/passwd", &passwd);
	if (!find_passwd(passwd.data, by_id ? NULL : user, id, ret_user, &name)) {
		if (!by_id)
			return error_set(err, ERROR_INVALID, EINVAL, "the image's user \"%.64s\" is not in its /etc/passwd", user);
		ret_user->uid = id;
		if (id == 0)
			strcpy(ret_user->home, "/root");
	}
	if (group == NULL || *group == '\0') {
		if (name != NULL)
			read_groups(root, NULL, name, ret_user);
		return 0;
	}
	if (!to_id(group, &ret_user->gid) && !read_groups(root, group, NULL, ret_user))
		return error_set(err, ERROR_INVALID, EINVAL, "the image's group \"%.64s\" is not in its /etc/group", group);
	return 0;
}
