#include "store/banners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/str.h"
#include "base/util.h"
#include "store/project_life.h"

#define DAY_MS INT64_C(86400000)

#define SELECT_BANNER                                                                                                          \
	"SELECT b.id, b.text, b.text_ko, b.link, b.image_hash, b.image_type, b.width, b.height, b.starts_ms, b.ends_ms, "       \
	"b.weight, b.enabled, b.created_ms, "                                                                                  \
	"(SELECT SUM(d.views) FROM banner_days d WHERE d.banner = b.id), "                                                     \
	"(SELECT SUM(d.clicks) FROM banner_days d WHERE d.banner = b.id) FROM banners b "

void banner_fini(struct banner *banner)
{
	free(banner->text);
	free(banner->text_ko);
	free(banner->link);
	free(banner->image_hash);
	free(banner->image_type);
	memset(banner, 0, sizeof(*banner));
}

void banner_list_fini(struct banner_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		banner_fini(&list->items[i]);
	free(list->items);
	memset(list, 0, sizeof(*list));
}

static void read_banner(const struct statement *s, struct banner *banner)
{
	str_copy(banner->id, sizeof(banner->id), statement_text(s, 0));
	banner->text = statement_text_copy(s, 1);
	banner->text_ko = statement_text_copy(s, 2);
	banner->link = statement_text_copy(s, 3);
	banner->image_hash = statement_text_copy(s, 4);
	banner->image_type = statement_text_copy(s, 5);
	banner->width = (unsigned)statement_integer(s, 6);
	banner->height = (unsigned)statement_integer(s, 7);
	banner->starts_ms = statement_integer(s, 8);
	banner->ends_ms = statement_integer(s, 9);
	banner->weight = (unsigned)statement_integer(s, 10);
	banner->enabled = statement_integer(s, 11) != 0;
	banner->created_ms = statement_integer(s, 12);
	banner->views = statement_integer(s, 13);
	banner->clicks = statement_integer(s, 14);
}

static int missing(struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such banner");
}

int banners_add(struct store *store, struct banner *banner, int64_t now_ms, struct error *err)
{
	random_id(banner->id, STORE_ID_LENGTH);
	banner->created_ms = now_ms;
	return db_execute(store->db, NULL, err,
			  "INSERT INTO banners (id, text, text_ko, link, starts_ms, ends_ms, weight, enabled, created_ms) "
			  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			  "ssssiiiii", banner->id, banner->text, banner->text_ko, banner->link, banner->starts_ms, banner->ends_ms,
			  (int64_t)banner->weight, (int64_t)banner->enabled, now_ms);
}

int banners_update(struct store *store, const struct banner *banner, struct error *err)
{
	struct banner known = {0};
	/* Looked at first: MariaDB counts a row that stays the same as not changed. */
	int r = banners_get(store, banner->id, &known, err);

	banner_fini(&known);
	if (r < 0)
		return r;
	return db_execute(store->db, NULL, err,
			  "UPDATE banners SET text = ?, text_ko = ?, link = ?, starts_ms = ?, ends_ms = ?, weight = ?, enabled = ? WHERE id = ?",
			  "sssiiiis", banner->text, banner->text_ko, banner->link, banner->starts_ms, banner->ends_ms, (int64_t)banner->weight,
			  (int64_t)banner->enabled, banner->id);
}

int banners_get(struct store *store, const char *id, struct banner *ret_banner, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, SELECT_BANNER "WHERE b.id = ?", "s", id);

	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0)
		read_banner(s, ret_banner);
	statement_done(s);
	return r == 0 ? missing(err) : r < 0 ? r : 0;
}

static int read_list(struct statement *s, size_t most, struct banner_list *list, struct error *err)
{
	int r = 0;

	list->items = xcalloc(most, sizeof(*list->items));
	while (list->count < most && (r = statement_step(s, err)) > 0)
		read_banner(s, &list->items[list->count++]);
	statement_done(s);
	if (r < 0)
		banner_list_fini(list);
	return r < 0 ? r : 0;
}

