/* Moments as clients write them. */
#pragma once

#include <stdint.h>

/* A date and time of RFC 3339 §5.6 ("2026-11-22T09:40:00Z", "…+09:00", fractions of a second are cut): milliseconds since 1970, or -EINVAL.
 * Years 1970 to 9999; a leap second counts as the next minute's first. */
int moment_parse(const char *text, int64_t *ret_ms);
