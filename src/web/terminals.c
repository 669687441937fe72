/* /sandboxes/{id}/terminals: more shells, and the WebSocket of each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "core/fields.h"
#include "http/websocket.h"
#include "web/internal.h"
#include "web/record.h"

#define PROTOCOL "ttob.terminal.v1"
#define ATTACH_EVERY_MS 50
#define ATTACH_TRIES 200 /* ten seconds: a restarted web process meets the engine in a fraction of one */

/* ---- one more shell -------------------------------------------------------------------------------------------------- */

struct opening {
	struct call *call;
	struct live *live;
	unsigned n;
};

static void on_opened(const struct error *err, int *tty, void *data)
{
	struct opening *opening = data;
	struct live *live = opening->live;
	struct call *call = opening->call;
	auto_free char *url = xasprintf("/api/v1/sandboxes/%s/terminals/%u", live->row.id, opening->n);
	struct error failed;

	live->terminals[opening->n - 1].asked = false;
	if (err == NULL && live->state != LIVE_RUNNING) {
		error_set(&failed, ERROR_CONFLICT, EBUSY, "the sandbox has ended");
		err = &failed;
	} else if (err == NULL && live_add_terminal(live, opening->n, *tty, call->cols, call->rows, &failed) < 0) {
		err = &failed;
	}
	if (err != NULL) {
		call_problem(call, err, NULL);
	} else {
		steal_fd(tty);
		record_terminals(live);
		call_json(call, 201, json_pack("{s:i,s:s}", "n", (int)opening->n, "url", url));
		live_push(live);
	}
	live_unref(live);
	free(opening);
}

static unsigned free_number(const struct live *live)
{
	unsigned most = live->hub->options->terminals_max < LIVE_TERMINALS_MAX ? live->hub->options->terminals_max : LIVE_TERMINALS_MAX;

	for (unsigned n = 2; n <= most; n++)
		if (live->terminals[n - 1].terminal == NULL && !live->terminals[n - 1].asked)
			return n;
	return 0;
}

static void open_one(struct call *call)
{
	struct engine *engine = call->hub->engine;
	struct live *live = sandbox_of_call(call); /* NULL: the call is over */
	struct opening *opening;
	struct error err;
	unsigned n;

	if (live == NULL)
		return;
	n = free_number(live);
	if (live->state != LIVE_RUNNING || n == 0) {
		error_set(&err, ERROR_CONFLICT, EBUSY,
			  live->state != LIVE_RUNNING ? "the sandbox does not run yet" : "the sandbox has all the shells it may have");
		call_problem(call, &err, NULL);
		return;
	}
	opening = xmalloc(sizeof(*opening));
	*opening = (struct opening){call, live_ref(live), n};
	live->terminals[n - 1].asked = true;
	engine->ops->exec(engine, live->row.id, n, call->cols, call->rows, on_opened, opening);
}

static int post_terminal(struct request *request, struct error *err)
{
	static const char *const known[] = {"cols", "rows", NULL};
	struct field_errors errors = {0};
	unsigned cols = 80, rows = 24;
	json_t *json = NULL;
	struct call *call;
	size_t length;
	int r = 0;

	request_body(request, &length);
	if (length > 0) {
		r = request_json(request, &json, err);
		if (r < 0)
			return r;
		body_members(json, known, &errors);
		cols = body_size(json, "cols", cols, &errors);
		rows = body_size(json, "rows", rows, &errors);
		json_decref(json);
	}
	if (field_errors_result(&errors, err) < 0) {
		respond_problem(request, err, field_errors_json(&errors));
		return 0;
	}
	r = sandbox_call(request, open_one, &call, err);
	if (r < 0)
		return r;
	call->cols = cols;
	call->rows = rows;
	call_post(call);
	return 0;
}

/* ---- the WebSocket ----------------------------------------------------------------------------------------------------- */

/* An upgraded connection on its way to the loop. */
struct arrival {
	struct hub *hub;
	struct upgrade *upgrade;
	int socket;
	char *early;
	size_t early_length;
	char id[48];
	struct holder holder;
	unsigned n;
	uint64_t offset;
	unsigned tries;
	struct loop_timer timer;
};

/* A close frame as the server sends it (RFC 6455 §5.5.1): 4404, no such terminal. */
static void refuse(struct arrival *arrival)
{
	static const unsigned char frame[] = {0x88, 2, 4404 >> 8, 4404 & 0xff};
	ssize_t n = send(arrival->socket, frame, sizeof(frame), MSG_NOSIGNAL | MSG_DONTWAIT);

	(void)n; /* a fresh connection takes four bytes; one that doesn't is gone */
	shutdown(arrival->socket, SHUT_WR);
	upgrade_close(arrival->upgrade);
}

