#include "agent/build/build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/build/base_store.h"
#include "agent/build/build_log.h"
#include "agent/build/builds.h"
#include "agent/build/dockerfile.h"
#include "agent/build/etc.h"
#include "agent/build/explain.h"
#include "agent/build/files.h"
#include "agent/build/scratch.h"
#include "agent/build/skopeo.h"
#include "agent/image/digest.h"
#include "agent/image/reference.h"
#include "agent/network/network.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/state.h"
#include "base/str.h"
#include "base/util.h"

#define UNPACK_MEMORY ((uint64_t)256 << 20)
#define UNPACK_PIDS 16
#define CACHE "/var/lib/containers/cache"
#define CACHE_FILE "blob-info-cache-v1.boltdb"
#define CACHE_MAX ((size_t)32 << 20)

enum build_state { BUILD_DISK, BUILD_UNPACK, BUILD_BASES, BUILD_RUN, BUILD_PUSH, BUILD_OVER, BUILD_STATES };

static const char *const state_names[] = {"disk", "unpack", "bases", "run", "push", "over"};
static const uint32_t state_moves[] = {
	[BUILD_DISK] = STATE_BIT(BUILD_UNPACK) | STATE_BIT(BUILD_OVER),
	[BUILD_UNPACK] = STATE_BIT(BUILD_BASES) | STATE_BIT(BUILD_OVER),
	[BUILD_BASES] = STATE_BIT(BUILD_RUN) | STATE_BIT(BUILD_OVER),
	[BUILD_RUN] = STATE_BIT(BUILD_PUSH) | STATE_BIT(BUILD_OVER),
	[BUILD_PUSH] = STATE_BIT(BUILD_OVER),
	[BUILD_OVER] = 0,
};
static const struct state_table states = {"build", state_names, state_moves, BUILD_STATES};

static void bring_bases(struct build *build);

static char *path_of(const struct build *build, const char *name)
{
	return xasprintf("%s/%s", build->work, name);
}

static int64_t left_ms(const struct build *build)
{
	int64_t left = build->due_ms - clock_monotonic_ms();

	return left > 1 ? left : 1;
}

static void send_stage(struct build *build, const char *stage)
{
	agent_event(build->builds->agent, "build.stage", json_pack("{s:s, s:s}", "build", build->id, "stage", stage));
}

static void send_ended(struct build *build, const struct error *err, const char *reference)
{
	const char *state = err == NULL ? "succeeded" : build->cancelled ? "cancelled" : "failed";

	agent_event(build->builds->agent, "build.ended",
		    json_pack("{s:s, s:s, s:s?, s:s?}", "build", build->id, "state", state, "error", err != NULL ? err->message : NULL,
			      "reference", reference));
	log_event(LOG_LEVEL_INFO, "build ended", "build", build->id, "state", state, "error", err != NULL ? err->message : NULL, NULL);
}

static void end(struct build *build, const struct error *err, const char *reference)
{
	auto_free char *scratch = path_of(build, "scratch");

	state_move(&states, &build->state, BUILD_OVER);
	for (size_t i = 0; i < build->mounted; i++) {
		auto_free char *base = xasprintf("%s/base-%zu", build->work, i);

		scratch_unmount(base);
	}
	scratch_unmount(scratch);
	dir_remove_all(build->work, NULL);
	build_log_drain(build->log);
	build_log_end(build->log);
	send_ended(build, err, reference);
	dockerfile_fini(&build->dockerfile);
	buf_fini(&build->text);
	build->builds->slots[build->slot] = false;
	list_remove(&build->link);
	if (build->context >= 0)
		close(build->context);
	if (build->disk >= 0)
		close(build->disk);
	for (size_t i = 0; i < ARRAY_SIZE(build->base_names); i++)
		free(build->base_names[i]);
	login_free(build->login);
	free(build->top);
	free(build->id);
	free(build->tag);
	free(build->work);
	free(build);
}

static void fail(struct build *build, const struct error *err)
{
	struct error cancelled;

	if (build->cancelled) {
		error_set(&cancelled, ERROR_CANCELLED, ECANCELED, "the build was cancelled");
		err = &cancelled;
	} else {
		auto_free char *line = xasprintf("\n[build failed: %s]\n", err->message);

		build_log_say(build->log, line);
	}
	end(build, err, NULL);
}

