/* The images that builds stand on, each unpacked once: a read-only file system of its own with a containers-storage in it, which buildah
 * takes as an additional store. So a build never talks to a registry, writes into nothing that another build reads, and starts at once.
 *
 * A reference without a host is looked for in the configured registry, and where that has none, wherever this host's own
 * registries.conf(5) says. What is not the configured registry is fetched through the builds' network, never through the host's.
 *
 * What is fetched with a name and password is for that one build alone: it is kept for nobody else, who might not have them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/build/job.h"
#include "agent/image/registry.h"

struct base_store;
struct base_request;
struct login;

struct base_options {
	const char *folder;	/* where the files are; made when missing */
	const char *work;	/* for what is mounted meanwhile */
	uint32_t ids;		/* host ids that own the files */
	uint64_t base_max;	/* bytes that one image may unpack to */
	uint64_t disk_max;	/* bytes on the disk of all of them; the one not used for longest goes first */
	uint64_t seconds;	/* for bringing one */
	const char *ca_file;	/* PEM for registries; NULL: the host's own */
};

struct base_image {
	int fd;		  /* the file, for scratch_mount read-only; the callback takes it by steal_fd or it is closed */
	const char *name; /* how it is called in its store ("localhost/debian:bookworm"); the store is the folder "store" */
};

/* `err` is NULL on success. Called once, never from within base_store_get. */
typedef void (*base_done)(struct base_image *image, const struct error *err, void *data);

int base_store_new(struct agent *agent, struct job_host *host, const struct registry *registry, const struct base_options *options,
		   struct base_store **ret_store, struct error *err);
void base_store_free(struct base_store *store); /* when it is not busy any more; takes NULL */

/* Brings the image, or finds that it is here and still what the registry says. A second request for one that is on its way joins it.
 * Errors name the image and what to do: ERROR_NOT_FOUND, ERROR_INVALID (reference), ERROR_TOO_LARGE, ERROR_UNAVAILABLE,
 * ERROR_UNAUTHENTICATED, …
 * `login`: for the reference's registry; copied; NULL: none. */
struct base_request *base_store_get(struct base_store *store, const char *reference, const struct login *login, base_done done, void *data);
/* `done` won't be called. The image still comes, for the next one who asks. */
void base_request_cancel(struct base_request *request);
/* Ends what is under way; each request is answered with ERROR_CANCELLED. */
void base_store_cancel(struct base_store *store);
/* Whether anything is under way: a job, or what comes between two. */
bool base_store_busy(const struct base_store *store);
