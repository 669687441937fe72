#include "fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"

const char *fixture_kind = "sqlite";

void must(int r, const struct error *err)
{
	if (r < 0)
		fail_msg("%d: %s", r, err->message);
}

int fixture_setup(void **state)
{
	struct fixture *fixture = xmalloc(sizeof(*fixture));
	struct error err = {0};
	char folder[] = "/tmp/ttob-store-XXXXXX";

	assert_non_null(mkdtemp(folder));
	fixture->url = xasprintf("%s:%s/data/test.db", fixture_kind, folder);
	must(store_prepare(fixture->url, &err), &err);
	must(store_open(fixture->url, &fixture->store, &err), &err);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;
	char *path = strchr(fixture->url, ':') + 1;

	store_close(&fixture->store);
	*strrchr(path, '/') = '\0';
	*strrchr(path, '/') = '\0';
	dir_remove_all(path, NULL);
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