/* Whether to go on; ends the build when it was cancelled meanwhile. */
static bool goes_on(struct build *build)
{
	struct error err = {0};

	if (!build->cancelled)
		return true;
	fail(build, &err);
	return false;
}

/* --- push --- */

static char *read_digest(const struct build *build)
{
	auto_free char *cache = path_of(build, "cache");
	auto_buf struct buf text = BUF_INIT;

	if (files_read_untrusted(cache, "digest", 256, &text) < 0 || text.length == 0 || !digest_is_valid(str_trim(text.data)))
		return NULL;
	return xstrdup(str_trim(text.data));
}

static void on_pushed(const struct job_result *result, void *data)
{
	struct build *build = data;
	auto_free char *digest = read_digest(build);
	auto_free char *reference = NULL;
	struct reference parsed;
	struct error err = {0};

	build->job = NULL;
	if (!goes_on(build))
		return;
	if (result->exit_code == 0 && digest != NULL && reference_parse(build->tag, &parsed, &err) == 0) {
		reference = xasprintf("%s@%s", parsed.repository, digest);
		end(build, NULL, reference);
		return;
	}
	if (result->exit_code > 0 && !result->timed_out)
		registry_failure(result->output, &err);
	else
		job_error(result, "the push", &err);
	error_wrap(&err, "the image was built but could not be stored");
	fail(build, &err);
}

/* skopeo's notes about the base's layers, so that they need not be compressed and sent again. Ours to copy: the base store is not
 * writable for builds. Without them the push takes longer, that is all. */
static int copy_cache(struct build *build, struct error *err)
{
	auto_free char *cache = path_of(build, "cache");
	auto_free char *to = path_of(build, "cache/" CACHE_FILE);
	auto_free char *from = xasprintf("%s/base-%d", build->work, build->dockerfile.last);
	auto_buf struct buf data = BUF_INIT;
	int r = files_folder(cache, 0755, build->ids, err);

	if (r < 0 || build->dockerfile.last < 0 || files_read_untrusted(from, "cache/" CACHE_FILE, CACHE_MAX, &data) < 0)
		return r;
	return files_put(to, data.data, data.length, 0600, build->ids, err);
}

/* Outside the build's walls, but with another set of its own: it sees the image's layout read-only, and its blobs must have the digests
 * that they are called by. */
static void push(struct build *build)
{
	const struct registry *registry = &build->builds->registry;
	auto_free char *scratch = path_of(build, "scratch");
	auto_free char *cache = path_of(build, "cache");
	auto_free char *work = path_of(build, "push");
	auto_free char *full = NULL;
	auto_free char *target = NULL;
	const char *arguments[] = {"copy", registry->insecure ? "--dest-tls-verify=false" : "--dest-tls-verify=true", "--digestfile",
				   CACHE "/digest", "--dest-compress-level", "1", /* twice as fast, a tenth larger */
				   "oci:/scratch/out:image", NULL, NULL};
	struct job_mount mounts[] = {{.source = scratch, .target = "/scratch"}, {.source = cache, .target = CACHE, .writable = true}};
	struct skopeo skopeo = {.host = build->builds->host,
				.registry = registry,
				.work = work,
				.ca_file = registry->ca_file,
				.ids = build->ids,
				.timeout_ms = left_ms(build),
				.authfile_option = "--dest-authfile",
				.arguments = arguments,
				.mounts = mounts,
				.mount_count = ARRAY_SIZE(mounts)};
	struct error err = {0};

	state_move(&states, &build->state, BUILD_PUSH);
	send_stage(build, "push");
	if (copy_cache(build, &err) == 0 && registry_reference(registry, build->tag, &full, &err) == 0) {
		target = xasprintf("docker://%s", full);
		arguments[7] = target;
		build->job = skopeo_start(&skopeo, on_pushed, build, &err);
	}
	if (build->job == NULL)
		fail(build, &err);
}

/* --- build --- */

/* The bytes of all layers and the configuration, unpacked as buildah leaves them. */
static uint64_t layout_size(const struct build *build)
{
	auto_free char *path = path_of(build, "scratch/out/blobs/sha256");
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	uint64_t total = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		struct stat st;

		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			total += (uint64_t)st.st_size;
	}
	if (dir != NULL)
		closedir(dir);
	return total;
}

