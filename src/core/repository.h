/* What lies in a repository that was fetched as a tar: the names of its files, and the text of the few that tell what it is. */
#pragma once

#include <stddef.h>

#include "base/error.h"

#define REPOSITORY_SHOWN_MAX 200	 /* names that are kept */
#define REPOSITORY_TEXT_MAX  (64 * 1024) /* of one file; longer ones are cut */

struct repository_text {
	char *name;
	char *text; /* UTF-8 without NUL */
};

struct repository {
	char **names; /* folders end with "/"; those that are not UTF-8 are left out */
	size_t name_count;
	size_t file_count; /* of all */
	struct repository_text *texts;
	size_t text_count;
};

/* Reads the tar (tar_reader.h). `folder`: what lies below it counts as the top ("" or NULL: all). */
int repository_read(const void *tar, size_t length, const char *folder, struct repository *ret_repository, struct error *err);
void repository_fini(struct repository *repository);
/* The text of a file at its top; case counts. NULL: not there, or not text. */
const char *repository_text(const struct repository *repository, const char *name);
/* The first text whose name begins so, whatever its case ("readme" finds README.md). */
const char *repository_text_like(const struct repository *repository, const char *prefix);
