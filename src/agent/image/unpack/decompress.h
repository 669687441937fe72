/* gzip, zstd or nothing → plain bytes. What it is, its first bytes say; the digest of the result is checked by somebody
 * else. */
#pragma once

#include "base/error.h"

/* Reads `from` to its end, writes `to`. 0, or -errno: ERROR_MALFORMED, or ERROR_INTERNAL when `to` doesn't take more.
 */
int decompress(int from, int to, struct error *err);
