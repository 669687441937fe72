#include "agent/image/base.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/child.h"
#include "agent/image/base_layout.h"
#include "agent/image/manifest.h"
#include "agent/image/reference.h"
#include "agent/image/store.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"

#define LOOK_MS      60000
#define MAKE_MS      (15 * 60 * 1000)
#define PUSH_MS      (10 * 60 * 1000)
#define SOURCES_MAX  16
#define PACKAGES_MAX 512
#define EPOCH        "1735689600" /* files are not younger than this: the same packages give the same image */

/* How a taste greets: colours, and the few short cuts that everybody knows. Nothing here or below starts a program: each would cost the
 * first prompt a millisecond or two (ls knows its usual colours without dircolors; there is nobody whom mesg could silence). */
static const char bashrc[] = "[ -z \"$PS1\" ] && return\n"
			     "PS1='\\[\\e[1;32m\\]\\u\\[\\e[0m\\]:\\[\\e[1;34m\\]\\w\\[\\e[0m\\]\\$ '\n"
			     "alias ls='ls --color=auto' ll='ls -l' la='ls -A' grep='grep --color=auto'\n"
			     "HISTCONTROL=ignoreboth\n"
			     "shopt -s checkwinsize\n";
static const char profile[] = "if [ -n \"$BASH\" ] && [ -f ~/.bashrc ]; then . ~/.bashrc; fi\n";
/* Debian's /etc/profile asks id(1) who it is, twice; bash knows. */
static const char quick_id[] = "--customize-hook=sed -i 's/\"$(id -u)\"/\"${EUID:-$(id -u)}\"/' \"$1\"/etc/profile";

/* Some packages put links among manual pages when they are set up, and fail where the folders are missing (Java, PostgreSQL). */
static const char man_folders[] = "--customize-hook=cd \"$1\"/usr/share && mkdir -p man/man1 man/man2 man/man3 man/man4 man/man5 man/man6 "
				  "man/man7 man/man8";

struct asker {
	struct list link;
	struct request *request;
};

/* One base image on its way. */
struct base_job {
	struct list link; /* of image_store.bases */
	struct image_store *store;
	char *full;
	char suite[REFERENCE_TAG_MAX + 1];
	char *folder; /* NULL until something is made */
	struct child *child;
	struct list askers;
};

static void end(struct base_job *job, const struct error *err)
{
	list_remove(&job->link);
	child_abandon(job->child);
	if (job->folder != NULL)
		disk_trash(job->store, job->folder);
	if (err != NULL)
		log_event(LOG_LEVEL_ERROR, "base image failed", "reference", job->full, "error", err->message, NULL);
	list_for_each (node, &job->askers) {
		struct asker *asker = container_of(node, struct asker, link);

		if (err != NULL)
			request_fail(asker->request, err);
		else
			request_answer(asker->request, NULL, NULL, 0);
		free(asker);
	}
	free(job->folder);
	free(job->full);
	free(job);
}

static void end_with(struct base_job *job, struct error err)
{
	end(job, &err);
}

/* Starts a program of the job; `done` gets the job. It ends the job when that fails. */
static void run(struct base_job *job, struct child_options *options, child_done done)
{
	struct error err;

	if (child_start(job->store->agent, options, done, job, &job->child, &err) < 0) {
		job->child = NULL;
		end_with(job, err);
	}
}

