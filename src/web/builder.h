/* The build queue at work: takes queued builds from the store, has the engine build them, unpacks the image and proves by the smoke
 * command that the program runs, in a sandbox like a visitor's. Belongs to the control loop's thread unless said otherwise. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "web/build_log.h"

struct hub;
struct builder;

int builder_new(struct hub *hub, struct builder **ret_builder, struct error *err);
void builder_free(struct builder *builder); /* after builder_engine_down, and after engine and recorder; takes NULL */
void builder_stop(struct builder *builder); /* starts nothing new */
struct build_logs *builder_logs(struct builder *builder);

/* From any thread: there may be something new in the queue, or another order. */
void builder_wake(struct builder *builder);
/* Has the followers of the build told how it stands. */
void builder_tell(struct builder *builder, const char *build);

/* What the engine says. */
void builder_engine_up(struct builder *builder);
void builder_engine_down(struct builder *builder); /* running builds are lost and queued again */
void builder_stage(struct builder *builder, const char *build, const char *stage);
void builder_ended(struct builder *builder, const char *build, const char *state, const char *error, const char *reference);
void builder_image_progress(struct builder *builder, const char *reference, const char *stage, unsigned done, unsigned total);
void builder_sandbox_ended(struct builder *builder, const char *sandbox, const char *reason, int exit_code);
