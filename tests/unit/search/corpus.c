#include "unit/search/corpus.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"

#define GIVE_UP_MS 60000

int corpus_setup(void **state)
{
	struct corpus *corpus = xmalloc(sizeof(*corpus));
	struct error err = {0};

	log_setup("test", LOG_LEVEL_ERROR, false);
	strcpy(corpus->folder, "/tmp/ttob-search-XXXXXX");
	assert_non_null(mkdtemp(corpus->folder));
	corpus->database = xasprintf("sqlite:%s/ttob.db", corpus->folder);
	corpus->indexes = xasprintf("%s/search", corpus->folder);
	if (store_prepare(corpus->database, &err) < 0 || store_open(corpus->database, &corpus->store, &err) < 0)
		fail_msg("%s", err.message);
	*state = corpus;
	return 0;
}

struct project corpus_sample(const char *name)
{
	return (struct project){
		.owner = "taste",
		.name = (char *)name,
		.summary = "",
		.category = "fun",
		.tags = "",
		.license = "MIT",
		.ports = "",
		.source_kind = "script",
		.source = "{}",
		.digest = "d",
	};
}

int64_t corpus_put(struct corpus *corpus, const struct project *project)
{
	struct error err = {0};
	bool rebuild;
	int64_t id;

	if (projects_upsert(&corpus->store, project, clock_realtime_ms(), &id, &rebuild, &err) < 0)
		fail_msg("%s", err.message);
	corpus->changes++;
	return id;
}

static char *read_text(const char *folder, const char *name)
{
	char *path = xasprintf("%s/%s/%s", CATALOG_FOLDER, folder, name);
	struct buf text = BUF_INIT;
	int r = file_read(AT_FDCWD, path, 1 << 20, &text);

	free(path);
	return r == 0 ? buf_steal(&text) : NULL;
}

/* The value of "key = …" in project.conf. */
static char *value_of(const char *conf, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = conf; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && strncmp(line + length, " = ", 3) == 0)
			return xstrndup(line + length + 3, strcspn(line + length + 3, "\n"));
	}
	return xstrdup("");
}

static char *without_blanks(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++)
		if (*from != ' ')
			*to++ = *from;
	*to = '\0';
	return text;
}

static void import(struct corpus *corpus, const char *folder)
{
	char *conf = read_text(folder, "project.conf");
	struct project project = corpus_sample(folder);
	char *popularity;

	assert_non_null(conf);
	popularity = value_of(conf, "popularity");
	project.summary = value_of(conf, "summary");
	project.summary_ko = value_of(conf, "summary_ko");
	project.category = value_of(conf, "category");
	project.tags = without_blanks(value_of(conf, "tags"));
	project.popularity = (unsigned)atoi(popularity);
	project.readme = read_text(folder, "README.md");
	project.readme_ko = read_text(folder, "README.ko.md");
	corpus_put(corpus, &project);
	free(project.summary);
	free(project.summary_ko);
	free(project.category);
	free(project.tags);
	free(project.readme);
	free(project.readme_ko);
	free(popularity);
	free(conf);
}

int corpus_setup_catalog(void **state)
{
	struct dirent *entry;
	DIR *dir;

	corpus_setup(state);
	dir = opendir(CATALOG_FOLDER);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && strchr(entry->d_name, '.') == NULL)
			import(*state, entry->d_name);
	closedir(dir);
	corpus_start(*state);
	return 0;
}

int corpus_teardown(void **state)
{
	struct corpus *corpus = *state;

	corpus_stop(corpus);
	store_close(&corpus->store);
	dir_remove_all(corpus->folder, NULL);
	free(corpus->database);
	free(corpus->indexes);
	free(corpus);
	return 0;
}

void corpus_start(struct corpus *corpus)
{
	assert_int_equal(search_new(corpus->indexes, corpus->database, &corpus->search, NULL), 0);
	corpus_settle(corpus);
}

void corpus_stop(struct corpus *corpus)
{
	search_free(corpus->search);
	corpus->search = NULL;
}

void corpus_settle(struct corpus *corpus)
{
	const struct project_filter filter = {.text = "x", .page = {1, 20}};
	int64_t give_up = clock_monotonic_ms() + GIVE_UP_MS;
	struct search_page page;

	while (search_find(corpus->search, corpus->changes, &filter, &page, NULL) < 0) {
		assert_true(clock_monotonic_ms() < give_up);
		usleep(5000);
	}
	search_page_fini(&page);
}

static const char *names_of(struct corpus *corpus, const struct search_page *page)
{
	static char names[20 * 42];
	struct project_list list;
	struct error err = {0};

	if (projects_list_by_ids(&corpus->store, page->ids, page->count, &list, &err) < 0)
		fail_msg("%s", err.message);
	names[0] = '\0';
	for (size_t i = 0; i < list.count; i++) {
		strcat(names, i > 0 ? " " : "");
		strcat(names, list.items[i].name);
	}
	project_list_fini(&list);
	return names;
}

const char *corpus_find_by(struct corpus *corpus, const struct project_filter *filter, int64_t *ret_total)
{
	struct search_page page;
	struct error err = {0};
	const char *names;

	if (search_find(corpus->search, corpus->changes, filter, &page, &err) < 0)
		fail_msg("%s", err.message);
	names = names_of(corpus, &page);
	if (ret_total != NULL)
		*ret_total = page.total;
	search_page_fini(&page);
	return names;
}

const char *corpus_find(struct corpus *corpus, const char *text, int64_t *ret_total)
{
	const struct project_filter filter = {.text = text, .sort = PROJECT_SORT_RELEVANCE, .page = {1, 20}};

	return corpus_find_by(corpus, &filter, ret_total);
}

const char *corpus_suggest(struct corpus *corpus, const char *text)
{
	struct search_page page;
	struct error err = {0};
	const char *names;

	if (search_suggest(corpus->search, corpus->changes, text, &page, &err) < 0)
		fail_msg("%s", err.message);
	assert_true(page.count <= SEARCH_SUGGESTIONS);
	names = names_of(corpus, &page);
	search_page_fini(&page);
	return names;
}
