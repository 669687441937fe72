/* The parts of making a base image that need no process: the OCI layout around the tar, and the package sources. */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* Moves <folder>/root.tar (uncompressed, with this digest) into an OCI image layout of one layer at <folder>/layout,
 * tag "base" (image-spec image-layout.md). `epoch` is seconds since 1970 as text. 0 or -errno. */
int base_layout_write(const char *folder, const char *diff_id, const char *epoch, struct error *err);

/* From lines "origin|uri|release|component" (apt-get indextargets) those of Debian for this suite, its updates and its
 * security fixes, as lines for sources.list. Gives at most `max` strings that the caller frees, and a NULL behind them.
 */
void base_sources(const char *targets, const char *suite, char **ret_sources, size_t max);