static void explain(struct build *build, const struct job_result *result, struct error *err)
{
	struct explain_facts facts = {.log = build_log_tail(build->log),
				      .exit_code = result->exit_code,
				      .timed_out = result->timed_out,
				      .out_of_memory = result->out_of_memory,
				      .network = build->network,
				      .memory = build->limits.memory,
				      .disk = build->limits.disk,
				      .seconds = build->limits.seconds};

	if (result->exit_code < 0)
		*err = result->err;
	else
		explain_failure(&facts, err);
}

static void on_built(const struct job_result *result, void *data)
{
	struct build *build = data;
	uint64_t size_max = build->builds->image_max;
	struct error err = {0};

	build->job = NULL;
	build_log_drain(build->log);
	if (!goes_on(build))
		return;
	if (result->exit_code != 0)
		explain(build, result, &err);
	else if (layout_size(build) > size_max)
		error_set(&err, ERROR_TOO_LARGE, EFBIG, "the image is larger than the %llu MiB that an image may have",
			  (unsigned long long)size_max >> 20);
	if (err.kind != ERROR_NONE)
		fail(build, &err);
	else
		push(build);
}

/* Whether nothing follows the last FROM: buildah has nothing to commit then, and does not find what it should write. */
static bool ends_with_from(const struct buf *text)
{
	const char *end = text->data + text->length;
	bool from = false;

	for (const char *line = text->data; line != NULL && line < end;) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		const char *stop = next != NULL ? next : end;

		while (line < stop && strchr(" \t\r", *line) != NULL)
			line++;
		if (line < stop && *line != '#')
			from = stop - line > 5 && strncasecmp(line, "FROM", 4) == 0 && (line[4] == ' ' || line[4] == '\t');
		line = next != NULL ? next + 1 : NULL;
	}
	return from;
}

/* With a CA of the operator's: the same Dockerfile with ARGs behind each FROM, which programs see in their environment while they
 * run, and which the image does not keep. */
static int write_dockerfile(struct build *build, struct error *err)
{
	static const char arguments[] = "ARG SSL_CERT_FILE=/dev/ca.pem\nARG NODE_EXTRA_CA_CERTS=/dev/ca.pem\n"
					"ARG CURL_CA_BUNDLE=/dev/ca.pem\nARG REQUESTS_CA_BUNDLE=/dev/ca.pem\n"
					"ARG npm_config_cafile=/dev/ca.pem\n";
	auto_free char *path = path_of(build, "scratch/Dockerfile");
	auto_buf struct buf text = BUF_INIT;

	dockerfile_after_from(build->text.data, build->text.length, build->builds->registry.ca_file != NULL ? arguments : "", &text);
	if (ends_with_from(&text))
		buf_append_string(&text, "\nARG TTOB_BASE_ALONE\n"); /* leaves nothing in the image */
	return files_put(path, text.data, text.length, 0644, build->ids, err);
}

struct argv {
	const char *items[16 + 2 * DOCKERFILE_NAMES_MAX + 2];
	char *owned[DOCKERFILE_NAMES_MAX];
	char *context;
};

static void make_argv(const struct build *build, struct argv *argv)
{
	static const char *const fixed[] = {"/usr/bin/buildah", "--log-level", "error", "bud", "--isolation", "chroot", "--pull-never",
					    "--no-hosts", "--layers=false", "--format", "oci", "--file", "/scratch/Dockerfile", "--tag",
					    "oci:/scratch/out:image"};
	size_t n = ARRAY_SIZE(fixed);

	memset(argv, 0, sizeof(*argv));
	memcpy(argv->items, fixed, sizeof(fixed));
	/* buildah compares with what stands in the file, before it fills in arguments. */
	for (size_t i = 0; i < build->dockerfile.name_count; i++) {
		const struct dockerfile_name *name = &build->dockerfile.names[i];

		argv->owned[i] = xasprintf("%s=container-image://%s", name->text, build->base_names[name->base]);
		argv->items[n++] = "--build-context";
		argv->items[n++] = argv->owned[i];
	}
	argv->context = build->top != NULL ? xasprintf("/scratch/context/%s", build->top) : xstrdup("/scratch/context");
	argv->items[n] = argv->context;
}

