/* The thread that holds the index to what the store says. It looks when it is told of a change, and every few seconds
 * for those of other processes: the ids and updated_ms of all projects against its facts, which the database answers
 * from its indexes without touching a README. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "search/internal.h"

#define LOOK_MS    2000
#define FAILED_MS  10000     /* before another try */
#define LARGE      100       /* changes that take longer than anybody should wait */
#define BATCH      1000      /* projects in one transaction at most, */
#define BATCH_SIZE (8 << 20) /* and bytes of their texts */
#define FILE_START "index-"
#define FILE_END   ".db"

struct keeper {
	struct search *search;
	struct store store; /* db NULL: not open */
	struct index_file *file;
	char *path;
	struct stat opened; /* the file when it was opened */
	unsigned number;    /* of the file */
	bool loaded;        /* facts are those of the file */
	char complaint[ERROR_MESSAGE_MAX];
};

/* ---- files
 * ----------------------------------------------------------------------------------------------------------- */

static bool number_of(const char *name, unsigned *ret_number)
{
	char expected[64];

	if (sscanf(name, FILE_START "%9u", ret_number) != 1)
		return false;
	snprintf(expected, sizeof(expected), FILE_START "%u" FILE_END, *ret_number);
	return strcmp(name, expected) == 0;
}

/* The highest number in the folder, 0 for none. With `below`, files of lower numbers are removed. */
static unsigned scan(const char *folder, unsigned below)
{
	DIR *dir = opendir(folder);
	unsigned highest = 0, number;
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		/* "index-3.db-wal" counts and goes with its file. */
		if (sscanf(entry->d_name, FILE_START "%9u", &number) != 1)
			continue;
		if (below > 0 && number < below)
			unlinkat(dirfd(dir), entry->d_name, 0);
		else if (number_of(entry->d_name, &number) && number > highest)
			highest = number;
	}
	if (dir != NULL)
		closedir(dir);
	return highest;
}

static void publish(struct keeper *keeper, const char *path, bool usable)
{
	struct search *search = keeper->search;

	pthread_mutex_lock(&search->lock);
	if (!str_equal(search->path, path)) {
		free(search->path);
		search->path = xstrdup(path);
		search->generation++;
	}
	search->usable = usable;
	search->broken = false;
	pthread_mutex_unlock(&search->lock);
}

static void close_file(struct keeper *keeper)
{
	publish(keeper, NULL, false);
	index_close(keeper->file);
	keeper->file = NULL;
	keeper->loaded = false;
	free(keeper->path);
	keeper->path = NULL;
}

static int open_number(struct keeper *keeper, unsigned number, struct error *err)
{
	char *path = xasprintf("%s/" FILE_START "%u" FILE_END, keeper->search->folder, number);
	int r = index_open(path, true, &keeper->file, err);

	if (r < 0) {
		free(path);
		return r;
	}
	if (stat(path, &keeper->opened) < 0)
		memset(&keeper->opened, 0, sizeof(keeper->opened));
	keeper->path = path;
	keeper->number = number;
	scan(keeper->search->folder, number);
	return 0;
}

/* The newest file; a broken one is followed by a new one, never replaced: others may have it open. */
static int open_file(struct keeper *keeper, struct error *err)
{
	unsigned highest;
	int r = dir_make_all(keeper->search->folder, 0750, err);

	if (r < 0)
		return r;
	highest = scan(keeper->search->folder, 0);
	if (highest > keeper->number || keeper->number == 0) {
		r = highest > 0 ? open_number(keeper, highest, err) : INDEX_BROKEN;
		if (r != INDEX_BROKEN)
			return r;
		if (highest > 0)
			log_warning("the search index is made anew: %s", err->message);
	}
	return open_number(keeper, (highest > keeper->number ? highest : keeper->number) + 1, err);
}

/* Somebody removed or replaced it. */
static bool is_gone(const struct keeper *keeper)
{
	struct stat now;

	return stat(keeper->path, &now) < 0 || now.st_ino != keeper->opened.st_ino ||
	       now.st_dev != keeper->opened.st_dev;
}

/* ---- what has changed
 * ------------------------------------------------------------------------------------------------ */

static void take_fact(const struct fact *fact, void *data)
{
	facts_put(data, fact);
}

