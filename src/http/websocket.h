/* The opening of a WebSocket (RFC 6455 §4.2); what follows on the socket is somebody else's (terminal/relay.h). */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "http/request.h"

struct upgrade; /* an upgraded connection: its socket is yours to use and the server's to close */

/* Called exactly once, on a server thread (post it to your loop). `early`: bytes that came right behind the request,
 * borrowed for the call. The socket is non-blocking with TCP_NODELAY. When the client went away before: upgrade NULL
 * and socket -1. */
typedef void (*upgrade_taken)(struct upgrade *upgrade, int socket, const void *early, size_t early_length, void *data);

/* Checks the request's headers and answers 101. `protocol`: the subprotocol that the client must offer, or NULL.
 * ERROR_MALFORMED for a bad handshake, ERROR_UNSUPPORTED with -EPROTONOSUPPORT when it is not a WebSocket request
 * (answered 426), ERROR_FORBIDDEN for a foreign Origin; `taken` is not called then. */
int respond_websocket(struct request *request, const char *protocol, upgrade_taken taken, void *data,
		      struct error *err);
/* The handshake's checks alone, for handlers that want to refuse before they ask the engine for anything. */
int websocket_check(const struct request *request, const char *protocol, struct error *err);

/* From any thread, once, when the socket is used no more: the server closes it. A `struct upgrade *`; fits as relay's
 * `closed`. */
void upgrade_close(void *data);