/* skopeo as nobody, with the registry's credentials where they belong. `argv` has two free places at `options_at`. */
static void run_skopeo(struct base_job *job, const char **argv, size_t options_at, const char *auth_option,
		       const char *tls_prefix, int64_t timeout_ms, child_done done)
{
	const struct registry *registry = &job->store->registry;
	auto_free char *auth_text = xasprintf("%s=/proc/self/fd/3", auth_option);
	auto_free char *tls = xasprintf("--%s%s", tls_prefix, registry_tls_option(registry, job->full) + 2);
	char **environment = registry_environment(registry);
	auto_fd int auth = -1;
	struct child_fd fd;
	struct child_options options = {.argv = argv,
					.environment = (const char *const *)environment,
					.timeout_ms = timeout_ms,
					.output_max = MANIFEST_MAX,
					.prepare = registry_become_nobody};
	struct error err;
	int r = registry_owns(registry, job->full) ? registry_auth_open(registry, &auth, &err) : 0;

	argv[options_at] = tls;
	argv[options_at + 1] = auth >= 0 ? auth_text : tls; /* twice is harmless */
	if (auth >= 0) {
		fd = (struct child_fd){auth, 3};
		options.fds = &fd;
		options.fd_count = 1;
	}
	if (r == 0)
		run(job, &options, done);
	else
		end_with(job, err);
	registry_environment_free(environment);
}

static void on_pushed(struct child *child, const struct child_result *result, void *data)
{
	struct base_job *job = data;
	struct error err;

	(void)child;
	job->child = NULL;
	if (result->exit_code != 0) {
		if (result->timed_out)
			child_error(result, "skopeo", &err);
		else
			registry_failure(result->errors, &err);
		end(job, &err);
		return;
	}
	log_event(LOG_LEVEL_INFO, "base image is in the registry", "reference", job->full, NULL);
	end(job, NULL);
}

static void on_hashed(struct child *child, const struct child_result *result, void *data)
{
	struct base_job *job = data;
	auto_free char *from = xasprintf("oci:%s/layout:base", job->folder);
	auto_free char *to = xasprintf("docker://%s", job->full);
	const char *argv[] = {"skopeo", "copy", "--quiet", NULL, NULL, from, to, NULL};
	char diff_id[DIGEST_SIZE];
	struct error err;

	(void)child;
	job->child = NULL;
	snprintf(diff_id, sizeof(diff_id), "sha256:%.64s", result->output);
	if (result->exit_code != 0 || !digest_is_valid(diff_id)) {
		child_error(result, "sha256sum", &err);
		end(job, &err);
		return;
	}
	if (base_layout_write(job->folder, diff_id, EPOCH, &err) < 0) {
		end(job, &err);
		return;
	}
	log_event(LOG_LEVEL_INFO, "base image: pushing", "reference", job->full, NULL);
	run_skopeo(job, argv, 3, "--dest-authfile", "dest-", PUSH_MS, on_pushed);
}

/* Its last line only says that it failed; the first error is the reason. */
static void make_error(const struct child_result *result, struct error *err)
{
	const char *reason = strstr(result->errors, "E: ");

	if (result->timed_out || reason == NULL)
		child_error(result, "mmdebstrap", err);
	else
		error_set(err, ERROR_UNAVAILABLE, EIO, "mmdebstrap failed: %.*s",
			  (int)min_size(strcspn(reason, "\n"), 250), reason);
}

static void on_made(struct child *child, const struct child_result *result, void *data)
{
	struct base_job *job = data;
	auto_free char *tar = xasprintf("%s/root.tar", job->folder);
	const char *argv[] = {"sha256sum", "--", tar, NULL};
	struct child_options options = {.argv = argv, .timeout_ms = PUSH_MS};
	struct error err;

	(void)child;
	job->child = NULL;
	if (result->exit_code != 0) {
		make_error(result, &err);
		end(job, &err);
		return;
	}
	run(job, &options, on_hashed);
}

/* Mounts that a killed mmdebstrap leaves end with its name space. */
static int own_mounts(void *unused)
{
	(void)unused;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return 0;
}

static int make_folder(struct base_job *job, struct error *err)
{
	auto_free char *work = NULL, *rc_file = NULL, *profile_file = NULL;
	char id[17];
	int r;

	random_id(id, sizeof(id) - 1);
	/* Readable, because skopeo reads it as nobody; the half-made system in work/ is not. */
	job->folder = xasprintf("%s/%s", job->store->bases_dir, id);
	work = xasprintf("%s/work", job->folder);
	rc_file = xasprintf("%s/bashrc", job->folder);
	profile_file = xasprintf("%s/profile", job->folder);
	r = dir_make_all(job->folder, 0755, err);
	if (r == 0)
		r = dir_make_all(work, 0700, err);
	if (r == 0)
		r = file_replace(rc_file, bashrc, strlen(bashrc), 0644, err);
	return r == 0 ? file_replace(profile_file, profile, strlen(profile), 0644, err) : r;
}

