#include "http/response.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "http/internal.h"
#include "http/negotiate.h"
#include "http/problem.h"

#define RETRY_AFTER "5"

static const struct {
	const char *name;
	const char *value;
} security_headers[] = {
	{"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
				    "font-src 'self'; connect-src 'self'; "
				    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "strict-origin-when-cross-origin"},
	{"Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
};

static bool has_header(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++)
		if (strcasecmp(request->headers[i].name, name) == 0)
			return true;
	return false;
}

/* `request`: NULL, or whose own headers stand in the place of common ones. */
static void add_common(struct MHD_Response *response, bool secure, const struct request *request)
{
	for (size_t i = 0; i < ARRAY_SIZE(security_headers); i++)
		if (request == NULL || !has_header(request, security_headers[i].name))
			MHD_add_response_header(response, security_headers[i].name, security_headers[i].value);
	if (secure)
		MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
}

void response_add_common(struct MHD_Response *response, bool secure)
{
	add_common(response, secure, NULL);
}

void response_finish(struct request *request, unsigned status, const char *type, struct MHD_Response *response)
{
	bool caching = false;

	add_common(response, request->secure, request);
	if (type != NULL)
		MHD_add_response_header(response, "Content-Type", type);
	for (size_t i = 0; i < request->header_count; i++) {
		caching = caching || strcasecmp(request->headers[i].name, "Cache-Control") == 0;
		MHD_add_response_header(response, request->headers[i].name, request->headers[i].value);
	}
	if (!caching)
		MHD_add_response_header(response, "Cache-Control", "no-store");
	request_answer(request, status, response);
}

void respond_header(struct request *request, const char *name, const char *value)
{
	struct header *header;

	if (strpbrk(value, "\r\n") != NULL) {
		log_error("bug: the header %s would hold a line break", name);
		abort();
	}
	request->headers = xrealloc(request->headers, (request->header_count + 1) * sizeof(*request->headers));
	header = &request->headers[request->header_count++];
	header->name = xstrdup(name);
	header->value = xstrdup(value);
}

void respond_cookie(struct request *request, const char *name, const char *value, int64_t max_age)
{
	char age[40] = "";
	char *cookie;

	if (max_age >= 0)
		snprintf(age, sizeof(age), "; Max-Age=%lld", (long long)max_age);
	cookie = xasprintf("%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s", name, value, request->secure ? "; Secure" : "",
			   age);
	respond_header(request, "Set-Cookie", cookie);
	free(cookie);
}

void respond_retry_after(struct request *request, unsigned seconds)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", seconds);
	respond_header(request, "Retry-After", text);
}

struct MHD_Response *response_from_json(json_t *json, size_t *ret_length)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(6));

	json_decref(json);
	if (text == NULL) /* only a value that isn't JSON can do this */
		text = xstrdup("null");
	*ret_length = strlen(text);
	return MHD_create_response_from_buffer(*ret_length, text, MHD_RESPMEM_MUST_FREE);
}

void respond_json(struct request *request, unsigned status, json_t *json)
{
	size_t length;

	response_finish(request, status, "application/json", response_from_json(json, &length));
}

void respond_data(struct request *request, unsigned status, const char *type, const void *data, size_t length)
{
	response_finish(request, status, type, MHD_create_response_from_buffer(length, (void *)data, MHD_RESPMEM_MUST_COPY));
}

void respond_tagged(struct request *request, unsigned status, const char *type, const void *data, size_t length)
{
	char etag[ETAG_SIZE];

	etag_of(data, length, etag);
	respond_header(request, "ETag", etag);
	if (!has_header(request, "Cache-Control"))
		respond_header(request, "Cache-Control", "no-cache");
	if (status == 200 && etag_matches(request_header(request, "If-None-Match"), etag))
		respond_empty(request, 304);
	else
		respond_data(request, status, type, data, length);
}

void respond_empty(struct request *request, unsigned status)
{
	static char nothing[1];

	response_finish(request, status, NULL, MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT));
}

void respond_redirect(struct request *request, unsigned status, const char *location)
{
	respond_header(request, "Location", location);
	respond_empty(request, status);
}

/* RFC 6266: an ASCII fallback and the whole name in UTF-8. */
static void add_disposition(struct request *request, const char *name)
{
	struct buf value = BUF_INIT;

	buf_append_string(&value, "attachment; filename=\"");
	for (const char *p = name; *p != '\0'; p++)
		buf_append_char(&value, *p < 0x20 || *p > 0x7e || *p == '"' || *p == '\\' || *p == '/' ? '_' : *p);
	buf_append_string(&value, "\"; filename*=UTF-8''");
	for (const unsigned char *p = (const unsigned char *)name; *p != '\0'; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		    strchr("-._~", *p) != NULL)
			buf_append_char(&value, (char)*p);
		else
			buf_printf(&value, "%%%02X", *p);
	}
	respond_header(request, "Content-Disposition", value.data);
	buf_fini(&value);
}

void respond_file(struct request *request, int fd, uint64_t size, const char *type, const char *name)
{
	struct MHD_Response *response = MHD_create_response_from_fd64(size, fd);

	if (response == NULL) {
		close(fd);
		respond_status(request, 500, "the file cannot be sent");
		return;
	}
	if (name != NULL)
		add_disposition(request, name);
	response_finish(request, 200, type, response);
}

static void respond_problem_json(struct request *request, unsigned status, json_t *json)
{
	size_t length;

	if ((status == 429 || status == 503) && !has_header(request, "Retry-After"))
		respond_header(request, "Retry-After", RETRY_AFTER);
	response_finish(request, status, "application/problem+json", response_from_json(json, &length));
}

void respond_problem(struct request *request, const struct error *err, json_t *extra)
{
	unsigned status = problem_status(err->kind);

	if (err->kind == ERROR_UNSUPPORTED && err->code == -EPROTONOSUPPORT) {
		/* RFC 9110 §15.5.22, RFC 6455 §4.4: say what would be understood. */
		respond_header(request, "Upgrade", "websocket");
		respond_header(request, "Connection", "Upgrade");
		respond_header(request, "Sec-WebSocket-Version", "13");
		respond_problem_json(request, 426, problem_json_status(426, err->message, extra));
		return;
	}
	if (status == 500)
		log_event(LOG_LEVEL_ERROR, "request failed", "path", request->target.path, "error", err->message, NULL);
	respond_problem_json(request, status, problem_json(err, extra));
}

void respond_status(struct request *request, unsigned status, const char *detail)
{
	respond_problem_json(request, status, problem_json_status(status, detail, NULL));
}
