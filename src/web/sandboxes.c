/* /sandboxes: try, look, extend, end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "core/fields.h"
#include "core/names.h"
#include "store/projects.h"
#include "store/versions.h"
#include "web/allowance.h"
#include "web/bases.h"
#include "web/entry.h"
#include "web/feedback.h"
#include "web/guard.h"
#include "web/internal.h"
#include "web/node.h"
#include "web/sight.h"
#include "web/views.h"

#define REBUILD_AFTER_MS (10 * 60 * 1000) /* a failed build is tried again when somebody wants the project after this long */
#define COLS_DEFAULT 80
#define ROWS_DEFAULT 24

/* ---- what a try asks for --------------------------------------------------------------------------------------------- */

struct wish {
	char owner[NAME_MAX_LENGTH + 1];
	char name[NAME_MAX_LENGTH + 1];
	const char *version; /* borrowed of the JSON; or NULL */
	const struct base_choice *base; /* a bare shell on it, and no project; or NULL */
	unsigned cols;
	unsigned rows;
	bool replace;
};

static void read_project(json_t *json, struct wish *wish, struct field_errors *errors)
{
	const char *text = json_string_value(json_object_get(json, "project"));
	const char *slash = text != NULL ? strchr(text, '/') : NULL;

	if (slash == NULL || (size_t)(slash - text) > NAME_MAX_LENGTH || strlen(slash + 1) > NAME_MAX_LENGTH) {
		field_error(errors, "project", "must be \"owner/name\"");
		return;
	}
	snprintf(wish->owner, sizeof(wish->owner), "%.*s", (int)(slash - text), text);
	snprintf(wish->name, sizeof(wish->name), "%s", slash + 1);
	if (!name_is_valid(wish->owner) || !name_is_valid(wish->name))
		field_error(errors, "project", "must be \"owner/name\"");
}

static void read_base(json_t *json, struct wish *wish, struct field_errors *errors)
{
	const char *text = json_string_value(json_object_get(json, "base"));

	wish->base = text != NULL ? base_choice_of(text) : NULL;
	if (wish->base == NULL)
		field_error(errors, "base", "must be one of GET /api/v1/bases");
	if (json_object_get(json, "project") != NULL)
		field_error(errors, "project", "can't stand beside a base");
	if (json_object_get(json, "version") != NULL)
		field_error(errors, "version", "can't stand beside a base");
}

static int read_wish(const struct request *request, json_t *json, struct wish *wish, struct field_errors *errors, struct error *err)
{
	static const char *const known[] = {"project", "base", "version", "cols", "rows", "replace", NULL};
	json_t *version = json_object_get(json, "version");
	json_t *replace = json_object_get(json, "replace");
	const char *query = request_query(request, "replace");

	body_members(json, known, errors);
	if (json_object_get(json, "base") != NULL)
		read_base(json, wish, errors);
	else
		read_project(json, wish, errors);
	wish->cols = body_size(json, "cols", COLS_DEFAULT, errors);
	wish->rows = body_size(json, "rows", ROWS_DEFAULT, errors);
	wish->version = json_string_value(version);
	wish->replace = json_is_true(replace) || (query != NULL && strcmp(query, "1") == 0);
	if (version != NULL && !json_is_null(version) && (wish->version == NULL || !version_is_valid(wish->version)))
		field_error(errors, "version", "must be a version of the project");
	if (replace != NULL && !json_is_boolean(replace))
		field_error(errors, "replace", "must be true or false");
	return field_errors_result(errors, err);
}

/* ---- on the loop: one running sandbox for a person, a place, the start ------------------------------------------------- */

static struct live *live_of_call(struct call *call, bool now)
{
	call->row.state = xstrdup(now ? "starting" : "queued");
	call->row.created_ms = clock_realtime_ms();
	return live_new(call->hub, &call->row, call->reference, call->run_command, call->network);
}