/* `sources` are lines for sources.list, NULL-terminated; none: mmdebstrap's own choice. */
static void make(struct base_job *job, char *const *sources)
{
	const char *packages = config_string(job->store->agent->config, "image", "base_packages");
	auto_free char *include = xasprintf("--include=%.*s", PACKAGES_MAX, packages);
	auto_free char *upload_rc = NULL, *upload_profile = NULL, *tar = NULL, *tmp = NULL;
	const char *argv[24 + SOURCES_MAX] = {NULL};
	char **environment = NULL;
	const char *variables[32] = {NULL};
	struct child_options options = {
		.argv = argv, .environment = variables, .timeout_ms = MAKE_MS, .nice = 5, .prepare = own_mounts};
	size_t n = 0, v = 0;
	struct error err;

	if (make_folder(job, &err) < 0) {
		end(job, &err);
		return;
	}
	upload_rc = xasprintf("--customize-hook=upload %s/bashrc /root/.bashrc", job->folder);
	upload_profile = xasprintf("--customize-hook=upload %s/profile /root/.profile", job->folder);
	tar = xasprintf("%s/root.tar", job->folder);
	tmp = xasprintf("TMPDIR=%s/work", job->folder);
	argv[n++] = "mmdebstrap";
	argv[n++] = "--quiet";
	argv[n++] = "--mode=root";
	argv[n++] = "--variant=minbase";
	argv[n++] = "--format=tar";
	argv[n++] = include;
	/* As Debian's slim images: what a taste does not read. The programs that builds add later follow the same rule.
	 */
	argv[n++] = "--dpkgopt=path-exclude=/usr/share/man/*";
	argv[n++] = "--dpkgopt=path-exclude=/usr/share/info/*";
	argv[n++] = "--dpkgopt=path-exclude=/usr/share/locale/*";
	argv[n++] = "--dpkgopt=path-exclude=/usr/share/doc/*";
	argv[n++] = "--dpkgopt=path-include=/usr/share/doc/*/copyright";
	argv[n++] =
		"--dpkgopt=force-unsafe-io"; /* nobody misses a half-installed package of a sandbox after a power cut */
	argv[n++] = "--aptopt=Acquire::Languages \"none\"";
	argv[n++] = upload_rc;
	argv[n++] = upload_profile;
	argv[n++] = quick_id;
	argv[n++] = man_folders;
	argv[n++] = "--customize-hook=rm -f \"$1\"/etc/resolv.conf \"$1\"/etc/hostname"; /* this host's */
	argv[n++] = job->suite;
	argv[n++] = tar;
	for (size_t i = 0; sources[i] != NULL && i < SOURCES_MAX; i++)
		argv[n++] = sources[i];
	environment = registry_environment(&job->store->registry);
	for (; environment[v] != NULL && v < 20; v++)
		variables[v] = environment[v];
	variables[v++] = tmp;
	variables[v++] = "SOURCE_DATE_EPOCH=" EPOCH;
	log_event(LOG_LEVEL_INFO, "base image: making", "reference", job->full, "source", sources[0], NULL);
	run(job, &options, on_made);
	registry_environment_free(environment);
}

static void on_sources(struct child *child, const struct child_result *result, void *data)
{
	struct base_job *job = data;
	char *sources[SOURCES_MAX + 1] = {NULL};

	(void)child;
	job->child = NULL;
	/* A host that is no Debian has none; mmdebstrap then knows where to go. */
	if (result->exit_code == 0)
		base_sources(result->output, job->suite, sources, SOURCES_MAX);
	make(job, sources);
	for (size_t i = 0; sources[i] != NULL; i++)
		free(sources[i]);
}

