/* All sandboxes of this agent: a state machine for each, driven by what the runtime and the kernel report. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/agent.h"
#include "agent/child.h"
#include "agent/dispatch.h"
#include "agent/image/image.h"
#include "agent/limits.h"
#include "agent/network/network.h"
#include "agent/reaper.h"
#include "agent/sandbox/console.h"
#include "agent/sandbox/ids.h"
#include "agent/sandbox/filter.h"
#include "agent/sandbox/spec.h"
#include "base/map.h"

#define SANDBOX_ID_MAX 40
#define SANDBOX_KEY_LENGTH 16
#define SANDBOX_TERMINALS_MAX 16 /* of one sandbox */

enum sandbox_state {
	SANDBOX_WAITING,  /* for a turn of the runtime; nothing was made yet */
	SANDBOX_CREATING, /* the runtime makes it */
	SANDBOX_PREPARED, /* made, not started: in the pool */
	SANDBOX_STARTING, /* the runtime starts its shell */
	SANDBOX_RUNNING,
	SANDBOX_ENDING, /* everything is being given back */
	SANDBOX_STATES
};

extern const struct state_table sandbox_states;

enum runtime_kind { RUNTIME_CRUN, RUNTIME_RUNC, RUNTIME_OTHER };

struct sandbox;
struct pool;

struct sandboxes {
	struct agent *agent;
	struct map *by_id;	/* those that a caller has named */
	struct list all;	/* struct sandbox, oldest first */
	struct list pools;	/* struct pool */
	struct list waiting;	/* struct sandbox, in state WAITING */
	unsigned count;		/* of all */
	unsigned turns;		/* runtime commands that run now */
	unsigned turns_max;
	struct id_ranges *ids;
	struct filter *filter;
	char *runtime;	/* the program to run */
	int runtime_fd; /* the sealed copy behind that path, or -1 */
	enum runtime_kind runtime_kind;
	char *runtime_root;
	char *folder;	     /* a folder per sandbox: bundle and state */
	struct spec_disk disk;
	const char *cgroup;  /* the group above all sandboxes */
	bool no_new_privileges;
	bool cgroup_mount;
	struct loop_timer pool_timer;
	unsigned sequence; /* of state files */
};

/* A further shell of a sandbox (sandbox.exec). */
struct terminal {
	struct list link;
	struct sandbox *sandbox;
	unsigned n; /* 2 and above; 1 is the sandbox's own */
	int tty;    /* our duplicate of the master; -1: lost by a restart */
	pid_t pid;
	uint64_t pid_start;
	struct watch *watch;	 /* NULL while the runtime still makes it */
	struct child *runtime;	 /* while it does */
	struct request *request; /* to answer then */
	struct console console;
	unsigned cols;
	unsigned rows;
};

struct sandbox {
	struct list link;	  /* in sandboxes.all */
	struct list waiting_link; /* in sandboxes.waiting */
	struct list pool_link;	  /* in pool.prepared */
	struct sandboxes *sandboxes;
	unsigned state;
	char id[SANDBOX_ID_MAX + 1];	  /* the caller's name for it; "" in the pool */
	char key[SANDBOX_KEY_LENGTH + 1]; /* ours: folder, cgroup, runtime's id. Nothing foreign becomes a path */
	char digest[IMAGE_DIGEST_SIZE];
	const struct image *image; /* our use of it; NULL when it was lost by a restart */
	struct limits limits;
	bool network;
	bool has_command;
	bool pooled; /* came from the pool */
	struct network_lease lease;
	uint32_t id_base;
	int tty; /* our duplicate of the master */
	int writable;	     /* the tmpfs of what is written, for saving; -1: lost by a restart */
	struct child *saver; /* that packs it now */
	struct console console;
	pid_t pid; /* of its first process */
	uint64_t pid_start;
	struct watch *init;    /* NULL: not made yet, or over */
	struct child *runtime; /* the command that runs for it now */
	struct pool *pool;     /* for which it was made; NULL once it is used */
	struct request *request;  /* sandbox.start, to be answered */
	struct list stops;	  /* struct stop */
	struct list terminals;	  /* struct terminal */
	struct loop_timer timer;  /* tries to give back again */
	unsigned tries;
	bool failed; /* a runtime command did: what it had forked may be about to die */
	unsigned cols;
	unsigned rows;
	int64_t asked_us;   /* monotonic */
	int64_t started_ms; /* wall clock */
	int exit_code;	    /* -1: unknown */
	bool announced;	    /* its start was answered well, so its end is an event */
	char *reason;	    /* why it ends */
};

/* Life, in the order of the states. All in sandbox.c. */
struct sandbox *sandbox_new(struct sandboxes *sandboxes, const struct image *image, const struct limits *limits, bool network);
/* Gets its turn at once, or waits for one. */
void sandbox_queue(struct sandbox *sandbox);
/* A prepared one is given its name and started. */
void sandbox_use(struct sandbox *sandbox);
/* Ends it, whatever it does now. `reason` is copied; the first one counts. */
void sandbox_end(struct sandbox *sandbox, const char *reason);
/* Ends it and answers its start with the error. */
void sandbox_fail(struct sandbox *sandbox, const struct error *err);
/* Called when its first process is over. */
void sandbox_watch(struct sandbox *sandbox);
void sandbox_name(struct sandbox *sandbox, const char *id);
/* Answers `request` when it has ended. */
void sandbox_add_stop(struct sandbox *sandbox, struct request *request);
/* Another runtime command may run. */
void sandboxes_next_turn(struct sandboxes *sandboxes);

/* Ends all that have not begun to end. */
void sandboxes_end_all(struct sandboxes *sandboxes, const char *reason);

/* end.c: gives everything back and frees it. */
void sandbox_give_back(struct sandbox *sandbox);
/* Frees only what is ours: the sandbox goes on for the next agent. */
void sandbox_leave(struct sandbox *sandbox);

/* save.c: what was written, as the tar of an OCI layer: gives the reading end of a pipe; the event sandbox.saved tells the end. */
int sandbox_save(struct sandbox *sandbox, uint64_t bytes_max, int *ret_layer, struct error *err);

/* adopt.c: what an earlier agent left: its running sandboxes become ours, all else of it is removed. */
void sandboxes_adopt(struct sandboxes *sandboxes);

/* terminal.c */
int terminal_exec(struct sandbox *sandbox, unsigned n, unsigned cols, unsigned rows, struct request *request, struct error *err);
struct terminal *terminal_find(struct sandbox *sandbox, unsigned n);
struct terminal *terminal_new(struct sandbox *sandbox, unsigned n);
void terminal_free(struct terminal *terminal);
int terminal_watch(struct terminal *terminal);
void terminals_end(struct sandbox *sandbox);

/* pool.c */
int pool_set(struct sandboxes *sandboxes, const struct image *image, const struct limits *limits, bool network, unsigned count,
	     struct error *err);
struct sandbox *pool_take(struct sandboxes *sandboxes, const struct image *image, const struct limits *limits, bool network);
void pool_add(struct sandbox *sandbox);	   /* it is PREPARED */
void pool_forget(struct sandbox *sandbox); /* it is used, or ends */
void pools_refill(struct sandboxes *sandboxes);
void pools_free(struct sandboxes *sandboxes);

/* Paths; the caller frees. `name` NULL: the folder itself. */
char *sandbox_path(const struct sandbox *sandbox, const char *name);
char *sandbox_cgroup(const struct sandbox *sandbox);
