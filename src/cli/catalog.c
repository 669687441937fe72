/* ttob catalog import: the first projects, from their folders into the store; what has changed is built again. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "cli/catalog.h"
#include "cli/command.h"
#include "cli/paths.h"
#include "store/builds.h"
#include "store/store.h"
#include "web/context.h"

#define CATALOG_OWNER "taste"
#define PROJECTS_MAX 1000

struct entry {
	struct project project;
	struct buf context;
};

struct import {
	struct store store;
	const char *data;
	struct entry *entries;
	size_t count;
	unsigned failed;
	unsigned queued;
};

static int by_popularity(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->project.popularity != y->project.popularity)
		return x->project.popularity > y->project.popularity ? -1 : 1;
	return strcmp(x->project.name, y->project.name);
}

static void read_folder(struct import *import, const char *folder)
{
	struct entry *entry = &import->entries[import->count];
	struct error err = {0};

	*entry = (struct entry){0};
	if (catalog_read(folder, CATALOG_OWNER, &entry->project, &entry->context, &err) == 0) {
		import->count++;
		return;
	}
	buf_fini(&entry->context);
	log_error("%s", err.message);
	import->failed++;
}

static int read_all(struct import *import, const char *folder, struct error *err)
{
	struct dirent **names = NULL;
	int count = scandir(folder, &names, NULL, alphasort);

	if (count < 0)
		return error_errno(err, errno, "cannot read the catalogue %s", folder);
	import->entries = xcalloc(PROJECTS_MAX, sizeof(*import->entries));
	for (int i = 0; i < count; i++) {
		auto_free char *path = xasprintf("%s/%s", folder, names[i]->d_name);
		auto_free char *conf = xasprintf("%s/project.conf", path);

		if (names[i]->d_name[0] != '.' && import->count < PROJECTS_MAX && access(conf, F_OK) == 0)
			read_folder(import, path);
		free(names[i]);
	}
	free(names);
	if (import->count == 0 && import->failed == 0)
		return error_set(err, ERROR_INVALID, EINVAL, "%s: there is no project in it (folders with a project.conf)", folder);
	qsort(import->entries, import->count, sizeof(*import->entries), by_popularity);
	return 0;
}

/* `now_ms` grows from one to the next, so that the popular ones are older in the queue. */
static int write_entry(struct import *import, const struct entry *entry, int64_t now_ms, struct error *err)
{
	char build[STORE_ID_LENGTH + 1];
	bool rebuild = false, fresh = false;
	int64_t id;
	int r = context_write(import->data, entry->project.digest, &entry->context, err);

	if (r == 0)
		r = projects_upsert(&import->store, &entry->project, now_ms, &id, &rebuild, err);
	if (r == 0 && rebuild)
		r = builds_enqueue(&import->store, id, BUILD_PRIORITY_CATALOG, now_ms, build, &fresh, err);
	if (r == 0 && fresh)
		import->queued++;
	return r;
}

static int write_all(struct import *import, struct error *err)
{
	int64_t now = clock_realtime_ms();
	int r = 0;

	for (size_t i = 0; r == 0 && i < import->count; i++) {
		r = write_entry(import, &import->entries[i], now + (int64_t)i, err);
		if (r < 0)
			error_wrap(err, "%s", import->entries[i].project.name);
	}
	return r;
}

static int import_folder(const char *folder, const struct paths *paths, struct error *err)
{
	struct import import = {.data = paths->data};
	int r = read_all(&import, folder, err);

	if (r == 0)
		r = paths_enter(paths, err);
	if (r == 0)
		r = store_prepare(paths->database, err);
	if (r == 0)
		r = store_open(paths->database, &import.store, err);
	if (r == 0) {
		r = write_all(&import, err);
		store_close(&import.store);
	}
	if (r == 0)
		log_info("catalogue: %zu projects, %u to build, %u with faults", import.count, import.queued, import.failed);
	for (size_t i = 0; i < import.count; i++) {
		project_fini(&import.entries[i].project);
		buf_fini(&import.entries[i].context);
	}
	free(import.entries);
	if (r == 0 && import.failed > 0)
		r = error_set(err, ERROR_INVALID, EINVAL, "%u projects of %s have faults", import.failed, folder);
	return r;
}

static int rebuild_one(struct store *store, const struct project *project, struct error *err)
{
	char build[STORE_ID_LENGTH + 1];
	bool fresh;
	int r = builds_enqueue(store, project->id, BUILD_PRIORITY_PERSON, clock_realtime_ms(), build, &fresh, err);

	if (r == 0)
		printf("%s/%s: build %s %s\n", project->owner, project->name, build, fresh ? "queued" : "waits or runs already");
	return r;
}

static int rebuild_failed(struct store *store, struct error *err)
{
	struct project_filter filter = {.state = "failed", .visibility = "any", .sort = PROJECT_SORT_NAME, .page = {1, 100}};
	struct project_list list = {0};
	int r = projects_list(store, &filter, &list, err);

	for (size_t i = 0; r == 0 && i < list.count; i++)
		r = rebuild_one(store, &list.items[i], err);
	project_list_fini(&list);
	return r;
}

static int rebuild_named(struct store *store, const char *name, struct error *err)
{
	struct project project = {0};
	int r = projects_get(store, CATALOG_OWNER, name, &project, err);

	if (r == 0)
		r = rebuild_one(store, &project, err);
	project_fini(&project);
	return r;
}

/* The named projects, or all that have failed. */
static int rebuild(char **names, const struct paths *paths, struct error *err)
{
	struct store store;
	int r = paths_enter(paths, err);

	if (r == 0)
		r = store_open(paths->database, &store, err);
	if (r < 0)
		return r;
	if (names[0] == NULL)
		r = rebuild_failed(&store, err);
	for (size_t i = 0; r == 0 && names[i] != NULL; i++)
		r = rebuild_named(&store, names[i], err);
	store_close(&store);
	return r;
}

static int import(const char *folder, const struct paths *paths, struct error *err)
{
	if (folder == NULL)
		folder = paths->catalog;
	if (folder == NULL)
		return error_set(err, ERROR_INVALID, ENOENT, "there is no catalogue here; name its folder");
	return import_folder(folder, paths, err);
}

static int run_catalog(struct config *config, char **arguments)
{
	bool imports = arguments[0] != NULL && strcmp(arguments[0], "import") == 0 && (arguments[1] == NULL || arguments[2] == NULL);
	bool rebuilds = arguments[0] != NULL && strcmp(arguments[0], "rebuild") == 0;
	struct paths paths;
	struct error err = {0};
	int r;

	if (!imports && !rebuilds) {
		fprintf(stderr, "usage: ttob catalog import [FOLDER]\n       ttob catalog rebuild [NAME…]\n");
		return 2;
	}
	if (paths_init(&paths, config, &err) < 0) {
		fprintf(stderr, "ttob catalog: %s\n", err.message);
		return 1;
	}
	r = imports ? import(arguments[1], &paths, &err) : rebuild(arguments + 1, &paths, &err);
	if (r < 0)
		log_error("%s", err.message);
	paths_fini(&paths);
	return r < 0 ? 1 : 0;
}

const struct command command_catalog = {
	.name = "catalog",
	.arguments = "import [FOLDER] | rebuild [NAME…]",
	.help = "take projects from their folders (catalog/README.md), what has changed is built again; or build the named or all failed ones",
	.run = run_catalog,
};
