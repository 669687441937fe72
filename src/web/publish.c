/* Publishing: POST /projects, …/versions, …/rebuild, /builds/{id}/retry. */
#include "web/publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "core/names.h"
#include "store/builds.h"
#include "web/logo.h"
#include "web/publish_body.h"
#include "web/layer_context.h"
#include "web/logins.h"
#include "web/saver.h"
#include "web/sight.h"
#include "web/views.h"

#define BODY_MAX ((size_t)1 << 20) /* script, README and all, escaped */

/* ---- the answer ----------------------------------------------------------------------------------------------------------- */

static json_t *refusal_extra(struct store *store, const struct publish_result *result)
{
	struct error err;
	json_t *build = NULL;

	switch (result->refusal) {
	case PUBLISH_NAME_TAKEN:
		return json_pack("{s:s,s:[{s:s,s:s}]}", "code", "name_taken", "errors", "field", "name", "message", "is taken");
	case PUBLISH_BUILDING:
		if (view_build_by_id(store, result->build, &build, &err) < 0)
			build = json_null();
		return json_pack("{s:s,s:o}", "code", "building", "build", build);
	case PUBLISH_MANY_BUILDS:
		return json_pack("{s:s,s:s,s:o}", "code", "quota", "quota", "builds", "until", view_time(result->until_ms));
	case PUBLISH_MANY_PROJECTS:
		return json_pack("{s:s,s:s,s:o}", "code", "quota", "quota", "projects", "until", json_null());
	case PUBLISH_MANY_QUEUED:
		return json_pack("{s:s,s:s,s:o}", "code", "quota", "quota", "queue", "until", json_null());
	default:
		return NULL;
	}
}

static int answer_accepted(struct request *request, const struct publish_result *result, struct error *err)
{
	struct store *store = request_local(request);
	struct project project = {0};
	json_t *build, *about;
	int r = projects_get_by_id(store, result->project, &project, err);

	if (r == 0)
		r = view_build_by_id(store, result->build, &build, err);
	if (r == 0) {
		about = view_project(&project, strcmp(project.state, "ready") != 0 ? json_incref(build) : NULL);
		respond_json(request, 202, json_pack("{s:o,s:o}", "project", about, "build", build));
	}
	project_fini(&project);
	return r;
}

static void answer_refused(struct request *request, const struct publish_result *result, struct error *err)
{
	int64_t wait_ms = result->until_ms - clock_realtime_ms();

	if (result->refusal == PUBLISH_MANY_BUILDS && wait_ms > 0)
		respond_retry_after(request, (unsigned)(wait_ms / 1000 + 1));
	respond_problem(request, err, refusal_extra(request_local(request), result));
}

static int audit(struct request *request, const struct session *session, const struct publish_result *result, const char *action,
		 struct error *err)
{
	struct project project = {0};
	auto_free char *name = NULL;
	int r = projects_get_by_id(request_local(request), result->project, &project, err);

	if (r < 0)
		return r;
	name = xasprintf("%s/%s", project.owner, project.name);
	project_fini(&project);
	return visitor_audit(request, session, action, name, result->build, err);
}

int publish_answer(struct request *request, const struct session *session, const struct publish_order *order, const char *action,
		   const char *archive, struct error *err)
{
	struct web *web = request_data(request);
	const struct publish_limits limits = {web->options->builds_most, web->options->projects_most, web->options->queued_most};
	struct publish_result result;
	int r = publish(request_local(request), order, &limits, clock_realtime_ms(), &result, err);

	if (r < 0 && archive != NULL)
		context_remove(web->options->data, archive);
	if (r < 0 && result.refusal != PUBLISH_FINE) {
		answer_refused(request, &result, err);
		return 0;
	}
	if (r == 0)
		r = audit(request, session, &result, action, err);
	if (r < 0)
		return r;
	cache_invalidate(web->cache);
	builder_wake(web->hub->builder);
	return answer_accepted(request, &result, err);
}

