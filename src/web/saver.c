#include "web/saver.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "store/store.h"
#include "web/hub.h"
#include "web/spool.h"

#define SILENCE_MS 5000 /* the layer has come, but no word: the sandbox has ended meanwhile */
#define TAR_EXTRA  ((uint64_t)32 << 20) /* headers of many small files */

/* One save. The worker and the loop hold it; who lets go last frees it. */
struct save {
	struct saver *saver;
	unsigned refs; /* under the lock: the worker, the loop, an answer of the engine that is under way */
	char person[STORE_ID_LENGTH + 1];
	char sandbox[48];
	uint64_t most;
	/* The loop's. */
	struct spool *spool;
	struct loop_timer timer;
	bool drained;
	bool told;
	bool closed;
	/* Under the lock. */
	bool over;
	struct error error; /* code 0: fine */
	int layer;
	char *image;
};

struct saver {
	struct hub *hub;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool busy; /* a worker is at it */
	bool stopping;
	struct save *current; /* the loop's */
};

static void unref(struct save *save)
{
	struct saver *saver = save->saver;
	bool last;

	pthread_mutex_lock(&saver->lock);
	last = --save->refs == 0;
	pthread_mutex_unlock(&saver->lock);
	if (!last)
		return;
	if (save->layer >= 0)
		close(save->layer);
	free(save->image);
	free(save);
}

/* ---- on the loop ------------------------------------------------------------------------------------------------------------------ */

static void finish(struct save *save, const struct error *err)
{
	struct saver *saver = save->saver;

	if (save->closed)
		return;
	save->closed = true;
	loop_timer_stop(&save->timer);
	pthread_mutex_lock(&saver->lock);
	save->over = true;
	if (err != NULL)
		save->error = *err;
	else
		save->layer = spool_take(save->spool);
	pthread_cond_broadcast(&saver->changed);
	pthread_mutex_unlock(&saver->lock);
	spool_free(steal(save->spool));
	saver->current = NULL;
	unref(save);
}

static void on_silence(void *data)
{
	struct error err;

	error_set(&err, ERROR_CONFLICT, EPIPE, "the sandbox ended while it was saved");
	finish(data, &err);
}

static void on_drained(const struct error *err, void *data)
{
	struct save *save = data;

	save->drained = true;
	if (err != NULL || save->told)
		finish(save, err);
	else
		loop_timer_start(save->saver->hub->loop, &save->timer, SILENCE_MS, on_silence, save);
}

static void on_given(const struct error *err, int *pipe, void *data)
{
	struct save *save = data;
	struct hub *hub = save->saver->hub;
	struct error failed;

	if (!save->closed && err != NULL)
		finish(save, err);
	else if (!save->closed && spool_new(hub->loop, hub->options->data, steal_fd(pipe), save->most + TAR_EXTRA, on_drained, save,
					    &save->spool, &failed) < 0)
		finish(save, &failed);
	unref(save);
}

static int begin_save(struct save *save, struct error *err)
{
	struct hub *hub = save->saver->hub;
	struct live *live = hub_find(hub, save->sandbox);

	if (live == NULL || strcmp(live->row.person, save->person) != 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such running sandbox of yours");
	if (live->state != LIVE_RUNNING)
		return error_set(err, ERROR_CONFLICT, EBUSY, "the sandbox is %s; only a running one can be saved", live->row.state);
	if (!atomic_load(&hub->engine_up) || hub->stopping)
		return error_set(err, ERROR_UNAVAILABLE, ENOTCONN, "sandboxes can't be saved at this moment; try again in a few seconds");
	if (live->reference == NULL)
		return error_set(err, ERROR_CONFLICT, ENOENT, "the version that this sandbox was started from is gone: it can't be saved");
	save->image = xstrdup(live->reference);
	pthread_mutex_lock(&save->saver->lock);
	save->refs++;
	pthread_mutex_unlock(&save->saver->lock);
	hub->engine->ops->save(hub->engine, save->sandbox, save->most, on_given, save);
	return 0;
}

static void begin(void *data)
{
	struct save *save = data;
	struct error err;

	save->saver->current = save;
	if (begin_save(save, &err) < 0)
		finish(save, &err);
}

void saver_saved(struct saver *saver, const char *sandbox, const struct error *err)
{
	struct save *save = saver->current;

	if (save == NULL || strcmp(save->sandbox, sandbox) != 0)
		return;
	save->told = true;
	if (err != NULL || save->drained)
		finish(save, err);
}

static void fail_current(struct saver *saver)
{
	struct error err;

	if (saver->current == NULL)
		return;
	error_set(&err, ERROR_UNAVAILABLE, ENOTCONN, "the machine of the sandboxes went away meanwhile; try again");
	finish(saver->current, &err);
}

void saver_engine_down(struct saver *saver)
{
	fail_current(saver);
}

/* ---- on a worker ------------------------------------------------------------------------------------------------------------------ */

static int wait_for(struct save *save, struct error *err)
{
	struct saver *saver = save->saver;
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += SAVE_WAIT_MS / 1000;
	pthread_mutex_lock(&saver->lock);
	while (!save->over && !saver->stopping && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&saver->changed, &saver->lock, &until);
	if (!save->over)
		r = error_set(err, ERROR_UNAVAILABLE, ETIMEDOUT, "saving takes too long; remove what need not be kept, and try again");
	else if (save->error.code != 0) {
		*err = save->error;
		r = save->error.code;
	} else {
		r = 0;
	}
	pthread_mutex_unlock(&saver->lock);
	return r;
}

static bool take_place(struct saver *saver)
{
	bool taken;

	pthread_mutex_lock(&saver->lock);
	taken = !saver->busy && !saver->stopping;
	saver->busy = saver->busy || taken;
	pthread_mutex_unlock(&saver->lock);
	return taken;
}

static void leave_place(struct saver *saver)
{
	pthread_mutex_lock(&saver->lock);
	saver->busy = false;
	pthread_mutex_unlock(&saver->lock);
}

int saver_save(struct saver *saver, const char *person, const char *sandbox, uint64_t most, int *ret_layer, char **ret_image,
	       struct error *err)
{
	struct save *save;
	int r;

	if (!take_place(saver))
		return error_set(err, ERROR_UNAVAILABLE, EBUSY, "another sandbox is being saved; try again in a few seconds");
	save = xmalloc(sizeof(*save));
	*save = (struct save){.saver = saver, .refs = 2, .most = most, .layer = -1};
	str_copy(save->person, sizeof(save->person), person);
	str_copy(save->sandbox, sizeof(save->sandbox), sandbox);
	loop_post(saver->hub->loop, begin, save);
	r = wait_for(save, err);
	if (r == 0) {
		*ret_layer = steal_fd(&save->layer);
		*ret_image = steal(save->image);
	}
	unref(save);
	leave_place(saver);
	return r;
}

/* ---- life ------------------------------------------------------------------------------------------------------------------------- */

struct saver *saver_new(struct hub *hub)
{
	struct saver *saver = xmalloc(sizeof(*saver));

	*saver = (struct saver){.hub = hub};
	pthread_mutex_init(&saver->lock, NULL);
	pthread_cond_init(&saver->changed, NULL);
	return saver;
}

void saver_stop(struct saver *saver)
{
	pthread_mutex_lock(&saver->lock);
	saver->stopping = true;
	pthread_cond_broadcast(&saver->changed);
	pthread_mutex_unlock(&saver->lock);
	fail_current(saver);
}

void saver_free(struct saver *saver)
{
	if (saver == NULL)
		return;
	pthread_cond_destroy(&saver->changed);
	pthread_mutex_destroy(&saver->lock);
	free(saver);
}
