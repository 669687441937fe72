/* The durable queue of builds: it survives the process, and a build that was running when the process died is queued
 * again. */
#pragma once

#include "store/store.h"

/* How often a build is begun that the server, or the registry, left in the middle: whatever kills the server each time must not do so for
 * good, and who restarts it a few times must not cost anybody their build. */
#define BUILD_ATTEMPTS_MAX 8

struct build {
	char *id;
	int64_t project;
	char *full_name; /* "owner/name" */
	char *state;     /* queued, running, succeeded, failed, cancelled */
	char *stage;     /* queued, base, build, push, unpack, smoke; NULL before it ran */
	char *error;     /* or NULL */
	int priority;    /* higher first */
	int64_t turn;    /* lower first within one priority */
	unsigned attempts;
	int64_t created_ms;
	int64_t started_ms;
	int64_t ended_ms;
	char *kind;    /* publish, version, rebuild */
	char *author;  /* who asked for it; "": the house (the catalogue, the schedule) */
	char *version; /* the label that is wanted, or NULL */
	char *digest;  /* what it builds; NULL: what the project is when its turn comes */
	int64_t log_bytes;
	int64_t failed_line; /* of the script or Dockerfile; 0: not known */
	int smoke_exit;      /* -1: not run */
	char *smoke_output;  /* or NULL */
	/* Filled by builds_claim and builds_get_source only; NULL: what the project says. */
	char *source_kind;
	char *source;
	char *dockerfile;
	/* Filled for queued ones. */
	int64_t position;    /* 1: next */
	int64_t eta_seconds; /* until it is done, from what builds took lately; also filled for running ones */
};

void build_fini(struct build *build);

struct build_stage {
	char name[16];
	char state[8];  /* waiting, running, done, failed */
	double seconds; /* so far */
};
#define BUILD_STAGES 6

enum {
	BUILD_PRIORITY_SCHEDULE = -10,
	BUILD_PRIORITY_CATALOG = 0,
	BUILD_PRIORITY_REBUILD = 8,
	BUILD_PRIORITY_PERSON = 10,
	BUILD_PRIORITY_FIRST = 12, /* a project's first version */
	BUILD_PRIORITY_WANTED = 20,
};

/* Queues a build of the project, which becomes "building" unless it is ready. An open build of the same project is
 * returned instead (its priority raised if lower); *ret_new says which. `id` holds STORE_ID_LENGTH+1. */
int builds_enqueue(struct store *store, int64_t project, int priority, int64_t now_ms, char *ret_id, bool *ret_new,
		   struct error *err);
/* Takes the next queued one (priority, then the authors by turns, then age) and makes it running on that node; no two callers get the same. 1 with
 * *ret_build, 0: none waits. */
int builds_claim(struct store *store, const char *node, int64_t now_ms, struct build *ret_build, struct error *err);
/* ERROR_NOT_FOUND. */
int builds_get(struct store *store, const char *id, int64_t now_ms, struct build *ret_build, struct error *err);
/* The same with what it builds. */
int builds_get_source(struct store *store, const char *id, struct build *ret_build, struct error *err);
/* It is gone when its project was removed for good. */
int builds_exists(struct store *store, const char *id, bool *ret_exists, struct error *err);
/* All stages in order, with times. `out` holds BUILD_STAGES. */
int builds_stages(struct store *store, const char *id, int64_t now_ms, struct build_stage *out, struct error *err);
/* The running build enters a stage; the one before ends. */
int builds_set_stage(struct store *store, const char *id, const char *stage, int64_t now_ms, struct error *err);
/* succeeded, failed or cancelled; a failed one makes the project "failed" unless it has a version. ERROR_CONFLICT when
 * it had ended already. */
int builds_finish(struct store *store, const char *id, const char *state, const char *error, int64_t now_ms,
		  struct error *err);
/* What it turned out to be built from: the source with its commit, and the Dockerfile. The project's own follow when it still is of the same
 * source. */
int builds_set_source(struct store *store, const char *id, int64_t project, const char *digest, const char *source, const char *dockerfile,
		      struct error *err);
/* What is kept of its end beside the state; before builds_finish. `smoke_exit` -1: not run; `smoke_output` may be NULL. */
struct build_outcome {
	int64_t log_bytes;
	int64_t failed_line;
	int smoke_exit;
	const char *smoke_output;
};
int builds_set_outcome(struct store *store, const char *id, const struct build_outcome *outcome, struct error *err);

/* Who is not asked for is left out: `author` who asked for it or owns the project, `project`, `state`. Newest first, without places in the
 * queue. The caller frees by builds_free. */
struct build_filter {
	const char *author;
	int64_t project;
	const char *state;
	const char *text; /* a part of "owner/name" or of the author's name */
	struct page page;
};
int builds_list(struct store *store, const struct build_filter *filter, struct build **ret_builds, size_t *ret_count, int64_t *ret_total,
		struct error *err);
void builds_free(struct build *builds, size_t count);
/* A queued one is cancelled at once (*ret_running false), a running one by its node, which finds it by builds_cancelled. ERROR_NOT_FOUND;
 * ERROR_CONFLICT when it has ended. */
int builds_cancel(struct store *store, const char *id, int64_t now_ms, bool *ret_running, struct error *err);
/* The running builds of the node that are to be cancelled; the caller frees each and the array. */
int builds_cancelled(struct store *store, const char *node, char ***ret_ids, size_t *ret_count, struct error *err);

/* How many wait, and when one that comes now would be done. */
int builds_waiting(struct store *store, int64_t now_ms, int64_t *ret_waiting, int64_t *ret_eta_seconds, struct error *err);

/* Raises the priority of a queued build (never lowers it). ERROR_NOT_FOUND. */
int builds_bump(struct store *store, const char *id, int priority, struct error *err);
/* At the start of the process: what was running on its node, or on one that is dead (nodes.h), is queued again, in front of
 * its priority; after BUILD_ATTEMPTS_MAX attempts it fails instead. `node` NULL: dead ones only. */
int builds_requeue(struct store *store, const char *node, int64_t now_ms, int64_t *ret_count, struct error *err);
