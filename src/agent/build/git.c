#include "agent/build/git.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "agent/build/builds.h"
#include "agent/build/etc.h"
#include "agent/build/files.h"
#include "agent/build/git_address.h"
#include "agent/build/job.h"
#include "agent/build/scratch.h"
#include "agent/build/skopeo.h"
#include "agent/network/network.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/random.h"
#include "base/state.h"
#include "base/str.h"
#include "base/util.h"

#define PIDS	64
#define COMMIT	40
#define REPOSITORY "/scratch/repository"

enum git_state { GIT_DISK, GIT_INIT, GIT_FETCH, GIT_RESOLVE, GIT_ARCHIVE, GIT_OVER, GIT_STATES };

static const char *const state_names[] = {"disk", "init", "fetch", "resolve", "archive", "over"};
static const uint32_t state_moves[] = {
	[GIT_DISK] = STATE_BIT(GIT_INIT) | STATE_BIT(GIT_OVER),
	[GIT_INIT] = STATE_BIT(GIT_FETCH) | STATE_BIT(GIT_OVER),
	[GIT_FETCH] = STATE_BIT(GIT_RESOLVE) | STATE_BIT(GIT_OVER),
	[GIT_RESOLVE] = STATE_BIT(GIT_ARCHIVE) | STATE_BIT(GIT_OVER),
	[GIT_ARCHIVE] = STATE_BIT(GIT_OVER),
	[GIT_OVER] = 0,
};
static const struct state_table states = {"git", state_names, state_moves, GIT_STATES};

struct git {
	struct builds *builds;
	unsigned state;
	char *id;
	char *url;
	char *ref; /* or NULL */
	char *work;
	uint64_t memory;
	uint64_t disk_size;
	int64_t due_ms;
	uint32_t ids;
	bool cancelled;
	const struct connection *owner;
	int disk;
	int tar; /* the writing end */
	struct job *job;
	char commit[COMMIT + 1];
};

static void step(struct git *git, unsigned state);

static char *path_of(const struct git *git, const char *name)
{
	return xasprintf("%s/%s", git->work, name);
}

static void end(struct git *git, const struct error *err)
{
	auto_free char *scratch = path_of(git, "scratch");
	const char *how = err == NULL ? "succeeded" : git->cancelled ? "cancelled" : "failed";

	state_move(&states, &git->state, GIT_OVER);
	scratch_unmount(scratch);
	dir_remove_all(git->work, NULL);
	close(git->tar); /* before the event: who hears it finds the pipe's end */
	agent_event(git->builds->agent, "git.ended",
		    json_pack("{s:s, s:s, s:s?, s:s?, s:s?}", "fetch", git->id, "state", how, "kind",
			      err != NULL ? error_kind_name(err->kind) : NULL, "error", err != NULL ? err->message : NULL, "commit",
			      err == NULL ? git->commit : NULL));
	log_event(LOG_LEVEL_INFO, "fetch ended", "fetch", git->id, "state", how, "error", err != NULL ? err->message : NULL, NULL);
	git->builds->git = NULL;
	if (git->disk >= 0)
		close(git->disk);
	free(git->id);
	free(git->url);
	free(git->ref);
	free(git->work);
	free(git);
}

static void fail(struct git *git, const struct error *err)
{
	struct error cancelled;

	if (git->cancelled)
		error_set(&cancelled, ERROR_CANCELLED, ECANCELED, "the fetch was cancelled");
	end(git, git->cancelled ? &cancelled : err);
}

static int take_commit(struct git *git, const char *output, struct error *err)
{
	size_t length = strspn(output, "0123456789abcdef");

	if (length != COMMIT)
		return error_set(err, ERROR_UNSUPPORTED, EPROTO, "the repository has no commit there that can be taken");
	memcpy(git->commit, output, COMMIT);
	return 0;
}

static int judge(struct git *git, const struct job_result *result, struct error *err)
{
	if (result->exit_code < 0 || result->timed_out || result->out_of_memory || result->killed)
		return job_error(result, "fetching the repository", err);
	if (result->exit_code > 0 && git->state == GIT_FETCH)
		return git_explain(result->output, git->ref, err);
	if (result->exit_code > 0)
		return job_error(result, "reading the repository", err);
	return git->state == GIT_RESOLVE ? take_commit(git, result->output, err) : 0;
}

