/* Sites that may show a project's terminal in a frame: a list of origins, which becomes the frame-ancestors of a Content-Security-Policy
 * (CSP Level 3 §6.4.2). Nothing that could end a directive or begin another fits in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define ORIGINS_MAX	  20
#define ORIGIN_LENGTH_MAX 200

/* "https://host[:port]"; "https:", two slashes, "*.example.org": every host below it; and for the author's own machine
 * "http://localhost[:port]" and "http://127.0.0.1[:port]". Lower case; no path, no user, no "*" elsewhere. */
bool origin_is_embeddable(const char *origin);
/* Appends "'self'" and the origins of a stored list (separated by spaces); what isn't embeddable is left out. */
void origins_append_frame_ancestors(struct buf *out, const char *list);
