#include "web/pools.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "store/projects.h"
#include "web/allowance.h"
#include "web/hub.h"

#define POOLED_PROJECTS 8 /* the first row of the main page, twice */
#define REFRESH_MS 60000

/* One pool that the engine was asked to keep. */
struct pooled {
	char *image;
	struct engine_limits limits;
	bool network;
};

struct choice {
	struct pooled items[POOLED_PROJECTS];
	size_t count;
};

struct pools {
	struct hub *hub;
	struct loop_timer timer;
	struct choice kept;
	bool looking; /* the recorder reads the catalogue for us */
	bool again;   /* and should do so once more */
};

/* What the recorder's thread fills in. */
struct look {
	struct pools *pools;
	struct engine_limits limits;
	struct choice choice;
};

static void choice_fini(struct choice *choice)
{
	for (size_t i = 0; i < choice->count; i++)
		free(choice->items[i].image);
	choice->count = 0;
}

static bool choice_has(const struct choice *choice, const struct pooled *pooled)
{
	for (size_t i = 0; i < choice->count; i++)
		if (strcmp(choice->items[i].image, pooled->image) == 0 && choice->items[i].network == pooled->network &&
		    memcmp(&choice->items[i].limits, &pooled->limits, sizeof(pooled->limits)) == 0)
			return true;
	return false;
}

/* On the recorder's thread. */
static int take_project(struct store *store, int64_t id, struct look *look, struct error *err)
{
	struct project project = {0};
	int r = projects_get_by_id(store, id, &project, err);

	/* A project with a command of its own is started with it, which no prepared shell can be. */
	if (r == 0 && project.image != NULL && (project.run == NULL || *project.run == '\0')) {
		struct pooled pooled = {.image = project.image, .network = project.network};

		pooled.limits = allowance_of(&project, &look->limits);
		if (!choice_has(&look->choice, &pooled)) {
			pooled.image = xstrdup(project.image);
			look->choice.items[look->choice.count++] = pooled;
		}
	}
	project_fini(&project);
	return r;
}

static int choose(struct store *store, void *data, struct error *err)
{
	const struct project_filter filter = {
		.state = "ready", .sort = PROJECT_SORT_TRENDING, .page = {.page = 1, .per_page = POOLED_PROJECTS}};
	struct look *look = data;
	struct project_list list = {0};
	int r = projects_list(store, &filter, &list, err);

	for (size_t i = 0; r == 0 && i < list.count && i < POOLED_PROJECTS; i++)
		r = take_project(store, list.items[i].id, look, err);
	project_list_fini(&list);
	return r;
}

/* On the loop's thread again. */
static void on_pool_set(const struct error *err, void *data)
{
	(void)data;
	/* The engine asks for the image again when it is tried; until then this project just has no pool. */
	if (err != NULL && err->kind != ERROR_UNAVAILABLE && err->kind != ERROR_NOT_FOUND)
		log_warning("a pool could not be set: %s", err->message);
}

static void set_pool(struct hub *hub, const struct pooled *pooled, unsigned count)
{
	struct engine_start like = {
		.image = pooled->image, .limits = pooled->limits, .network = pooled->network, .cols = 80, .rows = 24};

	hub->engine->ops->pool(hub->engine, &like, count, on_pool_set, NULL);
}

static void on_chosen(int result, const struct error *err, void *data)
{
	struct look *look = data;
	struct pools *pools = look->pools;
	struct hub *hub = pools->hub;

	pools->looking = false;
	if (result < 0) {
		log_warning("could not choose what to prepare: %s", err->message);
	} else if (!hub->stopping && atomic_load(&hub->engine_up)) {
		for (size_t i = 0; i < pools->kept.count; i++)
			if (!choice_has(&look->choice, &pools->kept.items[i]))
				set_pool(hub, &pools->kept.items[i], 0);
		for (size_t i = 0; i < look->choice.count; i++)
			set_pool(hub, &look->choice.items[i], hub->options->pool);
		choice_fini(&pools->kept);
		pools->kept = look->choice;
		look->choice.count = 0;
	}
	choice_fini(&look->choice);
	free(look);
	if (pools->again)
		pools_refresh(pools);
}

static void on_timer(void *data)
{
	pools_refresh(data);
}

struct pools *pools_new(struct hub *hub)
{
	struct pools *pools = xmalloc(sizeof(*pools));

	pools->hub = hub;
	return pools;
}

void pools_free(struct pools *pools)
{
	if (pools == NULL)
		return;
	loop_timer_stop(&pools->timer);
	choice_fini(&pools->kept);
	free(pools);
}

void pools_refresh(struct pools *pools)
{
	struct hub *hub = pools->hub;
	struct look *look;

	if (hub->options->pool == 0 || hub->stopping)
		return;
	loop_timer_start(hub->loop, &pools->timer, REFRESH_MS, on_timer, pools);
	pools->again = pools->looking;
	if (pools->looking)
		return;
	pools->looking = true;
	look = xmalloc(sizeof(*look));
	look->pools = pools;
	look->limits = hub->options->limits;
	recorder_post(hub->recorder, "choose what to prepare", choose, on_chosen, look);
}