static void on_step(const struct job_result *result, void *data)
{
	struct git *git = data;
	struct error err = {0};

	git->job = NULL;
	if (judge(git, result, &err) < 0 || git->cancelled)
		fail(git, &err);
	else if (git->state == GIT_ARCHIVE)
		end(git, NULL);
	else
		step(git, git->state + 1);
}

/* What git does in each state. Nothing of the repository is run: no checkout, no hooks, no filters. */
static size_t arguments(const struct git *git, const char **argv)
{
	static const char *const common[] = {
		"/usr/bin/git", "-c", "protocol.allow=never", "-c", "protocol.https.allow=always", "-c", "transfer.fsckObjects=true",
		"-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=20", "-c", "gc.auto=0", "-c", "maintenance.auto=false"};
	static const char *const init[] = {"init", "--quiet", "--bare", "--template=/etc/git", REPOSITORY};
	static const char *const fetch[] = {"--git-dir", REPOSITORY, "fetch", "--quiet", "--depth=1", "--no-tags",
					    "--no-recurse-submodules", "--"};
	static const char *const resolve[] = {"--git-dir", REPOSITORY, "rev-parse", "--verify", "FETCH_HEAD^{commit}"};
	static const char *const archive[] = {"--git-dir", REPOSITORY, "archive", "--format=tar", "FETCH_HEAD"};
	static const struct {
		const char *const *words;
		size_t count;
	} verbs[] = {[GIT_INIT] = {init, ARRAY_SIZE(init)},
		     [GIT_FETCH] = {fetch, ARRAY_SIZE(fetch)},
		     [GIT_RESOLVE] = {resolve, ARRAY_SIZE(resolve)},
		     [GIT_ARCHIVE] = {archive, ARRAY_SIZE(archive)}};
	size_t n = ARRAY_SIZE(common);

	memcpy(argv, common, sizeof(common));
	memcpy(argv + n, verbs[git->state].words, verbs[git->state].count * sizeof(*argv));
	n += verbs[git->state].count;
	if (git->state == GIT_FETCH) {
		argv[n++] = git->url;
		argv[n++] = git->ref != NULL ? git->ref : "HEAD";
	}
	argv[n] = NULL;
	return n;
}

static int start_job(struct git *git, struct error *err)
{
	static const char *const environment[] = {"GIT_CONFIG_NOSYSTEM=1",  "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=/bin/false",
						  "GIT_SSL_CAINFO=/dev/ca.pem", "TMPDIR=/scratch", NULL};
	const struct registry *registry = &git->builds->registry;
	const char *certificates = registry->ca_file != NULL ? registry->ca_file : skopeo_host_certificates();
	auto_free char *etc = path_of(git, "etc");
	auto_free char *scratch = path_of(git, "scratch");
	int64_t left = git->due_ms - clock_monotonic_ms();
	const char *argv[40];
	struct job_options options = {.argv = argv,
				      .environment = environment,
				      .mounts = {{.source = scratch, .target = "/scratch", .writable = true}},
				      .mount_count = 1,
				      .etc = etc,
				      .ids = git->ids,
				      .network = git->state == GIT_FETCH ? JOB_NETWORK_LEASE : JOB_NETWORK_NONE,
				      .memory = git->memory,
				      .pids = PIDS,
				      .timeout_ms = left > 1 ? left : 1,
				      .input = -1,
				      .output = git->state == GIT_ARCHIVE ? git->tar : -1};

	if (git->state == GIT_FETCH && git->builds->agent->network == NULL)
		return error_set(err, ERROR_UNAVAILABLE, ENETDOWN, "this host has no network for builds (ttob doctor says why)");
	arguments(git, argv);
	if (certificates != NULL)
		options.mounts[options.mount_count++] = (struct job_mount){.source = certificates, .target = "/dev/ca.pem"};
	git->job = job_start(git->builds->host, &options, on_step, git);
	return 0;
}

