/* libmicrohttpd's callbacks: how a request comes in, is refused, handed to its handler, and answered. All on the
 * server's threads. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "http/internal.h"
#include "http/negotiate.h"
#include "http/origin.h"
#include "http/request.h"
#include "http/response.h"

/* A refused body is passed over up to this size, so that the connection lives on and the client gets to read the
 * answer. */
#define PASS_OVER_MAX (4 * 1024 * 1024)
/* A slow client gets receive_seconds once more for each of these. */
#define UPLOAD_STEP   (256 * 1024)

static struct connection *connection_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

static void expect_by(struct request *request, int64_t deadline_ms)
{
	if (request->connection != NULL)
		atomic_store(&request->connection->deadline_ms, deadline_ms);
}

void *access_begin(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	struct server *server = cls;
	struct request *request = request_new(server, mhd, connection_of(mhd), uri);

	atomic_fetch_add(&server->active, 1);
	expect_by(request, request->began_ms + server->config.receive_seconds * INT64_C(1000));
	return request;
}

static struct error *refuse(struct request *request)
{
	if (request->refusal == NULL)
		request->refusal = xmalloc(sizeof(struct error));
	return request->refusal;
}

static bool parse_method(struct request *request, const char *name)
{
	static const struct {
		const char *name;
		enum method method;
	} table[] = {
		{"GET", METHOD_GET}, {"HEAD", METHOD_GET},    {"POST", METHOD_POST},
		{"PUT", METHOD_PUT}, {"PATCH", METHOD_PATCH}, {"DELETE", METHOD_DELETE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(name, table[i].name) == 0) {
			request->method = table[i].method;
			request->head = i == 1;
			return true;
		}
	}
	request->options = strcmp(name, "OPTIONS") == 0;
	return false;
}

static void find_route(struct request *request, bool known_method)
{
	struct server *server = request->server;

	router_match(server->router, known_method ? request->method : 0, &request->target, &request->match);
	request->route = request->match.route;
	if (request->route == NULL && request->match.allowed == 0 && known_method && request->method == METHOD_GET &&
	    server->fallback.handler != NULL)
		request->route = &server->fallback;
	if (request->route == NULL && request->match.allowed == 0)
		error_set(refuse(request), ERROR_NOT_FOUND, ENOENT, "nothing is at %s", request->target.path);
}

static bool has_bearer(const struct request *request)
{
	const char *authorization = request_header(request, "Authorization");

	return authorization != NULL && strncasecmp(authorization, "Bearer ", 7) == 0;
}

int request_check_origin(const struct request *request, struct error *err)
{
	const struct server *server = request->server;
	const char *origin = request_header(request, "Origin");

	if (origin == NULL) {
		/* No page of another site can have a browser send this header along; and then the cookie counts for nothing. */
		if (has_bearer(request) || server->config.session_cookie == NULL ||
		    request_cookie(request, server->config.session_cookie) == NULL)
			return 0; /* not a browser's doing, or nothing to steal */
		return error_set(err, ERROR_FORBIDDEN, EACCES,
				 "a write with the session's cookie must name this site in its Origin header");
	}
	if (origin_is_ours(origin, request_header(request, "Host"), server->config.public_url, server->loopback))
		return 0;
	return error_set(err, ERROR_FORBIDDEN, EACCES,
			 "the Origin %s is not this site's; its operator sets its name by [web] public_url", origin);
}

/* What the headers say about the body. Gives false when the answer must go out before the body comes in. */
static bool check_body(struct request *request)
{
	const struct route *route = request->route;
	const char *length_text = MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, "Content-Length");
	const char *coding = MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, "Transfer-Encoding");
	uint64_t length = 0;
	struct error err;

	request->body_max = route != NULL && route->body_max > 0 ? route->body_max : request->server->config.body_max;
	if (upload_is_one(request))
		request->body_max = request->server->config.upload_max;
	if (length_text != NULL && coding != NULL) {
		/* RFC 9112 §6.1: somebody may be smuggling; nothing more is read from here. */
		error_set(refuse(request), ERROR_MALFORMED, EBADMSG,
			  "Content-Length and Transfer-Encoding exclude each other");
		respond_header(request, "Connection", "close");
		return false;
	}
	if (length_text == NULL && coding == NULL) {
		expect_by(request, INT64_MAX);
		return true;
	}
	request->upload_ms = clock_monotonic_ms();
	expect_by(request, request->upload_ms + request->server->config.receive_seconds * INT64_C(1000));
	if (length_text != NULL && str_to_u64(length_text, UINT64_MAX, &length) < 0)
		length = UINT64_MAX;
	if (length > request->body_max && request->refusal == NULL)
		error_set(refuse(request), ERROR_TOO_LARGE, EFBIG, "the body may have %zu bytes at most",
			  request->body_max);
	if (request->refusal == NULL && route != NULL && (route->flags & ROUTE_ANY_TYPE) == 0 &&
	    (length > 0 || coding != NULL) && !upload_is_one(request) &&
	    !media_type_is(request_header(request, "Content-Type"), "application/json"))
		error_set(refuse(request), ERROR_UNSUPPORTED, EINVAL, "the body must be application/json");
	if (request->refusal == NULL && upload_is_one(request) && upload_begin(request, &err) < 0)
		*refuse(request) = err;
	return request->refusal == NULL ||
	       (length <= PASS_OVER_MAX &&
		MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, "Expect") == NULL);
}

/* The headers are in. False: answer at once. */
static bool take_headers(struct request *request, const char *method_name)
{
	bool known_method = parse_method(request, method_name);
	struct error err;

	if (target_parse(request->raw, &request->target, &err) < 0)
		*refuse(request) = err;
	else
		find_route(request, known_method);
	if (request->refusal == NULL && known_method && request->method != METHOD_GET &&
	    request_check_origin(request, &err) < 0)
		*refuse(request) = err;
	return check_body(request);
}