static void try_now(struct call *call)
{
	struct hub *hub = call->hub;
	struct live *other = hub_find_person(hub, call->person);
	struct live *live;
	struct error err;
	bool now;

	if (other != NULL && !call->replace) {
		error_set(&err, ERROR_CONFLICT, EEXIST, "%s runs already; end it first, or send \"replace\": true", other->row.full_name);
		call_problem(call, &err, json_pack("{s:o}", "sandbox", live_json(other)));
		return;
	}
	if (other != NULL) {
		/* Comes back here when the engine has given the old one's place back. */
		call->next = other->ending;
		other->ending = call;
		live_end(other, "replaced", -1, NULL, false);
		return;
	}
	if (!atomic_load(&hub->engine_up) || hub->stopping) {
		error_set(&err, ERROR_UNAVAILABLE, ENOTCONN, "sandboxes can't be started at this moment; try again in a few seconds");
		call_problem(call, &err, NULL);
		return;
	}
	now = waiting_has_room(hub);
	if (!now && waiting_is_full(hub)) {
		error_set(&err, ERROR_UNAVAILABLE, EBUSY, "every place is taken and the queue is full; try again in a minute");
		respond_retry_after(call->request, 60);
		call_problem(call, &err, NULL);
		return;
	}
	live = live_of_call(call, now);
	live->waiting = call;
	entry_begin(live);
}

/* ---- on a worker -------------------------------------------------------------------------------------------------------- */

/* Whether the last build failed, and not so long ago that another one may end otherwise; *ret_build is its object then, else NULL. */
static int find_failed_build(struct store *store, const struct project *project, json_t **ret_build, struct error *err)
{
	struct build build = {0};
	bool recent;
	int r;

	*ret_build = NULL;
	if (strcmp(project->state, "failed") != 0 || project->build == NULL)
		return 0;
	r = builds_get(store, project->build, clock_realtime_ms(), &build, err);
	if (r < 0)
		return r;
	recent = clock_realtime_ms() - build.ended_ms < REBUILD_AFTER_MS;
	build_fini(&build);
	return recent ? view_build_by_id(store, project->build, ret_build, err) : 0;
}

/* There is nothing to run yet: the build goes to the front, and the answer tells how it stands. */
static int answer_building(struct request *request, const struct wish *wish, const struct project *project, struct error *err)
{
	struct web *web = request_data(request);
	struct store *store = request_local(request);
	char id[STORE_ID_LENGTH + 1];
	json_t *build = NULL;
	bool fresh;
	int r;

	r = find_failed_build(store, project, &build, err);
	if (r < 0)
		return r;
	if (build != NULL) {
		error_set(err, ERROR_CONFLICT, ENOEXEC, "%s/%s could not be built; its build log says why", wish->owner, wish->name);
		respond_problem(request, err, json_pack("{s:o}", "build", build));
		return 0;
	}
	r = builds_enqueue(store, project->id, BUILD_PRIORITY_WANTED, clock_realtime_ms(), id, &fresh, err);
	if (r == 0)
		r = view_build_by_id(store, id, &build, err);
	if (r < 0)
		return r;
	builder_wake(web->hub->builder);
	respond_json(request, 202,
		     json_pack("{s:s,s:o,s:s+++}", "state", "building", "build", build, "project", wish->owner, "/", wish->name, ""));
	return 0;
}

static void fill_limits(struct sandbox *row, const struct engine_limits *limits)
{
	row->memory = limits->memory;
	row->cpu = limits->cpu;
	row->pids = limits->pids;
	row->disk = limits->disk;
}

static void fill_row(struct sandbox *row, const struct web_options *options, const struct wish *wish, const struct project *project,
		     const struct version *version)
{
	struct engine_limits limits = allowance_of(project, &options->limits);

	row->project = project->id;
	row->full_name = xasprintf("%s/%s", project->owner, project->name);
	row->project_summary = xstrdup(project->summary);
	row->version = xstrdup(version->label);
	row->image = xstrdup(version->image);
	row->cols = wish->cols;
	row->rows = wish->rows;
	fill_limits(row, &limits);
}

