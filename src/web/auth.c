/* /auth: sign in by GitHub, Google or another OpenID Connect provider. What asks the provider runs in the pool for that
 * (request_outside). */
#include "web/auth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "auth/oauth.h"
#include "auth/return_to.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "http/origin.h"
#include "web/guard.h"

int auth_fail(struct request *request, const char *provider, const char *code, const char *return_to, bool linking)
{
	auto_buf struct buf place = BUF_INIT;
	auto_buf struct buf query = BUF_INIT;

	oauth_add(&query, "error", code);
	oauth_add(&query, "provider", provider);
	if (!linking && return_to != NULL && strcmp(return_to, "/") != 0)
		oauth_add(&query, "return_to", return_to);
	buf_printf(&place, "%s?%s", linking ? "/settings" : "/login", query.data);
	respond_redirect(request, 302, place.data);
	return 0;
}

const char *auth_cookie(const struct request *request)
{
	return str_starts_with(request_site(request), "https://") ? "__Host-ttob_auth" : "ttob_auth";
}

char *auth_callback(const struct request *request, const struct provider *provider)
{
	return xasprintf("%s/api/v1/auth/%s/callback", request_site(request), provider->id);
}

static int get_providers(struct request *request, struct error *err)
{
	const struct web *web = request_data(request);
	json_t *items = json_array();

	(void)err;
	for (size_t i = 0; i < web->providers->count; i++)
		json_array_append_new(items, json_pack("{s:s,s:s}", "id", web->providers->items[i]->id, "name",
						       web->providers->items[i]->label));
	respond_json(request, 200, json_pack("{s:o}", "items", items));
	return 0;
}

static int find_provider(struct request *request, struct provider **ret_provider, struct error *err)
{
	const struct web *web = request_data(request);

	*ret_provider = providers_find(web->providers, request_param(request, "provider"));
	if (*ret_provider == NULL)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "nobody can sign in by that provider here");
	return 0;
}

/* True: too many sign-ins were begun from this address. */
static bool is_too_much(struct request *request)
{
	const struct web *web = request_data(request);
	char address[LIMITER_ADDRESS_SIZE];
	unsigned seconds;

	limiter_address(request_address(request), address);
	return guard_holds(web->options, request) &&
	       limiter_take(web->auths, address, clock_monotonic_ms(), &seconds) < 0;
}

/* ---- off to the provider
 * -------------------------------------------------------------------------------------------------- */

/* A page elsewhere could send somebody off to link its own account to theirs, and sign in by it ever after. So whoever
 * links comes from a page of this site, and the browser says so. */
static bool comes_from_here(const struct request *request)
{
	const struct web *web = request_data(request);
	const char *site = request_header(request, "Sec-Fetch-Site");
	const char *referer = request_header(request, "Referer");
	auto_free char *origin = NULL;
	const char *path;

	if (site != NULL)
		return strcmp(site, "same-origin") == 0;
	path = referer != NULL ? strstr(referer, "://") : NULL;
	if (path == NULL)
		return false;
	origin = xstrndup(referer, (size_t)(path - referer) + 3 + strcspn(path + 3, "/?#"));
	return origin_is_ours(origin, request_header(request, "Host"), web->options->public_url, web->loopback);
}

/* Whose account gets linked; 0: nobody asks for that. False: they may not. */
static bool find_linker(struct request *request, int64_t *ret_user)
{
	const char *link = request_query(request, "link");
	struct session session;
	struct error err;

	*ret_user = 0;
	if (link == NULL || strcmp(link, "1") != 0)
		return true;
	if (!comes_from_here(request) || request_header(request, "Authorization") != NULL ||
	    visitor_user(request, &session, &err) < 0)
		return false;
	*ret_user = session.user;
	return true;
}

/* The browser's token: the one it has, so that two tabs can sign in at once, or a new one. */
static void choose_browser(struct request *request, char ret_browser[SESSION_TOKEN_SIZE])
{
	const char *now = request_cookie(request, auth_cookie(request));
	char hash[TOKEN_HASH_SIZE];

	if (now != NULL && token_hash(now, hash))
		str_copy(ret_browser, SESSION_TOKEN_SIZE, now);
	else
		token_new(ret_browser, hash);
	respond_cookie(request, auth_cookie(request), ret_browser, AUTH_STATE_LIFE_MS / 1000);
}

static int begin(struct request *request, const struct provider *provider, const struct endpoints *endpoints,
		 struct auth_state *state, struct error *err)
{
	auto_free char *callback = auth_callback(request, provider);
	auto_free char *url = NULL;
	char token[SESSION_TOKEN_SIZE], browser[SESSION_TOKEN_SIZE], hash[TOKEN_HASH_SIZE];
	int r;

	token_new(token, hash);
	token_new(state->nonce, hash);
	token_new(state->verifier, hash);
	choose_browser(request, browser);
	r = auth_states_add(request_local(request), token, browser, state, clock_realtime_ms(), err);
	if (r < 0)
		return r;
	url = oauth_authorization_url(provider, endpoints, callback, token, state->nonce, state->verifier);
	respond_redirect(request, 302, url);
	return 0;
}

static void log_failure(const struct provider *provider, const char *what, const struct error *cause)
{
	log_event(LOG_LEVEL_WARNING, what, "provider", provider->id, "reason", cause->message, NULL);
}

