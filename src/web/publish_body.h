/* What is sent to be published: JSON, or a form with files (multipart/form-data: part "project", the same JSON; part "context", an archive;
 * part "logo", a picture). For a worker's thread. */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "http/request.h"
#include "web/context.h"

struct publish_body {
	json_t *json;
	struct context_writer *archive; /* not kept yet; NULL: none came */
	struct buf logo;		/* as it was sent */
};

void publish_body_fini(struct publish_body *body);
/* ERROR_MALFORMED, ERROR_TOO_LARGE, ERROR_INVALID with what is wrong. */
int publish_body_read(struct request *request, struct publish_body *ret_body, struct error *err);
