/* What a client writes into a request, through the parsers that are ours: the target, the headers that we read, and
 * JSON bodies. The first line is the target, the second an Accept-Encoding, the third an If-None-Match, the fourth an
 * Origin, the fifth a Host; the rest is the body. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "http/internal.h"
#include "http/negotiate.h"
#include "http/origin.h"
#include "http/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int nothing(struct request *request, struct error *err)
{
	(void)request;
	(void)err;
	return 0;
}

static struct router *make_router(void)
{
	static const struct route routes[] = {
		{METHOD_GET, "/", ROUTE_WORK, nothing, NULL, 0, 0, NULL},
		{METHOD_GET, "/api/v1/projects/{owner}/{name}", ROUTE_WORK, nothing, NULL, 0, 0, NULL},
		{METHOD_PUT | METHOD_DELETE, "/api/v1/projects/{owner}/{name}/like", ROUTE_WORK, nothing, NULL, 0, 0,
		 NULL},
		{METHOD_GET, "/badge/{owner}/{name}.svg", ROUTE_WORK, nothing, NULL, 0, 0, NULL},
	};
	struct router *router = router_new();

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		router_add(router, &routes[i]);
	return router;
}

/* What was promised about targets that are let through. */
static void hold_target(const struct target *target)
{
	if (target->path[0] != '/' || !str_is_utf8(target->path, strlen(target->path)))
		abort();
	for (size_t i = 0; i < target->segment_count; i++)
		if (strchr(target->segments[i], '/') != NULL || strcmp(target->segments[i], "..") == 0)
			abort();
}

static char *take_line(char **rest)
{
	char *line = strsep(rest, "\n");

	return line != NULL ? line : "";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct router *router;
	char *text = xstrndup((const char *)data, size);
	char *rest = text;
	struct request request = {0};
	struct route_match match;
	struct target target;
	struct error err;
	const char *host;
	const char *origin;
	json_t *json;

	if (router == NULL)
		router = make_router();
	if (target_parse(take_line(&rest), &target, &err) == 0) {
		hold_target(&target);
		router_match(router, METHOD_GET, &target, &match);
		for (size_t i = 0; i < match.count; i++)
			if (*match.values[i] == '\0')
				abort();
		route_match_fini(&match);
	}
	target_fini(&target);
	if (accept_encoding_quality(take_line(&rest), "br") > 1000)
		abort();
	etag_matches(take_line(&rest), "\"0123456789abcdef0123456789abcdef\"");
	origin = take_line(&rest);
	host = take_line(&rest);
	origin_is_ours(origin, host, NULL, true);
	origin_is_ours(origin, host, "https://try.example.org", false);
	if (rest != NULL) {
		/* From the data, not the text: bodies may hold NUL bytes. */
		size_t at = (size_t)(rest - text);

		buf_append(&request.body, data + at, size - at);
		if (request_json(&request, &json, &err) == 0)
			json_decref(json);
		buf_fini(&request.body);
	}
	free(text);
	return 0;
}
