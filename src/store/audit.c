#include "store/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

#define ACTOR_SIZE   41
#define ADDRESS_SIZE 49
#define ACTION_SIZE  41
#define TARGET_SIZE  101
#define DETAIL_SIZE  1001

void audit_list_fini(struct audit_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].actor);
		free(list->items[i].address);
		free(list->items[i].action);
		free(list->items[i].target);
		free(list->items[i].detail);
	}
	free(list->items);
	memset(list, 0, sizeof(*list));
}

int audit_add(struct store *store, int64_t now_ms, const char *actor, const char *address, const char *action,
	      const char *target, const char *detail, struct error *err)
{
	char short_actor[ACTOR_SIZE], short_address[ADDRESS_SIZE], short_action[ACTION_SIZE];
	char short_target[TARGET_SIZE], short_detail[DETAIL_SIZE];

	str_copy(short_actor, sizeof(short_actor), actor);
	str_copy(short_address, sizeof(short_address), address);
	str_copy(short_action, sizeof(short_action), action);
	str_copy(short_target, sizeof(short_target), target);
	str_copy(short_detail, sizeof(short_detail), detail);
	return db_execute(store->db, NULL, err,
			  "INSERT INTO audit (at_ms, actor, address, action, target, detail) VALUES (?, ?, ?, ?, ?, ?)",
			  "isssss", now_ms, short_actor, short_address, short_action, short_target,
			  detail != NULL ? short_detail : NULL);
}

#define WHERE_AUDIT " FROM audit WHERE (? IS NULL OR actor = ?) AND (? IS NULL OR action LIKE ?) "

int audit_list(struct store *store, const char *actor, const char *action, struct page page, struct audit_list *ret_list,
	       struct error *err)
{
	auto_free char *start = action != NULL ? xasprintf("%s%%", action) : NULL;
	struct statement *s;
	int r;

	memset(ret_list, 0, sizeof(*ret_list));
	r = db_number(store->db, 0, &ret_list->total, err, "SELECT COUNT(*)" WHERE_AUDIT, "ssss", actor, actor, start,
		      start);
	if (r == 0)
		r = db_query(store->db, &s, err,
			     "SELECT id, at_ms, actor, address, action, target, detail" WHERE_AUDIT
			     "ORDER BY id DESC LIMIT ? OFFSET ?",
			     "ssssii", actor, actor, start, start, (int64_t)page.per_page, page_offset(page));
	if (r < 0)
		return r;
	ret_list->items = xcalloc(page.per_page, sizeof(*ret_list->items));
	while (ret_list->count < page.per_page && (r = statement_step(s, err)) > 0) {
		struct audit_entry *entry = &ret_list->items[ret_list->count++];

		entry->id = statement_integer(s, 0);
		entry->at_ms = statement_integer(s, 1);
		entry->actor = statement_text_copy(s, 2);
		entry->address = statement_text_copy(s, 3);
		entry->action = statement_text_copy(s, 4);
		entry->target = statement_text_copy(s, 5);
		entry->detail = statement_text_copy(s, 6);
	}
	statement_done(s);
	if (r < 0)
		audit_list_fini(ret_list);
	return r < 0 ? r : 0;
}

int audit_purge(struct store *store, int64_t before_ms, struct error *err)
{
	return db_execute(store->db, NULL, err, "DELETE FROM audit WHERE at_ms < ?", "i", before_ms);
}
