/* The providers of the operator's file, in its order:
 *
 *   [google]
 *   kind = google
 *   client_id = …
 *   client_secret_file = /etc/ttob/google.secret
 *
 * A section's name is the provider's id: 1–30 of a-z, 0-9 and "-". Keys: kind (oidc, google, github; oidc when not
 * said), name, issuer, client_id, client_secret or client_secret_file, scopes, trust_email, ca_file. */
#pragma once

#include "auth/provider.h"

#define PROVIDERS_MAX 16

struct providers {
	struct provider *items[PROVIDERS_MAX];
	size_t count;
	atomic_bool stopping; /* set: who waits for a provider gives up */
};

/* `path` NULL or "": none. ERROR_INVALID names file and line. A file that everybody may read is refused, because it
 * holds secrets. */
int providers_load(const char *path, struct providers **ret_providers, struct error *err);
void providers_free(struct providers *providers); /* takes NULL */
/* NULL: there is none of that id. */
struct provider *providers_find(struct providers *providers, const char *id);
