/* Web processes that share one database. Each sandbox is on one node, which alone may touch it; another one asks it by the database.
 * A node that has not been seen for NODE_DEAD_MS is dead: what it had is over, and the others say so. */
#pragma once

#include "store/store.h"

#define NODE_NAME_MAX 100
#define NODE_DEAD_MS  30000

/* A process begins under this name. `run` tells it from those before. What nobody has yet (node "") becomes its own. */
int nodes_enter(struct store *store, const char *name, const char *run, int64_t now_ms, struct error *err);
/* It is still there. ERROR_CONFLICT: another process has begun under the same name since. One that was taken for dead is entered
 * again. */
int nodes_beat(struct store *store, const char *name, const char *run, int64_t now_ms, struct error *err);
/* It ends in good order. While it still has open sandboxes it is not forgotten: it is expected back. */
int nodes_leave(struct store *store, const char *name, const char *run, struct error *err);
/* Removes nodes that are dead, and ends the sandboxes and queues the builds of all that are no more; *ret_sandboxes counts the ended. */
int nodes_bury(struct store *store, int64_t now_ms, int64_t *ret_sandboxes, struct error *err);
/* How many are alive. */
int nodes_count(struct store *store, int64_t now_ms, int64_t *ret_count, struct error *err);

/* Asks the sandbox's node to end it, for `reason`; the first reason stays. Fine when it has ended. */
int nodes_ask_end(struct store *store, const char *sandbox, const char *reason, int64_t now_ms, struct error *err);
/* The same for the one that a person has open, if any, on whatever node. */
int nodes_ask_end_of(struct store *store, const char *person, const char *reason, int64_t now_ms, struct error *err);

struct node_sandbox {
	char id[41];
	char reason[21]; /* "": nobody has asked for its end */
	char person[STORE_ID_LENGTH + 1];
};
/* The open ones of a node; the caller frees the array. */
int nodes_sandboxes(struct store *store, const char *name, struct node_sandbox **ret_sandboxes, size_t *ret_count, struct error *err);
