/* The opening handshake's one calculation (RFC 6455 §4.2.2), and the protocol's name. */
#pragma once

#define TERMINAL_SUBPROTOCOL  "ttob.terminal.v1"

#define WEBSOCKET_ACCEPT_SIZE 29
/* Sec-WebSocket-Accept for a client's Sec-WebSocket-Key: 0, or -EINVAL when the key is not the base64 of 16 bytes. */
int websocket_accept_key(const char *key, char out[WEBSOCKET_ACCEPT_SIZE]);
