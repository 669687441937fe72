/* /projects, /projects/suggest, /categories: looking for something in the catalogue. The same for everybody and
 * therefore cached whole. The search index answers; the store, while there is none. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "core/names.h"
#include "search/search.h"
#include "store/projects.h"
#include "web/feedback.h"
#include "web/views.h"

#define SUGGESTED_SECONDS "30" /* that a browser keeps suggestions */

static int read_filter(struct request *request, struct project_filter *filter, struct error *err)
{
	const char *sort = feedback_filter(request, "sort");
	int r = feedback_page(request, &filter->page, err);

	if (r < 0)
		return r;
	filter->text = feedback_filter(request, "q");
	if (filter->text != NULL && filter->text[strspn(filter->text, " \t\r\n")] == '\0')
		filter->text = NULL;
	filter->category = feedback_filter(request, "category");
	filter->tag = feedback_filter(request, "tag");
	filter->owner = feedback_filter(request, "owner");
	filter->state = feedback_filter(request, "state");
	filter->sort = filter->text != NULL ? PROJECT_SORT_RELEVANCE : PROJECT_SORT_TRENDING;
	if (sort != NULL && project_sort_from_name(sort, &filter->sort) < 0)
		return error_set(err, ERROR_INVALID, EINVAL, "sort must be relevance, trending, new, likes or name");
	if (filter->category != NULL && !category_is_valid(filter->category))
		return error_set(err, ERROR_INVALID, EINVAL, "there is no category %.40s", filter->category);
	if (filter->state != NULL && strcmp(filter->state, "ready") != 0 && strcmp(filter->state, "building") != 0 &&
	    strcmp(filter->state, "failed") != 0)
		return error_set(err, ERROR_INVALID, EINVAL, "state must be ready, building or failed");
	return 0;
}

/* *ret_settled: the answer holds until something changes. */
static int list_projects(struct request *request, const struct project_filter *filter, struct project_list *list,
			 bool *ret_settled, struct error *err)
{
	const struct web *web = request_data(request);
	struct store *store = request_local(request);
	struct search_page found = {0};
	int r;

	if (search_find(web->search, cache_version(web->cache), filter, &found, NULL) < 0 ||
	    (filter->text == NULL && !found.settled)) {
		search_page_fini(&found);
		*ret_settled = filter->text == NULL; /* of words, the index finds more */
		return projects_list(store, filter, list, err);
	}
	r = projects_list_by_ids(store, found.ids, found.count, list, err);
	list->total = found.total;
	*ret_settled = found.settled;
	search_page_fini(&found);
	return r;
}

static int view_list(struct store *store, const struct project_list *list, json_t **ret_items, struct error *err)
{
	int r = 0;

	*ret_items = json_array();
	for (size_t i = 0; r == 0 && i < list->count; i++) {
		json_t *json;

		r = view_project_now(store, &list->items[i], &json, err);
		if (r == 0)
			json_array_append_new(*ret_items, json);
	}
	if (r < 0)
		json_decref(*ret_items);
	return r;
}

static int get_projects(struct request *request, struct error *err)
{
	struct project_filter filter = {0};
	struct project_list list = {0};
	bool settled = true;
	json_t *items;
	int r = read_filter(request, &filter, err);

	if (r == 0)
		r = list_projects(request, &filter, &list, &settled, err);
	if (r == 0)
		r = view_list(request_local(request), &list, &items, err);
	if (r == 0 && settled)
		respond_cached(request, view_page(items, filter.page, list.total));
	else if (r == 0)
		respond_json(request, 200, view_page(items, filter.page, list.total));
	project_list_fini(&list);
	return r;
}

static json_t *view_suggestion(const struct project *project)
{
	auto_free char *full_name = xasprintf("%s/%s", project->owner, project->name);
	json_t *korean = json_object();

	if (project->summary_ko != NULL)
		json_object_set_new(korean, "summary", json_string(project->summary_ko));
	return json_pack("{s:s,s:o,s:{s:o},s:s,s:o}", "full_name", full_name, "summary", view_text(project->summary),
			 "i18n", "ko", korean, "category", project->category, "logo", view_text(project->logo));
}

static int get_suggestions(struct request *request, struct error *err)
{
	const struct web *web = request_data(request);
	const char *text = feedback_filter(request, "q");
	struct search_page found = {0};
	struct project_list list = {0};
	json_t *items;
	int r = 0;

	/* Without an index there are none: the list says more, and nobody waits for suggestions. */
	if (text != NULL && search_suggest(web->search, cache_version(web->cache), text, &found, NULL) == 0)
		r = projects_list_by_ids(request_local(request), found.ids, found.count, &list, err);
	search_page_fini(&found);
	if (r < 0)
		return r;
	items = json_array();
	for (size_t i = 0; i < list.count; i++)
		json_array_append_new(items, view_suggestion(&list.items[i]));
	project_list_fini(&list);
	respond_header(request, "Cache-Control", "max-age=" SUGGESTED_SECONDS);
	respond_json(request, 200, json_pack("{s:o}", "items", items));
	return 0;
}

static int get_categories(struct request *request, struct error *err)
{
	struct category_count *counts = NULL;
	json_t *items = json_array();
	size_t count = 0;
	int r = projects_categories(request_local(request), &counts, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		json_array_append_new(items, json_pack("{s:s,s:I}", "id", counts[i].category, "projects",
						       (json_int_t)counts[i].projects));
	category_counts_free(counts, count);
	if (r == 0)
		respond_cached(request, json_pack("{s:o}", "items", items));
	else
		json_decref(items);
	return r;
}

const struct resource find_resources[] = {
	{METHOD_GET, "/api/v1/projects", ROUTE_WORK, get_projects, true, 0},
	{METHOD_GET, "/api/v1/projects/suggest", ROUTE_WORK, get_suggestions, false, 0},
	{METHOD_GET, "/api/v1/categories", ROUTE_WORK, get_categories, true, 0},
	{0},
};
