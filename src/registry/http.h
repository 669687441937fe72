/* One question to a registry over HTTP: what client.c builds on. */
#pragma once

#include <curl/curl.h>

#include "registry/client.h"

#define HTTP_ANSWER_MAX ((size_t)16 * 1024 * 1024)

struct http {
	CURL *curl;
	bool loopback; /* the registry is on this machine: no proxy leads there */
	bool insecure;
	char *ca_file; /* NULL: the system's */
	int64_t answer_ms;
	const atomic_bool *stopping;
};

struct question {
	const char *method; /* "GET", "HEAD", "DELETE" */
	const char *url;
	const char *accept;	   /* NULL: JSON */
	const char *authorization; /* header's value; NULL: none */
	const char *user;	   /* "name:password" for Basic; NULL: none */
	bool redirects;		   /* may lead elsewhere; with a sink they always may */
	const struct registry_sink *sink; /* of a 200's body (and a 206's with `range`); NULL: it goes into the answer */
	const char *range; /* "0-99"; NULL: all of it */
};

struct answer {
	unsigned status;
	int64_t length; /* Content-Length, -1: not said */
	struct buf body;
	char *link;
	char *challenge; /* WWW-Authenticate, the first */
	char *digest;
	char *type;
	char *retry_after;
};

bool host_is_loopback(const char *host); /* without port */
int http_init(struct http *http, const struct registry_options *options, bool loopback, struct error *err);
void http_fini(struct http *http);
/* Any status is fine; `answer` is filled anew. */
int http_ask(struct http *http, const struct question *question, struct answer *answer, struct error *err);
void http_answer_fini(struct answer *answer);
