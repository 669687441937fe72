/* /builds: how one stands, and its log as it is written. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "http/stream.h"
#include "web/internal.h"
#include "web/views.h"

static int get_build(struct request *request, struct error *err)
{
	json_t *json;
	int r = view_build_by_id(request_local(request), request_param(request, "id"), &json, err);

	if (r == 0)
		respond_json(request, 200, json);
	return r;
}

/* A reader on the way to the loop. */
struct reader {
	struct hub *hub;
	struct stream *stream;
	char *build;
	json_t *json;
	uint64_t offset;
};

static int load_state(struct store *store, void *data, struct error *err)
{
	struct reader *reader = data;

	return view_build_by_id(store, reader->build, &reader->json, err);
}

static void follow(int result, const struct error *err, void *data)
{
	struct reader *reader = data;
	const char *state = json_string_value(json_object_get(reader->json, "state"));
	auto_free char *text = reader->json != NULL ? json_dumps(reader->json, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;

	(void)err;
	if (result == 0 && state != NULL && text != NULL)
		build_log_follow(builder_logs(reader->hub->builder), reader->build, reader->stream, reader->offset, text,
				 strcmp(state, "queued") != 0 && strcmp(state, "running") != 0);
	else
		stream_close(reader->stream);
	json_decref(reader->json);
	free(reader->build);
	free(reader);
}

static int get_log(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	const char *id = request_param(request, "id");
	const char *last = stream_last_id(request);
	struct reader *reader;
	json_t *json = NULL;
	uint64_t offset = 0;
	int r = view_build_by_id(request_local(request), id, &json, err);

	json_decref(json);
	if (r < 0)
		return r;
	if (last != NULL && str_to_u64(last, INT64_MAX, &offset) < 0)
		return error_set(err, ERROR_INVALID, EINVAL, "Last-Event-ID and offset must be a number of bytes");
	reader = xmalloc(sizeof(*reader));
	reader->hub = web->hub;
	reader->stream = respond_stream(request);
	reader->build = xstrdup(id);
	reader->offset = offset;
	if (reader->stream == NULL) {
		free(reader->build);
		free(reader);
		return 0;
	}
	/* The state is read behind every change that is on its way, so that no end is missed between here and the loop. */
	recorder_post(web->hub->recorder, "look at a build", load_state, follow, reader);
	return 0;
}

const struct resource build_resources[] = {
	{METHOD_GET, "/api/v1/builds/{id}", ROUTE_WORK, get_build, false, 0},
	{METHOD_GET, "/api/v1/builds/{id}/log", ROUTE_WORK, get_log, false, 0},
	{0},
};
