#include "http/workers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/util.h"

struct workers {
	struct workers_setup setup;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct request **ring; /* of queue_max */
	unsigned first;
	unsigned count;
	bool stopping;
	pthread_t *threads;
	unsigned started;
};

static void *work(void *data)
{
	struct workers *workers = data;
	const struct workers_setup *setup = &workers->setup;
	void *local = setup->start != NULL ? setup->start(setup->data) : NULL;

	pthread_mutex_lock(&workers->lock);
	for (;;) {
		struct request *request;

		while (workers->count == 0 && !workers->stopping)
			pthread_cond_wait(&workers->wake, &workers->lock);
		if (workers->stopping)
			break;
		request = workers->ring[workers->first];
		workers->first = (workers->first + 1) % setup->queue_max;
		workers->count--;
		pthread_mutex_unlock(&workers->lock);
		setup->run(request, local);
		pthread_mutex_lock(&workers->lock);
	}
	pthread_mutex_unlock(&workers->lock);
	if (setup->end != NULL)
		setup->end(local, setup->data);
	return NULL;
}

static int start_threads(struct workers *workers, struct error *err)
{
	sigset_t all;
	sigset_t before;
	int r = 0;

	sigfillset(&all); /* signals are the main thread's business */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; r == 0 && workers->started < workers->setup.threads; workers->started += r == 0)
		r = pthread_create(&workers->threads[workers->started], NULL, work, workers);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r != 0 ? error_errno(err, r, "cannot start a worker thread") : 0;
}

int workers_new(const struct workers_setup *setup, struct workers **ret_workers, struct error *err)
{
	struct workers *workers = xmalloc(sizeof(*workers));
	int r;

	workers->setup = *setup;
	if (workers->setup.queue_max == 0)
		workers->setup.queue_max = 1;
	workers->ring = xcalloc(workers->setup.queue_max, sizeof(struct request *));
	workers->threads = xcalloc(setup->threads, sizeof(pthread_t));
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->wake, NULL);
	r = start_threads(workers, err);
	if (r < 0) {
		workers_stop(workers, NULL);
		workers_free(workers);
		return r;
	}
	*ret_workers = workers;
	return 0;
}

bool workers_submit(struct workers *workers, struct request *request)
{
	bool taken;

	pthread_mutex_lock(&workers->lock);
	taken = !workers->stopping && workers->count < workers->setup.queue_max;
	if (taken) {
		workers->ring[(workers->first + workers->count++) % workers->setup.queue_max] = request;
		pthread_cond_signal(&workers->wake);
	}
	pthread_mutex_unlock(&workers->lock);
	return taken;
}

unsigned workers_waiting(struct workers *workers)
{
	unsigned count;

	pthread_mutex_lock(&workers->lock);
	count = workers->count;
	pthread_mutex_unlock(&workers->lock);
	return count;
}

void workers_stop(struct workers *workers, void (*drop)(struct request *request))
{
	pthread_mutex_lock(&workers->lock);
	workers->stopping = true;
	pthread_cond_broadcast(&workers->wake);
	pthread_mutex_unlock(&workers->lock);
	for (unsigned i = 0; i < workers->started; i++)
		pthread_join(workers->threads[i], NULL);
	workers->started = 0;
	for (; workers->count > 0; workers->count--) {
		if (drop != NULL)
			drop(workers->ring[workers->first]);
		workers->first = (workers->first + 1) % workers->setup.queue_max;
	}
}

void workers_free(struct workers *workers)
{
	if (workers == NULL)
		return;
	pthread_cond_destroy(&workers->wake);
	pthread_mutex_destroy(&workers->lock);
	free(workers->ring);
	free(workers->threads);
	free(workers);
}
