#include "http/request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "http/internal.h"
#include "http/response.h"
#include "http/workers.h"

#define HEAVY_RETRY_SECONDS 3

struct request *request_new(struct server *server, struct MHD_Connection *mhd, struct connection *connection,
			    const char *raw)
{
	struct request *request = xmalloc(sizeof(*request));

	request->server = server;
	request->mhd = mhd;
	request->connection = connection;
	request->secure = server->secure;
	request->raw = xstrndup(raw != NULL ? raw : "", TARGET_MAX + 1);
	request->began_ms = clock_monotonic_ms();
	atomic_init(&request->refs, 1);
	pthread_mutex_init(&request->lock, NULL);
	list_init(&request->link);
	list_init(&request->upload_link);
	request->upload_fd = -1;
	return request;
}

struct request *request_ref(struct request *request)
{
	atomic_fetch_add(&request->refs, 1);
	return request;
}

static void request_free(struct request *request)
{
	for (size_t i = 0; i < request->header_count; i++) {
		free(request->headers[i].name);
		free(request->headers[i].value);
	}
	free(request->headers);
	if (request->answer != NULL && !request->shared)
		MHD_destroy_response(request->answer);
	route_match_fini(&request->match);
	target_fini(&request->target);
	upload_end(request);
	buf_fini(&request->body);
	free(request->refusal);
	free(request->raw);
	free(request->site);
	free(request->if_none_match);
	pthread_mutex_destroy(&request->lock);
	free(request);
}

void request_release(struct request *request)
{
	if (atomic_fetch_sub(&request->refs, 1) == 1)
		request_free(request);
}

void request_unref(struct request *request)
{
	bool forgotten;

	pthread_mutex_lock(&request->lock);
	forgotten = request->deferred && !request->answered && request->mhd != NULL;
	pthread_mutex_unlock(&request->lock);
	if (forgotten)
		respond_status(request, 500, "nobody answered");
	request_release(request);
}

bool request_suspend(struct request *request)
{
	struct server *server = request->server;
	bool stopping;

	pthread_mutex_lock(&request->lock);
	pthread_mutex_lock(&server->lock);
	stopping = server->stopping;
	if (!stopping)
		list_append(&server->suspended, &request->link);
	pthread_mutex_unlock(&server->lock);
	if (!stopping) {
		request->suspended = true;
		MHD_suspend_connection(request->mhd);
	}
	pthread_mutex_unlock(&request->lock);
	return !stopping;
}

static void answer(struct request *request, unsigned status, struct MHD_Response *response, bool shared)
{
	pthread_mutex_lock(&request->lock);
	if (request->answered || request->mhd == NULL) {
		pthread_mutex_unlock(&request->lock);
		if (!shared)
			MHD_destroy_response(response);
		return;
	}
	request->answered = true;
	request->status = status;
	request->answer = response;
	request->shared = shared;
	if (request->suspended) {
		request->suspended = false;
		pthread_mutex_lock(&request->server->lock);
		list_remove(&request->link);
		pthread_mutex_unlock(&request->server->lock);
		MHD_resume_connection(request->mhd);
	}
	pthread_mutex_unlock(&request->lock);
}

void request_answer(struct request *request, unsigned status, struct MHD_Response *response)
{
	answer(request, status, response, false);
}

void request_answer_shared(struct request *request, unsigned status, struct MHD_Response *response)
{
	answer(request, status, response, true);
}

struct request *request_defer(struct request *request)
{
	bool suspend;

	pthread_mutex_lock(&request->lock);
	request->deferred = true;
	suspend = !request->suspended && !request->answered && request->mhd != NULL;
	pthread_mutex_unlock(&request->lock);
	request_ref(request);
	if (suspend && !request_suspend(request)) /* an immediate handler: this is the server's thread */
		respond_status(request, 503, "the server is stopping");
	return request;
}

void request_run(struct request *request)
{
	struct error err = {0};
	bool open;
	int r = request->route->handler(request, &err);

	if (r < 0) {
		if (err.kind == ERROR_NONE)
			error_errno(&err, r, "the handler failed");
		respond_problem(request, &err, NULL);
		return;
	}
	/* Deferred requests may be answered, and gone, by now; the caller's own reference keeps the memory. */
	pthread_mutex_lock(&request->lock);
	open = !request->answered && !request->deferred;
	pthread_mutex_unlock(&request->lock);
	if (open) {
		log_error("bug: the handler of %s gave no answer", request->route->pattern);
		respond_status(request, 500, "nobody answered");
	}
}

static int hand_over(struct request *request, struct workers *workers, request_handler handler, struct error *err)
{
	pthread_mutex_lock(&request->lock);
	request->deferred = true;
	pthread_mutex_unlock(&request->lock);
	request->heavy = handler;
	request_ref(request);
	if (workers_submit(workers, request))
		return 0;
	request_release(request);
	atomic_fetch_add(&request->server->refused_count, 1);
	respond_retry_after(request, HEAVY_RETRY_SECONDS);
	return error_set(err, ERROR_UNAVAILABLE, EBUSY, "too many are signing in just now; try again in a few seconds");
}

