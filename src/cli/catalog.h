/* One folder of the catalogue (catalog/README.md): read, checked, and made into a project and its build context. */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "store/projects.h"

/* `folder` holds project.conf. Fills the project (owner, source, dockerfile and digest included) and its context. Errors name file and
 * line, or the field. The caller ends both (project_fini, buf_fini). */
int catalog_read(const char *folder, const char *owner, struct project *ret_project, struct buf *ret_context, struct error *err);
