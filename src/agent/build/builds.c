#include "agent/build/builds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/build/git.h"
#include "agent/image/reference.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"

static int start_parts(struct builds *builds, struct error *err)
{
	const struct config *config = builds->agent->config;
	auto_free char *run = xasprintf("%s/build", builds->agent->run_dir);
	auto_free char *state = xasprintf("%s/build", builds->agent->state_dir);
	auto_free char *bases = xasprintf("%s/bases", state);
	struct base_options options = {.folder = bases,
				       .work = builds->work,
				       .ids = builds->base_ids,
				       .base_max = config_number(config, "build", "base_max"),
				       .disk_max = config_number(config, "build", "bases_max"),
				       .seconds = config_number(config, "build", "base_seconds"),
				       .ca_file = builds->registry.ca_file};
	int r = dir_make_all(run, 0711, err);

	if (r == 0)
		r = dir_make_all(state, 0700, err);
	if (r == 0)
		r = job_host_new(builds->agent, config_string(config, "build", "runtime"),
				 config_string(config, "build", "cgroup"), run, &builds->host, err);
	if (r == 0) /* after the jobs of an earlier agent have ended; its mounts ended with it */
		r = dir_remove_all(builds->work, err);
	if (r == 0)
		r = dir_make_all(builds->work, 0711, err);
	if (r == 0)
		r = base_store_new(builds->agent, builds->host, &builds->registry, &options, &builds->bases, err);
	return r;
}

int builds_new(struct agent *agent, struct builds **ret_builds, struct error *err)
{
	struct builds *builds = xmalloc(sizeof(*builds));
	uint64_t ids = config_number(agent->config, "build", "ids");
	uint64_t workers = config_number(agent->config, "build", "workers");
	int r;

	*builds = (struct builds){.agent = agent,
				  .workers = workers < BUILD_WORKERS_MAX ? (size_t)workers : BUILD_WORKERS_MAX,
				  .base_ids = (uint32_t)ids,
				  .image_max = config_number(agent->config, "build", "image_max")};
	list_init(&builds->running);
	builds->disks = xasprintf("%s/build", agent->state_dir);
	builds->work = xasprintf("%s/build/work", agent->run_dir);
	if (workers == 0 || workers > BUILD_WORKERS_MAX)
		r = error_set(err, ERROR_INVALID, EINVAL, "[build] workers: must be 1 to %d", BUILD_WORKERS_MAX);
	else if (ids < BUILD_IDS || ids + (workers + 2) * BUILD_IDS > UINT32_MAX)
		r = error_set(err, ERROR_INVALID, EINVAL,
			      "[build] ids: the %llu ids from it on must lie between 65536 and 4294967294",
			      (unsigned long long)((workers + 2) * BUILD_IDS));
	else
		r = registry_init(&builds->registry, agent->config, err);
	if (r == 0)
		r = start_parts(builds, err);
	if (r < 0) {
		builds_free(builds);
		return r;
	}
	*ret_builds = builds;
	return 0;
}

void builds_free(struct builds *builds)
{
	if (builds == NULL)
		return;
	base_store_free(builds->bases);
	job_host_free(builds->host);
	registry_fini(&builds->registry);
	free(builds->disks);
	free(builds->work);
	free(builds);
}

static struct build *find(struct builds *builds, const char *id)
{
	list_for_each(node, &builds->running) {
		struct build *build = container_of(node, struct build, link);

		if (strcmp(build->id, id) == 0)
			return build;
	}
	return NULL;
}

/* Only what stands in the configured registry may be written: no host, and an owner. */
static int check_tag(const char *tag, struct error *err)
{
	struct reference parsed;
	int r = reference_parse(tag, &parsed, err);

	if (r < 0)
		return r;
	if (parsed.host[0] != '\0' || parsed.tag[0] == '\0' || parsed.digest[0] != '\0' || strchr(parsed.repository, '/') == NULL)
		return error_set(err, ERROR_INVALID, EINVAL, "tag: must be owner/name:version, not %.80s", tag);
	return 0;
}

static void begin(void *data)
{
	build_begin(data);
}

static void on_reader_gone(void *data)
{
	build_cancel(data);
}

static struct build *make_build(struct builds *builds, const struct build_options *options, size_t slot)
{
	struct build *build = xmalloc(sizeof(*build));
	char random[17];

	random_id(random, 16);
	*build = (struct build){.builds = builds,
				.id = xstrdup(options->id),
				.tag = xstrdup(options->tag),
				.work = xasprintf("%s/%s", builds->work, random),
				.limits = options->limits,
				.network = options->network,
				.owner = options->owner,
				.slot = slot,
				.ids = builds->base_ids + BUILD_IDS * (uint32_t)(slot + 1),
				.own_text = options->dockerfile != NULL,
				.context = options->context,
				.login = login_copy(options->login),
				.disk = -1};
	if (build->own_text)
		buf_append_string(&build->text, options->dockerfile);
	return build;
}

int builds_start(struct builds *builds, struct build_options *options, int *ret_log, struct error *err)
{
	struct build *build;
	size_t slot = 0;
	int r = check_tag(options->tag, err);

	if (r < 0)
		return r;
	if (find(builds, options->id) != NULL)
		return error_set(err, ERROR_CONFLICT, EEXIST, "the build %s runs already", options->id);
	while (slot < builds->workers && builds->slots[slot])
		slot++;
	if (slot == builds->workers || builds->agent->stopping)
		return error_set(err, ERROR_UNAVAILABLE, EBUSY, "all %zu build workers are busy; try again when one is free",
				 builds->workers);
	build = make_build(builds, options, slot);
	r = build_log_new(builds->agent->loop, options->limits.output, on_reader_gone, build, &build->log, err);
	if (r == 0)
		r = dir_make_all(build->work, 0711, err);
	if (r < 0) {
		build_log_end(build->log);
		buf_fini(&build->text);
		login_free(build->login);
		free(build->id);
		free(build->tag);
		free(build->work);
		free(build);
		return r;
	}
	options->context = -1;
	builds->slots[slot] = true;
	list_append(&builds->running, &build->link);
	*ret_log = build_log_reader(build->log);
	loop_post(builds->agent->loop, begin, build); /* the answer goes out before the first event */
	return 0;
}

int builds_cancel(struct builds *builds, const char *id, struct error *err)
{
	struct build *build = find(builds, id);

	if (build == NULL)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "no build %s runs", id);
	build_cancel(build);
	return 0;
}

void builds_cancel_of(struct builds *builds, const struct connection *owner)
{
	list_for_each(node, &builds->running) {
		struct build *build = container_of(node, struct build, link);

		if (build->owner == owner)
			build_cancel(build);
	}
	git_cancel_of(builds, owner);
}

void builds_cancel_all(struct builds *builds)
{
	list_for_each(node, &builds->running)
		build_cancel(container_of(node, struct build, link));
	git_cancel_of(builds, NULL);
	base_store_cancel(builds->bases);
}

bool builds_busy(const struct builds *builds)
{
	return !list_is_empty(&builds->running) || builds->git != NULL || base_store_busy(builds->bases) || job_host_count(builds->host) > 0;
}
