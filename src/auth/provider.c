#include "auth/provider.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"

#define KEEP_MS       (INT64_C(60) * 60 * 1000)
#define KEYS_AGAIN_MS (INT64_C(60) * 1000)
#define FAILURE_MS    5000

void endpoints_fini(struct endpoints *endpoints)
{
	free(endpoints->authorization);
	free(endpoints->token);
	free(endpoints->userinfo);
	free(endpoints->keys);
	memset(endpoints, 0, sizeof(*endpoints));
}

void grant_fini(struct grant *grant)
{
	free(grant->access_token);
	free(grant->id_token);
	memset(grant, 0, sizeof(*grant));
}

struct provider *provider_new(const char *id, const struct provider_kind *kind)
{
	struct provider *provider = xmalloc(sizeof(*provider));

	provider->id = xstrdup(id);
	provider->kind = kind;
	provider->trust_email = true;
	provider->keep_ms = KEEP_MS;
	provider->keys_again_ms = KEYS_AGAIN_MS;
	provider->failure_ms = FAILURE_MS;
	pthread_mutex_init(&provider->lock, NULL);
	return provider;
}

void provider_free(struct provider *provider)
{
	if (provider == NULL)
		return;
	free(provider->id);
	free(provider->label);
	free(provider->issuer);
	free(provider->client_id);
	free(provider->client_secret);
	free(provider->scopes);
	free(provider->ca_file);
	endpoints_fini(&provider->endpoints);
	json_decref(provider->keys);
	pthread_mutex_destroy(&provider->lock);
	free(provider);
}

struct fetcher provider_fetcher(const struct provider *provider, const atomic_bool *stopping)
{
	return (struct fetcher){.deadline_ms = clock_monotonic_ms() + FETCH_TIME_MS,
				.stopping = stopping,
				.plain = provider->plain,
				.ca_file = provider->ca_file};
}

static void copy_endpoints(const struct endpoints *from, struct endpoints *to)
{
	*to = *from;
	to->authorization = xstrdup(from->authorization);
	to->token = xstrdup(from->token);
	to->userinfo = xstrdup(from->userinfo);
	to->keys = xstrdup(from->keys);
}

/* Who waits behind a provider that does not answer would wait as long again, one after the other. */
static int failed_lately(const struct provider *provider, struct error *err)
{
	if (provider->failed_ms == 0 || clock_monotonic_ms() - provider->failed_ms >= provider->failure_ms)
		return 0;
	return error_set(err, provider->failure.kind, provider->failure.code, "%s", provider->failure.message);
}

static int note_failure(struct provider *provider, int r, const struct error *cause, struct error *err)
{
	provider->failed_ms = r < 0 ? clock_monotonic_ms() : 0;
	if (r < 0) {
		provider->failure = *cause;
		if (err != NULL)
			*err = *cause;
	}
	return r;
}

int provider_endpoints(struct provider *provider, const struct fetcher *fetcher, struct endpoints *ret_endpoints,
		       struct error *err)
{
	int r = 0;

	pthread_mutex_lock(&provider->lock);
	if (!provider->known || clock_monotonic_ms() - provider->known_ms >= provider->keep_ms) {
		r = failed_lately(provider, err);
		if (r == 0) {
			struct endpoints fresh = {0};
			struct error cause = {0};

			r = provider->kind->discover(provider, fetcher, &fresh, &cause);
			if (r == 0) {
				endpoints_fini(&provider->endpoints);
				provider->endpoints = fresh;
				provider->known = true;
				provider->known_ms = clock_monotonic_ms();
			}
			r = note_failure(provider, r, &cause, err);
		}
	}
	if (r == 0)
		copy_endpoints(&provider->endpoints, ret_endpoints);
	pthread_mutex_unlock(&provider->lock);
	return r;
}

static int ask_keys(const struct fetcher *fetcher, const char *url, json_t **ret_keys, struct error *err)
{
	const struct fetch fetch = {.url = url};
	auto_buf struct buf body = BUF_INIT;
	unsigned status = 0;
	int r = fetch_run(fetcher, &fetch, &status, &body, err);
	json_t *keys;

	if (r < 0)
		return r;
	if (status != 200)
		return error_set(err, ERROR_UNAVAILABLE, EPROTO, "%.200s answered %u", url, status);
	keys = fetch_parse(body.data, body.length, false, err);
	if (keys == NULL)
		return error_wrap(err, "%.200s", url);
	if (!json_is_array(json_object_get(keys, "keys"))) {
		json_decref(keys);
		return error_set(err, ERROR_MALFORMED, EPROTO, "%.200s: is no JSON Web Key Set", url);
	}
	*ret_keys = keys;
	return 0;
}

static int renew_keys(struct provider *provider, const struct fetcher *fetcher, const char *url, struct error *err)
{
	struct error cause = {0};
	json_t *fresh = NULL;
	int r = failed_lately(provider, err);

	if (r < 0)
		return r;
	r = ask_keys(fetcher, url, &fresh, &cause);
	if (r == 0) {
		json_decref(provider->keys);
		provider->keys = fresh;
		provider->keys_ms = clock_monotonic_ms();
	}
	return note_failure(provider, r, &cause, err);
}

int provider_keys(struct provider *provider, const struct fetcher *fetcher, const struct endpoints *endpoints,
		  bool newer, json_t **ret_keys, struct error *err)
{
	int64_t now_ms;
	bool again;
	int r = 0;

	if (endpoints->keys == NULL)
		return error_set(err, ERROR_MALFORMED, EPROTO, "%s publishes no keys (jwks_uri)", provider->issuer);
	pthread_mutex_lock(&provider->lock);
	now_ms = clock_monotonic_ms();
	again = newer && (provider->keys_asked_ms == 0 || now_ms - provider->keys_asked_ms >= provider->keys_again_ms);
	if (again)
		provider->keys_asked_ms = now_ms;
	if (again || provider->keys == NULL || now_ms - provider->keys_ms >= provider->keep_ms)
		r = renew_keys(provider, fetcher, endpoints->keys, err);
	if (r == 0)
		*ret_keys = json_deep_copy(provider->keys);
	pthread_mutex_unlock(&provider->lock);
	return r;
}
