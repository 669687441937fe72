/* Text of strangers inside XML and HTML: what is written by these can only ever be text. */
#pragma once

#include <jansson.h>

#include "base/buf.h"

/* Appends `text` (UTF-8; NULL: nothing) for the inside of an element or of a quoted attribute, HTML or XML 1.0: & < > " ' become
 * references, characters that XML forbids (§2.2) and bytes that aren't UTF-8 become U+FFFD. */
void markup_append(struct buf *out, const char *text);
/* Appends JSON for the inside of a <script type="application/ld+json">: no "<", ">" or "&" stands in it, so that neither "</script>"
 * nor "<!--" can. */
void markup_append_json(struct buf *out, const json_t *json);
/* Appends one segment of a URL's path, percent-encoded (RFC 3986 §3.3: only unreserved characters stay). */
void markup_append_segment(struct buf *out, const char *segment);
