#include "web/recorder.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/util.h"

#define RETRY_SECONDS 1

struct job {
	struct job *next;
	struct recorder *recorder;
	const char *what;
	recorder_run run;
	recorder_done done;
	void *data;
	int result;
	struct error err;
};

struct recorder {
	struct loop *loop;
	struct store store;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t posted;
	struct job *first;
	struct job **last;
	bool ending;
	bool stopped; /* the thread is gone: jobs run in their caller */
};

static void tell_done(void *data)
{
	struct job *job = data;

	job->done(job->result, job->result < 0 ? &job->err : NULL, job->data);
	free(job);
}

static struct job *next_job(struct recorder *recorder)
{
	struct job *job;

	pthread_mutex_lock(&recorder->lock);
	while (recorder->first == NULL && !recorder->ending)
		pthread_cond_wait(&recorder->posted, &recorder->lock);
	job = recorder->first;
	if (job != NULL) {
		recorder->first = job->next;
		if (recorder->first == NULL)
			recorder->last = &recorder->first;
	}
	pthread_mutex_unlock(&recorder->lock);
	return job;
}

/* Gives false when the recorder is about to end: then what can't be written now is lost. */
static bool wait_before_retry(struct recorder *recorder)
{
	struct timespec until;
	bool ending;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += RETRY_SECONDS;
	pthread_mutex_lock(&recorder->lock);
	while (!recorder->ending && pthread_cond_timedwait(&recorder->posted, &recorder->lock, &until) == 0)
		;
	ending = recorder->ending;
	pthread_mutex_unlock(&recorder->lock);
	return !ending;
}

/* A full disk or a busy database passes; what is written about sandboxes and builds must not be lost to it, nor overtaken by what
 * was posted later. So the job is tried until it goes through, and the others wait behind it. */
static void run_until_written(struct job *job)
{
	bool told = false;

	for (;;) {
		job->result = job->run(&job->recorder->store, job->data, &job->err);
		if (job->result == 0 || job->err.kind != ERROR_UNAVAILABLE || job->recorder->stopped ||
		    !wait_before_retry(job->recorder))
			return;
		if (!told)
			log_warning("cannot %s yet, trying again: %s", job->what, job->err.message);
		told = true;
	}
}

static void run_job(struct job *job)
{
	run_until_written(job);
	if (job->done != NULL) {
		loop_post(job->recorder->loop, tell_done, job);
		return;
	}
	if (job->result < 0)
		log_error("could not %s: %s", job->what, job->err.message);
	free(job);
}

static void *work(void *data)
{
	struct recorder *recorder = data;
	struct job *job;

	while ((job = next_job(recorder)) != NULL)
		run_job(job);
	return NULL;
}

int recorder_new(struct loop *loop, const char *url, struct recorder **ret_recorder, struct error *err)
{
	struct recorder *recorder = xmalloc(sizeof(*recorder));
	int r = store_open(url, &recorder->store, err);

	if (r < 0) {
		free(recorder);
		return r;
	}
	recorder->loop = loop;
	recorder->last = &recorder->first;
	pthread_mutex_init(&recorder->lock, NULL);
	pthread_cond_init(&recorder->posted, NULL);
	r = pthread_create(&recorder->thread, NULL, work, recorder);
	if (r != 0) {
		store_close(&recorder->store);
		free(recorder);
		return error_errno(err, r, "cannot start the recorder's thread");
	}
	*ret_recorder = recorder;
	return 0;
}

void recorder_post(struct recorder *recorder, const char *what, recorder_run run, recorder_done done, void *data)
{
	struct job *job = xmalloc(sizeof(*job));

	*job = (struct job){.recorder = recorder, .what = what, .run = run, .done = done, .data = data};
	if (recorder->stopped) {
		run_job(job);
		return;
	}
	pthread_mutex_lock(&recorder->lock);
	*recorder->last = job;
	recorder->last = &job->next;
	pthread_cond_signal(&recorder->posted);
	pthread_mutex_unlock(&recorder->lock);
}

void recorder_stop(struct recorder *recorder)
{
	if (recorder == NULL || recorder->stopped)
		return;
	pthread_mutex_lock(&recorder->lock);
	recorder->ending = true;
	pthread_cond_signal(&recorder->posted);
	pthread_mutex_unlock(&recorder->lock);
	pthread_join(recorder->thread, NULL);
	recorder->stopped = true;
}

void recorder_free(struct recorder *recorder)
{
	if (recorder == NULL)
		return;
	recorder_stop(recorder);
	store_close(&recorder->store);
	pthread_cond_destroy(&recorder->posted);
	pthread_mutex_destroy(&recorder->lock);
	free(recorder);
}
