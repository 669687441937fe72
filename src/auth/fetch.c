#include "auth/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"

#define CONNECT_MS 5000

int fetch_init(struct error *err)
{
	/* Counted by the library, and safe from several threads; never taken back, as other web processes may live in
	 * this one. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, ERROR_INTERNAL, EIO, "cannot start libcurl");
	return 0;
}

static bool is_loopback(const char *host)
{
	unsigned d[4];
	char end;

	if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return sscanf(host, "%3u.%3u.%3u.%3u%c", &d[0], &d[1], &d[2], &d[3], &end) == 4 && d[0] == 127 && d[1] < 256 &&
	       d[2] < 256 && d[3] < 256;
}

static bool lacks(CURLU *parts, CURLUPart what)
{
	char *text = NULL;
	bool there = curl_url_get(parts, what, &text, 0) == CURLUE_OK;

	curl_free(text);
	return !there;
}

bool fetch_may_ask(const char *url, bool plain)
{
	CURLU *parts = curl_url();
	char *scheme = NULL;
	char *host = NULL;
	bool fine = false;

	if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK)
		fine = lacks(parts, CURLUPART_FRAGMENT) &&
		       (strcmp(scheme, "https") == 0 || (plain && strcmp(scheme, "http") == 0 && is_loopback(host)));
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(parts);
	return fine;
}

static size_t take(char *data, size_t size, size_t count, void *user)
{
	struct buf *body = user;

	if (size * count > FETCH_ANSWER_MAX - body->length)
		return 0; /* libcurl gives up with CURLE_WRITE_ERROR */
	buf_append(body, data, size * count);
	return size * count;
}

static int watch(void *user, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
	const struct fetcher *fetcher = user;

	(void)down_all, (void)down, (void)up_all, (void)up;
	return fetcher->stopping != NULL && atomic_load(fetcher->stopping);
}

static void set_limits(CURL *curl, const struct fetcher *fetcher, int64_t left_ms)
{
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, fetcher->plain ? "http,https" : "https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left_ms);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(left_ms < CONNECT_MS ? left_ms : CONNECT_MS));
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)FETCH_ANSWER_MAX);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, fetcher);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	if (fetcher->ca_file != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, fetcher->ca_file);
	if (fetcher->plain)
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*"); /* nobody's proxy leads to our loopback */
}

static struct curl_slist *headers_of(const struct fetch *fetch)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");

	if (fetch->authorization != NULL) {
		auto_free char *line = xasprintf("Authorization: %s", fetch->authorization);

		headers = curl_slist_append(headers, line);
	}
	return headers;
}

int fetch_run(const struct fetcher *fetcher, const struct fetch *fetch, unsigned *ret_status, struct buf *body,
	      struct error *err)
{
	int64_t left_ms = fetcher->deadline_ms - clock_monotonic_ms();
	struct curl_slist *headers;
	char reason[CURL_ERROR_SIZE] = "";
	CURLcode code;
	CURL *curl;
	long status = 0;

	if (!fetch_may_ask(fetch->url, fetcher->plain))
		return error_set(err, ERROR_INVALID, EINVAL, "%.200s: must be an https address", fetch->url);
	if (left_ms <= 0)
		return error_set(err, ERROR_UNAVAILABLE, ETIMEDOUT, "%.200s: no time left to ask", fetch->url);
	curl = curl_easy_init();
	if (curl == NULL)
		return error_set(err, ERROR_INTERNAL, ENOMEM, "cannot make an HTTP client");
	headers = headers_of(fetch);
	set_limits(curl, fetcher, left_ms);
	curl_easy_setopt(curl, CURLOPT_URL, fetch->url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "trythisonbrowser/" TTOB_VERSION);
	if (fetch->form != NULL)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, fetch->form);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	if (code != CURLE_OK)
		return error_set(err, ERROR_UNAVAILABLE, EIO, "%.200s: %s", fetch->url,
				 reason[0] != '\0' ? reason : curl_easy_strerror(code));
	*ret_status = (unsigned)status;
	return 0;
}

json_t *fetch_parse(const char *data, size_t length, bool array, struct error *err)
{
	json_error_t fault;
	json_t *json = json_loadb(data != NULL ? data : "", length, JSON_REJECT_DUPLICATES, &fault);

	if (json != NULL && (array ? json_is_array(json) : json_is_object(json)))
		return json;
	error_set(err, ERROR_MALFORMED, EPROTO, "the answer is no JSON %s%s%s", array ? "array" : "object",
		  json == NULL ? ": " : "", json == NULL ? fault.text : "");
	json_decref(json);
	return NULL;
}

const char *fetch_string(const json_t *object, const char *member, size_t max)
{
	const json_t *value = json_object_get(object, member);
	size_t length = json_string_length(value);
	const char *text = json_string_value(value);

	if (text == NULL || length == 0 || length > max)
		return NULL;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return NULL;
	return text;
}
