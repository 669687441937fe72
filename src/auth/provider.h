/* Who somebody may sign in with: one provider as the operator has configured it, what it tells about itself, and its
 * keys. */
#pragma once

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "auth/fetch.h"
#include "auth/profile.h"
#include "base/error.h"

#define PROVIDER_ID_MAX 30

/* Where the provider is asked (OpenID Connect Discovery §3; RFC 8414). Strings are owned. */
struct endpoints {
	char *authorization;
	char *token;
	char *userinfo;      /* or NULL */
	char *keys;          /* or NULL */
	bool secret_in_form; /* client_secret_post is what it takes, not client_secret_basic */
	bool names_itself;   /* RFC 9207: callbacks say `iss` */
};

void endpoints_fini(struct endpoints *endpoints);

struct provider;
/* What the token endpoint gave for the code. Strings are owned. */
struct grant {
	char *access_token;
	char *id_token; /* or NULL */
};

void grant_fini(struct grant *grant);

/* What kinds of providers there are: one table each. */
struct provider_kind {
	const char *name;
	const char *issuer; /* NULL: must be configured */
	const char *label;  /* NULL: the id */
	const char *scopes;
	int (*discover)(const struct provider *provider, const struct fetcher *fetcher, struct endpoints *ret_endpoints,
			struct error *err);
	/* Who it is. ERROR_UNAUTHENTICATED: what the provider gave does not hold. */
	int (*identify)(struct provider *provider, const struct fetcher *fetcher, const struct endpoints *endpoints,
			const struct grant *grant, const char *nonce, struct profile *ret_profile, struct error *err);
};

extern const struct provider_kind provider_oidc;   /* oidc.c: any issuer */
extern const struct provider_kind provider_google; /* the same with an issuer */
extern const struct provider_kind provider_github; /* github.c: OAuth 2.0, and its own API */

struct provider {
	char *id; /* a-z, 0-9, "-": in addresses, and with each identity that is kept */
	char *label;
	const struct provider_kind *kind;
	char *issuer; /* without a slash at the end only when configured so: it is compared */
	char *client_id;
	char *client_secret; /* NULL: a public client */
	char *scopes;
	char *ca_file;    /* or NULL */
	bool trust_email; /* believe its email_verified */
	bool plain;       /* the issuer is http on loopback */

	/* What is known of it. The lock is held while it is asked, so that many who come at once ask once. */
	pthread_mutex_t lock;
	struct endpoints endpoints;
	bool known;
	int64_t known_ms; /* monotonic, all */
	json_t *keys;
	int64_t keys_ms;
	int64_t keys_asked_ms; /* for a newer set than was kept */
	int64_t failed_ms;     /* 0: it answered the last time */
	struct error failure;
	/* How old things may get. */
	int64_t keep_ms;
	int64_t keys_again_ms; /* between two questions for newer keys */
	int64_t failure_ms;    /* a provider that failed is not asked again for so long */
};

struct provider *provider_new(const char *id, const struct provider_kind *kind);
void provider_free(struct provider *provider); /* takes NULL */

/* A fetcher for one sign-in: FETCH_TIME_MS from now. */
struct fetcher provider_fetcher(const struct provider *provider, const atomic_bool *stopping);

/* Copies, for endpoints_fini. Asks when it isn't known yet or too long ago. */
int provider_endpoints(struct provider *provider, const struct fetcher *fetcher, struct endpoints *ret_endpoints,
		       struct error *err);
/* The key set, a copy for json_decref. `newer`: a key was not in the kept one; it is asked for again, but not more
 * often than keys_again_ms. */
int provider_keys(struct provider *provider, const struct fetcher *fetcher, const struct endpoints *endpoints,
		  bool newer, json_t **ret_keys, struct error *err);
