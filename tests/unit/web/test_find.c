#include "unit/web/fixture.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/util.h"
#include "store/projects.h"

static struct fixture *fixture;
static struct guest guest;

static int setup(void **state)
{
	(void)state;
	fixture = fixture_new();
	guest = (struct guest){.fixture = fixture};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_free(fixture);
	return 0;
}

static int64_t put(const char *owner, const char *name, const char *category, const char *tags, const char *summary_ko)
{
	struct project project = {
		.owner = (char *)owner,
		.name = (char *)name,
		.summary = (char *)"What it is",
		.summary_ko = (char *)summary_ko,
		.category = (char *)category,
		.tags = (char *)tags,
		.license = (char *)"MIT",
		.ports = (char *)"",
		.source_kind = (char *)"script",
		.source = (char *)"{}",
		.digest = (char *)"d",
	};
	struct store store;
	bool rebuild;
	int64_t id;

	assert_int_equal(store_open(fixture->database, &store, NULL), 0);
	assert_int_equal(projects_upsert(&store, &project, clock_realtime_ms(), &id, &rebuild, NULL), 0);
	store_close(&store);
	return id;
}

static void set_visibility(int64_t id, const char *visibility)
{
	struct store store;

	assert_int_equal(store_open(fixture->database, &store, NULL), 0);
	assert_int_equal(projects_set_visibility(&store, id, visibility, clock_realtime_ms(), NULL), 0);
	store_close(&store);
}

static void fill(void)
{
	put("taste", "sqlite", "database", "sql,embedded", "파일 하나에 담기는 SQL 데이터베이스");
	put("taste", "postgresql", "database", "sql,server", "가장 앞선 오픈 소스 관계형 데이터베이스");
	put("someone", "webterm", "web", "terminal", "브라우저에서 쓰는 웹터미널");
}

static void expect_names(const char *query, const char *names)
{
	char path[600], got[600] = "";
	json_t *json, *item;
	size_t i;

	snprintf(path, sizeof(path), "/api/v1/projects%s", query);
	json = expect(&guest, "GET", path, NULL, 200);
	json_array_foreach(json_object_get(json, "items"), i, item)
	{
		strcat(got, i > 0 ? " " : "");
		strcat(got, text_of(item, "name"));
	}
	if (strcmp(got, names) != 0)
		fail_msg("%s: \"%s\" instead of \"%s\"", query, got, names);
	json_decref(json);
}

/* Until the index is there: before, the store's own search answers, which forgives nothing. */
static void start(void)
{
	fixture_start(fixture);
	json_decref(until(&guest, "/api/v1/projects?q=sqlte", "items.0.name", "sqlite"));
}

static void finds_and_filters(void **state)
{
	json_t *json;

	(void)state;
	fill();
	start();
	expect_names("?q=sqlite", "sqlite");
	expect_names("?q=postgre", "postgresql");
	expect_names("?q=%ED%84%B0%EB%AF%B8%EB%84%90", "webterm");                     /* 터미널 */
	expect_names("?q=%EB%8D%B0%EC%9D%B4%ED%84%B0&sort=name", "postgresql sqlite"); /* 데이터 */
	expect_names("?q=sql&sort=name", "postgresql sqlite");
	expect_names("?q=sql&category=web", "");
	expect_names("?q=sql&tag=server", "postgresql");
	expect_names("?q=what&owner=someone", "webterm");
	expect_names("?owner=someone", "webterm");
	expect_names("?q=sql&state=ready", "");
	expect_names("?sort=relevance&category=web", "webterm");
	expect_names("?q=%20%20&category=web", "webterm"); /* nothing was typed */
	expect_names("?q=***", "");
	json = expect(&guest, "GET", "/api/v1/projects?q=what&per_page=3", NULL, 200);
	assert_int_equal(number_of(json, "total"), 4);
	assert_int_equal(json_array_size(json_object_get(json, "items")), 3);
	json_decref(json);
	json_decref(expect(&guest, "GET", "/api/v1/projects?sort=best", NULL, 422));
}

