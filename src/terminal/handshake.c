#include "terminal/handshake.h"

#include <errno.h>
#include <nettle/base64.h>
#include <nettle/sha1.h>
#include <stdint.h>
#include <string.h>

#define GUID       "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_LENGTH 24

int websocket_accept_key(const char *key, char out[WEBSOCKET_ACCEPT_SIZE])
{
	struct base64_decode_ctx decode;
	struct sha1_ctx sha1;
	uint8_t raw[BASE64_DECODE_LENGTH(KEY_LENGTH)];
	uint8_t digest[SHA1_DIGEST_SIZE];
	size_t length = sizeof(raw);

	if (key == NULL || strlen(key) != KEY_LENGTH)
		return -EINVAL;
	base64_decode_init(&decode);
	if (!base64_decode_update(&decode, &length, raw, KEY_LENGTH, key) || !base64_decode_final(&decode) ||
	    length != 16)
		return -EINVAL;
	sha1_init(&sha1);
	sha1_update(&sha1, KEY_LENGTH, (const uint8_t *)key);
	sha1_update(&sha1, strlen(GUID), (const uint8_t *)GUID);
	sha1_digest(&sha1, sizeof(digest), digest);
	base64_encode_raw(out, sizeof(digest), digest);
	out[WEBSOCKET_ACCEPT_SIZE - 1] = '\0';
	return 0;
}