static enum MHD_Result take_body(struct request *request, const char *data, size_t length)
{
	int64_t steps;

	request->received += length;
	steps = (int64_t)(request->received / UPLOAD_STEP) + 1;
	expect_by(request, request->upload_ms + steps * request->server->config.receive_seconds * 1000);
	if (request->received > request->body_max && request->refusal == NULL)
		error_set(refuse(request), ERROR_TOO_LARGE, EFBIG, "the body may have %zu bytes at most",
			  request->body_max);
	if (request->refusal == NULL && request->upload_fd >= 0) {
		struct error err;

		if (upload_append(request, data, length, &err) == 0)
			return MHD_YES;
		*refuse(request) = err;
	}
	if (request->refusal != NULL) {
		upload_end(request);
		buf_fini(&request->body);
		buf_init(&request->body);
		return request->received > request->body_max + PASS_OVER_MAX ? MHD_NO : MHD_YES;
	}
	buf_append(&request->body, data, length);
	return MHD_YES;
}

static void answer_methods(struct request *request)
{
	char allow[64];

	router_allow(request->match.allowed, allow);
	respond_header(request, "Allow", allow);
	if (request->options)
		respond_empty(request, 204);
	else
		respond_status(request, 405, "this address does not take that method; see Allow");
}

static void submit(struct request *request)
{
	struct server *server = request->server;

	if (!request_suspend(request)) {
		respond_status(request, 503, "the server is stopping");
		return;
	}
	request_ref(request); /* the worker's own, since the answer may end the connection before the handler returns */
	if (workers_submit(server->workers, request))
		return;
	atomic_fetch_add(&server->refused_count, 1);
	respond_status(request, 503, "too many are being served just now; your browser may ask again in a moment");
	request_release(request);
}

static void dispatch(struct request *request)
{
	const struct route *route = request->route;

	expect_by(request, INT64_MAX);
	if (request->refusal != NULL) {
		respond_problem(request, request->refusal, NULL);
		return;
	}
	if (route == NULL) {
		answer_methods(request);
		return;
	}
	if (route->cache != NULL && request->method == METHOD_GET) {
		const char *seen;

		if (cache_answer(route->cache, request))
			return;
		seen = request_header(request, "If-None-Match");
		request->if_none_match = seen != NULL ? xstrdup(seen) : NULL;
		request->cache_version = cache_version(route->cache);
	}
	if (route->kind == ROUTE_WORK) {
		submit(request);
		return;
	}
	request_ref(request);
	request_run(request);
	request_release(request);
}

/* Hands a finished answer to libmicrohttpd; nothing when there is none yet. */
static enum MHD_Result queue_answer(struct request *request)
{
	enum MHD_Result result = MHD_YES;

	pthread_mutex_lock(&request->lock);
	if (request->answered && !request->queued) {
		request->queued = true;
		result = MHD_queue_response(request->mhd, request->status, request->answer);
		if (!request->shared)
			MHD_destroy_response(request->answer);
		request->answer = NULL;
	}
	pthread_mutex_unlock(&request->lock);
	return result;
}

enum MHD_Result access_handle(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
			      const char *version, const char *data, size_t *length, void **context)
{
	struct request *request = *context;

	(void)cls;
	(void)mhd;
	(void)url;
	(void)version;
	if (!request->begun) {
		request->begun = true;
		if (take_headers(request, method))
			return MHD_YES;
		request->dispatched = true;
		dispatch(request);
		return queue_answer(request);
	}
	if (*length > 0) {
		size_t n = *length;

		*length = 0;
		return take_body(request, data, n);
	}
	if (!request->dispatched) {
		request->dispatched = true;
		dispatch(request);
	}
	return queue_answer(request);
}

void access_log(const struct request *request)
{
	static const char *const methods[] = {
		[METHOD_GET] = "GET",     [METHOD_POST] = "POST",     [METHOD_PUT] = "PUT",
		[METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE",
	};
	char status[16];
	char ms[24];

	if (!request->server->config.access_log || !request->begun)
		return;
	snprintf(status, sizeof(status), "%u", request->status);
	snprintf(ms, sizeof(ms), "%" PRId64, clock_monotonic_ms() - request->began_ms);
	log_event(LOG_LEVEL_DEBUG, "request", "method", request->head ? "HEAD" : methods[request->method], "path",
		  request->target.path, "status", status, "ms", ms, "address",
		  request->connection != NULL ? request->connection->address : NULL, NULL);
}

void access_completed(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code)
{
	struct server *server = cls;
	struct request *request = *context;
	struct upgrade *upgrade;

	(void)mhd;
	(void)code;
	if (request == NULL)
		return;
	*context = NULL;
	if (request->handed_over) {
		/* An upgraded connection is over. libmicrohttpd holds a lock of its own here, so none of ours may be
		 * taken. */
		request_release(request);
		atomic_fetch_sub(&server->active, 1);
		return;
	}
	expect_by(request, clock_monotonic_ms() + server->config.idle_seconds * INT64_C(1000));
	atomic_fetch_add(&server->request_count, 1);
	access_log(request);
	pthread_mutex_lock(&request->lock);
	request->mhd = NULL;
	request->connection = NULL;
	upgrade = request->upgrade;
	request->upgrade = NULL;
	pthread_mutex_unlock(&request->lock);
	if (upgrade != NULL)
		upgrade_forget(upgrade);
	request_release(request);
	atomic_fetch_sub(&server->active, 1);
}

size_t access_unescape(void *cls, struct MHD_Connection *mhd, char *text)
{
	(void)cls;
	(void)mhd;
	return strlen(text); /* target.c does it, strictly */
}
