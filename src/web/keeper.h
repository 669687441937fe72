/* The one who looks after the registry: a thread of its own, because asking a registry means waiting. It knows whether the registry is
 * there, what is in it and how much room is left, and has what no version needs any more deleted.
 *
 * The embedded registry's own garbage collection needs it to stand still: `ttob up` stops it, collects and starts it again when it is told
 * so by a descriptor (cli/collector.h). New builds wait meanwhile. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

struct hub;
struct keeper;

/* NULL in *ret_keeper when no registry is configured: then all functions below answer as if it were there and empty. */
int keeper_new(struct hub *hub, struct keeper **ret_keeper, struct error *err);
int keeper_start(struct keeper *keeper, struct error *err);
/* Ends the thread; safe to call twice. All take NULL. */
void keeper_stop(struct keeper *keeper);
void keeper_free(struct keeper *keeper);

/* From any thread: */

/* It answered when it was last asked. */
bool keeper_is_up(const struct keeper *keeper);
/* A build may begin: the registry is up, nothing is being collected, and there is room. */
bool keeper_takes_builds(const struct keeper *keeper);
/* Whether it was away at some time after that moment (monotonic), or is now. */
bool keeper_was_away(const struct keeper *keeper, int64_t since_ms);
/* A build could not reach it: none begins before it has been asked and has answered. */
void keeper_suspect(struct keeper *keeper);
/* Adds "waiting_for" to a build's view: "registry" or "disk" (there is too little room for what is built); else null. */
void keeper_mark_build(const struct keeper *keeper, json_t *build);
/* Asks for a garbage collection. ERROR_CONFLICT while one is under way, ERROR_UNAVAILABLE while the registry is away, or not known. */
int keeper_collect(struct keeper *keeper, struct error *err);
/* An image was handed out. */
void keeper_note_pull(struct keeper *keeper);
/* For GET /admin/registry, and an item for each repository; new references. The numbers are those gathered last; being asked has them
 * gathered anew soon. */
json_t *keeper_summary(struct keeper *keeper);
/* The part of it that matters at a glance: {up, disk, problem}; null without a registry. */
json_t *keeper_glance(struct keeper *keeper);
struct keeper_numbers {
	bool up;
	bool collecting;
	int64_t repositories;
	int64_t tags;
	int64_t bytes;
	int64_t pushes;
	int64_t freed_all; /* since the start */
	int64_t disk_free;
	int64_t disk_total; /* 0: not known */
	bool disk_low;
	bool disk_full; /* builds wait */
};
/* False: there is no registry. */
bool keeper_read(struct keeper *keeper, struct keeper_numbers *ret_numbers);
json_t *keeper_repositories(struct keeper *keeper);
