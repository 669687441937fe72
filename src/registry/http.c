#include "registry/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

#define ANSWER_MS 15000
#define CONNECT_MS 5000
#define HEADER_MAX 4096
#define SLOW_BYTES 1L /* a blob that brings less than this a second… */
#define SLOW_SECONDS 60L /* …for so long has stopped */
#define REDIRECTS_MAX 3L

struct transfer {
	struct http *http;
	const struct question *question;
	struct answer *answer;
	bool begun;
	bool refused; /* by the sink */
	bool too_large;
};

bool host_is_loopback(const char *host)
{
	unsigned d[4];
	char end;

	if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return sscanf(host, "%3u.%3u.%3u.%3u%c", &d[0], &d[1], &d[2], &d[3], &end) == 4 && d[0] == 127 && d[1] < 256 && d[2] < 256 &&
	       d[3] < 256;
}

int http_init(struct http *http, const struct registry_options *options, bool loopback, struct error *err)
{
	*http = (struct http){
		.curl = curl_easy_init(),
		.loopback = loopback,
		.insecure = options->insecure,
		.ca_file = options->ca_file != NULL && *options->ca_file != '\0' ? xstrdup(options->ca_file) : NULL,
		.answer_ms = options->answer_ms > 0 ? options->answer_ms : ANSWER_MS,
		.stopping = options->stopping,
	};
	return http->curl != NULL ? 0 : error_set(err, ERROR_INTERNAL, ENOMEM, "cannot make an HTTP client");
}

void http_fini(struct http *http)
{
	curl_easy_cleanup(http->curl);
	free(http->ca_file);
	*http = (struct http){0};
}

void http_answer_fini(struct answer *answer)
{
	buf_fini(&answer->body);
	free(answer->link);
	free(answer->challenge);
	free(answer->digest);
	free(answer->type);
	free(answer->retry_after);
	*answer = (struct answer){.length = -1};
}

/* ---- what comes ---------------------------------------------------------------------------------------------------- */

/* The header's value when the line has that name, as a new string. */
static void keep(const char *line, size_t length, const char *name, char **out)
{
	size_t n = strlen(name);
	auto_free char *value = NULL;

	if (*out != NULL || length <= n || length > HEADER_MAX || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return;
	value = xstrndup(line + n + 1, length - n - 1);
	*out = xstrdup(str_trim(value));
}

static size_t take_header(char *line, size_t size, size_t count, void *user)
{
	struct answer *answer = ((struct transfer *)user)->answer;
	size_t length = size * count;

	if (length > 5 && strncmp(line, "HTTP/", 5) == 0)
		http_answer_fini(answer); /* of the answer before: a redirect's */
	keep(line, length, "Link", &answer->link);
	keep(line, length, "WWW-Authenticate", &answer->challenge);
	keep(line, length, "Docker-Content-Digest", &answer->digest);
	keep(line, length, "Content-Type", &answer->type);
	keep(line, length, "Retry-After", &answer->retry_after);
	return length;
}

static long status_of(CURL *curl)
{
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static bool is_for_sink(const struct transfer *transfer)
{
	long status = status_of(transfer->http->curl);

	return transfer->question->sink != NULL && (status == 200 || (status == 206 && transfer->question->range != NULL));
}

static bool begin(struct transfer *transfer)
{
	const struct registry_sink *sink = transfer->question->sink;
	curl_off_t length = -1;

	transfer->begun = true;
	curl_easy_getinfo(transfer->http->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	return sink->begin == NULL || sink->begin(length, sink->data) == 0;
}

static size_t take(char *data, size_t size, size_t count, void *user)
{
	struct transfer *transfer = user;
	const struct registry_sink *sink = transfer->question->sink;
	size_t length = size * count;

	if (is_for_sink(transfer)) {
		if ((transfer->begun || begin(transfer)) && sink->take(data, length, sink->data) == 0)
			return length;
		transfer->refused = true;
		return 0; /* libcurl gives up with CURLE_WRITE_ERROR */
	}
	if (length > HTTP_ANSWER_MAX - transfer->answer->body.length) {
		transfer->too_large = true;
		return 0;
	}
	buf_append(&transfer->answer->body, data, length);
	return length;
}

static int watch(void *user, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
	const struct http *http = user;

	(void)down_all, (void)down, (void)up_all, (void)up;
	return http->stopping != NULL && atomic_load(http->stopping);
}

/* ---- the question --------------------------------------------------------------------------------------------------- */

static void set_limits(struct http *http, const struct question *question)
{
	CURL *curl = http->curl;
	bool plain = http->loopback || http->insecure;

	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, plain ? "http,https" : "https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, plain ? "http,https" : "https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(http->answer_ms < CONNECT_MS ? http->answer_ms : CONNECT_MS));
	/* A blob may lie elsewhere; libcurl takes no credentials to another host. Nothing else is sent around. */
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, question->redirects || question->sink != NULL ? 1L : 0L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	if (question->sink != NULL) {
		curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES);
		curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS);
	} else {
		curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)http->answer_ms);
	}
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, http->insecure ? 0L : 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, http->insecure ? 0L : 2L);
	if (http->ca_file != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, http->ca_file);
	if (http->loopback)
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, http);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

