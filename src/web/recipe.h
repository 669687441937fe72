/* What a published source becomes: a Dockerfile and the files that it is built with. Scripts, Dockerfiles and images are kept in the
 * build's row alone, and their context is made when its turn comes; archives are kept below <data>/contexts (context.h). */
#pragma once

#include <stdbool.h>

#include "core/project_form.h"
#include "store/projects.h"
#include "web/context.h"

struct recipe {
	const char *source_kind;
	char *source;	  /* JSON, as it was sent, without secrets; with "context": true when an archive came along */
	char *dockerfile; /* NULL: the archive's or the repository's own */
	char digest[CONTEXT_DIGEST_SIZE];
};

void recipe_fini(struct recipe *recipe);
/* `about` gives the labels of the image (owner, name, summary, license, homepage). `archive`: one came along; the digest is to
 * be that of what was kept then. Faults are noted by field ("source.…") and give ERROR_INVALID. */
int recipe_make(const struct project_form *form, const struct project *about, bool archive, struct recipe *ret_recipe,
		struct field_errors *errors, struct error *err);
/* The archive of what the project's (or build's) source says; a descriptor of its own. ERROR_NOT_FOUND when it was kept no longer. */
int recipe_open(const char *data_folder, const struct project *project, int *ret_fd, struct error *err);
/* Whether it comes from elsewhere when its turn comes: recipe_open gives no descriptor (-1) then. */
bool recipe_is_fetched(const struct project *project);
/* The commit that was built is what the next build of the source begins with, and the next version is not. */
void recipe_forget_commit(struct project *project);
/* Whether the Dockerfile goes beside the archive (engine_build.dockerfile) instead of within. */
bool recipe_is_beside(const struct project *project);
