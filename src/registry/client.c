#include "registry/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "registry/challenge.h"
#include "registry/credentials.h"
#include "registry/internal.h"
#include "registry/refusal.h"

#define TOKEN_MAX	(64 * 1024)
#define TOKEN_LIFE_MS	60000 /* when the server doesn't say: what the protocol assumes */
#define TOKEN_LIFE_MOST INT64_C(3600)
#define TOKEN_EARLY_MS	10000 /* one that ends so soon is not used any more */
#define PAGE		500
#define TOKENS_MAX	1024  /* then all are forgotten */

struct token {
	char *authorization; /* "Bearer …" */
	int64_t until_ms;    /* monotonic */
};

int registry_start(struct error *err)
{
	/* Counted by the library; never taken back, as other web processes may live in this one. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, ERROR_INTERNAL, EIO, "cannot start libcurl");
	return 0;
}

/* ---- the address ---------------------------------------------------------------------------------------------------- */

struct address {
	char *scheme;
	char *host; /* without port */
	char *port; /* or NULL */
};

static void address_fini(struct address *address)
{
	free(address->scheme);
	free(address->host);
	free(address->port);
}

static char *part(CURLU *parts, CURLUPart which)
{
	char *text = NULL, *copy = NULL;

	if (curl_url_get(parts, which, &text, 0) == CURLUE_OK)
		copy = xstrdup(text);
	curl_free(text);
	return copy;
}

/* http://… or https://…, no user; ERROR_INVALID. `realm`: a path is fine. */
static int parse_address(const char *url, bool realm, struct address *ret_address, struct error *err)
{
	CURLU *parts = curl_url();
	auto_free char *path = NULL;
	auto_free char *query = NULL;
	auto_free char *fragment = NULL;
	bool fine = false;

	*ret_address = (struct address){0};
	if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK) {
		*ret_address = (struct address){part(parts, CURLUPART_SCHEME), part(parts, CURLUPART_HOST), part(parts, CURLUPART_PORT)};
		path = part(parts, CURLUPART_PATH);
		query = part(parts, CURLUPART_QUERY);
		fragment = part(parts, CURLUPART_FRAGMENT);
		fine = ret_address->scheme != NULL && ret_address->host != NULL && fragment == NULL &&
		       (realm || (query == NULL && (path == NULL || str_equal(path, "/")))) &&
		       (str_equal(ret_address->scheme, "http") || str_equal(ret_address->scheme, "https"));
	}
	curl_url_cleanup(parts);
	if (fine)
		return 0;
	address_fini(ret_address);
	*ret_address = (struct address){0};
	return error_set(err, ERROR_INVALID, EINVAL, "\"%.100s\" must be http(s)://host[:port]", url);
}

static bool is_safe(const struct address *address, bool insecure)
{
	return str_equal(address->scheme, "https") || insecure || host_is_loopback(address->host);
}

bool registry_url_is_valid(const char *url, bool insecure)
{
	struct address address;
	bool valid = parse_address(url, false, &address, NULL) == 0 && is_safe(&address, insecure);

	address_fini(&address);
	return valid;
}

/* ---- life ----------------------------------------------------------------------------------------------------------- */

static void forget_tokens(struct registry_client *client)
{
	size_t cursor = 0;
	struct token *token;
	const char *key;

	while ((token = map_next(client->tokens, &cursor, &key)) != NULL) {
		credentials_free(token->authorization);
		free(token);
	}
	map_free(client->tokens);
	client->tokens = map_new();
}

static int read_credentials(struct registry_client *client, struct error *err)
{
	credentials_free(steal(client->user));
	return client->authfile != NULL ? credentials_read(client->authfile, client->host, &client->user, err) : 0;
}

int registry_client_new(const struct registry_options *options, struct registry_client **ret_client, struct error *err)
{
	struct registry_client *client;
	struct address address;
	int r = parse_address(options->url, false, &address, err);

	if (r < 0)
		return error_wrap(err, "[registry] url");
	if (!is_safe(&address, options->insecure)) {
		address_fini(&address);
		return error_set(err, ERROR_INVALID, EINVAL, "[registry] url: %.100s is not this machine: use https", options->url);
	}
	client = xmalloc(sizeof(*client));
	client->tokens = map_new();
	client->page = options->page > 0 ? options->page : PAGE;
	client->host = address.port != NULL ? xasprintf("%s:%s", address.host, address.port) : xstrdup(address.host);
	client->base = xasprintf("%s://%s", address.scheme, client->host);
	client->authfile = options->authfile != NULL && *options->authfile != '\0' ? xstrdup(options->authfile) : NULL;
	r = http_init(&client->http, options, host_is_loopback(address.host), err);
	if (r == 0)
		r = read_credentials(client, err);
	address_fini(&address);
	if (r < 0) {
		registry_client_free(client);
		return r;
	}
	*ret_client = client;
	return 0;
}

void registry_client_free(struct registry_client *client)
{
	if (client == NULL)
		return;
	forget_tokens(client);
	map_free(client->tokens);
	http_fini(&client->http);
	credentials_free(client->user);
	free(client->authfile);
	free(client->base);
	free(client->host);
	free(client);
}

const char *registry_client_host(const struct registry_client *client)
{
	return client->host;
}

/* ---- tokens ----------------------------------------------------------------------------------------------------------- */

static char *realm_url(const struct challenge *challenge, const char *scope)
{
	char *escaped_service = curl_easy_escape(NULL, challenge->service, 0);
	char *escaped_scope = curl_easy_escape(NULL, scope, 0);
	char *url = xasprintf("%s%cservice=%s%s%s", challenge->realm, strchr(challenge->realm, '?') != NULL ? '&' : '?',
			      escaped_service, *scope != '\0' ? "&scope=" : "", escaped_scope);

	curl_free(escaped_service);
	curl_free(escaped_scope);
	return url;
}

