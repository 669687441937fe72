/* The other way round: what a sandbox has written (the upper folder of its overlay) as the tar of an OCI layer, deletions included
 * (image-spec layer.md, "Whiteouts"; Documentation/filesystems/overlayfs.rst). Its writer may be hostile and at work meanwhile. */
#pragma once

#include <stdint.h>

#include "base/error.h"

struct pack_job {
	int folder;	     /* the upper folder */
	int out;	     /* where the tar goes */
	uint32_t id_base;    /* ids in the folder are those of the sandbox and this many more */
	uint64_t bytes_max;  /* of file data */
	uint64_t entries_max;
};

/* Confines the calling process to the folder for good, then writes the tar. What lives in memory or belongs to one session is left out
 * (/tmp, /run, shells' histories), as are the files that the agent itself puts into every sandbox. ERROR_TOO_LARGE; ERROR_UNSUPPORTED
 * for what a layer can't say. */
int pack(const struct pack_job *job, struct error *err);
