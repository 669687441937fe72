/* /sources: what a repository holds, and what a project of it could be. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"
#include "core/project_form.h"
#include "core/recognise.h"
#include "store/sources.h"
#include "web/fetcher.h"
#include "web/internal.h"
#include "web/views.h"

#define OPEN_MOST 3 /* of one person at one time */

/* ---- what has come ------------------------------------------------------------------------------------------------------------ */

/* One look at a repository, from the request to the store. */
struct look {
	struct hub *hub;
	char id[STORE_ID_LENGTH + 1];
	char who[24];
	char *url;
	char *ref;
	int tar; /* -1: failed */
	char *commit;
	struct error error;
};

static void look_free(struct look *look)
{
	if (look->tar >= 0)
		close(look->tar);
	free(look->url);
	free(look->ref);
	free(look->commit);
	free(look);
}

static int read_tar(int tar, struct repository *ret_repository, struct error *err)
{
	struct stat status;
	void *data;
	int r;

	if (fstat(tar, &status) < 0)
		return error_errno(err, errno, "cannot look at what was fetched");
	if (status.st_size == 0)
		return error_set(err, ERROR_MALFORMED, EBADMSG, "nothing was fetched");
	data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, tar, 0);
	if (data == MAP_FAILED)
		return error_errno(err, errno, "cannot map what was fetched");
	r = repository_read(data, (size_t)status.st_size, NULL, ret_repository, err);
	munmap(data, (size_t)status.st_size);
	return r;
}

static int write_found(struct store *store, const struct look *look, const struct repository *repository, struct error *err)
{
	json_t *files = json_array(), *proposal = recognise_proposal(repository, look->url, look->ref);
	auto_free char *files_text = NULL;
	auto_free char *proposal_text = NULL;

	for (size_t i = 0; i < repository->name_count; i++)
		json_array_append_new(files, json_string(repository->names[i]));
	files_text = json_dumps(files, JSON_COMPACT);
	proposal_text = json_dumps(proposal, JSON_COMPACT);
	json_decref(files);
	json_decref(proposal);
	return sources_ready(store, look->id, look->commit, found_name(recognise(repository)), proposal_text, files_text, err);
}

static int write_look(struct store *store, void *data, struct error *err)
{
	struct look *look = data;
	struct repository repository = {0};
	int r;

	if (look->tar >= 0 && read_tar(look->tar, &repository, &look->error) == 0) {
		r = write_found(store, look, &repository, err);
		repository_fini(&repository);
		return r;
	}
	/* What went wrong in our own house stays in the log. */
	return sources_failed(store, look->id, error_kind_name(look->error.kind),
			      look->error.kind == ERROR_INTERNAL ? "something went wrong on our side; try again" : look->error.message, err);
}

static void on_written(int result, const struct error *err, void *data)
{
	(void)result;
	(void)err;
	look_free(data);
}

static void on_fetched(const struct error *err, int *tar, const char *commit, void *data)
{
	struct look *look = data;

	if (err != NULL)
		look->error = *err;
	else
		look->tar = steal_fd(tar);
	look->commit = xstrdup(commit);
	recorder_post(look->hub->recorder, "write what a repository holds", write_look, on_written, look);
}

static void begin_look(void *data)
{
	struct look *look = data;

	fetcher_ask(look->hub->fetcher, look->who, look->url, look->ref, on_fetched, look);
}

/* ---- asking ------------------------------------------------------------------------------------------------------------------- */

static int read_wish(json_t *json, const char **ret_url, const char **ret_ref, struct field_errors *errors, struct error *err)
{
	static const char *const known[] = {"url", "ref", NULL};

	body_members(json, known, errors);
	*ret_url = body_text(json, "url", errors);
	*ret_ref = body_text(json, "ref", errors);
	if (*ret_url == NULL && errors->count == 0)
		field_error(errors, "url", "is needed");
	if (*ret_url != NULL)
		check_git_url("url", *ret_url, errors);
	if (*ret_ref != NULL && **ret_ref == '\0')
		*ret_ref = NULL;
	if (*ret_ref != NULL)
		check_git_ref("ref", *ret_ref, errors);
	return field_errors_result(errors, err);
}

static int take_turn(struct request *request, struct limiter *limiter, const char *key, struct error *err)
{
	unsigned seconds;

	if (limiter_take(limiter, key, clock_monotonic_ms(), &seconds) == 0)
		return 0;
	respond_retry_after(request, seconds);
	return error_set(err, ERROR_RATE_LIMITED, EAGAIN, "too many at once; the next one is possible in %u s", seconds);
}

static int look_at(struct request *request, const struct session *session, const char *url, const char *ref, struct error *err)
{
	struct web *web = request_data(request);
	struct look *look = xmalloc(sizeof(*look));
	int r;

	*look = (struct look){.hub = web->hub, .tar = -1, .url = xstrdup(url), .ref = xstrdup(ref)};
	snprintf(look->who, sizeof(look->who), "%lld", (long long)session->user);
	r = take_turn(request, web->fetches, look->who, err);
	if (r == 0)
		r = sources_add(request_local(request), session->user, web->hub->node, url, ref, OPEN_MOST, clock_realtime_ms(), look->id, err);
	if (r < 0) {
		look_free(look);
		return r;
	}
	respond_json(request, 202, json_pack("{s:s}", "id", look->id));
	loop_post(web->hub->loop, begin_look, look);
	return 0;
}

static int post_git(struct request *request, struct error *err)
{
	struct field_errors errors = {0};
	struct session session;
	const char *url, *ref;
	json_t *json = NULL;
	int r = visitor_user(request, &session, err);

	if (r == 0)
		r = request_json(request, &json, err);
	if (r < 0)
		return r;
	if (read_wish(json, &url, &ref, &errors, err) < 0)
		respond_problem(request, err, field_errors_json(&errors));
	else
		r = look_at(request, &session, url, ref, err);
	json_decref(json);
	return r;
}

/* JSON that we wrote ourselves, or null. */
static json_t *view_json(const char *text)
{
	json_t *json = text != NULL ? json_loads(text, 0, NULL) : NULL;

	return json != NULL ? json : json_null();
}

static int get_source(struct request *request, struct error *err)
{
	struct source source = {0};
	struct session session;
	int r = visitor_user(request, &session, err);

	if (r == 0)
		r = sources_get(request_local(request), session.user, request_param(request, "id"), &source, err);
	if (r < 0)
		return r;
	respond_json(request, 200,
		     json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "id", source.id, "url", source.url, "ref",
			       view_text(source.ref), "state", source.state, "error", view_text(source.error), "error_kind",
			       view_text(source.error_kind), "commit", view_text(source.commit), "found", view_text(source.found), "proposal",
			       view_json(source.proposal), "files", source.files != NULL ? view_json(source.files) : json_array()));
	source_fini(&source);
	return 0;
}

const struct resource source_resources[] = {
	{METHOD_POST, "/api/v1/sources/git", ROUTE_WORK, post_git, false, 4096},
	{METHOD_GET, "/api/v1/sources/{id}", ROUTE_WORK, get_source, false, 0},
	{0},
};