/* Facts as the file has them. */
static int load(struct keeper *keeper, struct error *err)
{
	struct search *search = keeper->search;
	struct facts *facts = facts_new(), *old;
	int r = index_load(keeper->file, take_fact, facts, err);

	if (r < 0) {
		facts_free(facts);
		return r;
	}
	pthread_rwlock_wrlock(&search->facts_lock);
	old = search->facts;
	search->facts = facts;
	pthread_rwlock_unlock(&search->facts_lock);
	facts_free(old);
	keeper->loaded = true;
	return 0;
}

struct ids {
	int64_t *items;
	size_t count, capacity;
};

static void ids_add(struct ids *ids, int64_t id)
{
	if (ids->count == ids->capacity) {
		ids->capacity = max_size(64, ids->capacity * 2);
		ids->items = xrealloc(ids->items, ids->capacity * sizeof(*ids->items));
	}
	ids->items[ids->count++] = id;
}

static int by_number(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return a < b ? -1 : a > b;
}

static bool ids_have(const struct ids *sorted, int64_t id)
{
	return sorted->count > 0 && bsearch(&id, sorted->items, sorted->count, sizeof(id), by_number) != NULL;
}

struct difference {
	const struct facts *facts;
	struct ids all;
	struct ids changed;
	struct ids gone;
};

/* Only the keeper writes facts, so it reads them without the lock. */
static void compare(int64_t id, int64_t updated_ms, void *data)
{
	struct difference *difference = data;
	const struct fact *fact = facts_find(difference->facts, id);

	ids_add(&difference->all, id);
	if (fact == NULL || fact->updated_ms != updated_ms)
		ids_add(&difference->changed, id);
}

static void difference_fini(struct difference *difference)
{
	free(difference->all.items);
	free(difference->changed.items);
	free(difference->gone.items);
}

static int look(struct keeper *keeper, struct difference *difference, struct error *err)
{
	const struct fact *fact;
	size_t cursor = 0;
	int r;

	memset(difference, 0, sizeof(*difference));
	difference->facts = keeper->search->facts;
	r = projects_each_updated(&keeper->store, compare, difference, err);
	if (r < 0)
		return r;
	if (difference->all.count > 0)
		qsort(difference->all.items, difference->all.count, sizeof(int64_t), by_number);
	while ((fact = facts_next(difference->facts, &cursor)) != NULL)
		if (!ids_have(&difference->all, fact->id))
			ids_add(&difference->gone, fact->id);
	return 0;
}

/* ---- taking it up
 * ---------------------------------------------------------------------------------------------------- */

struct batch {
	struct project projects[BATCH];
	bool known[BATCH];
	int64_t ids[BATCH];
	size_t count;
};

static struct fact fact_of(const struct project *project)
{
	return (struct fact){
		.id = project->id,
		.updated_ms = project->updated_ms,
		.created_ms = project->created_ms,
		.popularity = project->popularity,
		.likes = project->likes,
		.listed = strcmp(project->visibility, "listed") == 0,
		.owner = project->owner,
		.name = project->name,
		.category = project->category,
		.state = project->state,
		.tags = project->tags,
	};
}

static size_t size_of(const struct project *project)
{
	return (project->readme != NULL ? strlen(project->readme) : 0) +
	       (project->readme_ko != NULL ? strlen(project->readme_ko) : 0);
}

/* Reads as many as fit, first: no transaction waits for another database. */
static int read_batch(struct keeper *keeper, const int64_t *ids, size_t count, struct batch *batch, struct error *err)
{
	size_t size = 0;

	memset(batch, 0, sizeof(*batch));
	for (size_t i = 0; i < count && size < BATCH_SIZE; i++) {
		int r = projects_get_by_id(&keeper->store, ids[i], &batch->projects[i], err);

		if (r < 0 && r != -ENOENT)
			return r;
		batch->known[i] = r == 0;
		batch->ids[i] = ids[i];
		batch->count++;
		if (r == 0)
			size += size_of(&batch->projects[i]);
	}
	return 0;
}

static int write_batch(struct keeper *keeper, const struct batch *batch, struct error *err)
{
	int r = index_begin(keeper->file, err);

	for (size_t i = 0; r == 0 && i < batch->count; i++)
		r = batch->known[i] ? index_put(keeper->file, &batch->projects[i], err)
				    : index_remove(keeper->file, batch->ids[i], err);
	if (r == 0)
		r = index_commit(keeper->file, err);
	if (r < 0)
		index_rollback(keeper->file);
	return r;
}

