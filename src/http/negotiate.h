/* Small readings of request headers: Accept-Encoding (RFC 9110 §12.5.3), Accept-Language (§12.5.4), If-None-Match (§13.1.2), lists of tokens
 * (§5.6.1). */
#pragma once

#include <stdbool.h>

/* The quality that `coding` has in an Accept-Encoding header, in thousandths: 0 is "not acceptable". A missing header
 * (NULL) accepts identity only; identity is acceptable unless refused. */
unsigned accept_encoding_quality(const char *header, const char *coding);
/* The quality of a language by its primary tag ("ko", which "ko-KR" is, too) in an Accept-Language header (RFC 9110
 * §12.5.4), in thousandths. A missing header: 0. */
unsigned accept_language_quality(const char *header, const char *language);
/* Whether one of the entity tags in the header is `etag` (weak comparison), or it is "*". NULL header: no. */
bool etag_matches(const char *header, const char *etag);
/* Whether the comma-separated header holds the token, compared without case unless `exact`. NULL header: no. */
bool header_has_token(const char *header, const char *token, bool exact);
/* Whether the header is that media type, whatever its parameters. */
bool media_type_is(const char *header, const char *type);
