/* Passwords as they are kept: argon2id by libsodium (RFC 9106), interactive limits. Slow and hungry on purpose: for
 * request_heavy only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* `memory`: bytes for one; 0: libsodium's interactive limit (64 MiB). ERROR_UNAVAILABLE when there is no memory for it.
 */
int secret_hash(const char *password, size_t memory, char **ret_hash, struct error *err);
/* Whether that is the password. `hash` NULL (there is no such account, or it has none) takes as long as a wrong one. */
bool secret_fits(const char *hash, const char *password, size_t memory);