static void post_try(struct request *request, const struct session *session, const struct wish *wish, const struct project *project,
		     const struct version *version)
{
	struct web *web = request_data(request);
	struct call *call = call_new(request, web->hub, session->person, try_now);

	fill_row(&call->row, web->options, wish, project, version);
	call->row.person = xstrdup(session->person);
	call->reference = xstrdup(version->reference);
	call->run_command = xstrdup(project->run);
	call->network = project->network;
	call->replace = wish->replace;
	call_post(call);
}

/* With the network, or nothing could be installed; of the usual size. */
static void post_bare(struct request *request, const struct session *session, const struct wish *wish)
{
	struct web *web = request_data(request);
	struct call *call = call_new(request, web->hub, session->person, try_now);

	call->row.full_name = xstrdup(wish->base->reference);
	call->row.project_summary = xstrdup(wish->base->label);
	call->row.person = xstrdup(session->person);
	call->row.cols = wish->cols;
	call->row.rows = wish->rows;
	fill_limits(&call->row, &web->options->limits);
	call->reference = xstrdup(wish->base->reference);
	call->network = true;
	call->replace = wish->replace;
	call_post(call);
}

static int check_limit(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	char address[LIMITER_ADDRESS_SIZE];
	unsigned seconds;

	if (!guard_holds(web->options, request))
		return 0;
	limiter_address(request_address(request), address);
	if (limiter_take(web->tries, address, clock_monotonic_ms(), &seconds) == 0)
		return 0;
	respond_retry_after(request, seconds);
	return error_set(err, ERROR_RATE_LIMITED, EAGAIN, "too many tries from this address; the next one is possible in %u s", seconds);
}

static int try_wish(struct request *request, const struct wish *wish, struct error *err)
{
	struct store *store = request_local(request);
	struct project project = {0};
	struct version version = {0};
	struct session session;
	int r = sight_visitor(request, &session, err);

	if (r == 0)
		r = sight_named(store, &session, wish->owner, wish->name, &project, err);
	if (r == 0)
		r = check_limit(request, err);
	if (r == 0) /* only now: a new guest is a row, and nobody may have those without end */
		r = visitor_need(request, &session, err);
	if (r < 0)
		goto out;
	if (project.image == NULL) {
		r = answer_building(request, wish, &project, err);
		goto out;
	}
	r = versions_get(store, project.id, wish->version, &version, err);
	if (r == 0)
		post_try(request, &session, wish, &project, &version);
out:
	version_fini(&version);
	project_fini(&project);
	return r;
}

/* For authors, who make something of it: it needs an account. */
static int try_base(struct request *request, const struct wish *wish, struct error *err)
{
	struct session session;
	int r = visitor_user(request, &session, err);

	if (r == 0)
		r = check_limit(request, err);
	if (r == 0)
		post_bare(request, &session, wish);
	return r;
}

static int post_sandbox(struct request *request, struct error *err)
{
	struct field_errors errors = {0};
	struct wish wish = {0};
	json_t *json = NULL;
	int r = request_json(request, &json, err);

	if (r < 0)
		return r;
	if (read_wish(request, json, &wish, &errors, err) < 0)
		respond_problem(request, err, field_errors_json(&errors));
	else
		r = wish.base != NULL ? try_base(request, &wish, err) : try_wish(request, &wish, err);
	json_decref(json);
	return r;
}

/* ---- the list ------------------------------------------------------------------------------------------------------------ */

/* As the store has it: open ones are another node's, or on their way into our hands. */
static json_t *view_stored(const struct hub *hub, const struct sandbox *sandbox)
{
	json_t *json = view_sandbox(sandbox);

	if (strcmp(sandbox->state, "ended") != 0 && strcmp(sandbox->node, hub->node) != 0)
		json_object_set_new(json, "elsewhere", json_true());
	return json;
}