int request_heavy(struct request *request, request_handler handler, struct error *err)
{
	return hand_over(request, request->server->heavy, handler, err);
}

int request_outside(struct request *request, request_handler handler, struct error *err)
{
	return hand_over(request, request->server->outside, handler, err);
}

void request_run_heavy(struct request *request)
{
	struct error err = {0};
	int r = request->heavy(request, &err);

	if (r == 0)
		return;
	if (err.kind == ERROR_NONE)
		error_errno(&err, r, "the handler failed");
	respond_problem(request, &err, NULL);
}

enum method request_method(const struct request *request)
{
	return request->method;
}

bool request_is_head(const struct request *request)
{
	return request->head;
}

const char *request_path(const struct request *request)
{
	return request->target.path;
}

void *request_data(const struct request *request)
{
	return request->route->data;
}

void *request_local(const struct request *request)
{
	return request->local;
}

const char *request_param(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->match.count; i++)
		if (strcmp(request->match.names[i], name) == 0)
			return request->match.values[i];
	log_error("bug: the route %s has no {%s}", request->route->pattern, name);
	abort();
}

const char *request_query(const struct request *request, const char *name)
{
	return target_query(&request->target, name);
}

int request_query_number(const struct request *request, const char *name, uint64_t min, uint64_t max, uint64_t fallback,
			 uint64_t *ret_value, struct error *err)
{
	const char *text = request_query(request, name);

	if (text == NULL || *text == '\0') {
		*ret_value = fallback;
		return 0;
	}
	if (str_to_u64(text, max, ret_value) < 0 || *ret_value < min)
		return error_set(err, ERROR_INVALID, EINVAL, "%s must be a whole number from %llu to %llu", name,
				 (unsigned long long)min, (unsigned long long)max);
	return 0;
}

static bool is_clean(const char *value)
{
	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 && *p != '\t')
			return false;
	return str_is_utf8(value, strlen(value));
}

const char *request_header(const struct request *request, const char *name)
{
	const char *value = MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, name);

	return value != NULL && is_clean(value) ? value : NULL;
}

const char *request_cookie(const struct request *request, const char *name)
{
	const char *value = MHD_lookup_connection_value(request->mhd, MHD_COOKIE_KIND, name);

	return value != NULL && is_clean(value) ? value : NULL;
}

const char *request_address(const struct request *request)
{
	const struct connection *connection = request->connection;
	const char *forwarded;
	unsigned char bytes[16];

	if (!request->server->config.trust_forwarded)
		return connection->address;
	if (!str_starts_with(connection->address, "127.") && !str_equal(connection->address, "::1") &&
	    !str_equal(connection->address, "unix"))
		return connection->address;
	/* The last entry is the one that our own proxy added; what stands before it, anybody may have written. */
	forwarded = request_header(request, "X-Forwarded-For");
	if (forwarded == NULL)
		return connection->address;
	if (strrchr(forwarded, ',') != NULL)
		forwarded = strrchr(forwarded, ',') + 1;
	while (*forwarded == ' ')
		forwarded++;
	return inet_pton(AF_INET, forwarded, bytes) == 1 || inet_pton(AF_INET6, forwarded, bytes) == 1
		       ? forwarded
		       : connection->address;
}

/* Letters, digits, "-", "." and "_" of a name, and the signs of an address and a port: what else a client sends there is
 * not repeated in links. */
static bool host_is_plain(const char *host)
{
	size_t length = strlen(host);

	return length > 0 && length <= 255 &&
	       strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]") == length;
}

const char *request_site(const struct request *request)
{
	struct request *writable = (struct request *)request; /* the answer is kept beside the request */
	const char *host;

	if (request->server->config.public_url != NULL)
		return request->server->config.public_url;
	if (request->site == NULL) {
		host = request_header(request, "Host");
		writable->site = xasprintf("http://%s", host != NULL && host_is_plain(host) ? host : "localhost");
	}
	return request->site;
}

const char *request_body(const struct request *request, size_t *ret_length)
{
	*ret_length = request->body.length;
	return request->body.data;
}

int request_json(const struct request *request, json_t **ret_json, struct error *err)
{
	const struct buf *body = &request->body;
	json_error_t why;
	json_t *json;

	if (body->length == 0)
		return error_set(err, ERROR_MALFORMED, EBADMSG, "the request needs a body: a JSON object");
	if (!str_is_utf8(body->data, body->length))
		return error_set(err, ERROR_MALFORMED, EBADMSG, "the body is not UTF-8 text");
	json = json_loadb(body->data, body->length, JSON_REJECT_DUPLICATES, &why);
	if (json == NULL)
		return error_set(err, ERROR_MALFORMED, EBADMSG, "the body is not JSON: line %d, column %d: %s",
				 why.line, why.column, why.text);
	if (!json_is_object(json)) {
		json_decref(json);
		return error_set(err, ERROR_MALFORMED, EBADMSG, "the body must be a JSON object");
	}
	*ret_json = json;
	return 0;
}
