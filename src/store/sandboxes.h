/* Tries: the running sandbox of a person and the history. The database itself holds that a person has one open sandbox
 * at most. */
#pragma once

#include "store/store.h"

struct sandbox {
	char *id;
	char *person; /* session.person */
	int64_t project; /* 0: none, a bare shell on a base image */
	char *full_name; /* "owner/name"; without a project, the reference of the base ("debian:bookworm") */
	char *project_summary; /* or the base's label */
	char *version; /* label */
	char *image;   /* manifest digest */
	char *state;   /* queued, starting, running, ended */
	unsigned cols; /* as asked for */
	unsigned rows;
	unsigned terminals; /* one bit per terminal: bit n is terminal n */
	int64_t created_ms;
	int64_t started_ms;
	int64_t expires_ms;
	int64_t ended_ms;
	int64_t start_us; /* what starting took */
	uint64_t memory;  /* limits: bytes, thousandths of a core, processes, bytes */
	uint32_t cpu;
	uint32_t pids;
	uint64_t disk;
	char *reason;  /* exited, idle, expired, stopped, memory, replaced, failed; NULL while it is open */
	int exit_code; /* -1: not known */
	char *detail;  /* for a person, why it failed; or NULL */
	char *node;    /* the web process that has it (nodes.h) */
};

void sandbox_fini(struct sandbox *sandbox);
/* With strings of its own. */
void sandbox_copy(const struct sandbox *sandbox, struct sandbox *ret_copy);

struct sandbox_list {
	struct sandbox *items;
	size_t count;
	int64_t total;
};

void sandbox_list_fini(struct sandbox_list *list);

/* Inserts a new open one (state queued or starting). `id` NULL: one is made and put there; `node` NULL: "". ERROR_CONFLICT when
 * the person has an open one, on whatever node. Safe to repeat after ERROR_UNAVAILABLE. */
int sandboxes_insert(struct store *store, struct sandbox *sandbox, int64_t now_ms, struct error *err);
/* ERROR_NOT_FOUND. */
int sandboxes_get(struct store *store, const char *id, struct sandbox *ret_sandbox, struct error *err);
/* The person's open one. ERROR_NOT_FOUND. */
int sandboxes_open_of(struct store *store, const char *person, struct sandbox *ret_sandbox, struct error *err);
/* Open ones first, then history, newest first. */
int sandboxes_list(struct store *store, const char *person, struct page page, struct sandbox_list *ret_list,
		   struct error *err);
/* Everybody's on one node (NULL: all) in one state, oldest first: "queued" for the queue, "starting" and "running" for
 * meeting the engine again. */
int sandboxes_in_state(struct store *store, const char *node, const char *state, struct sandbox_list *ret_list,
		       struct error *err);

/* queued → starting → running → ended, queued → ended, starting → ended. Another move is ERROR_CONFLICT and changes
 * nothing. */
int sandboxes_starting(struct store *store, const char *id, struct error *err);
int sandboxes_running(struct store *store, const char *id, int64_t now_ms, int64_t expires_ms, int64_t start_us,
		      struct error *err);
/* The time that it ran is added to its project's statistics. */
int sandboxes_end(struct store *store, const char *id, const char *reason, int exit_code, const char *detail,
		  int64_t now_ms, struct error *err);
/* For open ones; ERROR_CONFLICT when it has ended. */
int sandboxes_set_expiry(struct store *store, const char *id, int64_t expires_ms, struct error *err);
int sandboxes_set_terminals(struct store *store, const char *id, unsigned terminals, struct error *err);

/* Removes an ended one of the person's from the history; ERROR_NOT_FOUND: not theirs, ERROR_CONFLICT: still open. */
int sandboxes_forget(struct store *store, const char *person, const char *id, struct error *err);
/* Removes all of the person's ended ones. */
int sandboxes_forget_ended(struct store *store, const char *person, int64_t *ret_count, struct error *err);

/* How many wait before this queued one; 1: it is next. 0: it isn't queued. */
int sandboxes_position(struct store *store, const char *id, int64_t *ret_position, struct error *err);
struct sandbox_counts {
	int64_t queued;
	int64_t starting;
	int64_t running;
};
int sandboxes_count(struct store *store, struct sandbox_counts *ret_counts, struct error *err);
