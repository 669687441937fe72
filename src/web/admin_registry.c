/* /admin/registry: what is in the registry, how it grows, and having it cleaned. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "web/feedback.h"
#include "web/keeper.h"
#include "web/views.h"

static int get_registry(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	struct session session = {0};
	json_t *json;
	int r = visitor_admin(request, &session, err);

	if (r < 0)
		return r;
	json = keeper_summary(web->hub->keeper);
	if (json == NULL)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "no registry is configured here; set [registry] url");
	respond_json(request, 200, json);
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	json_int_t left = json_integer_value(json_object_get(*(json_t *const *)a, "bytes"));
	json_int_t right = json_integer_value(json_object_get(*(json_t *const *)b, "bytes"));

	return left > right ? -1 : left < right;
}

/* The page of those whose name holds `q`, the largest first; *ret_total: of all pages. */
static json_t *choose(json_t *all, const char *q, struct page page, int64_t *ret_total)
{
	json_t **found = xcalloc(json_array_size(all) + 1, sizeof(*found));
	json_t *items = json_array();
	size_t count = 0, from = (size_t)page_offset(page);
	size_t i;
	json_t *item;

	json_array_foreach (all, i, item)
		if (q == NULL || strstr(json_string_value(json_object_get(item, "name")), q) != NULL)
			found[count++] = item;
	qsort(found, count, sizeof(*found), by_bytes);
	for (i = from; i < count && i < from + page.per_page; i++)
		json_array_append(items, found[i]);
	free(found);
	*ret_total = (int64_t)count;
	return items;
}

static int get_repositories(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	struct session session = {0};
	struct page page = {1, 1};
	int64_t total = 0;
	json_t *all, *items;
	int r = feedback_admin_page(request, &session, &page, err);

	if (r < 0)
		return r;
	all = keeper_repositories(web->hub->keeper);
	items = choose(all, request_query(request, "q"), page, &total);
	json_decref(all);
	respond_json(request, 200, view_page(items, page, total));
	return 0;
}

static int post_gc(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	struct session session = {0};
	int r = visitor_admin(request, &session, err);

	if (r == 0)
		r = keeper_collect(web->hub->keeper, err);
	if (r == 0)
		r = visitor_audit(request, &session, "registry.collect", NULL, NULL, err);
	if (r == 0)
		respond_json(request, 202, keeper_summary(web->hub->keeper));
	return r;
}

const struct resource admin_registry_resources[] = {
	{METHOD_GET, "/api/v1/admin/registry", ROUTE_WORK, get_registry, false, 0},
	{METHOD_GET, "/api/v1/admin/registry/repositories", ROUTE_WORK, get_repositories, false, 0},
	{METHOD_POST, "/api/v1/admin/registry/gc", ROUTE_WORK, post_gc, false, 0},
	{0},
};
