#include "search/search.h"

#include <stdio.h>

#include "base/util.h"
#include "unit/search/corpus.h"

static bool has(const char *names, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = names; (at = strstr(at, name)) != NULL; at += length)
		if ((at == names || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}

static bool is_first(const char *names, const char *name)
{
	return strncmp(names, name, strlen(name)) == 0 && (names[strlen(name)] == ' ' || names[strlen(name)] == '\0');
}

static void finds_in_english_and_korean(void **state)
{
	static const struct {
		const char *text, *first; /* NULL: any order */
		const char *also;
	} table[] = {
		{"sqlite", "sqlite", NULL},
		{"SQLite", "sqlite", NULL},
		{"sqlit", "sqlite", NULL},
		{"sq", "sqlite", NULL},
		{"postgre", "postgresql", NULL},
		{"python", "python", "scikit-learn"},
		{"scikit-learn", "scikit-learn", NULL},
		{"scikit learn", "scikit-learn", NULL},
		{"scikitlearn", "scikit-learn", NULL},
		{"taste scikit", "scikit-learn", NULL},
		{"데이터베이스", NULL, "sqlite"},
		{"데이터베이스", NULL, "postgresql"},
		{"데이터베이스", NULL, "redis"}, /* by its category alone */
		{"편집기", NULL, "nano"},
		{"데이터", NULL, "postgresql"},
		{"이터베", NULL, "sqlite"},
		{"스", NULL, "sqlite"},
		{"파이썬", NULL, "python"},
		{"파이썬", NULL, "scikit-learn"},
		{"SQL 데이터베이스", "sqlite", NULL},
		{"SQL데이터베이스", "sqlite", NULL},
		{"\u1103\u1166\u110b\u1175\u1110\u1165", NULL, "sqlite"}, /* 데이터 in jamo */
		{"ｓｑｌｉｔｅ", "sqlite", NULL},
		{"database", NULL, "redis"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const char *names = corpus_find(*state, table[i].text, NULL);

		if (table[i].first != NULL && !is_first(names, table[i].first))
			fail_msg("%s: %s", table[i].text, names);
		if (table[i].also != NULL && !has(names, table[i].also))
			fail_msg("%s: %s has no %s", table[i].text, names, table[i].also);
	}
	assert_string_equal(corpus_find(*state, "zebrafish", NULL), "");
	assert_string_equal(corpus_find(*state, "sqlite zebrafish", NULL), "");
}

static void forgives_slips(void **state)
{
	static const char *const table[][2] = {
		{"sqlte", "sqlite"},          {"sqilte", "sqlite"},
		{"sqllite", "sqlite"},        {"sqlife", "sqlite"},
		{"pyhton", "python"},         {"postgers", "postgresql"},
		{"posgresql", "postgresql"},  {"tesseratc", "tesseract"},
		{"cmatrxi", "cmatrix"},       {"scikit-laern", "scikit-learn"},
		{"데이터베이수", "sqlite"},   {"데이타베이스", "sqlite"},
		{"데이터베이스를", "sqlite"}, {"datbase sqlite", "sqlite"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const char *names = corpus_find(*state, table[i][0], NULL);

		if (!has(names, table[i][1]))
			fail_msg("%s: \"%s\" has no %s", table[i][0], names, table[i][1]);
	}
	/* Two slips are another word. */
	assert_false(has(corpus_find(*state, "sqqllte", NULL), "sqlite"));
}

static void suggests_while_typing(void **state)
{
	static const char *const table[][2] = {
		{"s", "sqlite"},  {"sql", "sqlite"},       {"SQLI", "sqlite"},       {"sqlte", "sqlite"},
		{"데", "sqlite"}, {"데잍", "postgresql"},  {"데이ㅌ", "postgresql"}, {"postg", "postgresql"},
		{"no", "nodejs"}, {"taste/sql", "sqlite"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (!has(corpus_suggest(*state, table[i][0]), table[i][1]))
			fail_msg("%s: %s", table[i][0], corpus_suggest(*state, table[i][0]));
	assert_true(is_first(corpus_suggest(*state, "sql"), "sqlite"));
	assert_string_equal(corpus_suggest(*state, ""), "");
	assert_string_equal(corpus_suggest(*state, "***"), "");
}

static void ranks_by_where_it_stands(void **state)
{
	struct corpus *corpus = *state;
	struct project p = corpus_sample("plain");
	int64_t total;

	p.readme = "zebra zebra zebra zebra zebra zebra zebra zebra zebra";
	p.popularity = 100;
	corpus_put(corpus, &p);
	p = corpus_sample("by-owner");
	p.owner = "zebra";
	corpus_put(corpus, &p);
	p = corpus_sample("in-summary");
	p.summary = "a zebra";
	corpus_put(corpus, &p);
	p = corpus_sample("in-tags");
	p.tags = "zebra";
	corpus_put(corpus, &p);
	p = corpus_sample("my-zebra");
	corpus_put(corpus, &p);
	p = corpus_sample("zebra-fish");
	corpus_put(corpus, &p);
	p = corpus_sample("zebra");
	corpus_put(corpus, &p);
	p = corpus_sample("once");
	p.readme = "zebra";
	p.popularity = 100;
	corpus_put(corpus, &p);
	corpus_start(corpus);
	assert_string_equal(corpus_find(corpus, "zebra", &total),
			    "zebra zebra-fish my-zebra in-tags in-summary by-owner plain once");
	assert_int_equal(total, 8);
	/* Equal ones: by trend, which the editor's popularity starts. */
	p = corpus_sample("aa-twin");
	p.tags = "zebra";
	corpus_put(corpus, &p);
	p = corpus_sample("bb-twin");
	p.tags = "zebra";
	p.popularity = 90;
	corpus_put(corpus, &p);
	assert_string_equal(corpus_find(corpus, "zebra", &total),
			    "zebra zebra-fish my-zebra bb-twin aa-twin in-tags in-summary by-owner plain once");
}

static void finds_names_of_languages(void **state)
{
	struct corpus *corpus = *state;
	struct project p = corpus_sample("gcc");

	p.tags = "c++,c";
	corpus_put(corpus, &p);
	p = corpus_sample("node.js");
	corpus_put(corpus, &p);
	p = corpus_sample("mono");
	p.tags = "";
	p.summary = "C# and F# for everybody";
	corpus_put(corpus, &p);
	p = corpus_sample("term");
	p.summary_ko = "브라우저에서 쓰는 웹터미널, 오픈 소스";
	corpus_put(corpus, &p);
	corpus_start(corpus);
	assert_string_equal(corpus_find(corpus, "c++", NULL), "gcc");
	assert_string_equal(corpus_find(corpus, "C#", NULL), "mono");
	assert_string_equal(corpus_find(corpus, "node.js", NULL), "node.js");
	assert_string_equal(corpus_find(corpus, "nodejs", NULL), "node.js");
	assert_string_equal(corpus_find(corpus, "node js", NULL), "node.js");
	assert_string_equal(corpus_find(corpus, "터미널", NULL), "term");
	assert_string_equal(corpus_find(corpus, "웹 터미널", NULL), "term");
	assert_string_equal(corpus_find(corpus, "오픈소스", NULL), "term");
	assert_string_equal(corpus_find(corpus, "널", NULL), "term");
	assert_string_equal(corpus_find(corpus, "브라우저 터미널", NULL), "term");
}

static void filters_and_pages(void **state)
{
	struct corpus *corpus = *state;
	char all[400] = "", name[20];
	int64_t total;
	struct project_filter filter = {.text = "shared", .sort = PROJECT_SORT_NAME, .page = {1, 4}};

	for (int i = 0; i < 9; i++) {
		struct project p;

		snprintf(name, sizeof(name), "p%d", i);
		p = corpus_sample(name);
		p.summary = "shared words";
		p.category = i % 2 == 0 ? "web" : "fun";
		p.tags = i % 3 == 0 ? "third,x" : "";
		corpus_put(corpus, &p);
	}
	corpus_start(corpus);
	assert_string_equal(corpus_find_by(corpus, &filter, &total), "p0 p1 p2 p3");
	assert_int_equal(total, 9);
	filter.page.page = 3;
	assert_string_equal(corpus_find_by(corpus, &filter, &total), "p8");
	filter.page.page = 4;
	assert_string_equal(corpus_find_by(corpus, &filter, &total), "");
	assert_int_equal(total, 9);
	filter.page.page = 4000000000u;
	assert_string_equal(corpus_find_by(corpus, &filter, &total), "");
	filter.page = (struct page){1, 20};
	filter.category = "web";
	assert_string_equal(corpus_find_by(corpus, &filter, &total), "p0 p2 p4 p6 p8");
	filter.tag = "third";
	assert_string_equal(corpus_find_by(corpus, &filter, &total), "p0 p6");
	filter.owner = "nobody";
	assert_string_equal(corpus_find_by(corpus, &filter, &total), "");
	filter = (struct project_filter){.text = "shared", .state = "ready", .page = {1, 20}};
	assert_string_equal(corpus_find_by(corpus, &filter, &total), "");
	/* Pages put together are the whole, in a stable order. */
	filter = (struct project_filter){.text = "shared", .sort = PROJECT_SORT_RELEVANCE, .page = {1, 2}};
	for (; filter.page.page <= 5; filter.page.page++) {
		strcat(all, filter.page.page > 1 ? " " : "");
		strcat(all, corpus_find_by(corpus, &filter, NULL));
	}
	assert_string_equal(all, corpus_find(corpus, "shared", NULL));
}

static void follows_changes(void **state)
{
	struct corpus *corpus = *state;
	const struct project_filter everything = {.page = {1, 20}};
	struct project p = corpus_sample("zebra");
	struct error err = {0};
	int64_t id, total;

	corpus_start(corpus);
	assert_string_equal(corpus_find(corpus, "zebra", &total), "");
	id = corpus_put(corpus, &p);
	assert_string_equal(corpus_find(corpus, "zebra", &total), "zebra");
	p.summary = "striped";
	corpus_put(corpus, &p);
	assert_string_equal(corpus_find(corpus, "striped", &total), "zebra");
	p.summary = "";
	corpus_put(corpus, &p);
	assert_string_equal(corpus_find(corpus, "striped", &total), "");
	assert_int_equal(projects_set_visibility(&corpus->store, id, "hidden", 5, &err), 0); /* the clock went back */
	corpus->changes++;
	assert_string_equal(corpus_find(corpus, "zebra", &total), "");
	assert_int_equal(total, 0);
	assert_string_equal(corpus_find_by(corpus, &everything, &total), "");
	assert_int_equal(total, 0);
	assert_string_equal(corpus_suggest(corpus, "zeb"), "");
	assert_int_equal(projects_set_visibility(&corpus->store, id, "listed", 6, &err), 0);
	corpus->changes++;
	assert_string_equal(corpus_find(corpus, "zebra", &total), "zebra");
	assert_int_equal(projects_delete(&corpus->store, id, &err), 0);
	corpus->changes++;
	assert_string_equal(corpus_find(corpus, "zebra", &total), "");
	assert_int_equal(total, 0);
	/* And finds all of it again after a restart, whatever happened meanwhile. */
	corpus_stop(corpus);
	corpus_put(corpus, &p);
	p = corpus_sample("other");
	corpus_put(corpus, &p);
	corpus_start(corpus);
	assert_string_equal(corpus_find(corpus, "zebra", &total), "zebra");
	assert_string_equal(corpus_find(corpus, "other", &total), "other");
}

static void answers_hostile_questions(void **state)
{
	static const char *const texts[] = {
		"\"",
		"*",
		"a*",
		"AND",
		"a AND",
		"NEAR(",
		"name:x",
		"{name} : x",
		"^x",
		"(((((((",
		"'; DROP TABLE docs; --",
		"\xff\xfe\xfd",
		"\u202e\u200b",
		"%",
		"_",
		"a b c d e f g h i j k l m n o p",
		"\\",
		"$1 ?1 :x @y",
		"-sqlite",
		"sqlite -python",
		"ㅋㅋㅋ",
	};
	char *large = xmalloc((2 << 20) + 1);

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		corpus_find(*state, texts[i], NULL);
		corpus_suggest(*state, texts[i]);
	}
	memset(large, 'x', 2 << 20);
	corpus_find(*state, large, NULL);
	for (size_t i = 1; i < 2 << 20; i += 2)
		large[i] = ' ';
	corpus_find(*state, large, NULL);
	corpus_suggest(*state, large);
	free(large);
	assert_true(is_first(corpus_find(*state, "sqlite", NULL), "sqlite"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_in_english_and_korean, corpus_setup_catalog, corpus_teardown),
		cmocka_unit_test_setup_teardown(forgives_slips, corpus_setup_catalog, corpus_teardown),
		cmocka_unit_test_setup_teardown(suggests_while_typing, corpus_setup_catalog, corpus_teardown),
		cmocka_unit_test_setup_teardown(ranks_by_where_it_stands, corpus_setup, corpus_teardown),
		cmocka_unit_test_setup_teardown(finds_names_of_languages, corpus_setup, corpus_teardown),
		cmocka_unit_test_setup_teardown(filters_and_pages, corpus_setup, corpus_teardown),
		cmocka_unit_test_setup_teardown(follows_changes, corpus_setup, corpus_teardown),
		cmocka_unit_test_setup_teardown(answers_hostile_questions, corpus_setup_catalog, corpus_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
