/* A client of one OCI registry, for looking after it: OCI distribution-spec 1.1 as docker-registry, Harbor and others speak it, with
 * Basic authentication or the token flow (distribution's "token authentication"). Blocks; one thread's. libcurl.
 *
 * Errors of all calls: ERROR_UNAUTHENTICATED (credentials), ERROR_FORBIDDEN, ERROR_NOT_FOUND, ERROR_UNSUPPORTED (the registry doesn't do
 * that), ERROR_CONFLICT, ERROR_TOO_LARGE (-EDQUOT: its quota is used up), ERROR_RATE_LIMITED, ERROR_TIMEOUT, ERROR_UNAVAILABLE (away,
 * or its own trouble), ERROR_MALFORMED (an answer that can't be one). */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "registry/names.h"

struct registry_options {
	const char *url;	     /* "https://harbor.example.org"; http only to loopback, or with `insecure` */
	const char *authfile;	     /* containers-auth.json(5), read at once and again when it is refused; NULL or "": none */
	const char *ca_file;	     /* PEM; NULL or "": the system's */
	bool insecure;		     /* plain http to elsewhere, https without checking */
	unsigned page;		     /* names in one answer of a list; 0: 500 */
	int64_t answer_ms;	     /* for one question, without the bytes of a blob; 0: 15 s */
	const atomic_bool *stopping; /* set: gives up within a second or so; NULL: never */
};

struct registry_client;

/* Once per process, before threads use the rest. */
int registry_start(struct error *err);

/* ERROR_INVALID for an address or an authfile that can't be used. The strings are copied. */
int registry_client_new(const struct registry_options *options, struct registry_client **ret_client, struct error *err);
void registry_client_free(struct registry_client *client); /* takes NULL */
/* Whether `url` may be used; what registry_client_new asks. */
bool registry_url_is_valid(const char *url, bool insecure);
/* "127.0.0.1:5000", as in references. Borrowed. */
const char *registry_client_host(const struct registry_client *client);

/* It is there, speaks the protocol, and takes our credentials. */
int registry_ping(struct registry_client *client, struct error *err);

struct registry_names {
	char **items;
	size_t count;
};
void registry_names_free(struct registry_names *names);

/* All repositories, page by page. Many registries let only administrators do that. */
int registry_catalog(struct registry_client *client, struct registry_names *ret_names, struct error *err);
/* All tags of a repository; none when it is empty or not there. */
int registry_tags(struct registry_client *client, const char *repository, struct registry_names *ret_names, struct error *err);

struct registry_manifest {
	char digest[REGISTRY_DIGEST_SIZE];
	char type[128]; /* media type */
	struct buf body; /* empty after registry_head */
};
void registry_manifest_fini(struct registry_manifest *manifest);

/* `reference`: tag or digest. What comes by digest has that digest. */
int registry_manifest_head(struct registry_client *client, const char *repository, const char *reference,
			   struct registry_manifest *ret_manifest, struct error *err);
int registry_manifest_get(struct registry_client *client, const char *repository, const char *reference,
			  struct registry_manifest *ret_manifest, struct error *err);
/* With every tag that names it. Not there is ERROR_NOT_FOUND. */
int registry_manifest_delete(struct registry_client *client, const char *repository, const char *digest, struct error *err);

/* What a manifest holds: configuration and layers, or, for an index, other manifests. Each is called once; another value than 0 ends it
 * and is given back. */
struct registry_content {
	const char *digest; /* borrowed */
	int64_t size;
	bool is_manifest;
};
int registry_manifest_each(const struct registry_manifest *manifest,
			   int (*each)(const struct registry_content *content, void *data), void *data, struct error *err);

int registry_blob_head(struct registry_client *client, const char *repository, const char *digest, int64_t *ret_size,
		       struct error *err);
/* Hands the blob to `take` piece by piece as it comes (0: go on; else it ends with -ECANCELED); `begin` (may be NULL) first hears its
 * size. No limit of time while bytes come. */
struct registry_sink {
	int (*begin)(int64_t size, void *data);
	int (*take)(const void *bytes, size_t length, void *data);
	void *data;
};
int registry_blob_get(struct registry_client *client, const char *repository, const char *digest, const struct registry_sink *sink,
		      struct error *err);
/* The same with its bytes from `first` on up to and with `last` (RFC 9110 §14). `begin` hears how many come: a registry that gives no
 * parts sends the whole. */
int registry_blob_get_part(struct registry_client *client, const char *repository, const char *digest, int64_t first, int64_t last,
			   const struct registry_sink *sink, struct error *err);