static void step(struct git *git, unsigned state)
{
	struct error err;

	state_move(&states, &git->state, state);
	if (start_job(git, &err) < 0)
		fail(git, &err);
}

/* The repository's own wish to leave files out of archives does not count: the whole tree is wanted. */
static int make_etc(const struct git *git, struct error *err)
{
	const struct network *network = git->builds->agent->network;
	const struct etc_options options = {.resolv_conf = network != NULL ? network_resolv_conf(network) : ""};
	static const char attributes[] = "* -export-ignore -export-subst\n";
	auto_free char *etc = path_of(git, "etc");
	auto_free char *info = path_of(git, "etc/git/info");
	auto_free char *file = path_of(git, "etc/git/info/attributes");
	int r = etc_make(etc, &options, err);

	if (r == 0)
		r = dir_make_all(info, 0755, err);
	return r == 0 ? files_put(file, attributes, strlen(attributes), 0644, (uid_t)-1, err) : r;
}

static void on_disk(int fd, const struct error *err, void *data)
{
	struct git *git = data;
	auto_free char *scratch = path_of(git, "scratch");
	struct error failed;

	git->disk = fd;
	if (err != NULL || git->cancelled)
		fail(git, err);
	else if (scratch_mount(fd, scratch, false, &failed) < 0 || make_etc(git, &failed) < 0)
		fail(git, &failed);
	else
		step(git, GIT_INIT);
}

static void begin(void *data)
{
	struct git *git = data;

	scratch_make(git->builds->agent, git->builds->disks, NULL, git->disk_size, git->ids, on_disk, git);
}

static int check(const struct builds *builds, const struct git_options *options, struct error *err)
{
	int r = git_url_check(options->url, err);

	if (r == 0 && options->ref != NULL)
		r = git_ref_check(options->ref, err);
	if (r < 0)
		return r;
	if (builds->git != NULL && str_equal(builds->git->id, options->id))
		return error_set(err, ERROR_CONFLICT, EEXIST, "the fetch %s runs already", options->id);
	if (builds->git != NULL || builds->agent->stopping)
		return error_set(err, ERROR_UNAVAILABLE, EBUSY, "another repository is being fetched; try again in a few seconds");
	return 0;
}

int git_start(struct builds *builds, const struct git_options *options, int *ret_tar, struct error *err)
{
	char random[17];
	struct git *git;
	int ends[2];
	int r = check(builds, options, err);

	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot make a pipe");
	random_id(random, 16);
	git = xmalloc(sizeof(*git));
	*git = (struct git){.builds = builds,
			    .id = xstrdup(options->id),
			    .url = xstrdup(options->url),
			    .ref = xstrdup(options->ref),
			    .work = xasprintf("%s/%s", builds->work, random),
			    .memory = options->memory,
			    .disk_size = options->disk,
			    .due_ms = clock_monotonic_ms() + (int64_t)options->seconds * 1000,
			    /* Behind the ids of the build workers. */
			    .ids = builds->base_ids + BUILD_IDS * (uint32_t)(builds->workers + 1),
			    .owner = options->owner,
			    .disk = -1,
			    .tar = ends[1]};
	builds->git = git;
	r = dir_make_all(git->work, 0711, err);
	if (r < 0) {
		close(ends[0]);
		end(git, err);
		return r;
	}
	*ret_tar = ends[0];
	loop_post(builds->agent->loop, begin, git); /* the answer goes out before the first event */
	return 0;
}

static void cancel(struct git *git)
{
	git->cancelled = true;
	if (git->job != NULL)
		job_kill(git->job);
	/* Else its disk is being made, and then it ends. */
}

int git_cancel(struct builds *builds, const char *id, struct error *err)
{
	if (builds->git == NULL || !str_equal(builds->git->id, id))
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "no fetch %s runs", id);
	cancel(builds->git);
	return 0;
}

void git_cancel_of(struct builds *builds, const struct connection *owner)
{
	if (builds->git != NULL && (owner == NULL || builds->git->owner == owner))
		cancel(builds->git);
}
