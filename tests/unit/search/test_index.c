/* Files that are missing, broken, of another version, removed; folders and disks that take nothing. */
#include "search/index.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/util.h"
#include "unit/search/corpus.h"

#define GIVE_UP_MS 60000

static void put_zebra(struct corpus *corpus)
{
	struct project p = corpus_sample("zebra");

	corpus_put(corpus, &p);
}

/* The only index file; the caller frees it. */
static char *only_file(const struct corpus *corpus)
{
	DIR *dir = opendir(corpus->indexes);
	struct dirent *entry;
	char *path = NULL;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		size_t length = strlen(entry->d_name);

		if (length < 3 || strcmp(entry->d_name + length - 3, ".db") != 0)
			continue;
		assert_null(path);
		path = xasprintf("%s/%s", corpus->indexes, entry->d_name);
	}
	closedir(dir);
	assert_non_null(path);
	return path;
}

static void until_found(struct corpus *corpus)
{
	const struct project_filter filter = {.text = "zebra", .page = {1, 20}};
	int64_t give_up = clock_monotonic_ms() + GIVE_UP_MS;
	struct search_page page;

	for (;;) {
		int r = search_find(corpus->search, ++corpus->changes, &filter, &page, NULL);
		int64_t total = page.total;

		if (r == 0)
			search_page_fini(&page);
		if (r == 0 && total == 1)
			return;
		assert_true(clock_monotonic_ms() < give_up);
		usleep(5000);
	}
}

static void keeps_the_file(void **state)
{
	struct corpus *corpus = *state;
	struct stat first, second;
	char *path;

	put_zebra(corpus);
	corpus_start(corpus);
	path = only_file(corpus);
	assert_int_equal(stat(path, &first), 0);
	corpus_stop(corpus);
	corpus_start(corpus);
	assert_int_equal(stat(path, &second), 0);
	assert_int_equal(first.st_ino, second.st_ino);
	assert_string_equal(corpus_find(corpus, "zebra", NULL), "zebra");
	free(path);
}

static void makes_a_broken_file_anew(void **state)
{
	static char junk[30000];
	struct corpus *corpus = *state;
	char *path;

	memset(junk, 'j', sizeof(junk));
	put_zebra(corpus);
	corpus_start(corpus);
	corpus_stop(corpus);
	path = only_file(corpus);
	assert_int_equal(file_replace(path, junk, sizeof(junk), 0600, NULL), 0);
	free(path);
	corpus_start(corpus);
	until_found(corpus);
	corpus_stop(corpus);
	/* An empty one is just empty. */
	path = only_file(corpus);
	assert_int_equal(truncate(path, 0), 0);
	free(path);
	corpus_start(corpus);
	until_found(corpus);
}

static void notices_what_breaks_meanwhile(void **state)
{
	static char junk[4096];
	struct corpus *corpus = *state;
	char *path;
	int fd;

	memset(junk, 'j', sizeof(junk));
	put_zebra(corpus);
	corpus_start(corpus);
	path = only_file(corpus);
	/* The pages behind the first, while connections are open; a new connection finds them in the file. */
	corpus_stop(corpus);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (off_t at = 4096; at < 40 * 4096; at += 4096)
		assert_int_equal(pwrite(fd, junk, sizeof(junk), at), sizeof(junk));
	close(fd);
	free(path);
	assert_int_equal(search_new(corpus->indexes, corpus->database, &corpus->search, NULL), 0);
	until_found(corpus);
}

static void makes_a_removed_file_anew(void **state)
{
	struct corpus *corpus = *state;
	char *path;

	put_zebra(corpus);
	corpus_start(corpus);
	path = only_file(corpus);
	dir_remove_all(corpus->indexes, NULL);
	free(path);
	until_found(corpus);
	until_found(corpus);
	path = only_file(corpus);
	free(path);
}

static void throws_other_versions_away(void **state)
{
	struct corpus *corpus = *state;
	sqlite3 *connection;
	char *path, *now;

	put_zebra(corpus);
	corpus_start(corpus);
	corpus_stop(corpus);
	path = only_file(corpus);
	assert_int_equal(sqlite3_open(path, &connection), SQLITE_OK);
	assert_int_equal(sqlite3_exec(connection, "PRAGMA user_version = 999", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(connection);
	corpus_start(corpus);
	assert_string_equal(corpus_find(corpus, "zebra", NULL), "zebra");
	now = only_file(corpus);
	assert_string_not_equal(now, path);
	free(now);
	free(path);
}

static void says_that_there_is_none(void **state)
{
	const struct project_filter filter = {.text = "zebra", .page = {1, 20}};
	struct corpus *corpus = *state;
	struct search_page page;
	struct error err = {0};

	put_zebra(corpus);
	/* Something else has the folder's name. */
	assert_int_equal(file_replace(corpus->indexes, "x", 1, 0600, NULL), 0);
	assert_int_equal(search_new(corpus->indexes, corpus->database, &corpus->search, NULL), 0);
	for (int i = 0; i < 3; i++) {
		assert_true(search_find(corpus->search, corpus->changes, &filter, &page, &err) < 0);
		assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	}
	assert_false(search_is_usable(corpus->search));
	/* It comes back by itself when it can. */
	assert_int_equal(unlink(corpus->indexes), 0);
	until_found(corpus);
	assert_true(search_is_usable(corpus->search));
}

static void survives_a_full_disk(void **state)
{
	struct corpus *corpus = *state;
	struct rlimit whole, small;
	struct index_file *file;
	struct project p = corpus_sample("big");
	struct error err = {0};
	char *path = xasprintf("%s/full.db", corpus->folder);
	int r = 0;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(index_open(path, true, &file, &err), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
	small = whole;
	small.rlim_cur = 256 * 1024;
	p.readme = xmalloc(32768);
	for (size_t i = 0; i < 32767; i++)
		p.readme[i] = i % 7 == 6 ? ' ' : (char)('a' + (i * 2654435761u >> 8) % 26);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (p.id = 1; p.id < 200 && r == 0; p.id++) {
		r = index_begin(file, &err);
		if (r == 0)
			r = index_put(file, &p, &err);
		if (r == 0)
			r = index_commit(file, &err);
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
	assert_true(r < 0);
	assert_int_not_equal(r, INDEX_BROKEN);
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	index_rollback(file);
	/* With room again, it goes on. */
	assert_int_equal(index_begin(file, &err), 0);
	assert_int_equal(index_put(file, &p, &err), 0);
	assert_int_equal(index_commit(file, &err), 0);
	index_close(file);
	free(p.readme);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_the_file, corpus_setup, corpus_teardown),
		cmocka_unit_test_setup_teardown(makes_a_broken_file_anew, corpus_setup, corpus_teardown),
		cmocka_unit_test_setup_teardown(notices_what_breaks_meanwhile, corpus_setup, corpus_teardown),
		cmocka_unit_test_setup_teardown(makes_a_removed_file_anew, corpus_setup, corpus_teardown),
		cmocka_unit_test_setup_teardown(throws_other_versions_away, corpus_setup, corpus_teardown),
		cmocka_unit_test_setup_teardown(says_that_there_is_none, corpus_setup, corpus_teardown),
		cmocka_unit_test_setup_teardown(survives_a_full_disk, corpus_setup, corpus_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
