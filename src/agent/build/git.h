/* Fetching what a Git repository holds, one commit of it, as a tar: for projects that are published by their address. git runs in jobs
 * (job.h) on a disk of its own, with the builds' network: only public addresses answer, and of git's transports only https is allowed.
 * Submodules and the contents of Git LFS are not fetched. */
#pragma once

#include <stdint.h>

#include "agent/agent.h"
#include "base/error.h"

struct builds;
struct connection;

struct git_options {
	const char *id;
	const char *url; /* https://… */
	const char *ref; /* branch, tag or commit; NULL: the repository's own default */
	uint64_t memory; /* bytes */
	uint64_t disk;	 /* bytes for what is fetched, packed */
	uint64_t seconds;
	const struct connection *owner; /* only for comparing */
};

/* Gives the reading end of a pipe that the tar comes through; the caller closes it. At the end comes the event git.ended: only then is
 * the tar whole. A caller that closes its end early cancels. ERROR_CONFLICT: a fetch of that id runs. ERROR_UNAVAILABLE: another one
 * runs, or there is no git here. ERROR_INVALID: address or ref. */
int git_start(struct builds *builds, const struct git_options *options, int *ret_tar, struct error *err);
/* -ENOENT with ERROR_NOT_FOUND when it does not run (any more). */
int git_cancel(struct builds *builds, const char *id, struct error *err);
void git_cancel_of(struct builds *builds, const struct connection *owner); /* NULL: whoever's */
