#include "agent/build/base_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/build/files.h"
#include "agent/build/login.h"
#include "agent/build/scratch.h"
#include "agent/build/skopeo.h"
#include "agent/child.h"
#include "agent/image/digest.h"
#include "agent/image/reference.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"

#define LOOK_AGAIN_MS (3600 * 1000) /* how long the answer of a foreign registry holds */
#define CACHE "/var/lib/containers/cache" /* skopeo notes here which compressed blob is which unpacked layer */
#define FILL_MEMORY ((uint64_t)1 << 30)
#define FILL_PIDS 256
#define SYNC_TIMEOUT_MS 120000

enum source { SOURCE_REGISTRY, SOURCE_FOREIGN, SOURCES };

struct base_store {
	struct agent *agent;
	struct job_host *host;
	const struct registry *registry;
	struct base_options options;
	char *folder;
	char *work;
	char *ca_file;
	struct list fetches;
};

/* What stands beside an image's file. */
struct note {
	char digest[DIGEST_SIZE];
	enum source source;
	int64_t looked_ms;
};

struct fetch {
	struct base_store *store;
	struct list link;
	struct list requests;
	char *reference;   /* as asked */
	char *name;	   /* in the store */
	char *full;	   /* what the source in hand is asked for */
	char *key;	   /* of its files */
	char *work;	   /* its folder below the store's */
	enum source source;
	enum source last; /* no source after this one */
	struct login *login; /* NULL: none. With one, what is fetched stays a half made file, without a name that others look for */
	char *authfile;	     /* of it */
	char digest[DIGEST_SIZE];
	struct error registry_err; /* why the first source had none */
	struct job *job;
	int fd; /* the new file */
	bool cancelled;
};

struct base_request {
	struct list link;
	base_done done;
	void *data;
};

static void look(struct fetch *fetch);

static char *file_of(const struct fetch *fetch, const char *ending)
{
	return xasprintf("%s/%s.%s", fetch->store->folder, fetch->key, ending);
}

static void fetch_free(struct fetch *fetch)
{
	auto_free char *scratch = xasprintf("%s/scratch", fetch->work);
	auto_free char *secret = xasprintf("%s/login", fetch->work);
	auto_free char *half = file_of(fetch, "new");

	scratch_unmount(scratch);
	login_unmount(secret);
	login_free(fetch->login);
	dir_remove_all(fetch->work, NULL);
	unlink(half);
	if (fetch->fd >= 0)
		close(fetch->fd);
	list_remove(&fetch->link);
	free(fetch->authfile);
	free(fetch->reference);
	free(fetch->name);
	free(fetch->full);
	free(fetch->key);
	free(fetch->work);
	free(fetch);
}

