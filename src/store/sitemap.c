#include "store/sitemap.h"

#include <errno.h>

#include "base/str.h"

#define FROM_LISTED " FROM projects WHERE state = 'ready' AND visibility = 'listed'"

int sitemap_read(struct store *store, int64_t after, struct sitemap_row *rows, size_t size, size_t *ret_count, struct error *err)
{
	struct statement *s;
	size_t count = 0;
	int r = db_query(store->db, &s, err, "SELECT id, owner, name, updated_ms" FROM_LISTED " AND id > ? ORDER BY id LIMIT ?", "ii", after,
			 (int64_t)size);

	if (r < 0)
		return r;
	while (count < size && (r = statement_step(s, err)) > 0) {
		struct sitemap_row *row = &rows[count++];

		row->id = statement_integer(s, 0);
		str_copy(row->owner, sizeof(row->owner), statement_text(s, 1));
		str_copy(row->name, sizeof(row->name), statement_text(s, 2));
		row->changed_ms = statement_integer(s, 3);
	}
	statement_done(s);
	*ret_count = count;
	return r < 0 ? r : 0;
}

int sitemap_start(struct store *store, unsigned n, size_t size, int64_t *ret_after, struct error *err)
{
	int r;

	*ret_after = 0;
	if (n <= 1)
		return 0;
	r = db_number(store->db, 0, ret_after, err, "SELECT id" FROM_LISTED " ORDER BY id LIMIT 1 OFFSET ?", "i",
		      (int64_t)(n - 1) * (int64_t)size);
	if (r == 0 && *ret_after == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there are fewer maps");
	*ret_after -= 1;
	return r;
}

int sitemap_count(struct store *store, int64_t *ret_count, struct error *err)
{
	return db_number(store->db, 0, ret_count, err, "SELECT COUNT(*)" FROM_LISTED, "");
}