static void find_sources(struct base_job *job)
{
	static const char *const argv[] = {"apt-get",
					   "indextargets",
					   "--format",
					   "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)",
					   "Created-By: Packages",
					   NULL};
	struct child_options options = {.argv = argv, .timeout_ms = LOOK_MS};
	const char *mirror = config_string(job->store->agent->config, "image", "base_mirror");
	char *sources[2] = {NULL};

	if (*mirror == '\0') {
		run(job, &options, on_sources);
		return;
	}
	sources[0] = (char *)mirror;
	make(job, sources);
}

static void on_looked(struct child *child, const struct child_result *result, void *data)
{
	struct base_job *job = data;
	struct error err;

	(void)child;
	job->child = NULL;
	if (result->exit_code == 0) {
		end(job, NULL);
		return;
	}
	if (result->timed_out)
		child_error(result, "skopeo", &err);
	else
		registry_failure(result->errors, &err);
	if (err.kind == ERROR_NOT_FOUND)
		find_sources(job);
	else
		end(job, &err);
}

static void look(struct base_job *job)
{
	auto_free char *image = xasprintf("docker://%s", job->full);
	const char *argv[] = {"skopeo", "inspect", "--raw", NULL, NULL, image, NULL};

	run_skopeo(job, argv, 3, "--authfile", "", LOOK_MS, on_looked);
}

static struct base_job *find(const struct image_store *store, const char *full)
{
	list_for_each (node, &store->bases) {
		struct base_job *job = container_of(node, struct base_job, link);

		if (str_equal(job->full, full))
			return job;
	}
	return NULL;
}

/* Only debian:<suite> of the configured registry can be made; another one may still be there. */
static int check_reference(const struct image_store *store, const char *reference, char suite[REFERENCE_TAG_MAX + 1],
			   struct error *err)
{
	struct reference parsed;
	int r = reference_parse(reference, &parsed, err);

	if (r < 0)
		return r;
	if ((parsed.host[0] != '\0' && !str_equal(parsed.host, store->registry.host)) ||
	    !str_equal(parsed.repository, "debian") || parsed.digest[0] != '\0' || parsed.tag[0] == '\0' ||
	    strspn(parsed.tag, "abcdefghijklmnopqrstuvwxyz") != strlen(parsed.tag))
		return error_set(err, ERROR_UNSUPPORTED, ENOTSUP,
				 "\"%.80s\" is no base image that can be made here; debian:<suite> is", reference);
	memcpy(suite, parsed.tag, sizeof(parsed.tag));
	return 0;
}

void base_ensure(struct agent *agent, struct request *request)
{
	const char *reference = request_string(request, "reference");
	struct image_store *store = agent->images;
	char suite[REFERENCE_TAG_MAX + 1];
	auto_free char *full = NULL;
	struct base_job *job;
	struct asker *asker;
	struct error err;

	if (check_reference(store, reference, suite, &err) < 0 ||
	    registry_reference(&store->registry, reference, &full, &err) < 0) {
		request_fail(request, &err);
		return;
	}
	asker = xmalloc(sizeof(*asker));
	asker->request = request;
	job = find(store, full);
	if (job != NULL) {
		list_append(&job->askers, &asker->link);
		return;
	}
	job = xmalloc(sizeof(*job));
	job->store = store;
	job->full = steal(full);
	memcpy(job->suite, suite, sizeof(suite));
	list_init(&job->askers);
	list_append(&job->askers, &asker->link);
	list_append(&store->bases, &job->link);
	look(job);
}

void base_stop(struct agent *agent)
{
	struct error err;

	error_set(&err, ERROR_UNAVAILABLE, ESHUTDOWN, "the agent is stopping");
	list_for_each (node, &agent->images->bases)
		end(container_of(node, struct base_job, link), &err);
}