static int start_buildah(struct build *build, struct error *err)
{
	static const char *const environment[] = {"TMPDIR=/scratch/tmp", "BUILDAH_ISOLATION=chroot", NULL};
	const struct network *network = build->builds->agent->network;
	const struct registry *registry = &build->builds->registry;
	auto_free char *etc = path_of(build, "etc");
	auto_free char *scratch = path_of(build, "scratch");
	struct etc_options etc_options = {.resolv_conf = build->network && network != NULL ? network_resolv_conf(network) : "",
					  .bases = build->dockerfile.base_count};
	auto_free char *temporary = path_of(build, "scratch/tmp");
	char paths[DOCKERFILE_BASES_MAX][256], targets[DOCKERFILE_BASES_MAX][32];
	struct job_options options = {.environment = environment,
				      .mounts = {{.source = scratch, .target = "/scratch", .writable = true},
						 {.source = temporary, .target = "/var/tmp", .writable = true}},
				      .mount_count = 2,
				      .etc = etc,
				      .ids = build->ids,
				      .network = build->network ? JOB_NETWORK_LEASE : JOB_NETWORK_NONE,
				      .memory = build->limits.memory,
				      .cpu = build->limits.cpu,
				      .pids = build->limits.pids,
				      .timeout_ms = left_ms(build),
				      .input = -1,
				      .output = build_log_writer(build->log)};
	struct argv argv;
	int r = etc_make(etc, &etc_options, err);

	if (r == 0)
		r = write_dockerfile(build, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < build->dockerfile.base_count; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/base-%zu", build->work, i);
		snprintf(targets[i], sizeof(targets[i]), "/base/%zu", i);
		options.mounts[options.mount_count++] =
			(struct job_mount){.source = paths[i], .target = targets[i], .ids_from = build->builds->base_ids};
	}
	if (registry->ca_file != NULL)
		options.mounts[options.mount_count++] = (struct job_mount){.source = registry->ca_file, .target = "/dev/ca.pem"};
	make_argv(build, &argv);
	options.argv = argv.items;
	build->job = job_start(build->builds->host, &options, on_built, build);
	for (size_t i = 0; i < ARRAY_SIZE(argv.owned); i++)
		free(argv.owned[i]);
	free(argv.context);
	return 0;
}

static void run(struct build *build)
{
	struct error err = {0};

	state_move(&states, &build->state, BUILD_RUN);
	send_stage(build, "build");
	if (start_buildah(build, &err) < 0)
		fail(build, &err);
}

/* --- bases --- */

static void on_base(struct base_image *image, const struct error *err, void *data)
{
	struct build *build = data;
	auto_free char *target = xasprintf("%s/base-%zu", build->work, build->mounted);
	struct error failed;

	build->base_request = NULL;
	if (!goes_on(build))
		return;
	if (err == NULL && scratch_mount(image->fd, target, true, &failed) < 0)
		err = &failed;
	if (err != NULL) {
		fail(build, err);
		return;
	}
	build->base_names[build->mounted++] = xstrdup(image->name);
	bring_bases(build);
}

static void bring_bases(struct build *build)
{
	if (build->mounted < build->dockerfile.base_count) {
		const char *base = build->dockerfile.bases[build->mounted];

		build->base_request = base_store_get(build->builds->bases, base, login_fits(build->login, base) ? build->login : NULL, on_base,
						     build);
		return;
	}
	login_free(steal(build->login));
	run(build);
}

static bool is_there(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Archives of repositories hold everything in one folder, the Dockerfile too: that is the context then. NULL: it isn't so. */
static char *find_top(const char *context)
{
	int fd = open(context, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	auto_free char *top = NULL;
	auto_free char *inside = NULL;
	struct dirent *entry;
	unsigned count = 0;

	while (dir != NULL && count < 2 && (entry = readdir(dir)) != NULL) {
		if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, "..") || str_equal(entry->d_name, "pax_global_header"))
			continue;
		count++;
		free(top);
		top = xstrdup(entry->d_name);
	}
	if (count == 1) {
		inside = xasprintf("%s/Dockerfile", top);
		if (!is_there(fd, inside))
			count = 0;
	}
	if (dir != NULL)
		closedir(dir);
	return count == 1 ? steal(top) : NULL;
}

static int read_dockerfile(struct build *build, struct error *err)
{
	auto_free char *context = path_of(build, "scratch/context");
	auto_free char *name = NULL;
	int r = 0;

	build->top = find_top(context);
	name = build->top != NULL ? xasprintf("%s/Dockerfile", build->top) : xstrdup("Dockerfile");
	if (!build->own_text)
		r = files_read_untrusted(context, name, DOCKERFILE_SIZE_MAX + 1, &build->text);
	if (r == -ENOENT)
		return error_set(err, ERROR_INVALID, ENOENT, "the context has no file called Dockerfile at its top");
	if (r == -EFBIG)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "the Dockerfile is larger than %zu KiB", DOCKERFILE_SIZE_MAX >> 10);
	if (r < 0)
		return error_set(err, ERROR_INVALID, r, "the Dockerfile in the context is no plain file");
	return dockerfile_scan(build->text.data != NULL ? build->text.data : "", build->text.length, &build->dockerfile, err);
}

