#include "web/views.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/util.h"

json_t *view_time(int64_t realtime_ms)
{
	char text[CLOCK_RFC3339_SIZE];

	if (realtime_ms <= 0)
		return json_null();
	clock_rfc3339(realtime_ms, text);
	return json_string(text);
}

json_t *view_text(const char *text)
{
	json_t *json = text != NULL ? json_string(text) : NULL;

	return json != NULL ? json : json_null();
}

static json_t *view_ended(const struct sandbox *sandbox)
{
	if (sandbox->reason == NULL)
		return json_null();
	return json_pack("{s:s,s:o,s:o,s:o}", "reason", sandbox->reason, "exit_code",
			 sandbox->exit_code >= 0 ? json_integer(sandbox->exit_code) : json_null(), "at",
			 view_time(sandbox->ended_ms), "detail", view_text(sandbox->detail));
}

static json_t *view_terminals(const struct sandbox *sandbox)
{
	json_t *list = json_array();

	for (unsigned n = 1; n < 32; n++) {
		auto_free char *url = NULL;

		if ((sandbox->terminals & (1u << n)) == 0 || strcmp(sandbox->state, "ended") == 0)
			continue;
		url = xasprintf("/api/v1/sandboxes/%s/terminals/%u", sandbox->id, n);
		json_array_append_new(list, json_pack("{s:i,s:s}", "n", (int)n, "url", url));
	}
	return list;
}

static json_t *view_limits(uint64_t memory, uint32_t cpu, uint32_t pids, uint64_t disk)
{
	return json_pack("{s:I,s:I,s:I,s:I}", "memory", (json_int_t)memory, "cpu", (json_int_t)cpu, "pids", (json_int_t)pids,
			 "disk", (json_int_t)disk);
}

json_t *view_sandbox(const struct sandbox *sandbox)
{
	bool bare = sandbox->project == 0;
	json_t *json = json_pack("{s:s,s:o,s:o,s:o,s:o,s:s}", "id", sandbox->id, "project", view_text(bare ? NULL : sandbox->full_name), "base",
				 view_text(bare ? sandbox->full_name : NULL), "project_summary", view_text(sandbox->project_summary), "version",
				 view_text(sandbox->version), "state", sandbox->state);

	json_object_set_new(json, "created_at", view_time(sandbox->created_ms));
	json_object_set_new(json, "started_at", view_time(sandbox->started_ms));
	json_object_set_new(json, "expires_at", view_time(sandbox->expires_ms));
	json_object_set_new(json, "start_ms",
			    sandbox->start_us > 0 ? json_real((double)sandbox->start_us / 1000) : json_null());
	json_object_set_new(json, "terminals", view_terminals(sandbox));
	json_object_set_new(json, "limits", view_limits(sandbox->memory, sandbox->cpu, sandbox->pids, sandbox->disk));
	json_object_set_new(json, "ended", view_ended(sandbox));
	return json;
}

static json_t *view_stages(const struct build_stage *stages)
{
	json_t *list = json_array();

	for (size_t i = 0; i < BUILD_STAGES; i++)
		json_array_append_new(list, json_pack("{s:s,s:s,s:f}", "name", stages[i].name, "state", stages[i].state, "seconds",
						      stages[i].seconds));
	return list;
}

static json_t *view_smoke(const struct build *build)
{
	if (build->smoke_exit < 0)
		return json_null();
	return json_pack("{s:i,s:o}", "exit_code", build->smoke_exit, "output", view_text(build->smoke_output));
}

