/* Asking a provider over HTTP, within strict limits: https only (http for issuers on this machine's loopback, for
 * development), no redirects, at most 1 MiB, and one deadline for all questions of a sign-in. Blocks: only for workers
 * that may wait. */
#pragma once

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

#define FETCH_ANSWER_MAX ((size_t)1024 * 1024)
#define FETCH_TIME_MS    10000 /* of all questions together */

struct fetcher {
	int64_t deadline_ms;         /* clock_monotonic_ms */
	const atomic_bool *stopping; /* set: gives up within a second or so; or NULL */
	bool plain;                  /* http to loopback is fine */
	const char *ca_file;         /* certificates to trust instead of the system's; NULL: the system's */
};

struct fetch {
	const char *url;
	const char *form;          /* application/x-www-form-urlencoded: POST; NULL: GET */
	const char *authorization; /* the header's value, or NULL */
};

/* Once per process, before threads use the rest. */
int fetch_init(struct error *err);

/* An absolute https address without user name and fragment; with `plain` also http to 127.0.0.0/8, [::1] or localhost.
 */
bool fetch_may_ask(const char *url, bool plain);

/* *ret_status is the HTTP status, whatever it is; `body` gets the answer. ERROR_UNAVAILABLE: not to be reached, too
 * slow, a redirect to nowhere we go, or its answer is too large; ERROR_INVALID: an address that we don't ask. */
int fetch_run(const struct fetcher *fetcher, const struct fetch *fetch, unsigned *ret_status, struct buf *body,
	      struct error *err);

/* A provider's answer as a JSON object, or (with `array`) array. ERROR_MALFORMED. */
json_t *fetch_parse(const char *data, size_t length, bool array, struct error *err);
/* A member that is a string of 1…max bytes without control characters, else NULL. Borrowed. */
const char *fetch_string(const json_t *object, const char *member, size_t max);
