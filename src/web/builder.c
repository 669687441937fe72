#include "web/builder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "store/builds.h"
#include "store/projects.h"
#include "web/job.h"
#include "web/keeper.h"
#include "web/logins.h"
#include "web/recipe.h"
#include "web/views.h"

#define LOOK_MS 3000 /* another process may have queued something (ttob catalog import) */

/* ---- telling followers ------------------------------------------------------------------------------------------- */

struct telling {
	struct builder *builder;
	char *id;
	json_t *json;
};

static int load_build(struct store *store, void *data, struct error *err)
{
	struct telling *telling = data;

	return view_build_by_id(store, telling->id, &telling->json, err);
}

static void on_loaded(int result, const struct error *err, void *data)
{
	struct telling *telling = data;
	const char *state = json_string_value(json_object_get(telling->json, "state"));
	auto_free char *text = NULL;

	(void)err;
	if (telling->json != NULL) {
		keeper_mark_build(telling->builder->hub->keeper, telling->json);
		text = json_dumps(telling->json, JSON_COMPACT | JSON_REAL_PRECISION(6));
	}
	if (result == 0 && text != NULL && state != NULL)
		build_log_state(telling->builder->logs, telling->id, text,
				strcmp(state, "queued") != 0 && strcmp(state, "running") != 0);
	json_decref(telling->json);
	free(telling->id);
	free(telling);
}

void builder_tell(struct builder *builder, const char *build)
{
	struct telling *telling = xmalloc(sizeof(*telling));

	*telling = (struct telling){builder, xstrdup(build), NULL};
	recorder_post(builder->hub->recorder, "look at a build", load_build, on_loaded, telling);
}

static void tell_one(const char *build, void *data)
{
	builder_tell(data, build);
}

void builder_tell_all(struct builder *builder)
{
	build_logs_followed(builder->logs, tell_one, builder);
}

/* ---- cancelling -------------------------------------------------------------------------------------------------------------- */

/* The row says that it is to end: maybe by another process. */
struct cancelling {
	struct builder *builder;
	char **ids;
	size_t count;
};

static int load_cancelled(struct store *store, void *data, struct error *err)
{
	struct cancelling *cancelling = data;

	return builds_cancelled(store, cancelling->builder->hub->node, &cancelling->ids, &cancelling->count, err);
}

static void on_cancelled(int result, const struct error *err, void *data)
{
	struct cancelling *cancelling = data;

	if (result < 0)
		log_error("builds that are cancelled can't be read: %s", err->message);
	for (size_t i = 0; i < cancelling->count; i++) {
		struct job *job = job_find(cancelling->builder, cancelling->ids[i]);

		if (job != NULL)
			job_cancel(job);
		free(cancelling->ids[i]);
	}
	free(cancelling->ids);
	free(cancelling);
}

static void look_for_cancelled(struct builder *builder)
{
	struct cancelling *cancelling;

	if (builder->running == 0 || builder->stopping)
		return;
	cancelling = xmalloc(sizeof(*cancelling));
	*cancelling = (struct cancelling){.builder = builder};
	recorder_post(builder->hub->recorder, "look for cancelled builds", load_cancelled, on_cancelled, cancelling);
}

/* ---- the queue -------------------------------------------------------------------------------------------------------------- */

/* What the recorder brings: the next build, if there is one. */
struct claim {
	struct builder *builder;
	bool requeue;
	int found; /* 1: build and project are filled */
	struct build build;
	struct project project;
	int context;
	struct login login; /* of its image, or nothing */
	struct error failure; /* the build was taken, but can't be started */
	int64_t changed_ms;
};

/* What is built is what was sent for it, whatever the project has become since. */
static int use_snapshot(struct claim *claim)
{
	struct project *project = &claim->project;
	struct build *build = &claim->build;

	if (build->source != NULL) {
		free(project->source_kind);
		free(project->source);
		free(project->dockerfile);
		free(project->digest);
		project->source_kind = steal(build->source_kind);
		project->source = steal(build->source);
		project->dockerfile = steal(build->dockerfile);
		project->digest = steal(build->digest);
	}
	if (strcmp(build->kind, "rebuild") != 0)
		recipe_forget_commit(project);
	return recipe_open(claim->builder->hub->options->data, project, &claim->context, &claim->failure);
}

/* Only the build itself needs it, so it is decrypted here and for nothing else. */
static int find_login(struct store *store, struct claim *claim)
{
	return login_open(store, claim->builder->hub->vault, claim->project.id, claim->project.source, &claim->login, &claim->failure);
}

