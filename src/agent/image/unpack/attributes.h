/* What an archive's entry says about owner, mode, time and extended attributes, checked, and set on what was made. */
#pragma once

#include <archive_entry.h>
#include <stdbool.h>
#include <time.h>

#include "agent/image/unpack/tree.h"
#include "base/error.h"

struct attributes {
	uid_t uid;
	gid_t gid;
	mode_t mode; /* 07777 */
	struct timespec mtime;
};

/* Ids above TREE_ID_MAX, attributes of the trusted name space and oversized ones are refused. 0 or -errno. */
int attributes_read(struct archive_entry *entry, struct attributes *ret, struct error *err);
/* On an open file or folder, extended attributes included. 0 or -errno. */
int attributes_set_fd(const struct attributes *attributes, struct archive_entry *entry, int fd, struct error *err);
/* On a link or fifo by its name: owner and time. 0 or -errno. */
int attributes_set_at(const struct attributes *attributes, const struct place *place, struct error *err);
