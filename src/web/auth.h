/* Signing in by a provider: what its routes share. A person sees what comes of it, so that every end is a page, never
 * JSON. */
#pragma once

#include "auth/providers.h"
#include "http/request.h"
#include "store/auth_states.h"
#include "web/internal.h"

/* Back to the page that explains `code` and says what to do: /login, or /settings for who links an account. The codes
 * are those of docs/api/openapi.yaml. `provider` is its id; `return_to` (or NULL) is where they wanted to go. Gives 0.
 */
int auth_fail(struct request *request, const char *provider, const char *code, const char *return_to, bool linking);

/* The cookie that binds a sign-in to the browser that began it. On https its name keeps other hosts of the domain
 * (previews) from setting it. */
const char *auth_cookie(const struct request *request);
/* Where the provider sends the browser back to; for free(). */
char *auth_callback(const struct request *request, const struct provider *provider);

/* auth_arrive.c: what becomes of somebody whom a provider has told us about. */
int auth_arrive(struct request *request, struct provider *provider, const struct auth_state *state,
		struct profile *profile, struct error *err);
