/* What the ways to publish share: POST /projects, …/versions, …/rebuild and builds/{id}/retry. For a worker's thread. */
#pragma once

#include "store/publish.h"
#include "web/internal.h"
#include "web/recipe.h"

/* Writes the order with the limits of its author and answers 202 {project, build}, or the problem that `order` runs into. `action` goes into
 * the audit log. `archive`: what was kept for it (context.h), thrown away when nothing comes of it; NULL: none. */
int publish_answer(struct request *request, const struct session *session, const struct publish_order *order, const char *action,
		   const char *archive, struct error *err);
