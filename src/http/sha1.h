/* SHA-1 (FIPS 180-4), for the WebSocket handshake only (RFC 6455 §4.2.2 asks for it; nothing rests on its strength). */
#pragma once

#include <stddef.h>

#define SHA1_SIZE 20

/* At most 119 bytes of data. */
void sha1_short(const void *data, size_t length, unsigned char out[SHA1_SIZE]);
