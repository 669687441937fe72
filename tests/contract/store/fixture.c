#include "fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "store/users.h"

const char *fixture_kind = "sqlite";

void must(int r, const struct error *err)
{
	if (r < 0)
		fail_msg("%d: %s", r, err->message);
}

static bool is_mariadb(void)
{
	return strcmp(fixture_kind, "mariadb") == 0;
}

/* A connection that makes and removes databases. */
static void ask_server(const char *sql)
{
	char *url = xasprintf("mariadb://root@/mysql?socket=%s", getenv("TTOB_TEST_MARIADB"));
	struct error err = {0};
	struct db *db;

	must(db_open(url, &db, &err), &err);
	must(db_execute(db, NULL, &err, sql, ""), &err);
	db_close(db);
	free(url);
}

char *fixture_new_url(const struct fixture *fixture)
{
	static unsigned count;
	char *sql;

	count++;
	if (!is_mariadb())
		return xasprintf("sqlite:%s/data/%u.db", fixture->folder, count);
	if (getenv("TTOB_TEST_MARIADB") == NULL)
		fail_msg("run me under tests/with_mariadb.py");
	/* Another character set than ours: the migrations must see to that. */
	sql = xasprintf("CREATE DATABASE t%u CHARACTER SET latin1", count);
	ask_server(sql);
	free(sql);
	return xasprintf("mariadb://root@/t%u?socket=%s", count, getenv("TTOB_TEST_MARIADB"));
}

int fixture_setup(void **state)
{
	struct fixture *fixture = xmalloc(sizeof(*fixture));
	struct error err = {0};
	char folder[] = "/tmp/ttob-store-XXXXXX";

	*fixture = (struct fixture){0};
	if (!is_mariadb()) {
		assert_non_null(mkdtemp(folder));
		fixture->folder = xstrdup(folder);
	}
	fixture->url = fixture_new_url(fixture);
	must(store_prepare(fixture->url, &err), &err);
	must(store_open(fixture->url, &fixture->store, &err), &err);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	store_close(&fixture->store);
	if (fixture->folder != NULL)
		dir_remove_all(fixture->folder, NULL);
	free(fixture->folder);
	free(fixture->url);
	free(fixture);
	return 0;
}

struct project sample(const char *name, const char *category)
{
	return (struct project){
		.owner = "demo",
		.name = (char *)name,
		.summary = "Turn words into BIG letters",
		.summary_ko = "글자를 큼직한 그림 글자로",
		.category = (char *)category,
		.tags = "text,ascii-art",
		.license = "BSD-3-Clause",
		.homepage = NULL,
		.readme = "# read me",
		.ports = "80,8080",
		.network = true,
		.source_kind = "script",
		.source = "{}",
		.dockerfile = "FROM x",
		.digest = "d1",
		.popularity = 50,
	};
}

int64_t add_sample(struct store *store, const char *name, const char *category)
{
	struct project project = sample(name, category);
	struct error err = {0};
	bool rebuild;
	int64_t id;

	must(projects_upsert(store, &project, NOW, &id, &rebuild, &err), &err);
	return id;
}

int64_t add_user(struct store *store, const char *username, const char *email, const char *hash)
{
	struct user user = {.username = xstrdup(username), .email = xstrdup(email), .password_hash = xstrdup(hash)};
	struct error err = {0};
	int64_t id;

	must(users_add(store, &user, NOW, &err), &err);
	id = user.id;
	user_fini(&user);
	return id;
}

struct store *store_of(void **state)
{
	return &((struct fixture *)*state)->store;
}
