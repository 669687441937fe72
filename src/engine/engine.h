/* What runs sandboxes and builds, behind one const table of operations per engine: local (our agent), fake (tests), later
 * docker and kubernetes. Everything here belongs to one loop's thread; answers come through callbacks on it, never from within
 * the call that asked. An answer callback runs exactly once, also when the engine goes away (ERROR_UNAVAILABLE). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

struct engine;

#define ENGINE_ID_MAX 40

struct engine_limits {
	uint64_t memory; /* bytes, swap included */
	uint32_t cpu;	 /* thousandths of a core */
	uint32_t pids;
	uint64_t disk; /* bytes of files written */
};

struct engine_start {
	const char *sandbox;	    /* 1–40 of a-z0-9-, chosen by the caller */
	const char *image;	    /* manifest digest, from engine_pull */
	const char *const *command; /* NULL-terminated argv; NULL: what the image says, else a login shell */
	struct engine_limits limits;
	bool network;
	unsigned cols;
	unsigned rows;
};

/* For the FROM images of one registry. Engines write it nowhere, and into no build. */
struct engine_login {
	const char *registry; /* "registry.example:5000", as it stands in the reference */
	const char *username;
	const char *password;
};

struct engine_build {
	const char *build;
	const char *tag; /* "owner/name:version" in the registry */
	int context;	 /* tar or zip, with a Dockerfile at its top unless one is given; stays the caller's */
	const char *dockerfile; /* its text, at most 64 KiB; NULL: the context's own */
	struct engine_limits limits;
	uint64_t seconds; /* time cap */
	uint64_t output;  /* log cap, bytes */
	bool network;
	const struct engine_login *login; /* NULL: what it is built from is public */
};

struct engine_fetch {
	const char *fetch; /* 1–40 of a-z0-9-, chosen by the caller */
	const char *url;   /* https://… of a Git repository */
	const char *ref;   /* branch, tag or commit; NULL: the repository's default */
	uint64_t memory;   /* bytes */
	uint64_t disk;	   /* bytes */
	uint64_t seconds;
};

struct engine_image {
	const char *image; /* manifest digest; borrowed for the callback */
	uint64_t size;	   /* bytes unpacked */
	bool shell;	   /* there is a shell in it */
};

struct engine_usage {
	uint64_t memory;
	uint64_t memory_limit;
	uint64_t cpu_us; /* since the start */
	uint32_t pids;
};

struct engine_sandbox { /* one that runs, as engine_list tells */
	const char *sandbox;
	const char *image;
	const unsigned *terminals;
	size_t terminal_count;
};

/* A descriptor in an answer is the callback's: it takes it by steal_fd(fd), else it is closed. */
typedef void (*engine_done)(const struct error *err, void *data);
typedef void (*engine_started)(const struct error *err, int *tty, uint64_t start_us, bool pooled, void *data);
typedef void (*engine_fd_done)(const struct error *err, int *fd, void *data);
typedef void (*engine_pulled)(const struct error *err, const struct engine_image *image, void *data);
typedef void (*engine_listed)(const struct error *err, const struct engine_sandbox *sandboxes, size_t count, void *data);
/* Called once with the usage of one sandbox; `usage` is NULL when it is gone. */
typedef void (*engine_used)(const struct error *err, const struct engine_usage *usage, void *data);

/* What happens by itself. All strings are borrowed for the call. */
struct engine_events {
	void (*up)(void *data); /* connected (again): time to list and attach, or adopt */
	void (*down)(const struct error *why, void *data);
	void (*sandbox_ended)(const char *sandbox, const char *reason, int exit_code /* -1: unknown */, void *data);
	void (*terminal_ended)(const char *sandbox, unsigned terminal, void *data);
	void (*image_progress)(const char *reference, const char *stage, unsigned done, unsigned total, void *data);
	void (*build_stage)(const char *build, const char *stage, void *data);
	void (*build_ended)(const char *build, const char *state, const char *error, const char *reference, void *data);
	/* What engine_ops.git_fetch and .save gave is whole (`err` NULL), or is to be thrown away. None comes after `down`. May be NULL. */
	void (*git_ended)(const char *fetch, const struct error *err, const char *commit, void *data);
	void (*sandbox_saved)(const char *sandbox, const struct error *err, void *data);
};

struct engine_ops {
	const char *name;
	void (*free)(struct engine *engine); /* open questions are answered with ERROR_UNAVAILABLE first */
	void (*pull)(struct engine *engine, const char *reference, engine_pulled done, void *data);
	void (*start)(struct engine *engine, const struct engine_start *start, engine_started done, void *data);
	void (*exec)(struct engine *engine, const char *sandbox, unsigned terminal, unsigned cols, unsigned rows,
		     engine_fd_done done, void *data);
	void (*stop)(struct engine *engine, const char *sandbox, const char *reason, engine_done done, void *data);
	void (*list)(struct engine *engine, engine_listed done, void *data);
	void (*attach)(struct engine *engine, const char *sandbox, unsigned terminal, engine_fd_done done, void *data);
	void (*adopt)(struct engine *engine, const char *sandbox, unsigned terminal, int tty, engine_done done, void *data);
	void (*usage)(struct engine *engine, const char *sandbox, engine_used done, void *data);
	void (*pool)(struct engine *engine, const struct engine_start *like, unsigned count, engine_done done, void *data);
	void (*build)(struct engine *engine, const struct engine_build *build, engine_fd_done done, void *data);
	void (*build_cancel)(struct engine *engine, const char *build, engine_done done, void *data);
	void (*base_ensure)(struct engine *engine, const char *reference, engine_done done, void *data);
	/* Each gives the reading end of a pipe; the event at its end tells whether what came is whole. Closing it early cancels. */
	void (*git_fetch)(struct engine *engine, const struct engine_fetch *fetch, engine_fd_done done, void *data); /* a tar */
	void (*git_cancel)(struct engine *engine, const char *fetch, engine_done done, void *data);
	void (*save)(struct engine *engine, const char *sandbox, uint64_t bytes_max, engine_fd_done done,
		     void *data); /* what was written into it, as the tar of an OCI layer */
};

/* Every engine's struct begins with this. */
struct engine {
	const struct engine_ops *ops;
	struct loop *loop;
	const struct engine_events *events;
	void *events_data;
};
