#include "web/puller.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "http/request.h"
#include "http/response.h"
#include "web/pulling.h"

#define QUEUE_MAX   256
#define ADDRESS_MAX 8	 /* at one time from one address: clients take three to six layers side by side */
#define ADDRESS_QUEUE 64 /* that wait, of one address */
#define QUEUED_MS   60000
#define ANSWER_MS   10000

struct holding {
	unsigned running;
	unsigned waiting;
};

struct pull *pull_new(void)
{
	struct pull *pull = xmalloc(sizeof(*pull));

	pull->range = (struct pull_range){.first = -1, .last = -1};
	return pull;
}

void pull_free(struct pull *pull)
{
	if (pull == NULL)
		return;
	if (pull->request != NULL)
		request_unref(pull->request);
	for (size_t i = 0; i < pull->count; i++) {
		free(pull->sources[i].repository);
		free(pull->sources[i].reference);
	}
	free(pull->sources);
	free(pull);
}

void pull_add_source(struct pull *pull, const char *repository, const char *reference)
{
	pull->sources = xrealloc(pull->sources, (pull->count + 1) * sizeof(*pull->sources));
	pull->sources[pull->count].repository = xstrdup(repository);
	pull->sources[pull->count++].reference = xstrdup(reference);
}

/* ---- the queue -------------------------------------------------------------------------------------------------------- */

/* All under `lock`. */

static struct holding *holding_of(struct puller *puller, const char *address)
{
	struct holding *holding = map_get(puller->holders, address);

	if (holding == NULL) {
		holding = xmalloc(sizeof(*holding));
		map_put(puller->holders, address, holding);
	}
	return holding;
}

static void holding_drop(struct puller *puller, const char *address)
{
	const struct holding *holding = map_get(puller->holders, address);

	if (holding != NULL && holding->running == 0 && holding->waiting == 0)
		free(map_remove(puller->holders, address));
}

/* The first in the queue whose address has not enough already; NULL: none. */
static struct pull *next_pull(struct puller *puller)
{
	list_for_each (link, &puller->queue) {
		struct pull *pull = container_of(link, struct pull, link);
		struct holding *holding = holding_of(puller, pull->address);

		if (pull->address[0] != '\0' && holding->running >= ADDRESS_MAX)
			continue;
		list_remove(&pull->link);
		puller->waiting--;
		puller->running++;
		holding->waiting--;
		holding->running++;
		return pull;
	}
	return NULL;
}

static void end_pull(struct puller *puller, const char *address)
{
	holding_of(puller, address)->running--;
	holding_drop(puller, address);
	puller->running--;
	pthread_cond_signal(&puller->wake); /* one of this address may have waited */
}

static void refuse(struct puller *puller, struct pull *pull, unsigned status, const char *code, const char *message)
{
	atomic_fetch_add(&puller->refused, 1);
	respond_retry_after(pull->request, 10);
	pull_refuse(pull->request, status, code, message);
	pull_free(pull);
}

void puller_take(struct puller *puller, struct pull *pull)
{
	struct holding *holding;
	bool full, greedy;

	pull->queued_ms = clock_monotonic_ms();
	pthread_mutex_lock(&puller->lock);
	holding = holding_of(puller, pull->address);
	full = puller->waiting >= QUEUE_MAX || atomic_load(&puller->stopping);
	greedy = pull->address[0] != '\0' && holding->waiting >= ADDRESS_QUEUE;
	if (!full && !greedy) {
		list_append(&puller->queue, &pull->link);
		puller->waiting++;
		holding->waiting++;
		pthread_cond_signal(&puller->wake);
	} else {
		holding_drop(puller, pull->address);
	}
	pthread_mutex_unlock(&puller->lock);
	if (greedy)
		refuse(puller, pull, 429, "TOOMANYREQUESTS", "too much is being pulled from your address; it goes on when some of that is done");
	else if (full)
		refuse(puller, pull, 503, "UNAVAILABLE", "too much is being pulled just now; try again in a moment");
}

/* ---- the threads ------------------------------------------------------------------------------------------------------ */

static struct pull *wait_for_pull(struct puller *puller)
{
	struct pull *pull = NULL;

	pthread_mutex_lock(&puller->lock);
	while (!atomic_load(&puller->stopping) && (pull = next_pull(puller)) == NULL)
		pthread_cond_wait(&puller->wake, &puller->lock);
	pthread_mutex_unlock(&puller->lock);
	return pull;
}

