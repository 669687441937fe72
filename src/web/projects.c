/* /projects/{owner}/{name}: one project, whole. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "core/markdown.h"
#include "core/names.h"
#include "store/projects.h"
#include "web/allowance.h"
#include "web/internal.h"
#include "web/sight.h"
#include "web/views.h"

/* The build of a project that can't be tried yet; a new reference. */
static int build_of(struct store *store, const struct project *project, json_t **ret_build, struct error *err)
{
	int r;

	*ret_build = NULL;
	if (strcmp(project->state, "ready") == 0 || project->build == NULL)
		return 0;
	r = view_build_by_id(store, project->build, ret_build, err);
	return r < 0 && err->kind == ERROR_NOT_FOUND ? 0 : r;
}

static json_t *view_readme(const char *markdown)
{
	auto_buf struct buf html = BUF_INIT;

	if (markdown == NULL || markdown_to_html(markdown, strlen(markdown), &html, NULL) < 0)
		return json_null();
	return json_stringn(html.data != NULL ? html.data : "", html.length);
}

static json_t *view_ports(const char *text)
{
	json_t *list = json_array();
	auto_free char *copy = xstrdup(text != NULL ? text : "");
	char *rest = NULL;
	uint64_t port;

	for (char *item = strtok_r(copy, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest))
		if (str_to_u64(item, 65535, &port) == 0)
			json_array_append_new(list, json_integer((json_int_t)port));
	return list;
}

static json_t *view_project_whole(const struct project *project, json_t *build, const struct engine_limits *usual)
{
	struct engine_limits limits = allowance_of(project, usual);
	json_t *json = view_project(project, build);
	json_t *korean = json_object_get(json_object_get(json, "i18n"), "ko");

	json_object_set_new(json, "readme", view_text(project->readme));
	json_object_set_new(json, "readme_html", view_readme(project->readme));
	json_object_set_new(json, "readme_ko", view_text(project->readme_ko));
	if (project->readme_ko != NULL)
		json_object_set_new(korean, "readme_html", view_readme(project->readme_ko));
	json_object_set_new(json, "run", view_text(project->run));
	json_object_set_new(json, "network", json_boolean(project->network));
	json_object_set_new(json, "ports", view_ports(project->ports));
	json_object_set_new(json, "contact", view_text(project->contact));
	json_object_set_new(json, "smoke", view_text(project->smoke));
	json_object_set_new(json, "size", view_text(project->size_class != NULL ? project->size_class : "medium"));
	json_object_set_new(json, "rebuild_days", json_integer(project->rebuild_days));
	json_object_set_new(json, "source_kind", view_text(project->source_kind));
	json_object_set_new(json, "dockerfile", view_text(project->dockerfile));
	json_object_set_new(json, "visibility", view_text(project->visibility));
	json_object_set_new(json, "embed_origins", view_words(project->embed_origins, " "));
	json_object_set_new(json, "limits",
			    json_pack("{s:I,s:I,s:I,s:I}", "memory", (json_int_t)limits.memory, "cpu", (json_int_t)limits.cpu, "pids",
				      (json_int_t)limits.pids, "disk", (json_int_t)limits.disk));
	return json;
}

int project_answer(struct request *request, struct error *err)
{
	const struct web *web = request_data(request);
	struct store *store = request_local(request);
	struct project project = {0};
	struct session session;
	json_t *build = NULL;
	int r = sight_visitor(request, &session, err);

	if (r == 0)
		r = sight_project(request, &session, &project, err);
	if (r == 0)
		r = build_of(store, &project, &build, err);
	if (r == 0 && strcmp(project.visibility, "hidden") == 0)
		respond_json(request, 200, view_project_whole(&project, build, &web->options->limits)); /* not for everybody */
	else if (r == 0)
		respond_cached(request, view_project_whole(&project, build, &web->options->limits));
	project_fini(&project);
	return r;
}

const struct resource project_resources[] = {
	{METHOD_GET, "/api/v1/projects/{owner}/{name}", ROUTE_WORK, project_answer, true, 0},
	{0},
};
