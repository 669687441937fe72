/* Build contexts: one archive for each project's source, named by its digest, below <data>/contexts. */
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
/* An archive as it comes in: tar, also compressed, or zip. Nothing is left of it before it is kept; kept, it is found by a name
 * like a digest that no other has, so that it goes when its build or project goes. */
struct context_writer;
int context_writer_new(const char *data_folder, struct context_writer **ret_writer, struct error *err);
void context_writer_free(struct context_writer *writer); /* takes NULL */
int context_writer_add(struct context_writer *writer, const void *data, size_t length, struct error *err);
/* ERROR_INVALID when it is empty or no archive. */
int context_writer_check(const struct context_writer *writer, struct error *err);
int context_writer_keep(struct context_writer *writer, char ret_digest[CONTEXT_DIGEST_SIZE], struct error *err);

/* Throws away the archives that are older than that and that nothing needs any more. */
int context_sweep(struct store *store, const char *data_folder, int64_t older_ms, struct error *err);
void context_remove(const char *data_folder, const char *digest);

/* Opens the context of the project for reading. ERROR_NOT_FOUND. */
int context_open(const char *data_folder, const struct project *project, int *ret_fd, struct error *err);
