#include "http/problem.h"

#include <stddef.h>

#include "base/util.h"

static const struct {
	unsigned status;
	const char *title;
} statuses[ERROR_KINDS] = {
	[ERROR_NONE] = {500, "Internal Server Error"},
	[ERROR_INTERNAL] = {500, "Internal Server Error"},
	[ERROR_MALFORMED] = {400, "Bad Request"},
	[ERROR_INVALID] = {422, "Unprocessable Content"},
	[ERROR_UNAUTHENTICATED] = {401, "Unauthorized"},
	[ERROR_FORBIDDEN] = {403, "Forbidden"},
	[ERROR_NOT_FOUND] = {404, "Not Found"},
	[ERROR_CONFLICT] = {409, "Conflict"},
	[ERROR_TOO_LARGE] = {413, "Content Too Large"},
	[ERROR_UNSUPPORTED] = {415, "Unsupported Media Type"},
	[ERROR_RATE_LIMITED] = {429, "Too Many Requests"},
	[ERROR_UNAVAILABLE] = {503, "Service Unavailable"},
	[ERROR_TIMEOUT] = {504, "Gateway Timeout"},
	[ERROR_CANCELLED] = {409, "Conflict"},
};

unsigned problem_status(enum error_kind kind)
{
	return kind < ERROR_KINDS ? statuses[kind].status : 500;
}

const char *problem_title(unsigned status)
{
	if (status == 405)
		return "Method Not Allowed";
	if (status == 426)
		return "Upgrade Required";
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].title;
	return "Error";
}

json_t *problem_json_status(unsigned status, const char *detail, json_t *extra)
{
	json_t *json = extra != NULL ? extra : json_object();

	json_object_set_new(json, "type", json_string("about:blank"));
	json_object_set_new(json, "title", json_string(problem_title(status)));
	json_object_set_new(json, "status", json_integer(status));
	if (json_object_set_new(json, "detail", json_string(detail)) < 0)
		json_object_set_new(json, "detail", json_string("(the explanation is not valid UTF-8)"));
	return json;
}

json_t *problem_json(const struct error *err, json_t *extra)
{
	unsigned status = problem_status(err->kind);

	return problem_json_status(status,
				   status == 500 ? "something broke on our side; it has been noted" : err->message,
				   extra);
}