static struct registry_client *make_client(struct puller *puller)
{
	const struct web_options *options = puller->options;
	struct registry_client *client = NULL;
	struct error err;

	if (registry_client_new(&(struct registry_options){.url = options->registry_url,
							   .authfile = options->registry_authfile,
							   .ca_file = options->registry_ca_file,
							   .insecure = options->registry_insecure,
							   .answer_ms = ANSWER_MS,
							   .stopping = &puller->stopping},
				&client, &err) < 0)
		log_error("images can't be pulled: %s", err.message);
	return client;
}

static void run_pull(struct pulling *pulling, struct pull *pull)
{
	struct puller *puller = pulling->puller;
	char address[LIMITER_ADDRESS_SIZE];

	memcpy(address, pull->address, sizeof(address));
	if (clock_monotonic_ms() - pull->queued_ms > QUEUED_MS) {
		refuse(puller, pull, 503, "UNAVAILABLE", "too much is being pulled just now; try again in a moment");
	} else {
		pulling->pull = pull;
		pull_serve(pulling);
		pull_free(pull);
	}
	pthread_mutex_lock(&puller->lock);
	end_pull(puller, address);
	pthread_mutex_unlock(&puller->lock);
}

static void *work(void *data)
{
	struct pulling pulling = {.puller = data};
	struct pull *pull;

	while ((pull = wait_for_pull(pulling.puller)) != NULL) {
		if (pulling.client == NULL)
			pulling.client = make_client(pulling.puller);
		run_pull(&pulling, pull);
	}
	registry_client_free(pulling.client);
	return NULL;
}

/* ---- life --------------------------------------------------------------------------------------------------------------- */

int puller_new(const struct web_options *options, struct keeper *keeper, struct puller **ret_puller, struct error *err)
{
	struct puller *puller;
	int r;

	*ret_puller = NULL;
	if (keeper == NULL || options->pulls == 0)
		return 0;
	r = registry_start(err);
	if (r < 0)
		return r;
	puller = xmalloc(sizeof(*puller));
	puller->options = options;
	puller->keeper = keeper;
	puller->contents = contents_new();
	puller->holders = map_new();
	list_init(&puller->queue);
	pthread_mutex_init(&puller->lock, NULL);
	pthread_cond_init(&puller->wake, NULL);
	*ret_puller = puller;
	return 0;
}

int puller_start(struct puller *puller, struct error *err)
{
	sigset_t all, before;
	int r = 0;

	if (puller == NULL)
		return 0;
	puller->threads = xcalloc(puller->options->pulls, sizeof(*puller->threads));
	sigfillset(&all); /* signals are the main thread's business */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; r == 0 && puller->started < puller->options->pulls; puller->started += r == 0)
		r = pthread_create(&puller->threads[puller->started], NULL, work, puller);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r == 0 ? 0 : error_errno(err, r, "cannot start the threads that hand images out");
}

void puller_stop(struct puller *puller)
{
	if (puller == NULL)
		return;
	pthread_mutex_lock(&puller->lock);
	atomic_store(&puller->stopping, true);
	pthread_cond_broadcast(&puller->wake);
	pthread_mutex_unlock(&puller->lock);
	for (unsigned i = 0; i < puller->started; i++)
		pthread_join(puller->threads[i], NULL);
	puller->started = 0;
	while (!list_is_empty(&puller->queue)) {
		struct pull *pull = container_of(puller->queue.next, struct pull, link);

		list_remove(&pull->link);
		refuse(puller, pull, 503, "UNAVAILABLE", "the server is stopping");
	}
}

void puller_free(struct puller *puller)
{
	struct holding *holding;
	size_t cursor = 0;

	if (puller == NULL)
		return;
	puller_stop(puller);
	while ((holding = map_next(puller->holders, &cursor, NULL)) != NULL)
		free(holding);
	map_free(puller->holders);
	contents_free(puller->contents);
	free(puller->threads);
	pthread_cond_destroy(&puller->wake);
	pthread_mutex_destroy(&puller->lock);
	free(puller);
}

void puller_count(struct puller *puller, struct puller_counts *ret_counts)
{
	*ret_counts = (struct puller_counts){0};
	if (puller == NULL)
		return;
	ret_counts->pulls = atomic_load(&puller->pulls);
	ret_counts->bytes = atomic_load(&puller->bytes);
	ret_counts->refused = atomic_load(&puller->refused);
	pthread_mutex_lock(&puller->lock);
	ret_counts->running = puller->running;
	ret_counts->waiting = puller->waiting;
	pthread_mutex_unlock(&puller->lock);
}