static int refuse_fields(struct request *request, const struct field_errors *errors, struct error *err)
{
	field_errors_result(errors, err);
	respond_problem(request, err, field_errors_json(errors));
	return 0;
}

/* What is in a sandbox of the person's own, as if it had been sent along. */
static int save_sandbox(struct request *request, const struct session *session, struct project_form *form, struct publish_body *body,
			struct error *err)
{
	struct web *web = request_data(request);
	const struct web_options *options = web->options;
	auto_buf struct buf dockerfile = BUF_INIT;
	auto_free char *image = NULL;
	auto_fd int layer = -1;
	int r;

	if (form->source_kind != SOURCE_SANDBOX)
		return 0;
	if (body->archive != NULL)
		return error_set(err, ERROR_INVALID, EINVAL, "files can come along with a Dockerfile only");
	r = saver_save(web->hub->saver, session->person, form->sandbox, options->context_max > 0 ? options->context_max : CONTEXT_MAX, &layer,
		       &image, err);
	if (r == 0)
		r = context_writer_new(options->data, &body->archive, err);
	if (r == 0)
		r = layer_context_make(layer, image, body->archive, &dockerfile, err);
	if (r < 0)
		return r;
	free(form->dockerfile);
	form->dockerfile = buf_steal(&dockerfile);
	form->archive = true;
	return 0;
}

/* ---- a new project -------------------------------------------------------------------------------------------------------- */

static const struct vault *vault_of(struct request *request)
{
	return ((struct web *)request_data(request))->hub->vault;
}

/* All strings are borrowed. */
static struct project project_of(const struct project_form *form, const struct session *session)
{
	return (struct project){
		.owner = (char *)session->username,
		.name = form->name,
		.summary = form->summary,
		.summary_ko = form->summary_ko,
		.category = form->category,
		.tags = form->tags,
		.license = form->license != NULL ? form->license : (char *)"",
		.homepage = form->homepage,
		.contact = form->contact,
		.readme = form->readme,
		.readme_ko = form->readme_ko,
		.run = form->run,
		.network = form->network,
		.ports = form->ports,
		.smoke = form->smoke,
		.size_class = form->size,
	};
}

static int publish_form(struct request *request, const struct session *session, struct project_form *form,
			struct context_writer *writer, const struct buf *logo, struct error *err)
{
	struct project project = project_of(form, session);
	struct field_errors errors = {0};
	struct login_order login = {0};
	struct recipe recipe = {0};
	const char *archive = writer != NULL ? recipe.digest : NULL;
	int r;

	if (project_name_is_reserved(form->name))
		field_error(&errors, "name", "is reserved; choose another");
	r = login_order_make(request_local(request), vault_of(request), form, 0, NULL, &login, &errors, err);
	if (r < 0 && errors.count == 0)
		return r;
	if (r < 0 || recipe_make(form, &project, writer != NULL, &recipe, &errors, err) < 0 || errors.count > 0) {
		recipe_fini(&recipe);
		login_order_fini(&login);
		return refuse_fields(request, &errors, err);
	}
	r = logo->length > 0 ? logo_keep(request_local(request), ((struct web *)request_data(request))->options, logo->data, logo->length,
					 &project.logo, err)
			     : 0;
	if (r == 0 && writer != NULL)
		r = context_writer_keep(writer, recipe.digest, err);
	if (r < 0) {
		free(project.logo);
		recipe_fini(&recipe);
		login_order_fini(&login);
		return r;
	}
	project.source_kind = (char *)recipe.source_kind;
	project.source = recipe.source;
	project.dockerfile = recipe.dockerfile;
	project.digest = recipe.digest;
	r = publish_answer(request, session,
			   &(struct publish_order){.about = &project,
						   .kind = "publish",
						   .author = session->username,
						   .priority = BUILD_PRIORITY_FIRST,
						   .digest = recipe.digest,
						   .source_kind = recipe.source_kind,
						   .source = recipe.source,
						   .dockerfile = recipe.dockerfile,
						   .login = login_order_of(&login)},
			   "project.publish", archive, err);
	free(project.logo);
	recipe_fini(&recipe);
	login_order_fini(&login);
	return r;
}