static int take_build(struct store *store, struct claim *claim, struct error *err)
{
	int64_t now = clock_realtime_ms();
	int r = builds_claim(store, claim->builder->hub->node, now, &claim->build, err);

	if (r <= 0)
		return r;
	claim->found = 1;
	if (projects_get_by_id(store, claim->build.project, &claim->project, &claim->failure) < 0 || use_snapshot(claim) < 0 ||
	    find_login(store, claim) < 0) {
		if (claim->context >= 0)
			close(claim->context);
		claim->context = -1;
	}
	return 0;
}

static int run_claim(struct store *store, void *data, struct error *err)
{
	struct claim *claim = data;
	int64_t count = 0;
	int r = projects_changed(store, &claim->changed_ms, err);

	if (r == 0 && claim->requeue)
		r = builds_requeue(store, claim->builder->hub->node, clock_realtime_ms(), &count, err);
	if (count > 0)
		log_info("%lld interrupted builds were queued again", (long long)count);
	return r == 0 ? take_build(store, claim, err) : r;
}

static void look_again(void *data)
{
	look_for_cancelled(data);
	builder_claim_next(data);
}

static void on_claimed(int result, const struct error *err, void *data)
{
	struct claim *claim = data;
	struct builder *builder = claim->builder;
	/* The first look counts as a change: what was answered before it may be older. */
	bool changed = claim->changed_ms != 0 && claim->changed_ms != builder->changed_ms;

	builder->claiming = false;
	if (result < 0) {
		log_error("the build queue can't be read: %s", err->message);
		builder->requeue = builder->requeue || claim->requeue;
	}
	if (claim->changed_ms != 0)
		builder->changed_ms = claim->changed_ms;
	if (changed)
		hub_catalogue_changed(builder->hub);
	if (claim->found) {
		/* Taken while the engine left or we stop: it is queued again like every running one. */
		if (builder->stopping || !atomic_load(&builder->hub->engine_up))
			builder->requeue = true;
		else
			job_start(builder, &claim->build, &claim->project, steal_fd(&claim->context), &claim->login, claim->failure.message);
	}
	if (claim->found || builder->again)
		builder_claim_next(builder);
	builder->again = false;
	build_fini(&claim->build);
	project_fini(&claim->project);
	login_fini(&claim->login);
	if (claim->context >= 0)
		close(claim->context);
	free(claim);
}

void builder_claim_next(struct builder *builder)
{
	struct claim *claim;

	if (builder->stopping || !atomic_load(&builder->hub->engine_up))
		return;
	loop_timer_start(builder->hub->loop, &builder->timer, LOOK_MS, look_again, builder);
	if (!keeper_takes_builds(builder->hub->keeper))
		return; /* they wait: what is built could not be kept */
	if (builder->claiming || builder->running >= builder->hub->options->builds) {
		builder->again = builder->claiming;
		return;
	}
	claim = xmalloc(sizeof(*claim));
	claim->builder = builder;
	claim->context = -1;
	claim->requeue = builder->requeue;
	builder->requeue = false;
	builder->claiming = true;
	recorder_post(builder->hub->recorder, "take the next build", run_claim, on_claimed, claim);
}

static void on_wake(void *data)
{
	struct builder *builder = data;

	look_for_cancelled(builder);
	builder_claim_next(builder);
	hub_counters_changed(builder->hub);
	builder_tell_all(builder);
}

void builder_wake(struct builder *builder)
{
	loop_post(builder->hub->loop, on_wake, builder);
}

void builder_engine_up(struct builder *builder)
{
	builder_claim_next(builder);
}

void builder_engine_down(struct builder *builder)
{
	while (!list_is_empty(&builder->jobs)) {
		struct job *job = container_of(builder->jobs.next, struct job, link);

		builder->requeue = true;
		job_lose(job);
	}
	builder_tell_all(builder);
}

/* ---- life --------------------------------------------------------------------------------------------------------------------- */

int builder_new(struct hub *hub, struct builder **ret_builder, struct error *err)
{
	auto_free char *folder = xasprintf("%s/builds", hub->options->data);
	struct builder *builder = xmalloc(sizeof(*builder));
	int r;

	builder->hub = hub;
	builder->requeue = true;
	list_init(&builder->jobs);
	r = build_logs_new(hub->loop, folder, hub->options->build_output, &builder->logs, err);
	if (r < 0) {
		free(builder);
		return r;
	}
	*ret_builder = builder;
	return 0;
}

void builder_stop(struct builder *builder)
{
	builder->stopping = true;
	loop_timer_stop(&builder->timer);
}

void builder_free(struct builder *builder)
{
	if (builder == NULL)
		return;
	loop_timer_stop(&builder->timer);
	build_logs_free(builder->logs);
	free(builder);
}

struct build_logs *builder_logs(struct builder *builder)
{
	return builder->logs;
}