json_t *view_build(const struct build *build, const struct build_stage *stages)
{
	json_t *json = json_pack("{s:s,s:s,s:s,s:o,s:o}", "id", build->id, "project", build->full_name, "state", build->state,
				 "stage", view_text(build->stage), "error", view_text(build->error));
	bool open = strcmp(build->state, "queued") == 0 || strcmp(build->state, "running") == 0;

	json_object_set_new(json, "kind", json_string(build->kind));
	json_object_set_new(json, "version", view_text(build->version));
	json_object_set_new(json, "author", view_text(*build->author != '\0' ? build->author : NULL));
	json_object_set_new(json, "log_bytes", json_integer(build->log_bytes));
	json_object_set_new(json, "failed_line", build->failed_line > 0 ? json_integer(build->failed_line) : json_null());
	json_object_set_new(json, "smoke", view_smoke(build));
	json_object_set_new(json, "position", build->position > 0 ? json_integer(build->position) : json_null());
	json_object_set_new(json, "eta_seconds", open ? json_integer(build->eta_seconds) : json_null());
	json_object_set_new(json, "created_at", view_time(build->created_ms));
	json_object_set_new(json, "started_at", view_time(build->started_ms));
	json_object_set_new(json, "ended_at", view_time(build->ended_ms));
	if (stages != NULL)
		json_object_set_new(json, "stages", view_stages(stages));
	return json;
}

int view_build_by_id(struct store *store, const char *id, json_t **ret_json, struct error *err)
{
	struct build_stage stages[BUILD_STAGES];
	struct build build = {0};
	int64_t now = clock_realtime_ms();
	int r = builds_get(store, id, now, &build, err);

	if (r < 0)
		return r;
	r = builds_stages(store, id, now, stages, err);
	if (r == 0)
		*ret_json = view_build(&build, stages);
	build_fini(&build);
	return r;
}

json_t *view_words(const char *text, const char *separators)
{
	json_t *list = json_array();
	auto_free char *copy = xstrdup(text != NULL ? text : "");
	char *rest = NULL;

	for (char *word = strtok_r(copy, separators, &rest); word != NULL; word = strtok_r(NULL, separators, &rest))
		json_array_append_new(list, json_string(word));
	return list;
}

json_t *view_project(const struct project *project, json_t *build)
{
	auto_free char *full_name = xasprintf("%s/%s", project->owner, project->name);
	json_t *json = json_pack("{s:s,s:s,s:s,s:o,s:s,s:s}", "owner", project->owner, "name", project->name, "full_name",
				 full_name, "summary", view_text(project->summary), "category", project->category, "state",
				 project->state);
	json_t *korean = json_object();

	if (project->summary_ko != NULL)
		json_object_set_new(korean, "summary", json_string(project->summary_ko));
	json_object_set_new(json, "i18n", json_pack("{s:o}", "ko", korean));
	json_object_set_new(json, "tags", view_words(project->tags, ","));
	json_object_set_new(json, "license", view_text(*project->license != '\0' ? project->license : NULL));
	json_object_set_new(json, "homepage", view_text(project->homepage));
	json_object_set_new(json, "version", view_text(project->version));
	json_object_set_new(json, "verified_at", view_time(project->verified_ms));
	json_object_set_new(json, "tries", json_integer(project->tries));
	json_object_set_new(json, "likes", json_integer(project->likes));
	json_object_set_new(json, "logo", view_text(project->logo));
	json_object_set_new(json, "build", build != NULL ? build : json_null());
	return json;
}

int view_project_now(struct store *store, const struct project *project, json_t **ret_json, struct error *err)
{
	json_t *build = NULL;
	int r = 0;

	if (strcmp(project->state, "ready") != 0 && project->build != NULL)
		r = view_build_by_id(store, project->build, &build, err);
	if (r < 0 && err->kind != ERROR_NOT_FOUND)
		return r;
	*ret_json = view_project(project, build);
	return 0;
}

int view_projects_by_id(struct store *store, const int64_t *projects, size_t count, json_t *items, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct project project = {0};
		json_t *json;

		r = projects_get_by_id(store, projects[i], &project, err);
		if (r < 0 && err->kind == ERROR_NOT_FOUND) {
			r = 0;
			continue;
		}
		if (r == 0)
			r = view_project_now(store, &project, &json, err);
		if (r == 0)
			json_array_append_new(items, json);
		project_fini(&project);
	}
	return r;
}

json_t *view_page(json_t *items, struct page page, int64_t total)
{
	return json_pack("{s:o,s:i,s:i,s:I}", "items", items, "page", (int)page.page, "per_page", (int)page.per_page, "total",
			 (json_int_t)total);
}
