/* Ends every sandbox of an agent: the last thing before `ttob up` stops it. */
#pragma once

#include "base/loop.h"

struct sweep;

/* Asks the agent at `socket_path` (copied) to stop all of its sandboxes; `done` is called once from the loop, with how many there were,
 * when they are gone, the agent is, or `limit_ms` is over. */
struct sweep *sweep_start(struct loop *loop, const char *socket_path, int64_t limit_ms, void (*done)(unsigned count, void *data),
			  void *data);
void sweep_free(struct sweep *sweep); /* takes NULL; `done` is not called any more */
