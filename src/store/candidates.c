#include "store/candidates.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

void candidate_list_fini(struct candidate_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free((char *)list->items[i].category);
	free(list->items);
	memset(list, 0, sizeof(*list));
}

static bool is_known(const struct candidate_list *list, int64_t project)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].project == project)
			return true;
	return false;
}

/* Two statements, so that each finds its order in an index (projects_tried, projects_tried_category). */
#define SELECT_READY "SELECT p.id, p.category FROM projects p WHERE p.visibility = 'listed' AND p.state = 'ready' "
#define NOT_TRIED                                                                                                      \
	"AND NOT EXISTS (SELECT 1 FROM sandboxes s WHERE s.person = ? AND s.created_ms >= ? AND s.project = p.id AND " \
	"s.started_ms IS NOT NULL) ORDER BY p.tries DESC, p.trend DESC, p.popularity DESC, p.name, p.owner LIMIT ?"

int candidates_add(struct store *store, const char *person, int64_t since_ms, const char *category, size_t most,
		   struct candidate_list *list, struct error *err)
{
	struct statement *s = NULL;
	int r;

	if (category == NULL)
		r = db_query(store->db, &s, err, SELECT_READY NOT_TRIED, "sii", person, since_ms, (int64_t)most);
	else
		r = db_query(store->db, &s, err, SELECT_READY "AND p.category = ? " NOT_TRIED, "ssii", category, person,
			     since_ms, (int64_t)most);
	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0) {
		if (is_known(list, statement_integer(s, 0)))
			continue;
		list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
		list->items[list->count++] =
			(struct recommend_candidate){statement_integer(s, 0), statement_text_copy(s, 1)};
	}
	statement_done(s);
	return r;
}