static struct curl_slist *headers_of(const struct question *question)
{
	auto_free char *accept = xasprintf("Accept: %s", question->accept != NULL ? question->accept : "application/json");
	struct curl_slist *headers = curl_slist_append(NULL, accept);

	if (question->authorization != NULL) {
		auto_free char *line = xasprintf("Authorization: %s", question->authorization);

		headers = curl_slist_append(headers, line);
	}
	return headers;
}

static int failure(const struct transfer *transfer, CURLcode code, const char *reason, struct error *err)
{
	const char *why = reason[0] != '\0' ? reason : curl_easy_strerror(code);
	const char *url = transfer->question->url;

	if (transfer->refused)
		return error_set(err, ERROR_CANCELLED, ECANCELED, "the blob is not wanted any more");
	if (transfer->too_large)
		return error_set(err, ERROR_MALFORMED, EMSGSIZE, "%.150s: the answer is larger than any can be", url);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return error_set(err, ERROR_TIMEOUT, ETIMEDOUT, "the registry does not answer in time: %.150s: %.150s", url, why);
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
		return error_set(err, ERROR_UNAVAILABLE, EPROTO, "the registry's certificate is not trusted (%.150s); set [registry] ca_file",
				 why);
	return error_set(err, ERROR_UNAVAILABLE, EHOSTUNREACH, "cannot talk to the registry: %.150s: %.150s", url, why);
}

int http_ask(struct http *http, const struct question *question, struct answer *answer, struct error *err)
{
	struct transfer transfer = {.http = http, .question = question, .answer = answer};
	char reason[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = headers_of(question);
	curl_off_t length = -1;
	CURL *curl = http->curl;
	CURLcode code;

	http_answer_fini(answer);
	curl_easy_reset(curl); /* the connection stays */
	set_limits(http, question);
	curl_easy_setopt(curl, CURLOPT_URL, question->url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "trythisonbrowser/" TTOB_VERSION);
	if (strcmp(question->method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, question->method);
	if (question->range != NULL)
		curl_easy_setopt(curl, CURLOPT_RANGE, question->range);
	if (question->user != NULL) {
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(curl, CURLOPT_USERPWD, question->user);
	}
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
	code = curl_easy_perform(curl);
	curl_slist_free_all(headers);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
	if (code != CURLE_OK)
		return failure(&transfer, code, reason, err);
	answer->status = (unsigned)status_of(curl);
	if (curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) == CURLE_OK)
		answer->length = length;
	if (is_for_sink(&transfer) && !transfer.begun && !begin(&transfer)) {
		transfer.refused = true; /* an empty blob */
		return failure(&transfer, CURLE_OK, reason, err);
	}
	return 0;
}
