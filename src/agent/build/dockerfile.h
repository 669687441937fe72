/* Which images a Dockerfile builds on, found without running it: what must be here before the build starts, as the build itself may
 * not reach the registry. Follows the Dockerfile reference: parser directives, continuation lines, ARG before the first FROM, stages.
 * buildah reads the file again and is the judge of all else; a reference that is missed here only ends in "image not known" there. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

#define DOCKERFILE_SIZE_MAX ((size_t)1 << 20)
#define DOCKERFILE_BASES_MAX 8
#define DOCKERFILE_STAGES_MAX 64
#define DOCKERFILE_NAMES_MAX 16

/* What stands in the file for a base; with arguments in it, it differs from the base's reference. */
struct dockerfile_name {
	char *text;
	int base; /* index into the bases */
};

struct dockerfile {
	char *bases[DOCKERFILE_BASES_MAX]; /* image references, each once, arguments filled in */
	size_t base_count;
	struct dockerfile_name names[DOCKERFILE_NAMES_MAX]; /* each text once */
	size_t name_count;
	int last;	  /* index of the base that the last stage stands on; -1: scratch */
	bool healthcheck; /* some stage has a HEALTHCHECK, which is left out of an OCI image */
};

/* ERROR_MALFORMED names the line ("line 3: …"); ERROR_TOO_LARGE beyond the limits above. On success the caller calls the fini. */
int dockerfile_scan(const char *text, size_t length, struct dockerfile *ret_file, struct error *err);
/* The same text with `lines` (each ended by a newline) behind every FROM. */
void dockerfile_after_from(const char *text, size_t length, const char *lines, struct buf *out);
void dockerfile_fini(struct dockerfile *file);