/* --- context --- */

static void explain_unpack(struct build *build, const struct job_result *result, struct error *err)
{
	if (strstr(result->output, "No space left on device") != NULL || strstr(result->output, ": Wrote only ") != NULL)
		error_set(err, ERROR_TOO_LARGE, ENOSPC, "the files of this build need more than the %llu MiB of its disk",
			  (unsigned long long)build->limits.disk >> 20);
	else if (result->exit_code > 128 && !result->timed_out)
		error_set(err, ERROR_UNAVAILABLE, EIO, "unpacking the files of this build was killed (exit code %d); try again", result->exit_code);
	else if (result->exit_code > 0 && !result->timed_out)
		error_set(err, ERROR_MALFORMED, EINVAL, "the files of this build are no tar or zip archive that can be unpacked safely");
	else
		job_error(result, "unpacking the files of this build", err);
}

static void on_unpacked(const struct job_result *result, void *data)
{
	struct build *build = data;
	struct error err = {0};

	build->job = NULL;
	if (!goes_on(build))
		return;
	if (result->exit_code != 0)
		explain_unpack(build, result, &err);
	else if (read_dockerfile(build, &err) == 0) {
		if (build->dockerfile.healthcheck)
			build_log_say(build->log, "HEALTHCHECK is left out: what people try is watched by its smoke command\n");
		state_move(&states, &build->state, BUILD_BASES);
		bring_bases(build);
		return;
	}
	fail(build, &err);
}

static int start_unpack(struct build *build, struct error *err)
{
	/* libarchive's tar: it knows zip and every compression by itself. */
	static const char *const argv[] = {"/usr/bin/bsdtar", "-x", "-f", "-", "-C", "/scratch/context", "--no-same-owner",
					   "--no-same-permissions", "--no-xattrs", "--no-acls", "--no-fflags", NULL};
	static const char *const folders[] = {"context", "tmp"};
	auto_free char *etc = path_of(build, "etc");
	auto_free char *scratch = path_of(build, "scratch");
	const struct etc_options etc_options = {.resolv_conf = ""};
	struct job_options options = {.argv = argv,
				      .mounts = {{.source = scratch, .target = "/scratch", .writable = true}},
				      .mount_count = 1,
				      .etc = etc,
				      .ids = build->ids,
				      .network = JOB_NETWORK_NONE,
				      .memory = UNPACK_MEMORY,
				      .pids = UNPACK_PIDS,
				      .timeout_ms = left_ms(build),
				      .input = build->context,
				      .output = -1};
	int r = scratch_mount(build->disk, scratch, false, err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(folders); i++) {
		auto_free char *path = xasprintf("%s/%s", scratch, folders[i]);

		r = files_folder(path, 0755, build->ids, err);
	}
	if (r == 0)
		r = etc_make(etc, &etc_options, err);
	if (r == 0)
		build->job = job_start(build->builds->host, &options, on_unpacked, build);
	return r;
}

static void on_disk(int fd, const struct error *err, void *data)
{
	struct build *build = data;
	struct error failed;

	build->disk = fd;
	if (!goes_on(build))
		return;
	if (err != NULL) {
		fail(build, err);
		return;
	}
	state_move(&states, &build->state, BUILD_UNPACK);
	if (start_unpack(build, &failed) < 0)
		fail(build, &failed);
}

void build_begin(struct build *build)
{
	build->state = BUILD_DISK;
	build->due_ms = clock_monotonic_ms() + (int64_t)build->limits.seconds * 1000;
	send_stage(build, "base");
	scratch_make(build->builds->agent, build->builds->disks, NULL, build->limits.disk, build->ids, on_disk, build);
}

void build_cancel(struct build *build)
{
	struct error err = {0};

	if (build->cancelled)
		return;
	build->cancelled = true;
	if (build->job != NULL) {
		job_kill(build->job);
	} else if (build->base_request != NULL) {
		base_request_cancel(build->base_request);
		build->base_request = NULL;
		fail(build, &err);
	}
	/* Else its disk is being made, and then it ends. */
}