int sandbox_elsewhere(struct store *store, const struct hub *hub, const char *person, json_t **ret_json, struct error *err)
{
	struct sandbox sandbox = {0};
	int r = sandboxes_open_of(store, person, &sandbox, err);

	if (r < 0 && err->kind != ERROR_NOT_FOUND)
		return r;
	*ret_json = r == 0 && strcmp(sandbox.node, hub->node) != 0 ? view_stored(hub, &sandbox) : json_null();
	sandbox_fini(&sandbox);
	return 0;
}

static int load_list(struct store *store, void *data, struct error *err)
{
	struct call *call = data;
	struct sandbox_list list = {0};
	json_t *items = json_array();
	int r = sandboxes_list(store, call->person, call->page, &list, err);

	for (size_t i = 0; r == 0 && i < list.count; i++)
		json_array_append_new(items, view_stored(call->hub, &list.items[i]));
	json_decref(call->answer); /* of a run before this one that failed */
	call->answer = view_page(items, call->page, list.total);
	sandbox_list_fini(&list);
	return r;
}

/* The open one is better known here than in the store. */
static void answer_list(int result, const struct error *err, void *data)
{
	struct call *call = data;
	json_t *items = json_object_get(call->answer, "items");
	struct live *live;

	if (result < 0) {
		call_problem(call, err, NULL);
		return;
	}
	for (size_t i = 0; i < json_array_size(items); i++) {
		live = hub_find(call->hub, json_string_value(json_object_get(json_array_get(items, i), "id")));
		if (live != NULL)
			json_array_set_new(items, i, live_json(live));
	}
	call_json(call, 200, json_incref(call->answer));
}

static void ask_list(struct call *call)
{
	/* The recorder's turn comes after everything that was written so far. */
	recorder_post(call->hub->recorder, "list sandboxes", load_list, answer_list, call);
}

static int get_sandboxes(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	struct session session;
	struct call *call;
	struct page page;
	int r = feedback_page(request, &page, err);

	if (r < 0)
		return r;
	r = visitor_find(request, &session, err);
	if (r < 0 && err->kind != ERROR_UNAUTHENTICATED)
		return r;
	if (r < 0) {
		respond_json(request, 200, view_page(json_array(), page, 0));
		return 0;
	}
	call = call_new(request, web->hub, session.person, ask_list);
	call->page = page;
	call_post(call);
	return 0;
}

/* ---- one ------------------------------------------------------------------------------------------------------------------- */

int sandbox_call(struct request *request, void (*run)(struct call *call), struct call **ret_call, struct error *err)
{
	struct web *web = request_data(request);
	struct session session;
	int r = visitor_find(request, &session, err);

	if (r < 0)
		return r;
	*ret_call = call_new(request, web->hub, session.person, run);
	holder_set(&(*ret_call)->holder, &session);
	snprintf((*ret_call)->id, sizeof((*ret_call)->id), "%s", request_param(request, "id"));
	return 0;
}

static void not_found(struct call *call)
{
	struct error err;

	error_set(&err, ERROR_NOT_FOUND, ENOENT, "there is no such sandbox of yours");
	call_problem(call, &err, NULL);
}

static struct live *own_live(struct call *call)
{
	struct live *live = hub_find(call->hub, call->id);

	return live != NULL && strcmp(live->row.person, call->person) == 0 ? live : NULL;
}

struct live *sandbox_of_call(struct call *call)
{
	struct live *live = own_live(call);

	if (live == NULL)
		not_found(call);
	return live;
}

static int load_one(struct store *store, void *data, struct error *err)
{
	struct call *call = data;
	struct sandbox sandbox = {0};
	int r = sandboxes_get(store, call->id, &sandbox, err);

	if (r == 0 && strcmp(sandbox.person, call->person) == 0)
		call->answer = view_stored(call->hub, &sandbox);
	sandbox_fini(&sandbox);
	return r;
}