static void free_arrival(struct arrival *arrival)
{
	free(arrival->early);
	free(arrival);
}

static void arrive(void *data)
{
	struct arrival *arrival = data;
	struct live *live = arrival->hub->relay != NULL ? hub_find(arrival->hub, arrival->id) : NULL;
	struct terminal *terminal = NULL;

	if (live != NULL && (strcmp(live->row.person, arrival->holder.person) != 0 || arrival->n < 1 || arrival->n > LIVE_TERMINALS_MAX))
		live = NULL;
	if (live != NULL)
		terminal = live->terminals[arrival->n - 1].terminal;
	if (terminal != NULL) {
		presence_attach(arrival->hub, &arrival->holder, terminal, arrival->upgrade, arrival->socket, arrival->early,
			      arrival->early_length, arrival->offset);
		free_arrival(arrival);
	} else if (live != NULL && (live->row.terminals & (1u << arrival->n)) != 0 && arrival->tries++ < ATTACH_TRIES) {
		/* It runs, but the engine has not given us the shell back yet: we were just restarted. */
		loop_timer_start(arrival->hub->loop, &arrival->timer, ATTACH_EVERY_MS, arrive, arrival);
	} else {
		refuse(arrival);
		free_arrival(arrival);
	}
}

/* On a server thread. */
static void taken(struct upgrade *upgrade, int socket, const void *early, size_t early_length, void *data)
{
	struct arrival *arrival = data;

	if (upgrade == NULL) {
		free(arrival);
		return;
	}
	arrival->upgrade = upgrade;
	arrival->socket = socket;
	arrival->early = xmalloc(early_length + 1);
	memcpy(arrival->early, early != NULL ? early : "", early_length);
	arrival->early_length = early_length;
	loop_post(arrival->hub->loop, arrive, arrival);
}

static void open_socket(struct call *call, const char *id)
{
	struct arrival *arrival = xmalloc(sizeof(*arrival));
	struct error err;

	arrival->hub = call->hub;
	snprintf(arrival->id, sizeof(arrival->id), "%s", id);
	arrival->holder = call->holder;
	arrival->n = call->n;
	arrival->offset = call->offset;
	if (respond_websocket(call->request, PROTOCOL, taken, arrival, &err) < 0) {
		free(arrival);
		call_problem(call, &err, NULL);
		return;
	}
	call_free(call);
}

static int load_owner(struct store *store, void *data, struct error *err)
{
	struct call *call = data;
	struct sandbox sandbox = {0};
	int r = sandboxes_get(store, call->id, &sandbox, err);

	if (r == 0 && strcmp(sandbox.person, call->person) == 0)
		call->answer = json_true();
	sandbox_fini(&sandbox);
	return r;
}

/* One of theirs that has ended: the socket opens, and its close code says that there is no such terminal. */
static void on_owner(int result, const struct error *err, void *data)
{
	struct call *call = data;
	struct error none;

	if (result == 0 && call->answer != NULL) {
		open_socket(call, call->id);
	} else if (result < 0 && err->kind != ERROR_NOT_FOUND) {
		call_problem(call, err, NULL);
	} else {
		error_set(&none, ERROR_NOT_FOUND, ENOENT, "there is no such sandbox of yours");
		call_problem(call, &none, NULL);
	}
}

static void attach_one(struct call *call)
{
	struct live *live = hub_find(call->hub, call->id);

	if (live != NULL && strcmp(live->row.person, call->person) == 0)
		open_socket(call, call->id);
	else
		recorder_post(call->hub->recorder, "look at a sandbox", load_owner, on_owner, call);
}

static int get_terminal(struct request *request, struct error *err)
{
	struct call *call;
	uint64_t n, offset;
	int r = websocket_check(request, PROTOCOL, err);

	if (r == 0)
		r = request_query_number(request, "offset", 0, INT64_MAX, 0, &offset, err);
	if (r == 0 && str_to_u64(request_param(request, "n"), 1000, &n) < 0)
		r = error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such terminal");
	if (r == 0)
		r = sandbox_call(request, attach_one, &call, err);
	if (r < 0)
		return r;
	call->n = (unsigned)n;
	call->offset = offset;
	call_post(call);
	return 0;
}

const struct resource terminal_resources[] = {
	{METHOD_POST, "/api/v1/sandboxes/{id}/terminals", ROUTE_WORK, post_terminal, false, 1024},
	{METHOD_GET, "/api/v1/sandboxes/{id}/terminals/{n}", ROUTE_WORK, get_terminal, false, 0},
	{0},
};
