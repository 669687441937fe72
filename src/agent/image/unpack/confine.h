/* Giving up rights, one way. Each is for a child that was forked for one task. All give 0 or -errno. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A mount of one folder that is in no name space: nothing above the folder can be reached from it. Gives its
 * descriptor. open_tree(2), mount_setattr(2): Linux 5.12. */
int confine_clone_folder(const char *path, bool read_only, struct error *err);

/* New mount, network, ipc and uts name spaces, with `folder` (of confine_clone_folder) as the only file system there
 * is. `path` is any folder of the old one to put it on. */
int confine_to_folder(int folder, const char *path, struct error *err);
/* A new user name space. Its ids 0–65535 are to be mapped onto the same by somebody outside (confine_map_ids): any
 * other id is then the kernel's to refuse. */
int confine_user_space(struct error *err);
int confine_map_ids(int pid, struct error *err);

/* Keeps these capabilities (bits) and no other, and can never get one again. */
int confine_capabilities(uint64_t keep, struct error *err);
/* No user, no groups, no capabilities: uid and gid 65534. */
int confine_nobody(struct error *err);
/* Bytes of address space and of one file, seconds of processor time; no core file. */
int confine_limits(uint64_t memory, uint64_t file_size, uint64_t seconds, struct error *err);

/* What a process that is done with its set-up may still call; anything else ends it. */
enum confine_calls {
	CONFINE_STREAM, /* read and write what is open, memory */
	CONFINE_FILES,  /* and make files relative to what is open */
};

int confine_calls(enum confine_calls calls, struct error *err);