static void answer_one(int result, const struct error *err, void *data)
{
	struct call *call = data;

	if (result < 0 && err->kind != ERROR_NOT_FOUND)
		call_problem(call, err, NULL);
	else if (call->answer == NULL)
		not_found(call);
	else
		call_json(call, 200, json_incref(call->answer));
}

static void look_at_one(struct call *call)
{
	struct live *live = own_live(call);

	if (live == NULL) {
		recorder_post(call->hub->recorder, "look at a sandbox", load_one, answer_one, call);
		return;
	}
	live->polled_ms = clock_monotonic_ms();
	call_json(call, 200, live_json(live));
}

static int get_sandbox(struct request *request, struct error *err)
{
	struct call *call;
	int r = sandbox_call(request, look_at_one, &call, err);

	if (r == 0)
		call_post(call);
	return r;
}

static void answer_extended(struct call *call, struct live *live)
{
	struct error err;

	if (live_extend(live, &err) < 0)
		call_problem(call, &err, json_pack("{s:o}", "sandbox", live_json(live)));
	else
		call_json(call, 200, live_json(live));
}

static bool is_over(const struct call *call)
{
	const char *state = json_string_value(json_object_get(call->answer, "state"));

	return state == NULL || strcmp(state, "ended") == 0;
}

/* It is no longer open, or open on another node: 409 for one of theirs, 404 for anything else. */
static void answer_over(int result, const struct error *err, void *data)
{
	struct call *call = data;
	struct error over;

	if (result < 0 || call->answer == NULL) {
		answer_one(result, err, data);
		return;
	}
	error_set(&over, ERROR_CONFLICT, EBUSY, is_over(call) ? "the sandbox has ended" : "the sandbox runs on another server");
	call_problem(call, &over, json_pack("{s:O}", "sandbox", call->answer));
}

static void extend_one(struct call *call)
{
	struct live *live = own_live(call);

	if (live != NULL)
		answer_extended(call, live);
	else
		recorder_post(call->hub->recorder, "look at a sandbox", load_one, answer_over, call);
}

static int post_extend(struct request *request, struct error *err)
{
	struct call *call;
	int r = sandbox_call(request, extend_one, &call, err);

	if (r == 0)
		call_post(call);
	return r;
}

static void answer_deleted(struct call *call)
{
	call_empty(call, 204);
}

/* Ended before: fine, when it was theirs. Another node's: that one ends it. */
static void answer_deleted_before(int result, const struct error *err, void *data)
{
	struct call *call = data;

	if (result < 0 || call->answer == NULL) {
		answer_one(result, err, data);
		return;
	}
	call->run = answer_deleted;
	if (is_over(call))
		answer_deleted(call);
	else
		node_end_elsewhere(call->hub, call->id, "stopped", call);
}

static void delete_one(struct call *call)
{
	struct live *live = own_live(call);

	if (live == NULL) {
		recorder_post(call->hub->recorder, "look at a sandbox", load_one, answer_deleted_before, call);
		return;
	}
	call->run = answer_deleted;
	call->next = live->ending;
	live->ending = call;
	live_end(live, "stopped", -1, NULL, false);
}

static int delete_sandbox(struct request *request, struct error *err)
{
	struct call *call;
	int r = sandbox_call(request, delete_one, &call, err);

	if (r == 0)
		call_post(call);
	return r;
}

const struct resource sandbox_resources[] = {
	{METHOD_POST, "/api/v1/sandboxes", ROUTE_WORK, post_sandbox, false, 16 * 1024},
	{METHOD_GET, "/api/v1/sandboxes", ROUTE_WORK, get_sandboxes, false, 0},
	{METHOD_GET, "/api/v1/sandboxes/{id}", ROUTE_WORK, get_sandbox, false, 0},
	{METHOD_DELETE, "/api/v1/sandboxes/{id}", ROUTE_WORK, delete_sandbox, false, 0},
	{METHOD_POST, "/api/v1/sandboxes/{id}/extend", ROUTE_WORK, post_extend, false, 1024},
	{0},
};