static void answer(struct fetch *fetch, const struct error *err)
{
	auto_free char *path = file_of(fetch, fetch->login != NULL ? "new" : "img");

	list_remove(&fetch->link); /* who asks from a callback gets a fetch of its own */
	while (!list_is_empty(&fetch->requests)) {
		struct base_request *request = container_of(fetch->requests.next, struct base_request, link);
		struct base_image image = {.fd = -1, .name = fetch->name};
		struct error failed;

		list_remove(&request->link);
		if (err == NULL && (image.fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
			error_errno(&failed, errno, "cannot open the base image %s", fetch->reference);
			request->done(&image, &failed, request->data);
		} else {
			request->done(&image, err, request->data);
		}
		if (image.fd >= 0)
			close(image.fd);
		free(request);
	}
	fetch_free(fetch);
}

/* Whose registry it is matters to who waits for ours to come back (web/job.c). */
static void name_registry(const struct fetch *fetch, struct error *err)
{
	static const char ours[] = "cannot talk to the registry";
	auto_free char *rest = NULL;

	if (fetch->source != SOURCE_FOREIGN || !str_starts_with(err->message, ours))
		return;
	rest = xstrdup(err->message + strlen(ours));
	error_set(err, err->kind, err->code, "cannot talk to its registry%s", rest);
}

static void fail(struct fetch *fetch, const struct error *err)
{
	struct error named = *err;

	name_registry(fetch, &named);

	if (named.kind == ERROR_UNAUTHENTICATED && fetch->login != NULL)
		error_set(&named, ERROR_UNAUTHENTICATED, EACCES, "base image %s: the registry refused the name or password", fetch->reference);
	else if (named.kind == ERROR_UNAUTHENTICATED && fetch->source == SOURCE_FOREIGN)
		error_set(&named, ERROR_UNAUTHENTICATED, EACCES,
			  "base image %s: it is not there, or not public: its registry wants a name and a password", fetch->reference);
	else if (named.kind == ERROR_NOT_FOUND)
		error_set(&named, ERROR_NOT_FOUND, ENOENT,
			  "the base image %s was not found; check its name and version in FROM, or have it added to the registry",
			  fetch->reference);
	else
		error_wrap(&named, "base image %s", fetch->reference);
	answer(fetch, &named);
}

static bool read_note(const struct fetch *fetch, struct note *ret_note)
{
	auto_free char *path = file_of(fetch, "json");
	auto_free char *image = file_of(fetch, "img");
	json_t *note = json_load_file(path, 0, NULL);
	const char *digest = json_string_value(json_object_get(note, "digest"));
	bool good = digest_is_valid(digest) && access(image, R_OK) == 0;

	if (good) {
		snprintf(ret_note->digest, sizeof(ret_note->digest), "%s", digest);
		ret_note->source = json_is_true(json_object_get(note, "foreign")) ? SOURCE_FOREIGN : SOURCE_REGISTRY;
		ret_note->looked_ms = json_integer_value(json_object_get(note, "looked"));
	}
	json_decref(note);
	return good;
}

static int write_note(const struct fetch *fetch, struct error *err)
{
	auto_free char *path = file_of(fetch, "json");
	json_t *note = json_pack("{s:s, s:s, s:b, s:I}", "reference", fetch->reference, "digest", fetch->digest, "foreign", fetch->source == SOURCE_FOREIGN, "looked",
				 (json_int_t)clock_realtime_ms());
	auto_free char *text = json_dumps(note, JSON_INDENT(1));

	json_decref(note);
	return files_put(path, text, strlen(text), 0600, (uid_t)-1, err);
}

static void use_file(const struct fetch *fetch)
{
	auto_free char *path = file_of(fetch, "img");

	utimensat(AT_FDCWD, path, NULL, 0);
}

/* Deletes what was not used for longest until all fit; builds that stand on one hold it open. */
static void make_room(struct base_store *store, const char *keep)
{
	for (;;) {
		auto_free char *oldest = NULL;
		struct timespec oldest_time = {0};
		uint64_t total = 0;
		DIR *dir = opendir(store->folder);
		struct dirent *entry;
		auto_free char *path = NULL;
		auto_free char *note = NULL;
		struct stat st;

		while (dir != NULL && (entry = readdir(dir)) != NULL) {
			if (!str_ends_with(entry->d_name, ".img") || fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
				continue;
			total += (uint64_t)st.st_blocks * 512;
			if (str_starts_with(entry->d_name, keep))
				continue;
			if (oldest == NULL || st.st_mtim.tv_sec < oldest_time.tv_sec) {
				free(oldest);
				oldest = xstrndup(entry->d_name, strlen(entry->d_name) - strlen(".img"));
				oldest_time = st.st_mtim;
			}
		}
		if (dir != NULL)
			closedir(dir);
		if (total <= store->options.disk_max || oldest == NULL)
			return;
		path = xasprintf("%s/%s.img", store->folder, oldest);
		note = xasprintf("%s/%s.json", store->folder, oldest);
		unlink(note);
		if (unlink(path) < 0)
			return;
	}
}


static struct skopeo skopeo_of(const struct fetch *fetch)
{
	const struct base_store *store = fetch->store;

	return (struct skopeo){.host = store->host,
			       .registry = store->registry,
			       .work = fetch->work,
			       .ca_file = store->ca_file,
			       .ids = store->options.ids,
			       .foreign = fetch->source == SOURCE_FOREIGN,
			       .authfile = fetch->authfile,
			       .timeout_ms = (int64_t)store->options.seconds * 1000};
}

static void finish_fill(struct fetch *fetch, struct error *err)
{
	auto_free char *scratch = xasprintf("%s/scratch", fetch->work);
	auto_free char *half = file_of(fetch, "new");
	auto_free char *path = file_of(fetch, "img");

	if (umount2(scratch, UMOUNT_NOFOLLOW) < 0)
		error_errno(err, errno, "cannot unmount the base image %s", fetch->reference);
	else if (fetch->login != NULL)
		return;
	else if (rename(half, path) < 0)
		error_errno(err, errno, "cannot keep the base image %s", fetch->reference);
	else if (write_note(fetch, err) == 0)
		make_room(fetch->store, fetch->key);
}

/* "no space left" here means: larger than what one base may be. */
static void explain(struct fetch *fetch, const struct job_result *result, struct error *err)
{
	if (strcasestr(result->output, "no space left on device") != NULL || result->out_of_memory)
		error_set(err, ERROR_TOO_LARGE, EFBIG, "it is larger than the %llu MiB that a base image may have",
			  (unsigned long long)fetch->store->options.base_max >> 20);
	else
		job_error(result, "unpacking it", err);
}

static void end_fill(struct fetch *fetch, struct error *err)
{
	if (err->kind == ERROR_NONE)
		finish_fill(fetch, err);
	if (err->kind != ERROR_NONE)
		fail(fetch, err);
	else
		answer(fetch, NULL);
}

static void on_synced(struct child *child, const struct child_result *result, void *data)
{
	struct fetch *fetch = data;
	struct error err = {0};

	(void)child;
	if (result->exit_code != 0)
		child_error(result, "sync", &err);
	end_fill(fetch, &err);
}

/* What is in the file system has to be in its file before others mount that: the mount may live on for a moment after us. */
static int start_sync(struct fetch *fetch, struct error *err)
{
	auto_free char *scratch = xasprintf("%s/scratch", fetch->work);
	auto_free char *blobs = xasprintf("%s/in", scratch);
	const char *const argv[] = {"sync", "-f", scratch, NULL};
	struct child_options options = {.argv = argv, .timeout_ms = SYNC_TIMEOUT_MS};

	dir_remove_all(blobs, NULL);
	return child_start(fetch->store->agent, &options, on_synced, fetch, NULL, err);
}

static void on_filled(const struct job_result *result, void *data)
{
	struct fetch *fetch = data;
	struct error err = {0};

	fetch->job = NULL;
	if (result->exit_code != 0)
		explain(fetch, result, &err);
	else if (start_sync(fetch, &err) == 0)
		return;
	end_fill(fetch, &err);
}

/* Unpacks the layers: foreign bytes, so without any network. */
static void fill(struct fetch *fetch)
{
	static const char *const environment[] = {"TMPDIR=/scratch/tmp", NULL};
	auto_free char *etc = xasprintf("%s/etc", fetch->work);
	auto_free char *scratch = xasprintf("%s/scratch", fetch->work);
	auto_free char *cache = xasprintf("%s/cache", scratch);
	auto_free char *temporary = xasprintf("%s/tmp", scratch);
	auto_free char *target = xasprintf("containers-storage:[overlay@/scratch/store+/run/storage]%s", fetch->name);
	const char *const argv[] = {"/usr/bin/skopeo", "copy", "oci:/scratch/in:base", target, NULL};
	struct job_options options = {.argv = argv,
				      .environment = environment,
				      .mounts = {{.source = scratch, .target = "/scratch", .writable = true},
						 {.source = cache, .target = CACHE, .writable = true},
						 {.source = temporary, .target = "/var/tmp", .writable = true}},
				      .mount_count = 3,
				      .etc = etc,
				      .ids = fetch->store->options.ids,
				      .network = JOB_NETWORK_NONE,
				      .memory = FILL_MEMORY,
				      .pids = FILL_PIDS,
				      .timeout_ms = (int64_t)fetch->store->options.seconds * 1000,
				      .input = -1,
				      .output = -1};

	fetch->job = job_start(fetch->store->host, &options, on_filled, fetch);
}

static void on_copied(const struct job_result *result, void *data)
{
	struct fetch *fetch = data;
	struct error err = {0};

	fetch->job = NULL;
	if (result->exit_code == 0 && !fetch->cancelled) {
		fill(fetch);
		return;
	}
	if (strcasestr(result->output, "no space left on device") != NULL)
		explain(fetch, result, &err);
	else if (result->exit_code > 0 && !result->timed_out && !result->killed)
		registry_failure(result->output, &err);
	else
		job_error(result, "fetching it", &err);
	fail(fetch, &err);
}

/* Layers and configuration as they are, onto the new disk: their size is capped by it. */
static void copy(struct fetch *fetch)
{
	auto_free char *scratch = xasprintf("%s/scratch", fetch->work);
	auto_free char *cache = xasprintf("%s/cache", scratch);
	auto_free char *source = xasprintf("docker://%s", fetch->full);
	bool insecure = fetch->store->registry->insecure && registry_owns(fetch->store->registry, fetch->full);
	const char *const arguments[] = {"copy", insecure ? "--src-tls-verify=false" : "--src-tls-verify=true", source,
					 "oci:/scratch/in:base", NULL};
	struct job_mount mounts[] = {{.source = scratch, .target = "/scratch", .writable = true},
				     {.source = cache, .target = CACHE, .writable = true}};
	struct skopeo skopeo = skopeo_of(fetch);
	struct error err = {0};

	skopeo.authfile_option = "--src-authfile";
	skopeo.arguments = arguments;
	skopeo.mounts = mounts;
	skopeo.mount_count = ARRAY_SIZE(mounts);
	fetch->job = skopeo_start(&skopeo, on_copied, fetch, &err);
	if (fetch->job == NULL)
		fail(fetch, &err);
}

static int open_disk(struct fetch *fetch, struct error *err)
{
	static const char *const folders[] = {"in", "tmp", "cache", "store"};
	auto_free char *scratch = xasprintf("%s/scratch", fetch->work);
	int r = dir_make_all(fetch->work, 0711, err);

	if (r == 0)
		r = scratch_mount(fetch->fd, scratch, false, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(folders); i++) {
		auto_free char *path = xasprintf("%s/%s", scratch, folders[i]);

		r = files_folder(path, 0755, fetch->store->options.ids, err);
	}
	return r;
}

static void on_disk(int fd, const struct error *err, void *data)
{
	struct fetch *fetch = data;
	struct error failed;

	fetch->fd = fd;
	if (err == NULL && fetch->cancelled)
		error_set(&failed, ERROR_CANCELLED, ECANCELED, "bringing it was cancelled");
	if (err != NULL)
		fail(fetch, err);
	else if (fetch->cancelled)
		fail(fetch, &failed);
	else if (open_disk(fetch, &failed) < 0)
		fail(fetch, &failed);
	else
		copy(fetch);
}

static void make_disk(struct fetch *fetch)
{
	struct base_store *store = fetch->store;
	auto_free char *half = file_of(fetch, "new");

	unlink(half);
	scratch_make(store->agent, NULL, half, store->options.base_max, store->options.ids, on_disk, fetch);
}

/* The digest stands alone on a line, whatever warnings came with it. */
static bool find_digest(const char *output, char digest[DIGEST_SIZE])
{
	auto_free char *copy = xstrdup(output);
	char *place = NULL;

	for (char *line = strtok_r(copy, "\r\n", &place); line != NULL; line = strtok_r(NULL, "\r\n", &place)) {
		if (digest_is_valid(str_trim(line))) {
			snprintf(digest, DIGEST_SIZE, "%s", str_trim(line));
			return true;
		}
	}
	return false;
}

static void found(struct fetch *fetch)
{
	struct error err;
	struct note note;

	if (!read_note(fetch, &note) || strcmp(note.digest, fetch->digest) != 0) {
		make_disk(fetch);
		return;
	}
	use_file(fetch);
	if (write_note(fetch, &err) < 0)
		fail(fetch, &err);
	else
		answer(fetch, NULL);
}

static void on_looked(const struct job_result *result, void *data)
{
	struct fetch *fetch = data;
	struct error err = {0};

	fetch->job = NULL;
	if (result->exit_code == 0 && find_digest(result->output, fetch->digest)) {
		found(fetch);
		return;
	}
	if (result->exit_code > 0 && !result->timed_out && !result->killed)
		registry_failure(result->output, &err);
	else
		job_error(result, "asking for it", &err);
	if (fetch->source == SOURCE_REGISTRY && fetch->last == SOURCE_FOREIGN && err.kind == ERROR_NOT_FOUND && !fetch->cancelled) {
		fetch->registry_err = err;
		fetch->source = SOURCE_FOREIGN;
		free(fetch->full);
		fetch->full = xstrdup(fetch->reference);
		look(fetch);
		return;
	}
	/* Nobody out there could be asked: what the configured registry said is what the person can act on. */
	if (fetch->source == SOURCE_FOREIGN && err.kind != ERROR_NOT_FOUND && fetch->registry_err.kind == ERROR_NOT_FOUND)
		err = fetch->registry_err;
	fail(fetch, &err);
}

static void look(struct fetch *fetch)
{
	auto_free char *source = xasprintf("docker://%s", fetch->full);
	const char *const arguments[] = {"inspect", "--no-tags", registry_tls_option(fetch->store->registry, fetch->full), "--format",
					 "{{.Digest}}", source, NULL};
	struct skopeo skopeo = skopeo_of(fetch);
	struct note note;
	struct error err = {0};

	if (fetch->source == SOURCE_FOREIGN && read_note(fetch, &note) && note.source == SOURCE_FOREIGN &&
	    clock_realtime_ms() - note.looked_ms < LOOK_AGAIN_MS) {
		use_file(fetch);
		answer(fetch, NULL);
		return;
	}
	skopeo.authfile_option = "--authfile";
	skopeo.arguments = arguments;
	fetch->job = skopeo_start(&skopeo, on_looked, fetch, &err);
	if (fetch->job == NULL)
		fail(fetch, &err);
}

static int prepare_login(struct fetch *fetch, struct error *err)
{
	auto_free char *secret = xasprintf("%s/login", fetch->work);

	return fetch->login != NULL ? login_mount(fetch->login, secret, fetch->store->options.ids, &fetch->authfile, err) : 0;
}

static void start_fetch(void *data)
{
	struct fetch *fetch = data;
	struct error err;

	if (prepare_login(fetch, &err) < 0)
		fail(fetch, &err);
	else
		look(fetch);
}

/* Which source is asked first, and what the image is called where. */
static int name_fetch(struct fetch *fetch, struct error *err)
{
	const struct registry *registry = fetch->store->registry;
	char plain[REFERENCE_MAX], digest[DIGEST_SIZE], unique[21];
	auto_free char *keyed = NULL;
	struct reference parsed;
	int r = reference_parse(fetch->reference, &parsed, err);

	if (r < 0)
		return r;
	r = registry_reference(registry, fetch->reference, &fetch->full, err);
	if (r < 0)
		return r;
	fetch->source = registry_owns(registry, fetch->full) ? SOURCE_REGISTRY : SOURCE_FOREIGN;
	fetch->last = parsed.host[0] == '\0' ? SOURCE_FOREIGN : fetch->source;
	/* With the ids: files of other ids would be nobody's. With a login: like no other. */
	random_id(unique, 20);
	keyed = xasprintf("%u %s%s", fetch->store->options.ids, fetch->reference, fetch->login != NULL ? unique : "");
	digest_of(keyed, strlen(keyed), digest);
	fetch->key = xstrndup(digest_hex(digest), 40);
	if (parsed.digest[0] != '\0' || parsed.host[0] != '\0') {
		fetch->name = xasprintf("localhost/base/%s:latest", fetch->key);
	} else {
		reference_print(&parsed, "localhost", plain);
		fetch->name = xstrdup(plain);
	}
	return 0;
}

static struct fetch *find_fetch(struct base_store *store, const char *reference)
{
	list_for_each(node, &store->fetches) {
		struct fetch *fetch = container_of(node, struct fetch, link);

		if (fetch->login == NULL && strcmp(fetch->reference, reference) == 0)
			return fetch;
	}
	return NULL;
}

static void fail_name(void *data)
{
	struct fetch *fetch = data;

	fail(fetch, &fetch->registry_err);
}

struct base_request *base_store_get(struct base_store *store, const char *reference, const struct login *login, base_done done, void *data)
{
	struct base_request *request = xmalloc(sizeof(*request));
	struct fetch *fetch = login == NULL ? find_fetch(store, reference) : NULL;
	char random[17];

	*request = (struct base_request){.done = done, .data = data};
	if (fetch == NULL) {
		fetch = xmalloc(sizeof(*fetch));
		fetch->store = store;
		fetch->fd = -1;
		fetch->reference = xstrdup(reference);
		fetch->login = login_copy(login);
		random_id(random, 16);
		fetch->work = xasprintf("%s/base-%s", store->work, random);
		list_init(&fetch->requests);
		list_append(&store->fetches, &fetch->link);
		if (name_fetch(fetch, &fetch->registry_err) < 0) {
			fetch->key = fetch->key != NULL ? fetch->key : xstrdup("none");
			loop_post(store->agent->loop, fail_name, fetch);
		} else {
			loop_post(store->agent->loop, start_fetch, fetch);
		}
	}
	list_append(&fetch->requests, &request->link);
	return request;
}

void base_request_cancel(struct base_request *request)
{
	list_remove(&request->link);
	free(request);
}

void base_store_cancel(struct base_store *store)
{
	list_for_each(node, &store->fetches) {
		struct fetch *fetch = container_of(node, struct fetch, link);

		fetch->cancelled = true;
		if (fetch->job != NULL)
			job_kill(fetch->job);
	}
}

bool base_store_busy(const struct base_store *store)
{
	return !list_is_empty(&store->fetches);
}

/* Half made files of an agent that ended at a bad time. */
static void sweep(struct base_store *store)
{
	DIR *dir = opendir(store->folder);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (str_ends_with(entry->d_name, ".new"))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
}

int base_store_new(struct agent *agent, struct job_host *host, const struct registry *registry, const struct base_options *options,
		   struct base_store **ret_store, struct error *err)
{
	struct base_store *store;
	int r = dir_make_all(options->folder, 0700, err);

	if (r == 0)
		r = dir_make_all(options->work, 0711, err);
	if (r < 0)
		return r;
	store = xmalloc(sizeof(*store));
	*store = (struct base_store){.agent = agent, .host = host, .registry = registry, .options = *options};
	store->folder = xstrdup(options->folder);
	store->work = xstrdup(options->work);
	store->ca_file = xstrdup(options->ca_file);
	list_init(&store->fetches);
	sweep(store);
	*ret_store = store;
	return 0;
}

void base_store_free(struct base_store *store)
{
	if (store == NULL)
		return;
	free(store->folder);
	free(store->work);
	free(store->ca_file);
	free(store);
}
