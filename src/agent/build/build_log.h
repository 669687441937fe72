/* The log of one build: what the job writes goes through us to a pipe whose reading end the caller has. It is capped, its end is kept
 * to find out why a build failed, and a reader that goes away is told. A slow reader slows the build, nothing is piled up here. */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/loop.h"

#define BUILD_LOG_TAIL ((size_t)32 * 1024)

struct build_log;

typedef void (*build_log_closed)(void *data); /* the reader is gone; called once, from the loop */

/* `output_max`: bytes that the reader gets at most; then one line says so and the rest is dropped. */
int build_log_new(struct loop *loop, uint64_t output_max, build_log_closed closed, void *data, struct build_log **ret_log,
		  struct error *err);
/* The reading end, for the caller of the operation; ours is closed by this call's caller when it was sent. Once. */
int build_log_reader(struct build_log *log);
int build_log_writer(const struct build_log *log); /* for jobs; stays ours */
/* A line of our own. */
void build_log_say(struct build_log *log, const char *text);
/* What the job wrote last, NUL-terminated; borrowed. Call build_log_drain before, when the job is over. */
const char *build_log_tail(const struct build_log *log);
void build_log_drain(struct build_log *log);
/* No job writes any more: what is left still goes to the reader (for a while), then the log frees itself. Takes NULL. */
void build_log_end(struct build_log *log);