static void apply_batch(struct keeper *keeper, const struct batch *batch)
{
	struct search *search = keeper->search;

	pthread_rwlock_wrlock(&search->facts_lock);
	for (size_t i = 0; i < batch->count; i++) {
		struct fact fact;

		if (!batch->known[i]) {
			facts_remove(search->facts, batch->ids[i]);
			continue;
		}
		fact = fact_of(&batch->projects[i]);
		facts_put(search->facts, &fact);
	}
	pthread_rwlock_unlock(&search->facts_lock);
}

static bool is_stopping(struct search *search)
{
	bool stopping;

	pthread_mutex_lock(&search->lock);
	stopping = search->stopping;
	pthread_mutex_unlock(&search->lock);
	return stopping;
}

static int take_up(struct keeper *keeper, const struct ids *ids, struct error *err)
{
	struct batch *batch = xmalloc(sizeof(*batch));
	int r = 0;

	for (size_t at = 0; r == 0 && at < ids->count && !is_stopping(keeper->search); at += batch->count) {
		r = read_batch(keeper, ids->items + at, min_size(BATCH, ids->count - at), batch, err);
		if (r == 0)
			r = write_batch(keeper, batch, err);
		if (r == 0)
			apply_batch(keeper, batch);
		for (size_t i = 0; i < batch->count; i++)
			project_fini(&batch->projects[i]);
	}
	free(batch);
	return r;
}

struct trends {
	struct trend {
		int64_t id;
		double trend;
	} * items;
	struct like {
		int64_t id;
		int64_t likes;
	} * likes;
	size_t count, like_count;
	size_t most;
};

static void take_trend(int64_t id, double trend, void *data)
{
	struct trends *trends = data;

	if (trends->count < trends->most)
		trends->items[trends->count++] = (struct trend){id, trend};
}

static void take_likes(int64_t id, int64_t likes, void *data)
{
	struct trends *trends = data;

	if (trends->like_count < trends->most)
		trends->likes[trends->like_count++] = (struct like){id, likes};
}

static void apply_trends(struct search *search, const struct trends *trends)
{
	struct fact *fact;

	pthread_rwlock_wrlock(&search->facts_lock);
	for (size_t i = 0; i < trends->count; i++)
		if ((fact = facts_find(search->facts, trends->items[i].id)) != NULL)
			fact->trend = trends->items[i].trend;
	for (size_t i = 0; i < trends->like_count; i++)
		if ((fact = facts_find(search->facts, trends->likes[i].id)) != NULL)
			fact->likes = trends->likes[i].likes;
	pthread_rwlock_unlock(&search->facts_lock);
}

/* Trend and likes change without updated_ms. */
static int count_again(struct keeper *keeper, struct error *err)
{
	/* A few have come meanwhile, maybe; the next look has them. */
	struct trends trends = {.most = facts_count(keeper->search->facts) + 16};
	int r;

	trends.items = xcalloc(trends.most, sizeof(*trends.items));
	trends.likes = xcalloc(trends.most, sizeof(*trends.likes));
	r = projects_each_trend(&keeper->store, take_trend, &trends, err);
	if (r == 0)
		r = projects_each_likes(&keeper->store, take_likes, &trends, err);
	if (r == 0)
		apply_trends(keeper->search, &trends);
	free(trends.items);
	free(trends.likes);
	return r;
}

static int learn_words(struct keeper *keeper, struct error *err)
{
	struct search *search = keeper->search;
	struct vocabulary *vocabulary = vocabulary_new(), *old;
	int r = index_words(keeper->file, vocabulary, err);

	if (r < 0) {
		vocabulary_free(vocabulary);
		return r;
	}
	pthread_rwlock_wrlock(&search->facts_lock);
	old = search->vocabulary;
	search->vocabulary = vocabulary;
	pthread_rwlock_unlock(&search->facts_lock);
	vocabulary_free(old);
	return 0;
}

static void set_large(struct search *search, bool large)
{
	pthread_mutex_lock(&search->lock);
	search->large = large;
	pthread_cond_broadcast(&search->synced);
	pthread_mutex_unlock(&search->lock);
}

