/* Logs of builds, one capped file each, and the people who read along (server-sent events). Control loop's thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "http/stream.h"

struct build_logs;

/* `folder` is made when it is missing; `max` bytes are kept of each log. */
int build_logs_new(struct loop *loop, const char *folder, uint64_t max, struct build_logs **ret_logs, struct error *err);
void build_logs_free(struct build_logs *logs); /* closes the streams; takes NULL */

/* A new try of the same build starts with an empty log. */
void build_log_reset(struct build_logs *logs, const char *build);
void build_log_append(struct build_logs *logs, const char *build, const void *data, size_t length);
/* How much is kept of it. */
uint64_t build_log_size(struct build_logs *logs, const char *build);
/* The build's state as JSON text, for those who follow it; `ended`: it is the last one. */
void build_log_state(struct build_logs *logs, const char *build, const char *json, bool ended);

/* Takes the stream: sends `event: state` with `json`, the log from byte `offset` on, what comes later, and `event: end`. */
void build_log_follow(struct build_logs *logs, const char *build, struct stream *stream, uint64_t offset, const char *json,
		      bool ended);
/* Calls `tell` for every build that somebody follows. */
void build_logs_followed(struct build_logs *logs, void (*tell)(const char *build, void *data), void *data);
