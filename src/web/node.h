/* This process among others on the same database (store/nodes.h): it says that it is there, ends what others ask it to end, and asks them.
 * For the control loop's thread, but for node_enter. */
#pragma once

#include "web/call.h"
#include "web/hub.h"

/* Before the loop runs: fills hub->node and writes that it is there. */
int node_enter(struct hub *hub, struct store *store, struct error *err);
void node_start(struct hub *hub);
/* No more of it; those who wait for another node are left without an answer. */
void node_stop(struct hub *hub);
/* In good order, after the last sandbox was written down. */
void node_leave(struct hub *hub);

/* Has another node end that sandbox of its own, and runs the call again (call->run) when it has; answers by itself when that takes too
 * long. */
void node_end_elsewhere(struct hub *hub, const char *sandbox, const char *reason, struct call *call);
