/* Answers that are fed from any thread: server-sent events (WHATWG HTML §9.2), and bodies that come from elsewhere piece by piece. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "http/request.h"

struct stream;

/* Answers 200 text/event-stream. The caller holds *ret_stream until stream_close. A comment goes out every 15 s so that
 * proxies and dead clients are noticed. NULL when the request was answered already or is gone. */
struct stream *respond_stream(struct request *request);
/* What the client saw last, for resuming: the Last-Event-ID header, else `?offset=`; NULL: neither. */
const char *stream_last_id(const struct request *request);

/* One event; `event` and `id` may be NULL; `data` may hold line breaks. 0; -EAGAIN when the client is more than 256 KiB
 * behind (nothing was taken: wait for `ready`); -EPIPE when the client is gone (stream_close is still due). */
int stream_send(struct stream *stream, const char *event, const char *id, const char *data);
/* `ready` is called, on a server thread, when room came back after an -EAGAIN, and once when the client is gone. It may
 * call stream_send and stream_close. Never called after stream_close has returned. */
void stream_on_ready(struct stream *stream, void (*ready)(void *data), void *data);
/* Ends it behind what is still buffered, and gives the handle up. Takes NULL. */
void stream_close(struct stream *stream);

/* Answers `status` with a body of `length` bytes that stream_write brings; respond_header's headers go along. To HEAD, close it at once:
 * nothing is sent. NULL as above. */
struct stream *respond_body(struct request *request, unsigned status, const char *type, uint64_t length);
/* Bytes of such a body: 0, -EAGAIN, -EPIPE as stream_send. A body that is closed before it is whole ends the connection, so that
 * nobody takes it for whole. */
int stream_write(struct stream *stream, const void *bytes, size_t length);
/* How many bytes are on the way that the client has not acknowledged, ours and the kernel's. */
size_t stream_behind(struct stream *stream);
