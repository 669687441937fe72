/* ttob-agent: one thread, one loop. What its parts (image, sandbox, build) share, and how a part joins in. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/error.h"
#include "base/list.h"
#include "base/loop.h"

struct connection;  /* one peer of the socket: dispatch.h */
struct image_store; /* image/image.h */
struct sandboxes;   /* sandbox/sandbox.h */
struct network;	    /* network/network.h */
struct builds;	    /* build/build.h */
struct reaper;	    /* reaper.h */
struct checks;	    /* check.h */

struct agent {
	struct loop *loop;
	struct reaper *reaper;	     /* every child and every watched process */
	const struct config *config; /* [agent], [registry], and what the parts' `keys` add */
	const char *state_dir;	     /* survives a reboot: layers, base images. Exists, mode 0711 */
	const char *run_dir;	     /* does not survive one (tmpfs usually): sockets, bundles, states. Exists, mode 0711 */
	bool stopping;		     /* SIGTERM came: start nothing new */
	const struct agent_part *const *parts; /* ends with NULL */
	struct list connections;     /* struct connection */

	/* Each is made by its part's `start` and freed by its `stop`. */
	struct image_store *images;
	struct network *network; /* NULL: this host has none for sandboxes and builds */
	struct sandboxes *sandboxes;
	struct builds *builds;
};

/* One folder of src/agent. main.c has the table of the parts; they start in its order and stop in the reverse one. */
struct agent_part {
	const char *name;
	const struct op *ops;		/* ends with a NULL name; may be NULL (dispatch.h) */
	const struct config_key *keys;	/* ends with a NULL section; may be NULL. Joined into the agent's one table */
	int (*start)(struct agent *agent, struct error *err); /* may be NULL */
	/* SIGTERM came, or agent.shutdown: begin to end what must not outlive the agent; then `busy` is asked until it says no (or
	 * some seconds went by). Both may be NULL. */
	void (*stopping)(struct agent *agent);
	bool (*busy)(struct agent *agent);
	void (*stop)(struct agent *agent); /* may be NULL; called only after a good start */
	/* A peer is gone: what belongs to its connection ends (may be NULL). The pointer is only good for comparing. */
	void (*connection_closed)(struct agent *agent, const struct connection *connection);
	void (*check)(struct agent *agent, struct checks *checks); /* adds lines to host.check (may be NULL) */
};

extern const struct agent_part host_part;    /* host_ops.c */
extern const struct agent_part image_part;   /* image/image_ops.c */
extern const struct agent_part network_part; /* network/network_part.c */
extern const struct agent_part sandbox_part; /* sandbox/sandbox_ops.c */
extern const struct agent_part build_part;   /* build/build_ops.c */

/* Sends {"event": name, …body} to every connection that has said hello. `body` (an object) is taken. */
void agent_event(struct agent *agent, const char *name, json_t *body);
/* Begins the orderly end of the agent; sandboxes go on. */
void agent_stop(struct agent *agent);
