/* /recommendations: "Open sources you may like", by what this person has tried (core/recommend.h); the trending ones
 * for who is new. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/util.h"
#include "core/recommend.h"
#include "store/candidates.h"
#include "store/tries.h"
#include "web/internal.h"
#include "web/sight.h"
#include "web/views.h"

#define PLACES      12
#define PLACES_MOST 24
#define LATELY_MS   (90 * INT64_C(86400) * 1000) /* what somebody tried before is forgotten */

/* Categories and candidates → projects, *ret_count of them. */
static int pick(struct store *store, const char *person, const struct category_tries *tries, size_t count,
		unsigned places, int64_t *out, size_t *ret_count, struct error *err)
{
	const int64_t since_ms = clock_realtime_ms() - LATELY_MS;
	auto_free struct recommend_share *shares = xcalloc(count, sizeof(*shares));
	struct candidate_list candidates = {0};
	int r = candidates_add(store, person, since_ms, NULL, places, &candidates, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		shares[i] = (struct recommend_share){.category = tries[i].category, .tries = tries[i].tries};
		r = candidates_add(store, person, since_ms, tries[i].category, places, &candidates, err);
	}
	if (r == 0)
		*ret_count = recommend_pick(shares, count, candidates.items, candidates.count, places, out);
	candidate_list_fini(&candidates);
	return r;
}

/* Of who has tried nothing lately, or everything, there are none. */
static int pick_for(struct store *store, const char *person, unsigned places, int64_t *out, size_t *ret_count,
		    struct error *err)
{
	struct category_tries *tries = NULL;
	size_t count = 0;
	int r;

	*ret_count = 0;
	if (person[0] == '\0')
		return 0;
	r = tries_by_category(store, person, clock_realtime_ms() - LATELY_MS, &tries, &count, err);
	if (r == 0 && count > 0)
		r = pick(store, person, tries, count, places, out, ret_count, err);
	category_tries_free(tries, count);
	return r;
}

static int view_trending(struct store *store, unsigned places, json_t *items, struct error *err)
{
	struct project_filter filter = {.sort = PROJECT_SORT_TRENDING, .state = "ready", .page = {1, places}};
	struct project_list list = {0};
	int r = projects_list(store, &filter, &list, err);

	for (size_t i = 0; r == 0 && i < list.count; i++)
		json_array_append_new(items, view_project(&list.items[i], NULL));
	project_list_fini(&list);
	return r;
}

static int get_recommendations(struct request *request, struct error *err)
{
	struct store *store = request_local(request);
	int64_t projects[PLACES_MOST];
	json_t *items = json_array();
	struct session session = {0};
	size_t count = 0;
	uint64_t places = PLACES;
	int r = request_query_number(request, "places", 1, PLACES_MOST, PLACES, &places, err);

	if (r == 0)
		r = sight_visitor(request, &session, err);
	if (r == 0)
		r = pick_for(store, session.person, (unsigned)places, projects, &count, err);
	if (r == 0 && count > 0)
		r = view_projects_by_id(store, projects, count, items, err);
	else if (r == 0)
		r = view_trending(store, (unsigned)places, items, err);
	if (r < 0) {
		json_decref(items);
		return r;
	}
	respond_header(request, "Cache-Control", "private, no-store");
	respond_json(request, 200, json_pack("{s:o,s:b}", "items", items, "personal", (int)(count > 0)));
	return 0;
}

const struct resource recommendation_resources[] = {
	{METHOD_GET, "/api/v1/recommendations", ROUTE_WORK, get_recommendations, false, 0},
	{0},
};