static int post_project(struct request *request, struct error *err)
{
	struct field_errors errors = {0};
	struct project_form form = {0};
	struct publish_body body = {0};
	struct session session;
	int r = visitor_user(request, &session, err);

	if (r == 0)
		r = publish_body_read(request, &body, err);
	if (r < 0)
		return r;
	if (project_form_read(body.json, body.archive != NULL, &form, &errors, err) < 0)
		r = refuse_fields(request, &errors, err);
	else if ((r = save_sandbox(request, &session, &form, &body, err)) == 0)
		r = publish_form(request, &session, &form, body.archive, &body.logo, err);
	project_form_fini(&form);
	publish_body_fini(&body);
	return r;
}

/* ---- another version ------------------------------------------------------------------------------------------------------ */

struct revision {
	struct project_form form; /* of the source alone */
	bool has_source;
	const char *version; /* borrowed of the JSON; NULL: as its program says */
};

static int read_revision(json_t *json, bool archive, struct revision *revision, struct field_errors *errors, struct error *err)
{
	static const char *const known[] = {"source", "version", NULL};
	json_t *source = json_object_get(json, "source");

	body_members(json, known, errors);
	revision->version = body_text(json, "version", errors);
	if (revision->version != NULL && *revision->version == '\0')
		revision->version = NULL;
	if (archive && (source == NULL || json_is_null(source)))
		field_error(errors, "source", "is needed with files: {\"kind\": \"dockerfile\"}");
	if (revision->version != NULL && !version_is_valid(revision->version))
		field_error(errors, "version", "1 to 64 letters, digits and . _ + - ~ :, and a letter or digit first");
	revision->has_source = source != NULL && !json_is_null(source);
	if (revision->has_source && project_form_read_source(source, archive, &revision->form, errors, err) < 0)
		return -EINVAL;
	return field_errors_result(errors, err);
}

/* The same source again. */
static int publish_again(struct request *request, const struct session *session, const struct project *project, const char *kind,
			 const char *version, struct error *err)
{
	bool rebuild = strcmp(kind, "rebuild") == 0;

	return publish_answer(request, session,
			      &(struct publish_order){.project = project->id,
						      .kind = kind,
						      .author = session->username,
						      .priority = rebuild ? BUILD_PRIORITY_REBUILD : BUILD_PRIORITY_PERSON,
						      .digest = project->digest,
						      .source_kind = project->source_kind,
						      .source = project->source,
						      .dockerfile = project->dockerfile,
						      .version = version},
			      rebuild ? "project.rebuild" : "project.version", NULL, err);
}

/* The login that is to be kept is that of what was sent last, as GET …/source tells it. */
static int make_login(struct request *request, const struct project *project, struct project_form *form, struct login_order *login,
		      struct field_errors *errors, struct error *err)
{
	struct store *store = request_local(request);
	struct build build = {0};
	int r = 0;

	if (form->keep_login && project->build != NULL)
		r = builds_get_source(store, project->build, &build, err);
	if (r < 0 && err->kind == ERROR_NOT_FOUND)
		r = 0;
	if (r == 0)
		r = login_order_make(store, vault_of(request), form, project->id, build.source != NULL ? build.source : project->source, login,
				     errors, err);
	build_fini(&build);
	return r;
}

static int publish_revision(struct request *request, const struct session *session, const struct project *project,
			    struct revision *revision, struct context_writer *writer, struct error *err)
{
	struct field_errors errors = {0};
	struct login_order login = {0};
	struct recipe recipe = {0};
	const char *archive = writer != NULL ? recipe.digest : NULL;
	int r = make_login(request, project, &revision->form, &login, &errors, err);

