/* How quickly the catalogue is searched: projects with English and Korean READMEs made up from the words of catalog/, a
 * web process with an engine in memory, and questions of which no two are alike, so that none is answered from the kept
 * answers. PROJECTS (10000), ROUNDS (4000), CONNECTIONS (1), CATALOG (catalog). Target: p99 ≤ 20 ms. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "core/names.h"
#include "lib/http.h"
#include "lib/stats.h"
#include "lib/web.h"
#include "search/words.h"
#include "store/projects.h"

/* ---- made-up projects
 * ------------------------------------------------------------------------------------------------ */

struct words_list {
	char **items;
	size_t count, capacity;
};

struct world {
	char folder[64];
	char *database;
	struct words_list english, korean;
	uint64_t seed;
	size_t projects;
};

static uint64_t draw(struct world *world, uint64_t below)
{
	world->seed = world->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (world->seed >> 33) % below;
}

/* Few words often, many seldom, as in every language. */
static const char *draw_word(struct world *world, const struct words_list *list)
{
	double u = (double)draw(world, 1 << 20) / (1 << 20);

	return list->items[(size_t)(u * u * u * (double)list->count)];
}

static void add_word(struct words_list *list, const char *text)
{
	if (list->count == list->capacity) {
		list->capacity = max_size(1024, list->capacity * 2);
		list->items = xrealloc(list->items, list->capacity * sizeof(*list->items));
	}
	list->items[list->count++] = xstrdup(text);
}

static void take_words(struct world *world, const char *path)
{
	struct buf text = BUF_INIT;
	struct words words;
	struct word word;

	if (file_read(AT_FDCWD, path, 1 << 20, &text) == 0 && text.length > 0) {
		words_init(&words, text.data, text.length);
		while (words_next(&words, &word))
			if (word.letters > 1 && word.letters < 20)
				add_word(word.run ? &world->korean : &world->english, word.text);
	}
	buf_fini(&text);
}

static void read_catalog(struct world *world)
{
	static const char *const files[] = {"README.md", "README.ko.md", "project.conf"};
	const char *wanted = getenv("CATALOG");
	const char *catalog = wanted != NULL ? wanted : "catalog";
	DIR *dir = opendir(catalog);
	struct dirent *entry;
	char path[600];

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
			snprintf(path, sizeof(path), "%s/%s/%s", catalog, entry->d_name, files[i]);
			take_words(world, path);
		}
	}
	if (dir != NULL)
		closedir(dir);
	if (world->english.count < 100 || world->korean.count < 100) {
		fprintf(stderr, "there are no words in %s; CATALOG names the catalogue's folder\n", catalog);
		exit(2);
	}
	/* Rare words, of which every README has its own. */
	for (int i = 0; i < 20000; i++) {
		char rare[24];

		snprintf(rare, sizeof(rare), "%s%03x", draw_word(world, &world->english), (unsigned)draw(world, 4096));
		add_word(&world->english, rare);
	}
}

static char *make_text(struct world *world, const struct words_list *list, size_t least, size_t most)
{
	size_t count = least + draw(world, most - least);
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < count; i++) {
		buf_append_string(&text, draw_word(world, list));
		buf_append_string(&text, i % 60 == 59 ? ".\n\n" : i % 12 == 11 ? ". " : " ");
	}
	return buf_steal(&text);
}

/* "fast-sqlite-17": two words and a number that is nobody else's. */
static void make_name(struct world *world, size_t number, char *name, size_t size)
{
	char text[128];

	do
		snprintf(text, sizeof(text), "%s-%s-%zu", draw_word(world, &world->english),
			 draw_word(world, &world->english), number);
	while (name_from_text(text, name) < 0 || !name_is_valid(name));
	(void)size;
}

