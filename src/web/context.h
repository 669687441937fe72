/* Build contexts: one tar for each project's source, named by its digest, below <data>/contexts. */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "store/projects.h"

#define CONTEXT_MAX ((size_t)64 * 1024 * 1024) /* bytes of one context */

/* BLAKE2b-256 over all that a build depends on, as hexadecimal digits: the context and the commands that prove it. */
#define CONTEXT_DIGEST_SIZE 65
void context_digest(const struct buf *tar, const char *smoke, const char *version_command, bool network,
		    char ret_digest[CONTEXT_DIGEST_SIZE]);

int context_write(const char *data_folder, const char *digest, const struct buf *tar, struct error *err);
/* Opens the context of the project for reading. ERROR_NOT_FOUND. */
int context_open(const char *data_folder, const struct project *project, int *ret_fd, struct error *err);
