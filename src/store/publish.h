/* Publishing: a project, or another version of one, and the build that makes it, with the limits of its author, all at once. */
#pragma once

#include "store/logins.h"
#include "store/projects.h"

/* Of one author; 0: none. */
struct publish_limits {
	unsigned builds;   /* in a day: 24 hours back from now */
	unsigned projects; /* that are there, deleted ones that can be restored included */
	unsigned queued;   /* builds that wait */
};

/* The name and password of its image, to be kept. `row.secret` is empty: the password is encrypted for the project, which may get its
 * number only then. May be called more than once. */
struct publish_login {
	struct login_row row; /* borrowed */
	int (*seal)(void *data, int64_t project, struct buf *out, struct error *err);
	void *data;
};

struct publish_order {
	const struct project *about; /* a new project; NULL: a build of `project` */
	int64_t project;
	const char *kind; /* publish, version, rebuild */
	const char *author;
	int priority;
	const char *digest;
	const char *source_kind;
	const char *source;	/* JSON object */
	const char *dockerfile; /* or NULL */
	const char *version;	/* the label that is wanted, or NULL */
	const struct publish_login *login; /* NULL: no new one */
};

enum publish_refusal {
	PUBLISH_FINE,
	PUBLISH_NAME_TAKEN,
	PUBLISH_BUILDING, /* one build of a project at a time; result.build names it */
	PUBLISH_MANY_BUILDS,
	PUBLISH_MANY_PROJECTS,
	PUBLISH_MANY_QUEUED,
};

struct publish_result {
	int64_t project;
	char build[STORE_ID_LENGTH + 1];
	enum publish_refusal refusal;
	int64_t until_ms; /* PUBLISH_MANY_BUILDS: when the next one is possible */
};

/* With an error, result.refusal tells which of the reasons above it was (ERROR_CONFLICT or ERROR_RATE_LIMITED), or PUBLISH_FINE: another.
 * `limits` NULL: none. */
int publish(struct store *store, const struct publish_order *order, const struct publish_limits *limits, int64_t now_ms,
	    struct publish_result *ret_result, struct error *err);

/* How much an author has of what is limited. */
struct publish_usage {
	int64_t builds;
	int64_t projects;
	int64_t queued;
};
int publish_usage(struct store *store, const char *author, int64_t now_ms, struct publish_usage *ret_usage, struct error *err);
