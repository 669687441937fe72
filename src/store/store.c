#include "store/store.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

static int make_folder(const char *url, struct error *err)
{
	const char *path;
	const char *slash;
	auto_free char *folder = NULL;

	if (!str_starts_with(url, "sqlite:") || strstr(url, ":memory:") != NULL)
		return 0;
	path = url + strlen("sqlite:");
	slash = strrchr(path, '/');
	if (slash == NULL || slash == path)
		return 0;
	folder = xstrndup(path, (size_t)(slash - path));
	return dir_make_all(folder, 0750, err);
}

int store_prepare(const char *url, struct error *err)
{
	struct db *db;
	int r = make_folder(url, err);

	if (r == 0)
		r = db_open(url, &db, err);
	if (r < 0)
		return r;
	r = db_migrate(db, err);
	db_close(db);
	return r;
}

int store_open(const char *url, struct store *store, struct error *err)
{
	return db_open(url, &store->db, err);
}

void store_close(struct store *store)
{
	db_close(store->db);
	store->db = NULL;
}

int64_t page_offset(struct page page)
{
	return (int64_t)(page.page > 0 ? page.page - 1 : 0) * page.per_page;
}
