/* Hands images of public projects out of the registry: a few threads of its own, each with a client of its own, so that neither a slow
 * registry nor a slow reader holds up what serves the pages (docs/adr/0018-pulling.md). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"
#include "registry/names.h"
#include "web/limiter.h"

struct puller;
struct keeper;
struct request;
struct web_options;

/* Where an image may be found: a version's manifest in the registry. */
struct pull_source {
	char *repository;
	char *reference; /* digest or tag */
};

/* A part of a blob, as RFC 9110 §14.1.2 writes it. */
struct pull_range {
	bool given;
	int64_t first; /* -1: the last `last` bytes */
	int64_t last;  /* -1: to the end */
};

/* What somebody asks for. */
struct pull {
	struct list link;
	struct request *request; /* deferred */
	char address[LIMITER_ADDRESS_SIZE]; /* "": not limited */
	char digest[REGISTRY_DIGEST_SIZE];  /* "": the manifest of the first source */
	bool blob;	 /* else a manifest */
	bool head;
	struct pull_range range;
	struct pull_source *sources; /* where it may lie: the project's versions, and nowhere else */
	size_t count;
	int64_t queued_ms;
};

struct pull *pull_new(void);
void pull_free(struct pull *pull); /* gives the request up, too; takes NULL */
void pull_add_source(struct pull *pull, const char *repository, const char *reference);

/* NULL in *ret_puller when no registry is configured, or nobody may pull. The keeper is borrowed. */
int puller_new(const struct web_options *options, struct keeper *keeper, struct puller **ret_puller, struct error *err);
int puller_start(struct puller *puller, struct error *err);
void puller_stop(struct puller *puller); /* gives up what is under way; safe to call twice. All take NULL. */
void puller_free(struct puller *puller);

/* Takes the pull, which is answered by a thread soon: at once with 429 or 503 when too many wait. From any thread. */
void puller_take(struct puller *puller, struct pull *pull);

struct puller_counts {
	uint64_t pulls; /* manifests handed out */
	uint64_t bytes; /* of blobs */
	uint64_t refused; /* for being too many, or too slow */
	unsigned running;
	unsigned waiting;
};
void puller_count(struct puller *puller, struct puller_counts *ret_counts);