static int take_difference(struct keeper *keeper, const struct difference *difference, struct error *err)
{
	bool large = difference->changed.count + difference->gone.count > LARGE;
	int64_t begin_ms = clock_monotonic_ms();
	int r;

	if (large)
		set_large(keeper->search, true);
	r = take_up(keeper, &difference->gone, err);
	if (r == 0)
		r = take_up(keeper, &difference->changed, err);
	if (r == 0 && large)
		r = index_optimize(keeper->file, err);
	if (r == 0 && difference->changed.count + difference->gone.count > 0)
		r = learn_words(keeper, err);
	if (r == 0 && large)
		log_info("search index: %zu projects taken up in %lld ms", difference->changed.count,
			 (long long)(clock_monotonic_ms() - begin_ms));
	return r;
}

static int sync_once(struct keeper *keeper, struct error *err)
{
	struct difference difference;
	bool fresh;
	int r = 0;

	if (keeper->store.db == NULL)
		r = store_open(keeper->search->database, &keeper->store, err);
	if (r == 0 && keeper->file != NULL && is_gone(keeper)) {
		log_warning("the search index is gone; it is made anew");
		close_file(keeper);
	}
	if (r == 0 && keeper->file == NULL)
		r = open_file(keeper, err);
	fresh = r == 0 && !keeper->loaded;
	if (fresh)
		r = load(keeper, err);
	if (r < 0)
		return r;
	r = look(keeper, &difference, err);
	if (r == 0)
		r = take_difference(keeper, &difference, err);
	difference_fini(&difference);
	if (r == 0)
		r = count_again(keeper, err);
	if (r == 0 && fresh)
		r = learn_words(keeper, err);
	return r;
}

/* ---- the thread
 * ------------------------------------------------------------------------------------------------------ */

/* Says so once, not every few seconds. */
static void complain(struct keeper *keeper, const struct error *err)
{
	if (strcmp(keeper->complaint, err->message) != 0)
		log_warning("search: %s", err->message);
	str_copy(keeper->complaint, sizeof(keeper->complaint), err->message);
}

/* The next try has a connection of its own. */
static void give_up_for_now(struct keeper *keeper, const struct error *err)
{
	complain(keeper, err);
	if (keeper->store.db != NULL)
		store_close(&keeper->store);
}

/* Waits for something to do. False: the end. */
static bool wait_for_work(struct search *search, int64_t wait_ms, uint64_t *ret_change, bool *ret_broken)
{
	int64_t until_ms = clock_monotonic_ms() + wait_ms;
	struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
	bool stopping;

	pthread_mutex_lock(&search->lock);
	while (!search->stopping && !search->broken && search->wanted <= search->done)
		if (pthread_cond_timedwait(&search->wake, &search->lock, &until) == ETIMEDOUT)
			break;
	stopping = search->stopping;
	*ret_change = search->wanted;
	*ret_broken = search->broken;
	search->broken = false;
	pthread_mutex_unlock(&search->lock);
	return !stopping;
}

static void tell_done(struct search *search, uint64_t change, bool seen)
{
	pthread_mutex_lock(&search->lock);
	search->done = change;
	if (seen)
		search->seen = change;
	search->large = false;
	pthread_cond_broadcast(&search->synced);
	pthread_mutex_unlock(&search->lock);
}

void *keeper_run(void *data)
{
	struct search *search = data;
	struct keeper keeper = {.search = search};
	int64_t wait_ms = 0;
	uint64_t change;
	bool broken;

	while (wait_for_work(search, wait_ms, &change, &broken)) {
		struct error err = {0};
		int64_t begin_ms = clock_monotonic_ms();
		int r;

		if (broken && keeper.file != NULL) {
			log_warning("the search index is broken; it is made anew");
			close_file(&keeper);
		}
		r = sync_once(&keeper, &err);
		if (r == INDEX_BROKEN)
			close_file(&keeper);
		if (r < 0)
			give_up_for_now(&keeper, &err);
		else if (!is_stopping(search))
			publish(&keeper, keeper.path, true);
		tell_done(search, change, r == 0);
		/* Never more than a twentieth of the time. */
		wait_ms =
			(int64_t)max_size(r < 0 ? FAILED_MS : LOOK_MS, (size_t)(clock_monotonic_ms() - begin_ms) * 20);
	}
	index_close(keeper.file);
	free(keeper.path);
	if (keeper.store.db != NULL)
		store_close(&keeper.store);
	return NULL;
}
