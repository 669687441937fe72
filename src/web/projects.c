/* /projects, /categories: the catalogue, the same for everybody and therefore cached whole. */
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

static int list_items(struct store *store, const struct project_filter *filter, json_t **ret_items, int64_t *ret_total,
		      struct error *err)
{
	struct project_list list = {0};
	json_t *items = json_array();
	int r = projects_list(store, filter, &list, err);

	for (size_t i = 0; r == 0 && i < list.count; i++) {
		json_t *build;

		r = build_of(store, &list.items[i], &build, err);
		if (r == 0)
			json_array_append_new(items, view_project(&list.items[i], build));
	}
	*ret_total = list.total;
	project_list_fini(&list);
	if (r < 0) {
		json_decref(items);
		return r;
	}
	*ret_items = items;
	return 0;
}

/* A filter of the query; NULL when it is empty. */
static const char *query_word(struct request *request, const char *name)
{
	const char *value = request_query(request, name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static int read_filter(struct request *request, struct project_filter *filter, struct error *err)
{
	const char *sort = query_word(request, "sort");
	uint64_t page, per_page;
	int r = request_query_number(request, "page", 1, 1000000, 1, &page, err);

	if (r == 0)
		r = request_query_number(request, "per_page", 1, 100, 20, &per_page, err);
	if (r < 0)
		return r;
	filter->text = query_word(request, "q");
	filter->category = query_word(request, "category");
	filter->tag = query_word(request, "tag");
	filter->state = query_word(request, "state");
	filter->page = (struct page){(unsigned)page, (unsigned)per_page};
	if (sort != NULL && project_sort_from_name(sort, &filter->sort) < 0)
		return error_set(err, ERROR_INVALID, EINVAL, "sort must be trending, new, likes or name");
	if (filter->category != NULL && !category_is_valid(filter->category))
		return error_set(err, ERROR_INVALID, EINVAL, "there is no category %.40s", filter->category);
	if (filter->state != NULL && strcmp(filter->state, "ready") != 0 && strcmp(filter->state, "building") != 0 &&
	    strcmp(filter->state, "failed") != 0)
		return error_set(err, ERROR_INVALID, EINVAL, "state must be ready, building or failed");
	return 0;
}

static int get_projects(struct request *request, struct error *err)
{
	struct project_filter filter = {.sort = PROJECT_SORT_TRENDING};
	json_t *items;
	int64_t total;
	int r = read_filter(request, &filter, err);

	if (r == 0)
		r = list_items(request_local(request), &filter, &items, &total, err);
	if (r == 0)
		respond_cached(request, view_page(items, filter.page, total));
	return r;
}

static int get_categories(struct request *request, struct error *err)
{
	struct category_count *counts = NULL;
	json_t *items = json_array();
	size_t count = 0;
	int r = projects_categories(request_local(request), &counts, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		json_array_append_new(items, json_pack("{s:s,s:I}", "id", counts[i].category, "projects", (json_int_t)counts[i].projects));
	category_counts_free(counts, count);
	if (r == 0)
		respond_cached(request, json_pack("{s:o}", "items", items));
	else
		json_decref(items);
	return r;
}

/* ---- one ------------------------------------------------------------------------------------------------------------- */

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
	if (project->readme_ko != NULL)
		json_object_set_new(korean, "readme_html", view_readme(project->readme_ko));
	json_object_set_new(json, "run", view_text(project->run));
	json_object_set_new(json, "network", json_boolean(project->network));
	json_object_set_new(json, "ports", view_ports(project->ports));
	json_object_set_new(json, "source_kind", view_text(project->source_kind));
	json_object_set_new(json, "dockerfile", view_text(project->dockerfile));
	json_object_set_new(json, "limits",
			    json_pack("{s:I,s:I,s:I,s:I}", "memory", (json_int_t)limits.memory, "cpu", (json_int_t)limits.cpu, "pids",
				      (json_int_t)limits.pids, "disk", (json_int_t)limits.disk));
	return json;
}

static int get_project(struct request *request, struct error *err)
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
	{METHOD_GET, "/api/v1/projects", ROUTE_WORK, get_projects, true, 0},
	{METHOD_GET, "/api/v1/projects/{owner}/{name}", ROUTE_WORK, get_project, true, 0},
	{METHOD_GET, "/api/v1/categories", ROUTE_WORK, get_categories, true, 0},
	{0},
};
