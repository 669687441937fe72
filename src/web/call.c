#include "web/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

struct call *call_new(struct request *request, struct hub *hub, const char *person, void (*run)(struct call *call))
{
	struct call *call = xmalloc(sizeof(*call));

	call->hub = hub;
	call->request = request_defer(request);
	call->run = run;
	snprintf(call->person, sizeof(call->person), "%s", person != NULL ? person : "");
	return call;
}

static void run_call(void *data)
{
	struct call *call = data;

	call->run(call);
}

void call_post(struct call *call)
{
	loop_post(call->hub->loop, run_call, call);
}

void call_json(struct call *call, unsigned status, json_t *json)
{
	respond_json(call->request, status, json);
	call_free(call);
}

void call_empty(struct call *call, unsigned status)
{
	respond_empty(call->request, status);
	call_free(call);
}

void call_problem(struct call *call, const struct error *err, json_t *extra)
{
	respond_problem(call->request, err, extra);
	call_free(call);
}

void call_free(struct call *call)
{
	if (call == NULL)
		return;
	request_unref(call->request);
	sandbox_fini(&call->row);
	free(call->reference);
	free(call->run_command);
	json_decref(call->answer);
	free(call);
}