/* "token" or "access_token", as a header's value; NULL: none that can be one. */
static char *token_of(json_t *json)
{
	const char *text = json_string_value(json_object_get(json, "token"));

	if (text == NULL || *text == '\0')
		text = json_string_value(json_object_get(json, "access_token"));
	if (text == NULL || *text == '\0' || strlen(text) > TOKEN_MAX)
		return NULL;
	for (const char *p = text; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return NULL;
	return xasprintf("Bearer %s", text);
}

static void keep_token(struct registry_client *client, const char *scope, char *authorization, json_t *json)
{
	struct token *token = xmalloc(sizeof(*token)), *before;
	json_int_t seconds = json_integer_value(json_object_get(json, "expires_in"));

	if (map_count(client->tokens) >= TOKENS_MAX)
		forget_tokens(client);
	if (seconds > TOKEN_LIFE_MOST)
		seconds = TOKEN_LIFE_MOST;
	token->authorization = authorization;
	token->until_ms = clock_monotonic_ms() + (seconds > 0 ? (int64_t)seconds * 1000 : TOKEN_LIFE_MS) - TOKEN_EARLY_MS;
	before = map_put(client->tokens, scope, token);
	if (before != NULL)
		credentials_free(before->authorization);
	free(before);
}

static int fetch_token(struct registry_client *client, const struct challenge *challenge, const char *scope, struct error *err)
{
	auto_free char *url = realm_url(challenge, scope);
	struct question question = {.method = "GET", .url = url, .user = client->user};
	struct answer answer = {0};
	struct address address;
	char *authorization = NULL;
	json_t *json = NULL;
	int r = parse_address(challenge->realm, true, &address, err);

	if (r < 0)
		return error_wrap(err, "the registry sends us to an odd place for a token");
	/* The password goes there. */
	if (!is_safe(&address, client->http.insecure))
		r = error_set(err, ERROR_UNAVAILABLE, EPROTO, "the registry wants our password at %.100s, which is not encrypted",
			      challenge->realm);
	address_fini(&address);
	if (r == 0)
		r = http_ask(&client->http, &question, &answer, err);
	if (r == 0 && answer.status != 200)
		r = refusal(&answer, "a token", err);
	if (r == 0) {
		json = registry_json(&answer, "a token", err);
		authorization = json != NULL ? token_of(json) : NULL;
		if (authorization == NULL)
			r = error_set(err, ERROR_MALFORMED, EPROTO, "the registry's token server at %.100s gives no token", challenge->realm);
		else
			keep_token(client, scope, authorization, json);
	}
	json_decref(json);
	http_answer_fini(&answer);
	return r;
}

static const char *token_for(const struct registry_client *client, const char *scope)
{
	const struct token *token = map_get(client->tokens, scope);

	return token != NULL && clock_monotonic_ms() < token->until_ms ? token->authorization : NULL;
}

static void drop_token(struct registry_client *client, const char *scope)
{
	struct token *token = map_remove(client->tokens, scope);

	if (token != NULL)
		credentials_free(token->authorization);
	free(token);
}

/* ---- asking ------------------------------------------------------------------------------------------------------------- */

static int ask_once(struct registry_client *client, const struct question *question, const char *scope, struct answer *answer,
		    struct error *err)
{
	struct question with = *question;

	with.authorization = token_for(client, scope);
	with.user = with.authorization == NULL && client->basic ? client->user : NULL;
	return http_ask(&client->http, &with, answer, err);
}

/* Gets what the challenge asks for. */
static int authenticate(struct registry_client *client, const struct answer *answer, const char *scope, struct error *err)
{
	struct challenge challenge;

	if (answer->challenge == NULL || challenge_parse(answer->challenge, &challenge) < 0)
		return refusal(answer, "it asks for a kind of authentication that we don't know", err);
	drop_token(client, scope);
	if (challenge.bearer) {
		client->basic = false;
		return fetch_token(client, &challenge, scope, err);
	}
	if (client->basic && client->authfile != NULL) {
		/* It had the password and didn't take it: there may be a new one. */
		int r = read_credentials(client, err);

		if (r < 0)
			return r;
	}
	client->basic = true;
	return 0;
}

int registry_ask(struct registry_client *client, const struct question *question, const char *scope, struct answer *answer,
	       struct error *err)
{
	int r = ask_once(client, question, scope, answer, err);

	if (r == 0 && answer->status == 401) {
		r = authenticate(client, answer, scope, err);
		if (r == 0)
			r = ask_once(client, question, scope, answer, err);
	}
	if (r == 0 && answer->status == 401)
		r = refusal(answer, question->url, err);
	return r;
}

json_t *registry_json(const struct answer *answer, const char *what, struct error *err)
{
	json_t *json = json_loadb(answer->body.data != NULL ? answer->body.data : "", answer->body.length, 0, NULL);

	if (json_is_object(json))
		return json;
	json_decref(json);
	error_set(err, ERROR_MALFORMED, EPROTO, "the registry's answer is no JSON (%s)", what);
	return NULL;
}

int registry_ping(struct registry_client *client, struct error *err)
{
	auto_free char *url = xasprintf("%s/v2/", client->base);
	struct question question = {.method = "GET", .url = url};
	struct answer answer = {0};
	int r = registry_ask(client, &question, "", &answer, err);

	if (r == 0 && answer.status != 200)
		r = refusal(&answer, "its front door", err);
	http_answer_fini(&answer);
	return r;
}
