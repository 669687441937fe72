#include "search/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/util.h"
#include "search/query.h"

#define WAIT_MS     400 /* for a change to be taken up */
#define BUDGET_MS   100 /* for one question */
#define FEW         3   /* results; with less, slips are forgiven */
#define NAME_IS     1000
#define NAME_BEGINS 500

int search_new(const char *folder, const char *database, struct search **ret_search, struct error *err)
{
	struct search *search = xmalloc(sizeof(*search));
	pthread_condattr_t monotonic;
	int code;

	search->folder = xstrdup(folder);
	search->database = xstrdup(database);
	search->facts = facts_new();
	search->vocabulary = vocabulary_new();
	search->wanted = 1;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&search->lock, NULL);
	pthread_cond_init(&search->wake, &monotonic);
	pthread_cond_init(&search->synced, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_rwlock_init(&search->facts_lock, NULL);
	code = pthread_create(&search->thread, NULL, keeper_run, search);
	if (code != 0) {
		search->stopping = true; /* there is no thread to wait for */
		search_free(search);
		return error_errno(err, code, "cannot start the search index");
	}
	*ret_search = search;
	return 0;
}

static void reader_free(struct reader *reader)
{
	index_close(reader->file);
	free(reader);
}

void search_free(struct search *search)
{
	bool runs;

	if (search == NULL)
		return;
	pthread_mutex_lock(&search->lock);
	runs = !search->stopping;
	search->stopping = true;
	pthread_cond_signal(&search->wake);
	pthread_mutex_unlock(&search->lock);
	if (runs)
		pthread_join(search->thread, NULL);
	while (search->readers != NULL) {
		struct reader *reader = search->readers;

		search->readers = reader->next;
		reader_free(reader);
	}
	facts_free(search->facts);
	vocabulary_free(search->vocabulary);
	pthread_rwlock_destroy(&search->facts_lock);
	pthread_cond_destroy(&search->wake);
	pthread_cond_destroy(&search->synced);
	pthread_mutex_destroy(&search->lock);
	free(search->path);
	free(search->folder);
	free(search->database);
	free(search);
}

void search_page_fini(struct search_page *page)
{
	free(page->ids);
	memset(page, 0, sizeof(*page));
}

bool search_is_usable(struct search *search)
{
	bool usable;

	pthread_mutex_lock(&search->lock);
	usable = search->usable;
	pthread_mutex_unlock(&search->lock);
	return usable;
}

/* ---- readers
 * --------------------------------------------------------------------------------------------------------- */

/* With the lock. Has the keeper look for what changed, and waits a little for it. */
static void follow(struct search *search, uint64_t change, int64_t wait_ms)
{
	int64_t until_ms = clock_monotonic_ms() + wait_ms;
	struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};

	/* 1 is the keeper's own first look. */
	if (change + 1 > search->wanted) {
		search->wanted = change + 1;
		pthread_cond_signal(&search->wake);
	}
	while (wait_ms > 0 && search->done < change + 1 && !search->large && !search->stopping)
		if (pthread_cond_timedwait(&search->synced, &search->lock, &until) == ETIMEDOUT)
			break;
}

/* A connection to the newest file. */
static int reader_take(struct search *search, uint64_t change, int64_t wait_ms, struct reader **ret_reader,
		       bool *ret_settled, struct error *err)
{
	struct reader *reader;
	char *path = NULL;
	unsigned generation;
	int r;

	pthread_mutex_lock(&search->lock);
	follow(search, change, wait_ms);
	reader = search->readers;
	if (reader != NULL)
		search->readers = reader->next;
	if (search->usable)
		path = xstrdup(search->path);
	generation = search->generation;
	*ret_settled = search->seen > change;
	pthread_mutex_unlock(&search->lock);
	if (reader != NULL && (path == NULL || reader->generation != generation)) {
		reader_free(reader);
		reader = NULL;
	}
	if (path == NULL)
		return error_set(err, ERROR_UNAVAILABLE, EAGAIN, "there is no search index yet");
	if (reader == NULL) {
		reader = xmalloc(sizeof(*reader));
		reader->generation = generation;
		r = index_open(path, false, &reader->file, err);
		if (r < 0) {
			free(reader);
			free(path);
			return r;
		}
	}
	free(path);
	*ret_reader = reader;
	return 0;
}

static void reader_give(struct search *search, struct reader *reader)
{
	pthread_mutex_lock(&search->lock);
	reader->next = search->readers;
	search->readers = reader;
	pthread_mutex_unlock(&search->lock);
}

/* What can't be read is made anew, unless that has happened meanwhile. */
static void report_broken(struct search *search, unsigned generation)
{
	pthread_mutex_lock(&search->lock);
	if (search->generation == generation) {
		search->broken = true;
		search->usable = false;
		pthread_cond_signal(&search->wake);
	}
	pthread_mutex_unlock(&search->lock);
}

/* ---- finding
 * --------------------------------------------------------------------------------------------------------- */

struct found {
	const struct fact *fact;
	double score;
};

static int by_score(const void *left, const void *right)
{
	const struct found *a = left, *b = right;

	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return fact_compare(a->fact, b->fact, PROJECT_SORT_TRENDING);
}

static int by_sort(const void *left, const void *right, void *sort)
{
	return fact_compare(((const struct found *)left)->fact, ((const struct found *)right)->fact,
			    *(const enum project_sort *)sort);
}

static double name_bonus(const struct fact *fact, const struct query *query)
{
	size_t length = strlen(query->key);

	if (length == 0 || strncmp(fact->key, query->key, length) != 0)
		return 0;
	return fact->key[length] == '\0' ? NAME_IS : NAME_BEGINS;
}

