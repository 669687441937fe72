#include "agent/image/digest.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define PREFIX        "sha256:"
#define PREFIX_LENGTH (sizeof(PREFIX) - 1)

bool digest_is_valid(const char *s)
{
	return s != NULL && str_starts_with(s, PREFIX) && strlen(s) == DIGEST_SIZE - 1 &&
	       strspn(s + PREFIX_LENGTH, "0123456789abcdef") == DIGEST_SIZE - 1 - PREFIX_LENGTH;
}

void digest_finish(struct sha256_ctx *context, char out[DIGEST_SIZE])
{
	uint8_t hash[SHA256_DIGEST_SIZE];

	sha256_digest(context, sizeof(hash), hash);
	memcpy(out, PREFIX, PREFIX_LENGTH);
	str_hex(hash, sizeof(hash), out + PREFIX_LENGTH);
}

void digest_of(const void *data, size_t length, char out[DIGEST_SIZE])
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, length, data);
	digest_finish(&context, out);
}

void digest_chain(const char *parent, const char *diff_id, char out[DIGEST_SIZE])
{
	char both[2 * DIGEST_SIZE];

	if (parent == NULL) {
		memcpy(out, diff_id, DIGEST_SIZE);
		return;
	}
	snprintf(both, sizeof(both), "%s %s", parent, diff_id);
	digest_of(both, strlen(both), out);
}

const char *digest_hex(const char *digest)
{
	return digest + PREFIX_LENGTH;
}