	if (r < 0 && errors.count == 0)
		return r;
	if (r < 0 || recipe_make(&revision->form, project, writer != NULL, &recipe, &errors, err) < 0) {
		login_order_fini(&login);
		return refuse_fields(request, &errors, err);
	}
	if (writer != NULL && (r = context_writer_keep(writer, recipe.digest, err)) < 0) {
		recipe_fini(&recipe);
		login_order_fini(&login);
		return r;
	}
	r = publish_answer(request, session,
			   &(struct publish_order){.project = project->id,
						   .kind = "version",
						   .author = session->username,
						   .priority = project->version == NULL ? BUILD_PRIORITY_FIRST : BUILD_PRIORITY_PERSON,
						   .digest = recipe.digest,
						   .source_kind = recipe.source_kind,
						   .source = recipe.source,
						   .dockerfile = recipe.dockerfile,
						   .version = revision->version,
						   .login = login_order_of(&login)},
			   "project.version", archive, err);
	recipe_fini(&recipe);
	login_order_fini(&login);
	return r;
}

static int take_revision(struct request *request, const struct session *session, const struct project *project, struct error *err)
{
	struct field_errors errors = {0};
	struct revision revision = {0};
	struct publish_body body = {0};
	int r = publish_body_read(request, &body, err);

	if (r < 0)
		return r;
	if (read_revision(body.json, body.archive != NULL, &revision, &errors, err) < 0)
		r = refuse_fields(request, &errors, err);
	else if (revision.has_source) {
		r = save_sandbox(request, session, &revision.form, &body, err);
		if (r == 0)
			r = publish_revision(request, session, project, &revision, body.archive, err);
	}
	else
		r = publish_again(request, session, project, "version", revision.version, err);
	project_form_fini(&revision.form);
	publish_body_fini(&body);
	return r;
}

/* The project that the path names, of the one who asks. */
static int own_project(struct request *request, struct session *session, struct project *project, struct error *err)
{
	int r = visitor_user(request, session, err);

	if (r == 0)
		r = sight_project(request, session, project, err);
	return r == 0 ? sight_must_own(session, project, err) : r;
}

static int post_version(struct request *request, struct error *err)
{
	struct project project = {0};
	struct session session;
	int r = own_project(request, &session, &project, err);

	if (r == 0)
		r = take_revision(request, &session, &project, err);
	project_fini(&project);
	return r;
}

static int post_rebuild(struct request *request, struct error *err)
{
	struct project project = {0};
	struct session session;
	int r = own_project(request, &session, &project, err);

	if (r == 0)
		r = publish_again(request, &session, &project, "rebuild", NULL, err);
	project_fini(&project);
	return r;
}

/* ---- what limits there are ------------------------------------------------------------------------------------------------ */

static int get_quota(struct request *request, struct error *err)
{
	const struct web_options *options = ((struct web *)request_data(request))->options;
	struct publish_usage usage;
	struct session session;
	int64_t waiting = 0, eta = 0;
	int r = visitor_user(request, &session, err);

	if (r == 0)
		r = publish_usage(request_local(request), session.username, clock_realtime_ms(), &usage, err);
	if (r == 0)
		r = builds_waiting(request_local(request), clock_realtime_ms(), &waiting, &eta, err);
	if (r == 0)
		respond_json(request, 200,
			     json_pack("{s:{s:I,s:i},s:{s:I,s:i},s:{s:I,s:I}}", "builds", "today", (json_int_t)usage.builds, "most",
				       (int)options->builds_most, "projects", "count", (json_int_t)usage.projects, "most",
				       (int)options->projects_most, "queue", "waiting", (json_int_t)waiting, "eta_seconds", (json_int_t)eta));
	return r;
}

const struct resource publish_resources[] = {
	{METHOD_POST, "/api/v1/projects", ROUTE_WORK, post_project, RESOURCE_FILES, BODY_MAX},
	{METHOD_POST, "/api/v1/projects/{owner}/{name}/versions", ROUTE_WORK, post_version, RESOURCE_FILES, BODY_MAX},
	{METHOD_POST, "/api/v1/projects/{owner}/{name}/rebuild", ROUTE_WORK, post_rebuild, false, 1024},
	{METHOD_GET, "/api/v1/quota", ROUTE_WORK, get_quota, false, 0},
	{0},
};
