/* Who may see a project, and where: PATCH /projects/{owner}/{name} for its author; and the guests of its terminal in other sites' frames. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "core/fields.h"
#include "core/origins.h"
#include "store/project_life.h"
#include "web/about.h"
#include "web/feedback.h"
#include "web/internal.h"
#include "web/limiter.h"
#include "web/sight.h"
#include "web/views.h"

/* ---- what the author decides ------------------------------------------------------------------------------------------------ */

struct change {
	const char *visibility; /* borrowed of the JSON; NULL: stays */
	bool has_origins;
	struct buf origins; /* separated by spaces */
	struct about_change about;
};

static bool holds(const struct buf *list, const char *origin)
{
	size_t length = strlen(origin);

	for (const char *p = list->data; p != NULL && (p = strstr(p, origin)) != NULL; p += length)
		if ((p == list->data || p[-1] == ' ') && (p[length] == ' ' || p[length] == '\0'))
			return true;
	return false;
}

static void read_origins(json_t *value, struct change *change, struct field_errors *errors)
{
	json_t *item;
	size_t i;

	if (value == NULL)
		return;
	if (!json_is_array(value) || json_array_size(value) > ORIGINS_MAX) {
		field_error(errors, "embed_origins", "must be a list of at most %d sites", ORIGINS_MAX);
		return;
	}
	change->has_origins = true;
	json_array_foreach(value, i, item)
	{
		const char *origin = json_string_value(item);

		if (origin == NULL || strlen(origin) != json_string_length(item) || !origin_is_embeddable(origin))
			field_error(errors, "embed_origins", "number %zu must be like https://example.org or https://*.example.org, without a path",
				    i + 1);
		else if (!holds(&change->origins, origin))
			buf_printf(&change->origins, "%s%s", change->origins.length > 0 ? " " : "", origin);
	}
}

static int read_change(json_t *json, struct change *change, struct field_errors *errors, struct error *err)
{
	static const char *const known[] = {"embed_origins", "visibility", "rebuild_days", NULL};
	json_t *visibility = json_object_get(json, "visibility");

	about_read(json, known, &change->about, errors);
	read_origins(json_object_get(json, "embed_origins"), change, errors);
	change->visibility = json_string_value(visibility);
	if (visibility != NULL &&
	    (change->visibility == NULL || (strcmp(change->visibility, "listed") != 0 && strcmp(change->visibility, "unlisted") != 0)))
		field_error(errors, "visibility", "must be listed or unlisted");
	return field_errors_result(errors, err);
}

static bool has_these(const char *sites, const struct buf *origins)
{
	return strcmp(sites != NULL ? sites : "", origins->length > 0 ? origins->data : "") == 0;
}

static int apply(struct request *request, const struct session *session, struct project *project, struct change *change, struct error *err)
{
	struct store *store = request_local(request);
	auto_free char *full_name = xasprintf("%s/%s", project->owner, project->name);
	int64_t now = clock_realtime_ms();
	int r = 0;

	if (change->visibility != NULL && strcmp(project->visibility, "hidden") == 0)
		return error_set(err, ERROR_FORBIDDEN, EPERM, "an administrator has hidden this project; ask them to show it again");
	if (change->visibility != NULL && strcmp(project->visibility, change->visibility) != 0) {
		r = projects_set_visibility(store, project->id, change->visibility, now, err);
		if (r == 0)
			r = visitor_audit(request, session, "project.visibility", full_name, change->visibility, err);
	}
	if (r == 0 && change->has_origins && !has_these(project->embed_origins, &change->origins)) {
		r = projects_set_embed_origins(store, project->id, change->origins.data, now, err);
		if (r == 0)
			r = visitor_audit(request, session, "project.embed", full_name, change->origins.data, err);
	}
	if (r == 0 && !about_is_empty(&change->about)) {
		about_apply(&change->about, project);
		r = projects_write_about(store, project, now, err);
		if (r == 0)
			r = visitor_audit(request, session, "project.edit", full_name, NULL, err);
	}
	return r;
}

static int take_change(struct request *request, const struct session *session, struct project *project, struct error *err)
{
	struct web *web = request_data(request);
	struct field_errors errors = {0};
	struct change change = {0};
	json_t *json = NULL;
	int r = request_json(request, &json, err);

	if (r < 0)
		return r;
	if (read_change(json, &change, &errors, err) < 0) {
		respond_problem(request, err, field_errors_json(&errors));
	} else {
		r = feedback_limit(request, web->edits, session, err);
		if (r == 0)
			r = apply(request, session, project, &change, err);
		cache_invalidate(web->cache);
		if (r == 0)
			r = project_answer(request, err);
	}
	buf_fini(&change.origins);
	about_change_fini(&change.about);
	json_decref(json);
	return r;
}

static int patch_project(struct request *request, struct error *err)
{
	struct project project = {0};
	struct session session;
	int r = visitor_user(request, &session, err);

	if (r == 0)
		r = sight_project(request, &session, &project, err);
	if (r == 0)
		r = sight_must_own(&session, &project, err);
	if (r == 0)
		r = take_change(request, &session, &project, err);
	project_fini(&project);
	return r;
}

/* ---- guests in frames ----------------------------------------------------------------------------------------------------------- */

/* A browser gives no cookie to a page in another site's frame. So the page asks for a guest of its own when its button is pressed, and names
 * it in each request (docs/adr/0012-embed.md). */
static int new_guest(struct request *request, struct error *err)
{
	const struct session_start start = {.address = request_address(request), .agent = request_header(request, "User-Agent")};
	char token[SESSION_TOKEN_SIZE];
	auto_free char *bearer = NULL;
	struct session session;
	int r = sessions_create(request_local(request), &start, clock_realtime_ms(), GUEST_TOKEN_LIFE_MS, token, &session, err);

	if (r < 0)
		return r;
	bearer = xasprintf(GUEST_TOKEN_PREFIX "%s", token);
	respond_json(request, 201, json_pack("{s:s,s:o}", "token", bearer, "expires_at", view_time(session.expires_ms)));
	return 0;
}

static int check_limit(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	const char *address = request_address(request);
	char key[LIMITER_ADDRESS_SIZE];
	unsigned seconds;

	if (!web->options->limit_loopback && (str_starts_with(address, "127.") || strcmp(address, "::1") == 0 || strcmp(address, "unix") == 0))
		return 0;
	limiter_address(address, key);
	if (limiter_take(web->embeds, key, clock_monotonic_ms(), &seconds) == 0)
		return 0;
	respond_retry_after(request, seconds);
	return error_set(err, ERROR_RATE_LIMITED, EAGAIN, "too many tries from this address; the next one is possible in %u s", seconds);
}

static int post_guest(struct request *request, struct error *err)
{
	const struct web *web = request_data(request);
	const struct session nobody = {0};
	struct project project = {0};
	int r;

	if (web->options->accounts_only)
		return error_set(err, ERROR_UNAUTHENTICATED, EPERM, "this site asks you to sign in first");
	r = check_limit(request, err);
	if (r == 0)
		r = sight_project(request, &nobody, &project, err);
	if (r == 0)
		r = new_guest(request, err);
	project_fini(&project);
	return r;
}

const struct resource publicity_resources[] = {
	{METHOD_PATCH, "/api/v1/projects/{owner}/{name}", ROUTE_WORK, patch_project, false, 1 << 20},
	{METHOD_POST, "/api/v1/embed/{owner}/{name}/session", ROUTE_WORK, post_guest, false, 1024},
	{0},
};
