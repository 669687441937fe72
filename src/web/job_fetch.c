/* The first step of a build from Git: the repository, and what is built of it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "store/builds.h"
#include "web/fetcher.h"
#include "web/git_context.h"
#include "web/job.h"

/* What the recorder makes of a fetched repository. */
struct arrival {
	struct job *job;
	int tar;
	char *commit;
	int context; /* -1: `failure` says why */
	char *dockerfile;
	struct error failure;
};

static char *with_commit(const char *text, const char *commit)
{
	json_t *source = json_loads(text, 0, NULL);
	char *result;

	json_object_set_new(source, "commit", json_string(commit));
	result = json_dumps(source, JSON_COMPACT);
	json_decref(source);
	return result;
}

/* The project's strings are the loop's, but nothing there changes them before this is done. */
static int unpack(struct store *store, void *data, struct error *err)
{
	struct arrival *arrival = data;
	struct job *job = arrival->job;
	auto_free char *source = NULL;

	if (arrival->context < 0 && git_context_make(job->builder->hub->options->data, arrival->tar, &job->project, &arrival->context,
						     &arrival->dockerfile, &arrival->failure) < 0)
		return 0;
	source = with_commit(job->project.source, arrival->commit);
	return builds_set_source(store, job->id, job->project.id, job->project.digest, source, arrival->dockerfile, err);
}

static void on_unpacked(int result, const struct error *err, void *data)
{
	struct arrival *arrival = data;
	struct job *job = arrival->job;

	if (result < 0 && arrival->context >= 0) {
		close(steal_fd(&arrival->context));
		arrival->failure = *err;
	}
	if (arrival->context >= 0) {
		free(job->project.dockerfile);
		job->project.dockerfile = steal(arrival->dockerfile);
		job_say(job, "commit %s", arrival->commit);
	}
	job_fetched(job, arrival->context, arrival->context >= 0 ? NULL : arrival->failure.message);
	close(arrival->tar);
	free(arrival->commit);
	free(arrival->dockerfile);
	free(arrival);
	job_unref(job);
}

static void on_fetched(const struct error *err, int *tar, const char *commit, void *data)
{
	struct job *job = data;
	struct arrival *arrival;

	job->fetch = NULL;
	if (err != NULL && err->kind == ERROR_CANCELLED)
		return; /* we stop: it is built by the next process */
	if (err != NULL) {
		job_fetched(job, -1, err->message);
		return;
	}
	arrival = xmalloc(sizeof(*arrival));
	*arrival = (struct arrival){.job = job_ref(job), .tar = steal_fd(tar), .commit = xstrdup(commit), .context = -1};
	recorder_post(job->builder->hub->recorder, "read a build's repository", unpack, on_unpacked, arrival);
}

void job_fetch(struct job *job)
{
	json_t *source = json_loads(job->project.source, 0, NULL);
	const char *url = json_string_value(json_object_get(source, "url"));
	const char *ref = json_string_value(json_object_get(source, "commit"));

	if (ref == NULL)
		ref = json_string_value(json_object_get(source, "ref"));
	if (url != NULL) {
		job_say(job, "fetching %s", url);
		job->fetch = fetcher_ask(job->builder->hub->fetcher, job->project.owner, url, ref, on_fetched, job);
	} else {
		job_fetched(job, -1, "the build has no repository");
	}
	json_decref(source);
}