static void put_project(struct world *world, struct store *store, size_t number)
{
	char name[NAME_MAX_LENGTH + 1], owner[32];
	struct error err = {0};
	struct project project = {.owner = owner,
				  .name = name,
				  .license = "MIT",
				  .ports = "",
				  .source_kind = "script",
				  .source = "{}",
				  .digest = "d"};
	size_t category_count;
	const char *const *all = categories(&category_count);
	bool rebuild;
	int64_t id;

	make_name(world, number, name, sizeof(name));
	snprintf(owner, sizeof(owner), "user%u", (unsigned)draw(world, 500));
	project.category = (char *)all[draw(world, category_count)];
	project.summary = make_text(world, &world->english, 5, 15);
	project.summary_ko = make_text(world, &world->korean, 4, 12);
	project.tags = xasprintf("tag%u,tag%u", (unsigned)draw(world, 200), (unsigned)draw(world, 200));
	project.readme = make_text(world, &world->english, 200, 900);
	project.readme_ko = make_text(world, &world->korean, 150, 600);
	project.popularity = (unsigned)draw(world, 101);
	if (projects_upsert(store, &project, clock_realtime_ms() - (int64_t)draw(world, 1u << 30), &id, &rebuild,
			    &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	free(project.summary);
	free(project.summary_ko);
	free(project.tags);
	free(project.readme);
	free(project.readme_ko);
}

static void fill(struct world *world)
{
	struct error err = {0};
	struct store store;

	if (store_prepare(world->database, &err) < 0 || store_open(world->database, &store, &err) < 0 ||
	    db_execute(store.db, NULL, &err, "PRAGMA synchronous = OFF", "") < 0) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	for (size_t i = 0; i < world->projects; i++)
		put_project(world, &store, i);
	db_execute(store.db, NULL, &err, "UPDATE projects SET state = 'ready'", "");
	store_close(&store);
}

/* ---- the web process
 * ------------------------------------------------------------------------------------------------- */

static pid_t start_web(const struct world *world, struct site *site)
{
	const struct web_options options = {
		.data = world->folder,
		.database = world->database,
		.workers = 4,
		.idle_ms = 900000,
		.lifetime_ms = 3600000,
		.most = 1,
		.terminals_max = 1,
		.builds = 1,
		.tries = 10,
	};

	return web_serve(&options, site);
}

/* ---- questions
 * ------------------------------------------------------------------------------------------------------- */

static void append_escaped(struct buf *path, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		buf_printf(path, "%%%02X", (unsigned char)text[i]);
}

static void append_slip(struct buf *path, struct world *world, const char *word)
{
	char text[64];
	size_t length = strlen(word), at = draw(world, length);

	snprintf(text, sizeof(text), "%s", word);
	text[at] = (char)('a' + draw(world, 26));
	append_escaped(path, text, length);
}

/* A part of a Korean word, whole characters. */
static void append_part(struct buf *path, struct world *world)
{
	const char *word = draw_word(world, &world->korean);
	size_t letters = strlen(word) / 3, begin = letters > 2 ? draw(world, letters - 1) : 0;

	append_escaped(path, word + begin * 3, min_size(letters - begin, 4) * 3);
}

enum kind { WORD, BEGINNING, TWO_WORDS, KOREAN, BOTH, SLIP, LETTER, FILTERED, KINDS };

static const char *const kind_names[KINDS] = {"one word",       "beginning", "two words",  "Korean",
					      "both languages", "slip",      "one letter", "filtered, by likes"};

static void make_question(struct buf *path, struct world *world, enum kind kind)
{
	const char *word = draw_word(world, &world->english);
	size_t length = strlen(word);

	switch (kind) {
	case BEGINNING:
		append_escaped(path, word, min_size(length, 2 + draw(world, 3)));
		break;
	case TWO_WORDS:
		append_escaped(path, word, length);
		buf_append_char(path, '+');
		word = draw_word(world, &world->english);
		append_escaped(path, word, strlen(word));
		break;
	case KOREAN:
		append_part(path, world);
		break;
	case BOTH:
		append_part(path, world);
		buf_append_char(path, '+');
		append_escaped(path, word, length);
		break;
	case SLIP:
		append_slip(path, world, word);
		break;
	case LETTER:
		append_escaped(path, word, 1);
		break;
	case FILTERED:
		append_escaped(path, word, length);
		buf_append_string(path, "&category=database&sort=likes");
		break;
	default:
		append_escaped(path, word, length);
		break;
	}
}

static double ask(struct person *person, const char *path)
{
	static struct answer answer;
	double begin = now_seconds();

	person_call(person, "GET", path, NULL, &answer);
	if (answer.status != 200) {
		fprintf(stderr, "GET %s: %d %s\n", path, answer.status, answer.body);
		exit(1);
	}
	return (now_seconds() - begin) * 1e3;
}

/* The index has all projects when a slip is forgiven, which the store's own search doesn't do. */
static double wait_for_index(struct person *person, struct world *world)
{
	static struct answer answer;
	double begin = now_seconds();

	for (;;) {
		struct buf path = BUF_INIT;

		buf_append_string(&path, "/api/v1/projects/suggest?q=");
		append_escaped(&path, "user", 4);
		person_call(person, "GET", path.data, NULL, &answer);
		buf_fini(&path);
		if (answer.status == 200 && strstr(answer.body, "full_name") != NULL)
			return now_seconds() - begin;
		if (now_seconds() - begin > 600) {
			fprintf(stderr, "there is no index of %zu projects\n", world->projects);
			exit(1);
		}
		usleep(50000);
	}
}

static void report(const char *what, struct samples *samples)
{
	printf("%-28s %7zu %8.2f %8.2f %8.2f %8.2f\n", what, samples->count, samples_percentile(samples, 50),
	       samples_percentile(samples, 95), samples_percentile(samples, 99), samples_percentile(samples, 100));
}

static void measure(struct world *world, struct person *person, const char *base, const char *label, size_t rounds)
{
	struct samples all = {0}, kinds[KINDS] = {{0}};

	for (size_t i = 0; i < rounds; i++) {
		struct buf path = BUF_INIT;
		double took;

		buf_append_string(&path, base);
		make_question(&path, world, (enum kind)(i % KINDS));
		buf_printf(&path, "&nonce=%zu", i); /* another address, another answer */
		took = ask(person, path.data);
		samples_add(&all, took);
		samples_add(&kinds[i % KINDS], took);
		buf_fini(&path);
	}
	printf("\n%-28s %7s %8s %8s %8s %8s\n", label, "asked", "p50 ms", "p95", "p99", "max");
	report("all", &all);
	for (size_t i = 0; i < KINDS; i++)
		report(kind_names[i], &kinds[i]);
	bench_json(label, "projects", (double)world->projects, "p50_ms", samples_percentile(&all, 50), "p99_ms",
		   samples_percentile(&all, 99), "max_ms", samples_percentile(&all, 100), NULL);
	samples_fini(&all);
	for (size_t i = 0; i < KINDS; i++)
		samples_fini(&kinds[i]);
}

static void measure_lists(struct person *person, size_t rounds)
{
	static const char *const sorts[] = {"trending", "new", "likes", "name"};
	struct samples samples = {0};

	for (size_t i = 0; i < rounds; i++) {
		char path[128];

		snprintf(path, sizeof(path), "/api/v1/projects?sort=%s&page=%zu&nonce=%zu", sorts[i % 4], 1 + i % 100,
			 i);
		samples_add(&samples, ask(person, path));
	}
	report("lists without text", &samples);
	samples_fini(&samples);
}

int main(void)
{
	struct world world = {.folder = "/var/tmp/ttob-search-XXXXXX", .seed = 42};
	size_t rounds = (size_t)bench_option("ROUNDS", 4000);
	struct site site;
	struct person person = {.site = &site, .fd = -1};
	double built;
	pid_t web;

	signal(SIGPIPE, SIG_IGN);
	world.projects = (size_t)bench_option("PROJECTS", 10000);
	if (mkdtemp(world.folder) == NULL)
		return 1;
	world.database = xasprintf("sqlite:%s/ttob.db", world.folder);
	read_catalog(&world);
	fill(&world);
	web = start_web(&world, &site);
	built = wait_for_index(&person, &world);
	printf("index of %zu projects made in %.1f s\n", world.projects, built);
	measure(&world, &person, "/api/v1/projects?q=", "search", rounds);
	measure(&world, &person, "/api/v1/projects/suggest?q=", "suggestions", rounds);
	measure_lists(&person, rounds / 4);
	person_leave(&person);
	web_end(web);
	dir_remove_all(world.folder, NULL);
	free(world.database);
	return 0;
}
