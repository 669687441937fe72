#include "web/fetcher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine.h"
#include "web/context.h"
#include "web/hub.h"
#include "web/spool.h"

#define FETCH_MEMORY	((uint64_t)512 << 20)
#define FETCH_DISK	((uint64_t)512 << 20)
#define FETCH_SECONDS	120
#define WAIT_MS		(10 * 60 * 1000) /* for its turn */
#define AGAIN_MS	2000		 /* another web process has the engine's only place */
#define COMMIT_MAX	64

struct fetch {
	struct list link; /* fetcher->waiting, until it is the current one */
	struct fetcher *fetcher;
	unsigned refs; /* the engine's answer under way, and one until it is over */
	char id[STORE_ID_LENGTH + 1];
	char *who;
	char *url;
	char *ref;
	fetch_done done; /* NULL: nobody waits for it any more */
	void *data;
	int64_t due_ms; /* monotonic: its turn has to come before */
	struct spool *spool;
	bool drained; /* all of it has come */
	bool ended;   /* the engine has said how it ended */
	bool over;
	struct error error; /* code 0: fine so far */
	char commit[COMMIT_MAX + 1];
};

struct fetcher {
	struct hub *hub;
	struct list waiting;
	unsigned waiting_count;
	struct fetch *current;
	char *served; /* whose turn it was last */
	struct loop_timer timer;
	bool stopping;
};

static void advance(struct fetcher *fetcher);

static void unref(struct fetch *fetch)
{
	if (--fetch->refs > 0)
		return;
	spool_free(fetch->spool);
	free(fetch->who);
	free(fetch->url);
	free(fetch->ref);
	free(fetch);
}

/* ---- the end of one ------------------------------------------------------------------------------------------------------------ */

/* Told from the loop, not from within the call that asked. */
static void finish(struct fetch *fetch)
{
	struct fetcher *fetcher = fetch->fetcher;
	fetch_done done = fetch->done;
	int tar = -1;

	fetch->over = true;
	fetch->done = NULL;
	if (fetcher->current == fetch) {
		fetcher->current = NULL;
	} else {
		list_remove(&fetch->link);
		fetcher->waiting_count--;
	}
	if (fetch->error.code == 0)
		tar = spool_take(fetch->spool);
	spool_free(steal(fetch->spool));
	if (done != NULL)
		done(fetch->error.code != 0 ? &fetch->error : NULL, &tar, fetch->commit, fetch->data);
	if (tar >= 0)
		close(tar);
	unref(fetch);
}

static void fail(struct fetch *fetch, const struct error *err)
{
	if (fetch->error.code == 0)
		fetch->error = *err;
}

/* Both the pipe's end and the engine's word are needed: half a tar is none. */
static void finish_if_over(struct fetch *fetch)
{
	struct fetcher *fetcher = fetch->fetcher;

	if (fetch->over || !fetch->ended || (!fetch->drained && fetch->error.code == 0))
		return;
	finish(fetch);
	advance(fetcher);
}

static void on_cancelled(const struct error *err, void *data)
{
	(void)err; /* the event tells the end */
	(void)data;
}

static void on_drained(const struct error *err, void *data)
{
	struct fetch *fetch = data;
	struct engine *engine = fetch->fetcher->hub->engine;

	fetch->drained = true;
	if (err != NULL) {
		fail(fetch, err);
		if (!fetch->ended)
			engine->ops->git_cancel(engine, fetch->id, on_cancelled, NULL);
	}
	finish_if_over(fetch);
}

/* ---- a turn ---------------------------------------------------------------------------------------------------------------------- */

static void on_timer(void *data)
{
	advance(data);
}

/* The engine's only place is another's: it waits again. */
static void wait_again(struct fetch *fetch)
{
	struct fetcher *fetcher = fetch->fetcher;

	fetcher->current = NULL;
	list_append(&fetcher->waiting, &fetch->link);
	fetcher->waiting_count++;
	loop_timer_start(fetcher->hub->loop, &fetcher->timer, AGAIN_MS, on_timer, fetcher);
}

static void on_given(const struct error *err, int *pipe, void *data)
{
	struct fetch *fetch = data;
	const struct web_options *options = fetch->fetcher->hub->options;
	struct fetcher *fetcher = fetch->fetcher;
	struct error failed;

	if (fetch->over) {
		unref(fetch);
		return;
	}
	if (err != NULL && err->kind == ERROR_UNAVAILABLE && fetch->done != NULL) {
		wait_again(fetch);
	} else if (err != NULL) {
		fail(fetch, err);
		fetch->ended = true;
		finish_if_over(fetch);
	} else if (spool_new(fetcher->hub->loop, options->data, steal_fd(pipe), options->context_max > 0 ? options->context_max : CONTEXT_MAX,
			     on_drained, fetch, &fetch->spool, &failed) < 0) {
		fail(fetch, &failed); /* its event will come: the pipe is closed */
		finish_if_over(fetch);
	}
	unref(fetch);
}

static void begin(struct fetch *fetch)
{
	struct fetcher *fetcher = fetch->fetcher;
	struct engine *engine = fetcher->hub->engine;
	const struct engine_fetch ask = {.fetch = fetch->id,
					 .url = fetch->url,
					 .ref = fetch->ref,
					 .memory = FETCH_MEMORY,
					 .disk = FETCH_DISK,
					 .seconds = FETCH_SECONDS};

	list_remove(&fetch->link);
	fetcher->waiting_count--;
	fetcher->current = fetch;
	free(fetcher->served);
	fetcher->served = xstrdup(fetch->who);
	random_id(fetch->id, STORE_ID_LENGTH); /* a new one for each attempt: an event of an earlier one is not its own */
	fetch->refs++;
	engine->ops->git_fetch(engine, &ask, on_given, fetch);
}