/* In a worker for outside questions. */
static int go_to_provider(struct request *request, struct error *err)
{
	const struct web *web = request_data(request);
	const char *return_to = request_query(request, "return_to");
	struct auth_state state = {0};
	struct endpoints endpoints = {0};
	struct error cause = {0};
	struct provider *provider;
	struct fetcher fetcher;
	int r = find_provider(request, &provider, err);

	if (r < 0)
		return r;
	return_to = return_to_is_safe(return_to) ? return_to : "/";
	if (!find_linker(request, &state.link_user))
		return auth_fail(request, provider->id, "expired", return_to, true);
	fetcher = provider_fetcher(provider, &web->providers->stopping);
	if (provider_endpoints(provider, &fetcher, &endpoints, &cause) < 0) {
		log_failure(provider, "a provider cannot be asked", &cause);
		return auth_fail(request, provider->id,
				 cause.kind == ERROR_UNAVAILABLE ? "provider_down" : "provider_error", return_to,
				 state.link_user != 0);
	}
	state.provider = provider->id;
	state.return_to = (char *)return_to;
	r = begin(request, provider, &endpoints, &state, err);
	endpoints_fini(&endpoints);
	return r;
}

/* Full is the pool when a provider is slow and many want to sign in by it. */
static int ask_outside(struct request *request, const struct provider *provider, request_handler handler,
		       struct error *err)
{
	int r = request_outside(request, handler, err);

	return r < 0 && err->kind == ERROR_UNAVAILABLE ? auth_fail(request, provider->id, "too_many", NULL, false) : r;
}

static int get_login(struct request *request, struct error *err)
{
	struct provider *provider;
	int r = find_provider(request, &provider, err);

	if (r < 0)
		return r;
	if (is_too_much(request))
		return auth_fail(request, provider->id, "too_many", NULL, false);
	return ask_outside(request, provider, go_to_provider, err);
}

/* ---- and back
 * ------------------------------------------------------------------------------------------------------------- */

/* What the provider says went wrong (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6), in our words; NULL: nothing. */
static const char *provider_complaint(const struct request *request)
{
	static const struct {
		const char *error;
		const char *code;
	} known[] = {
		{"access_denied", "denied"},
		{"login_required", "denied"},
		{"consent_required", "denied"},
		{"interaction_required", "denied"},
		{"account_selection_required", "denied"},
		{"server_error", "provider_down"},
		{"temporarily_unavailable", "provider_down"},
	};
	const char *error = request_query(request, "error");

	for (size_t i = 0; error != NULL && i < ARRAY_SIZE(known); i++)
		if (strcmp(known[i].error, error) == 0)
			return known[i].code;
	return error != NULL ? "provider_error" : NULL;
}

/* Asks who it is. *ret_code says in our words why that is not known. */
static int identify(struct request *request, struct provider *provider, const struct auth_state *state,
		    struct profile *ret_profile, const char **ret_code)
{
	const struct web *web = request_data(request);
	const char *issuer = request_query(request, "iss");
	const char *code = request_query(request, "code");
	struct fetcher fetcher = provider_fetcher(provider, &web->providers->stopping);
	auto_free char *callback = auth_callback(request, provider);
	struct endpoints endpoints = {0};
	struct grant grant = {0};
	struct error cause = {0};
	int r = provider_endpoints(provider, &fetcher, &endpoints, &cause);

	if (r == 0 &&
	    (issuer != NULL ? strcmp(issuer, provider->issuer) != 0 : endpoints.names_itself)) /* RFC 9207 §2.4 */
		r = error_set(&cause, ERROR_UNAUTHENTICATED, EPROTO, "the answer is from another issuer");
	if (r == 0 && code == NULL)
		r = error_set(&cause, ERROR_MALFORMED, EPROTO, "the answer has neither code nor error");
	if (r == 0)
		r = oauth_exchange(provider, &fetcher, &endpoints, code, state->verifier, callback, &grant, &cause);
	if (r == 0)
		r = provider->kind->identify(provider, &fetcher, &endpoints, &grant, state->nonce, ret_profile, &cause);
	if (r < 0) {
		log_failure(provider, "a sign-in by a provider failed", &cause);
		*ret_code = cause.kind == ERROR_UNAVAILABLE ? "provider_down" : "provider_error";
		if (cause.kind == ERROR_UNAUTHENTICATED)
			*ret_code = "bad_token";
	}
	endpoints_fini(&endpoints);
	grant_fini(&grant);
	return r;
}

/* In a worker for outside questions. The state comes first: without it nothing in the address is believed. */
static int come_back(struct request *request, struct error *err)
{
	const char *complaint = provider_complaint(request);
	struct auth_state state = {0};
	struct profile profile = {0};
	struct provider *provider;
	int r = find_provider(request, &provider, err);

	if (r == 0)
		r = auth_states_take(request_local(request), request_query(request, "state"),
				     request_cookie(request, auth_cookie(request)), provider->id, clock_realtime_ms(),
				     &state, err);
	if (r == -ENOENT && err->kind == ERROR_NOT_FOUND && provider != NULL)
		return auth_fail(request, provider->id, "expired", NULL, false);
	if (r < 0)
		return r;
	if (complaint != NULL || identify(request, provider, &state, &profile, &complaint) < 0)
		r = auth_fail(request, provider->id, complaint, state.return_to, state.link_user != 0);
	else
		r = auth_arrive(request, provider, &state, &profile, err);
	profile_fini(&profile);
	auth_state_fini(&state);
	return r;
}

static int get_callback(struct request *request, struct error *err)
{
	struct provider *provider;
	int r = find_provider(request, &provider, err);

	return r == 0 ? ask_outside(request, provider, come_back, err) : r;
}

const struct resource auth_resources[] = {
	{METHOD_GET, "/api/v1/auth/providers", ROUTE_IMMEDIATE, get_providers, false, 0},
	{METHOD_GET, "/api/v1/auth/{provider}/login", ROUTE_WORK, get_login, false, 0},
	{METHOD_GET, "/api/v1/auth/{provider}/callback", ROUTE_WORK, get_callback, false, 0},
	{0},
};
