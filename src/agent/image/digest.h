/* Content digests: "sha256:" and 64 lower-case hexadecimal digits (image-spec descriptor.md). By nettle, which
 * libarchive brings along anyway, and which uses the processor's SHA instructions. */
#pragma once

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>

#define DIGEST_SIZE 72 /* with the NUL */

bool digest_is_valid(const char *s); /* takes NULL */
void digest_finish(struct sha256_ctx *context, char out[DIGEST_SIZE]);
void digest_of(const void *data, size_t length, char out[DIGEST_SIZE]);
/* The chain id (image-spec config.md): `parent` is the chain id of the layers below, NULL for the lowest one. */
void digest_chain(const char *parent, const char *diff_id, char out[DIGEST_SIZE]);
/* What stands behind "sha256:". */
const char *digest_hex(const char *digest);