/* With facts_lock. What the filter leaves of the hits; for the caller to free. */
static struct found *resolve(const struct search *search, const struct query *query,
			     const struct project_filter *filter, const struct hit *hits, size_t count,
			     size_t *ret_count)
{
	struct found *found = xcalloc(count + 1, sizeof(*found));
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const struct fact *fact = facts_find(search->facts, hits[i].id);

		if (fact != NULL && fact_matches(fact, filter))
			found[n++] = (struct found){fact, hits[i].score + name_bonus(fact, query)};
	}
	*ret_count = n;
	return found;
}

/* With facts_lock. The same without text: every project is looked at. */
static struct found *resolve_all(const struct search *search, const struct project_filter *filter, size_t *ret_count)
{
	struct found *found = xcalloc(facts_count(search->facts) + 1, sizeof(*found));
	const struct fact *fact;
	size_t cursor = 0, n = 0;

	while ((fact = facts_next(search->facts, &cursor)) != NULL)
		if (fact_matches(fact, filter))
			found[n++] = (struct found){fact, 0};
	*ret_count = n;
	return found;
}

/* With facts_lock. */
static void cut_page(struct found *found, size_t count, const struct project_filter *filter, struct search_page *page)
{
	enum project_sort sort = filter->sort;
	int64_t offset = page_offset(filter->page);

	if (sort == PROJECT_SORT_RELEVANCE)
		qsort(found, count, sizeof(*found), by_score);
	else
		qsort_r(found, count, sizeof(*found), by_sort, &sort);
	page->total = (int64_t)count;
	page->ids = xcalloc(filter->page.per_page, sizeof(*page->ids));
	for (size_t i = 0; i < filter->page.per_page && offset + (int64_t)i < page->total; i++)
		page->ids[page->count++] = found[offset + (int64_t)i].fact->id;
}

/* One question: strictly, or with slips. -EAGAIN from a loose one: it would be the strict one again. */
static int ask(struct search *search, struct reader *reader, const struct query *query,
	       const struct project_filter *filter, bool head, bool loose, struct search_page *page, struct error *err)
{
	struct hit *hits = NULL;
	struct found *found;
	struct plan plan;
	size_t count = 0;
	int r = 0;

	plan_init(&plan);
	pthread_rwlock_rdlock(&search->facts_lock);
	if (!loose)
		query_strict(query, &plan);
	else if (!query_loose(query, search->vocabulary, &plan))
		r = -EAGAIN;
	pthread_rwlock_unlock(&search->facts_lock);
	if (r == 0)
		r = index_match(reader->file, head, &plan, BUDGET_MS, &hits, &count, err);
	plan_fini(&plan);
	if (r < 0)
		return r;
	search_page_fini(page);
	pthread_rwlock_rdlock(&search->facts_lock);
	found = resolve(search, query, filter, hits, count, &count);
	cut_page(found, count, filter, page);
	pthread_rwlock_unlock(&search->facts_lock);
	free(found);
	free(hits);
	return 0;
}

static int find(struct search *search, uint64_t change, int64_t wait_ms, const struct project_filter *filter, bool head,
		struct search_page *page, struct error *err)
{
	struct reader *reader = NULL;
	struct query query;
	bool settled;
	int r;

	memset(page, 0, sizeof(*page));
	page->settled = true;
	query_parse(filter->text, &query);
	if (query.count == 0)
		return 0;
	r = reader_take(search, change, wait_ms, &reader, &settled, err);
	if (r < 0)
		return r == INDEX_BROKEN ? -EAGAIN : r;
	r = ask(search, reader, &query, filter, head, false, page, err);
	if (r == 0 && page->total < FEW) {
		r = ask(search, reader, &query, filter, head, true, page, err);
		if (r == -EAGAIN)
			r = 0;
	}
	if (r < 0) {
		search_page_fini(page);
		if (r == INDEX_BROKEN)
			report_broken(search, reader->generation);
		reader_free(reader);
		return error_set(err, ERROR_UNAVAILABLE, EAGAIN, "the search index can't be read");
	}
	page->settled = settled;
	reader_give(search, reader);
	return 0;
}

/* Facts alone answer it. */
static int list(struct search *search, uint64_t change, const struct project_filter *filter, struct search_page *page,
		struct error *err)
{
	struct found *found;
	size_t count;
	bool usable;

	memset(page, 0, sizeof(*page));
	pthread_mutex_lock(&search->lock);
	follow(search, change, WAIT_MS);
	usable = search->usable;
	page->settled = search->seen > change;
	pthread_mutex_unlock(&search->lock);
	if (!usable)
		return error_set(err, ERROR_UNAVAILABLE, EAGAIN, "there is no search index yet");
	pthread_rwlock_rdlock(&search->facts_lock);
	found = resolve_all(search, filter, &count);
	cut_page(found, count, filter, page);
	pthread_rwlock_unlock(&search->facts_lock);
	free(found);
	return 0;
}

int search_find(struct search *search, uint64_t change, const struct project_filter *filter,
		struct search_page *ret_page, struct error *err)
{
	if (filter->text == NULL)
		return list(search, change, filter, ret_page, err);
	return find(search, change, WAIT_MS, filter, false, ret_page, err);
}

int search_suggest(struct search *search, uint64_t change, const char *text, struct search_page *ret_page,
		   struct error *err)
{
	const struct project_filter filter = {.text = text,
					      .sort = PROJECT_SORT_RELEVANCE,
					      .page = {.page = 1, .per_page = SEARCH_SUGGESTIONS}};

	return find(search, change, 0, &filter, true, ret_page, err);
}