int banners_list(struct store *store, struct page page, struct banner_list *ret_list, struct error *err)
{
	struct statement *s;
	int r;

	memset(ret_list, 0, sizeof(*ret_list));
	r = db_number(store->db, 0, &ret_list->total, err, "SELECT COUNT(*) FROM banners", "");
	if (r == 0)
		r = db_query(store->db, &s, err, SELECT_BANNER "ORDER BY b.created_ms DESC, b.id LIMIT ? OFFSET ?", "ii",
			     (int64_t)page.per_page, page_offset(page));
	return r < 0 ? r : read_list(s, page.per_page, ret_list, err);
}

int banners_running(struct store *store, int64_t now_ms, struct banner_list *ret_list, struct error *err)
{
	struct statement *s;
	int r;

	memset(ret_list, 0, sizeof(*ret_list));
	r = db_query(store->db, &s, err,
		     "SELECT id, text, text_ko, link, image_hash, image_type, width, height, starts_ms, ends_ms, weight, enabled, created_ms, 0, 0 "
		     "FROM banners WHERE enabled = 1 AND (starts_ms IS NULL OR starts_ms <= ?) AND "
		     "(ends_ms IS NULL OR ends_ms = 0 OR ends_ms > ?) ORDER BY created_ms DESC, id LIMIT ?",
		     "iii", now_ms, now_ms, (int64_t)BANNERS_RUNNING_MAX);
	return r < 0 ? r : read_list(s, BANNERS_RUNNING_MAX, ret_list, err);
}

int banners_delete(struct store *store, const char *id, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err, "DELETE FROM banners WHERE id = ?", "s", id);

	return r == 0 && changes == 0 ? missing(err) : r;
}

int banners_set_image(struct store *store, const char *id, const struct banner_image *image, struct error *err)
{
	struct banner known = {0};
	int r = banners_get(store, id, &known, err);

	banner_fini(&known);
	if (r < 0)
		return r;
	if (image->data == NULL)
		return db_execute(store->db, NULL, err,
				  "UPDATE banners SET image = NULL, image_type = NULL, image_hash = NULL, width = 0, height = 0 WHERE id = ?", "s",
				  id);
	return db_execute(store->db, NULL, err,
			  "UPDATE banners SET image = ?, image_type = ?, image_hash = ?, width = ?, height = ? WHERE id = ?", "bssiis",
			  image->data, image->length, image->type, image->hash, (int64_t)image->width, (int64_t)image->height, id);
}

int banners_image(struct store *store, const char *hash, const char *type, struct buf *ret_data, struct error *err)
{
	return pictures_read(store, "SELECT image FROM banners WHERE image_hash = ? AND image_type = ? LIMIT 1", hash, type, ret_data, err);
}

struct counting {
	const char *id;
	bool click;
	int64_t day;
};

static int count_one(struct db *db, void *data, struct error *err)
{
	const struct counting *c = data;
	int64_t changes = 0, known = 0;
	int r = db_number(db, 0, &known, err, "SELECT COUNT(*) FROM banners WHERE id = ?", "s", c->id);

	if (r == 0 && known == 0)
		return missing(err);
	if (r == 0)
		r = db_execute(db, &changes, err, "UPDATE banner_days SET views = views + ?, clicks = clicks + ? WHERE banner = ? AND day = ?",
			       "iisi", (int64_t)!c->click, (int64_t)c->click, c->id, c->day);
	if (r == 0 && changes == 0)
		r = db_execute(db, NULL, err, "INSERT INTO banner_days (banner, day, views, clicks) VALUES (?, ?, ?, ?)", "siii", c->id, c->day,
			       (int64_t)!c->click, (int64_t)c->click);
	return r;
}

int banners_count(struct store *store, const char *id, bool click, int64_t now_ms, struct error *err)
{
	struct counting counting = {id, click, now_ms / DAY_MS};

	return db_transaction(store->db, count_one, &counting, err);
}
