/* A fetched repository as what a build is made of. For the recorder's thread or a worker's: it copies the files. */
#pragma once

#include "base/error.h"
#include "store/projects.h"

/* `tar`: the repository; `project`: its source (kind git) and, with a script of the author's, its Dockerfile. Gives the archive, with its
 * Dockerfile at the top, and that Dockerfile's text. ERROR_NOT_FOUND: no such folder, or no Dockerfile there. */
int git_context_make(const char *data_folder, int tar, const struct project *project, int *ret_context, char **ret_dockerfile,
		     struct error *err);