static void suggests(void **state)
{
	struct reply reply;
	json_t *json;

	(void)state;
	fill();
	start();
	json = expect(&guest, "GET", "/api/v1/projects/suggest?q=sqlte", NULL, 200);
	assert_string_equal(text_of(json, "items.0.full_name"), "taste/sqlite");
	assert_string_equal(text_of(json, "items.0.category"), "database");
	assert_non_null(strstr(text_of(json, "items.0.i18n.ko.summary"), "SQL"));
	assert_true(json_is_null(at(json, "items.0.logo")));
	json_decref(json);
	reply = ask(&guest, "GET", "/api/v1/projects/suggest?q=", NULL);
	assert_int_equal(reply.status, 200);
	assert_int_equal(json_array_size(json_object_get(reply.json, "items")), 0);
	assert_non_null(strcasestr(reply.head.data, "Cache-Control: max-age=30"));
	reply_fini(&reply);
	json_decref(expect(&guest, "GET", "/api/v1/projects/suggest", NULL, 200));
}

/* Changes of another process, as ttob catalog makes them. */
static void follows_the_catalogue(void **state)
{
	int64_t id;
	json_t *json;

	(void)state;
	fill();
	start();
	expect_names("?q=zebra", "");
	id = put("taste", "zebra", "fun", "", NULL);
	json_decref(until(&guest, "/api/v1/projects?q=zebra", "items.0.name", "zebra"));
	set_visibility(id, "unlisted");
	/* What is kept may be a few seconds old; what is rendered never shows it. */
	expect_names("?q=zebra&category=fun&page=1", "");
	json = expect(&guest, "GET", "/api/v1/projects/suggest?q=zebra", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(json, "items")), 0);
	json_decref(json);
	expect_names("?category=fun&sort=name&page=1", "figlet");
	json = expect(&guest, "GET", "/api/v1/projects/taste/zebra", NULL, 200);
	json_decref(json);
	set_visibility(id, "listed");
	json_decref(until(&guest, "/api/v1/projects?q=zebr", "items.0.name", "zebra"));
}

static void answers_without_an_index(void **state)
{
	char *path = xasprintf("%s/search", fixture->folder);

	(void)state;
	assert_int_equal(file_replace(path, "x", 1, 0600, NULL), 0);
	fill();
	fixture_start(fixture);
	expect_names("?q=sqlit", "sqlite");
	expect_names("?q=%EC%9D%B4%ED%84%B0%EB%B2%A0&sort=name", "postgresql sqlite"); /* 이터베 */
	json_decref(expect(&guest, "GET", "/api/v1/projects/suggest?q=sql", NULL, 200));
	/* What the store found is not kept: the index finds more as soon as it is there. */
	expect_names("?q=sqlte", "");
	assert_int_equal(unlink(path), 0);
	json_decref(until(&guest, "/api/v1/projects?q=sqlte", "items.0.name", "sqlite"));
	free(path);
}

static void answers_hostile_questions(void **state)
{
	static const char *const queries[] = {
		"%22",
		"*",
		"a*",
		"AND",
		"NOT+x",
		"NEAR(a,b)",
		"name%3Ax",
		"%5Ea",
		"((((((",
		"%27%3B--",
		"%25",
		"_",
		"%F0%9F%90%8D",
		"%E2%80%AEabc",
		"%E2%80%8B",
		"a+b+c+d+e+f+g+h+i+j+k",
		"%EC%99%80",
		"%23",
		"%3C%3E",
		"%5C",
		"%7Bname%7D%3Ax",
		"x+OR",
		"-a",
		"%24",
	};
	char path[9000], words[4000];

	(void)state;
	fill();
	start();
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
		snprintf(path, sizeof(path), "/api/v1/projects?q=%s", queries[i]);
		json_decref(expect(&guest, "GET", path, NULL, 200));
		snprintf(path, sizeof(path), "/api/v1/projects/suggest?q=%s", queries[i]);
		json_decref(expect(&guest, "GET", path, NULL, 200));
	}
	/* Bytes that are no text are refused before. */
	json_decref(expect(&guest, "GET", "/api/v1/projects?q=%00", NULL, 400));
	json_decref(expect(&guest, "GET", "/api/v1/projects?q=%FF%FE", NULL, 400));
	memset(words, 'x', sizeof(words));
	for (size_t i = 1; i < sizeof(words); i += 2)
		words[i] = '+';
	words[sizeof(words) - 1] = '\0';
	snprintf(path, sizeof(path), "/api/v1/projects?q=%s", words);
	json_decref(expect(&guest, "GET", path, NULL, 200));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_and_filters, setup, teardown),
		cmocka_unit_test_setup_teardown(suggests, setup, teardown),
		cmocka_unit_test_setup_teardown(follows_the_catalogue, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_without_an_index, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_hostile_questions, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
