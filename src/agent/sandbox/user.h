/* Whose processes run in a sandbox: the image's `User` (OCI image-spec config.md), looked up in the image's own files. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define USER_GROUPS_MAX 32
#define USER_HOME_MAX 256

struct user {
	uint32_t uid;
	uint32_t gid;
	uint32_t groups[USER_GROUPS_MAX]; /* additional ones */
	size_t group_count;
	char home[USER_HOME_MAX]; /* absolute */
};

/* `text` is "", "name", "uid", "name:group", "uid:gid", …; `root` is the root folder of the image, whose files are not trusted.
 * ERROR_INVALID when a name is not there, or an id is above 65535. */
int user_find(int root, const char *text, struct user *ret_user, struct error *err);