static void drop_late(struct fetcher *fetcher)
{
	struct error err;

	for (struct list *node = fetcher->waiting.next, *next; node != &fetcher->waiting; node = next) {
		struct fetch *fetch = container_of(node, struct fetch, link);

		next = node->next;
		if (clock_monotonic_ms() < fetch->due_ms)
			continue;
		error_set(&err, ERROR_TIMEOUT, ETIMEDOUT, "its turn did not come in time; try again later");
		fail(fetch, &err);
		finish(fetch);
		next = fetcher->waiting.next; /* what was told may have asked or left */
	}
}

/* The oldest of somebody whose turn it was not last, else the oldest. */
static struct fetch *choose(struct fetcher *fetcher)
{
	list_for_each(node, &fetcher->waiting)
	{
		struct fetch *fetch = container_of(node, struct fetch, link);

		if (!str_equal(fetch->who, fetcher->served))
			return fetch;
	}
	return container_of(fetcher->waiting.next, struct fetch, link);
}

static void advance(struct fetcher *fetcher)
{
	if (fetcher->stopping)
		return;
	drop_late(fetcher);
	if (list_is_empty(&fetcher->waiting)) {
		loop_timer_stop(&fetcher->timer);
		return;
	}
	loop_timer_start(fetcher->hub->loop, &fetcher->timer, AGAIN_MS, on_timer, fetcher);
	if (fetcher->current == NULL && atomic_load(&fetcher->hub->engine_up))
		begin(choose(fetcher));
}

struct fetch *fetcher_ask(struct fetcher *fetcher, const char *who, const char *url, const char *ref, fetch_done done, void *data)
{
	struct fetch *fetch = xmalloc(sizeof(*fetch));

	*fetch = (struct fetch){.fetcher = fetcher,
				.refs = 1,
				.who = xstrdup(who),
				.url = xstrdup(url),
				.ref = ref != NULL && *ref != '\0' ? xstrdup(ref) : NULL,
				.done = done,
				.data = data,
				.due_ms = clock_monotonic_ms() + WAIT_MS};
	list_append(&fetcher->waiting, &fetch->link);
	fetcher->waiting_count++;
	if (fetcher->waiting_count > FETCH_WAITING_MAX) {
		fetch->due_ms = 0;
		loop_timer_start(fetcher->hub->loop, &fetcher->timer, 0, on_timer, fetcher);
	} else if (fetcher->current == NULL) {
		loop_timer_start(fetcher->hub->loop, &fetcher->timer, 0, on_timer, fetcher);
	}
	return fetch;
}

void fetch_abandon(struct fetch *fetch)
{
	struct fetcher *fetcher;
	struct error err;

	if (fetch == NULL || fetch->over)
		return;
	fetcher = fetch->fetcher;
	fetch->done = NULL;
	error_set(&err, ERROR_CANCELLED, ECANCELED, "nobody waits for it any more");
	fail(fetch, &err);
	if (fetcher->current != fetch)
		finish(fetch);
	else if (!fetch->ended)
		fetcher->hub->engine->ops->git_cancel(fetcher->hub->engine, fetch->id, on_cancelled, NULL);
}

/* ---- what the engine says --------------------------------------------------------------------------------------------------------- */

void fetcher_ended(struct fetcher *fetcher, const char *id, const struct error *err, const char *commit)
{
	struct fetch *fetch = fetcher->current;

	if (fetch == NULL || strcmp(fetch->id, id) != 0 || fetch->ended)
		return;
	fetch->ended = true;
	if (err != NULL)
		fail(fetch, err);
	str_copy(fetch->commit, sizeof(fetch->commit), commit);
	finish_if_over(fetch);
}

void fetcher_engine_up(struct fetcher *fetcher)
{
	advance(fetcher);
}

void fetcher_engine_down(struct fetcher *fetcher)
{
	struct fetch *fetch = fetcher->current;
	struct error err;

	if (fetch == NULL)
		return;
	error_set(&err, ERROR_UNAVAILABLE, ENOTCONN, "the builder went away while it fetched the repository; try again");
	fail(fetch, &err);
	fetch->ended = true;
	finish_if_over(fetch);
}

/* ---- life --------------------------------------------------------------------------------------------------------------------------- */

struct fetcher *fetcher_new(struct hub *hub)
{
	struct fetcher *fetcher = xmalloc(sizeof(*fetcher));

	*fetcher = (struct fetcher){.hub = hub};
	list_init(&fetcher->waiting);
	return fetcher;
}

void fetcher_stop(struct fetcher *fetcher)
{
	struct error err;

	fetcher->stopping = true;
	loop_timer_stop(&fetcher->timer);
	error_set(&err, ERROR_CANCELLED, ECANCELED, "the platform was stopped meanwhile; ask again");
	while (fetcher->current != NULL || !list_is_empty(&fetcher->waiting)) {
		struct fetch *fetch = fetcher->current;

		if (fetch == NULL)
			fetch = container_of(fetcher->waiting.next, struct fetch, link);
		fail(fetch, &err);
		finish(fetch);
	}
}

void fetcher_free(struct fetcher *fetcher)
{
	if (fetcher == NULL)
		return;
	fetcher_stop(fetcher);
	free(fetcher->served);
	free(fetcher);
}
