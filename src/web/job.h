/* What the build queue (builder.c) and a running build (job.c) know of each other. Control loop's thread. */
#pragma once

#include "base/buf.h"
#include "core/build_trace.h"
#include "store/builds.h"
#include "store/projects.h"
#include "web/bases.h"
#include "web/builder.h"
#include "web/hub.h"
#include "web/logins.h"
#include "web/probe.h"

struct builder {
	struct hub *hub;
	struct build_logs *logs;
	struct list jobs; /* struct job: running */
	unsigned running;
	bool claiming; /* a claim is with the recorder */
	bool again;    /* look once more after it */
	bool stopping;
	bool requeue; /* builds of an earlier process or connection are to be queued again first */
	int64_t changed_ms; /* of the catalogue, when we looked last */
	struct loop_timer timer;
};

/* One build, from the claim to its end. */
struct job {
	struct list link;
	struct builder *builder;
	unsigned state;
	unsigned refs; /* engine's answers under way, and one while it is in the list */
	char *id;
	bool of_person; /* not the house's: its version has a label without a version command, too */
	char *wanted; /* the version's label, or NULL */
	struct project project;
	struct bases bases; /* those that are still to be made sure of */
	unsigned base_tries;
	struct loop_timer base_timer;
	struct fetch *fetch; /* of its repository; NULL: none is under way */
	int context; /* -1 until it is fetched, and once it was handed over */
	struct login login; /* of its image, until the engine was asked to build; or nothing */
	char *reference;
	char *image;
	int64_t began_ms; /* monotonic */
	uint64_t size;
	bool shell;
	int log; /* the engine's pipe, -1: closed */
	struct loop_io log_io;
	struct probe *probe;
	struct buf output; /* of the version command */
	struct loop_timer fail_timer;
	char *failure; /* what fail_timer will tell */
	struct build_trace trace; /* where in the script or Dockerfile it is */
	struct build_outcome outcome;
	struct buf smoke_output;
};

/* builder.c */
void builder_claim_next(struct builder *builder);
void builder_tell_all(struct builder *builder); /* the places in the queue have changed */

/* job.c */

/* Begins the build; `project` and `login` are taken. `context`: the tar (taken), or -1: it is to be fetched, or `why_not` says why it can't be built ("": nothing against it). */
void job_start(struct builder *builder, const struct build *build, struct project *project, int context, struct login *login,
	       const char *why_not);
/* Somebody wants it no longer. */
void job_cancel(struct job *job);
/* NULL: it does not run here. */
struct job *job_find(struct builder *builder, const char *id);
/* Its repository is there (`context` taken), or can't be had. */
void job_fetched(struct job *job, int context, const char *failure);
/* A line of ours in its log. */
void job_say(struct job *job, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct job *job_ref(struct job *job);
void job_unref(struct job *job);

/* job_fetch.c: has the repository of the job fetched; job_fetched comes. */
void job_fetch(struct job *job);
/* The engine has gone: nothing of it runs any more. */
void job_lose(struct job *job);
