#include "support.h"

#include <arpa/inet.h>
#include <crypt.h>
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/image/digest.h"
#include "agent/image/manifest.h"
#include "agent/image/store.h"
#include "agent/reaper.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "tar.h"

#define USER     "ttob"
#define PASSWORD "a password for this test only"

static const struct config_key keys[] = {
	{"registry", "url", CONFIG_STRING, "", ""},      {"registry", "authfile", CONFIG_STRING, "", ""},
	{"registry", "insecure", CONFIG_BOOL, "no", ""}, {"build", "ca_file", CONFIG_STRING, "", ""},
	{"image", "base_mirror", CONFIG_STRING, "", ""}, {"image", "base_packages", CONFIG_STRING, "bash", ""},
	{NULL, NULL, CONFIG_STRING, NULL, NULL},
};

void run(const char *const *argv)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void put(const char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(const char *text, const char *format, ...)
{
	char path[512];
	va_list list;

	va_start(list, format);
	vsnprintf(path, sizeof(path), format, list);
	va_end(list);
	assert_int_equal(file_replace(path, text, strlen(text), 0600, NULL), 0);
}

static unsigned free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	auto_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	return ntohs(address.sin_port);
}

static bool answers(const struct fixture *f)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	auto_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_port = htons((uint16_t)atoi(strchr(f->host, ':') + 1));
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

void registry_start(struct fixture *f)
{
	auto_free char *config = xasprintf("%s/registry.yml", f->folder);
	auto_free char *log = xasprintf("%s/registry.log", f->folder);
	auto_free char *text =
		xasprintf("version: 0.1\n"
			  "storage: {filesystem: {rootdirectory: %s/registry}, delete: {enabled: true}}\n"
			  "http: {addr: \"%s\"}\n"
			  "auth: {htpasswd: {realm: test, path: %s/htpasswd}}\n"
			  "log: {level: error}\n",
			  f->folder, f->host, f->folder);

	put(text, "%s", config);
	f->registry = fork();
	if (f->registry == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, 1);
		dup2(fd, 2);
		execlp("docker-registry", "docker-registry", "serve", config, NULL);
		_exit(127);
	}
	while (!answers(f)) {
		assert_int_equal(waitpid(f->registry, NULL, WNOHANG), 0);
		usleep(20000);
	}
}

void registry_stop(struct fixture *f)
{
	if (f->registry <= 0)
		return;
	kill(f->registry, SIGKILL);
	waitpid(f->registry, NULL, 0);
	f->registry = 0;
}

static void write_password(struct fixture *f)
{
	struct crypt_data data = {0};
	auto_free char *salt = xstrdup(crypt_gensalt("$2b$", 4, NULL, 0));
	auto_free char *line = xasprintf(USER ":%s\n", crypt_r(PASSWORD, salt, &data));
	auto_free char *both = xstrdup(USER ":" PASSWORD);
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	auto_buf struct buf base64 = BUF_INIT;
	auto_free char *auth = NULL;

	for (size_t i = 0; i < strlen(both); i += 3) {
		size_t left = strlen(both) - i;
		unsigned value = (unsigned)both[i] << 16 | (left > 1 ? (unsigned)both[i + 1] << 8 : 0) |
				 (left > 2 ? (unsigned)both[i + 2] : 0);

		buf_append_char(&base64, digits[value >> 18]);
		buf_append_char(&base64, digits[value >> 12 & 63]);
		buf_append_char(&base64, left > 1 ? digits[value >> 6 & 63] : '=');
		buf_append_char(&base64, left > 2 ? digits[value & 63] : '=');
	}
	auth = xasprintf("{\"auths\": {\"%s\": {\"auth\": \"%s\"}}}", f->host, base64.data);
	put(line, "%s/htpasswd", f->folder);
	put(auth, "%s/auth.json", f->folder);
}

void store_open(struct fixture *f)
{
	struct error err = {0};

	if (image_store_open(&f->agent, &f->options, &f->store, &err) < 0)
		fail_msg("%s", err.message);
	f->agent.images = f->store;
}

void store_close(struct fixture *f)
{
	image_store_close(f->store);
	f->store = NULL;
}

void store_reopen(struct fixture *f)
{
	store_close(f);
	store_open(f);
}

int fixture_setup(void **state)
{
	struct fixture *f = xmalloc(sizeof(*f));
	auto_free char *url = NULL, *auth = NULL;
	const char *tmp = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/var/tmp";

	log_setup("test", LOG_LEVEL_ERROR, false);
	*f = (struct fixture){.registry = 0};
	snprintf(f->folder, sizeof(f->folder), "%.40s/ttob-image-XXXXXX", tmp);
	assert_non_null(mkdtemp(f->folder));
	chmod(f->folder, 0711);
	snprintf(f->host, sizeof(f->host), "127.0.0.1:%u", free_port());
	write_password(f);
	registry_start(f);
	f->config = config_new(keys);
	url = xasprintf("http://%s", f->host);
	auth = xasprintf("%s/auth.json", f->folder);
	assert_int_equal(config_set(f->config, "registry", "url", url, "test", NULL), 0);
	assert_int_equal(config_set(f->config, "registry", "authfile", auth, "test", NULL), 0);
	f->agent.loop = loop_new();
	f->agent.reaper = reaper_new(f->agent.loop);
	f->agent.config = f->config;
	f->options = (struct image_options){
		.state_dir = xasprintf("%s/state", f->folder),
		.unpack_program = UNPACK_PROGRAM,
		.image_max = (uint64_t)1 << 30,
		.entries_max = 100000,
		.pulls_max = 2,
		.pull_seconds = 120,
	};
	store_open(f);
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	struct error err = {0};

	siginfo_t info;

	settle(f);
	store_close(f);
	registry_stop(f);
	/* Children that were given up are freed when they have ended. */
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
		assert_int_equal(loop_once(f->agent.loop, 10), 0);
	reaper_free(f->agent.reaper);
	loop_free(f->agent.loop);
	config_free(f->config);
	if (dir_remove_all(f->folder, &err) < 0)
		print_error("%s\n", err.message);
	free((char *)f->options.state_dir);
	free(f);
	return 0;
}

static json_t *put_blob(const char *folder, const char *media_type, const void *data, size_t length)
{
	char digest[DIGEST_SIZE];
	auto_free char *path = NULL;

	digest_of(data, length, digest);
	path = xasprintf("%s/blobs/sha256/%s", folder, digest_hex(digest));
	assert_int_equal(file_replace(path, data, length, 0644, NULL), 0);
	return json_pack("{s:s, s:s, s:I}", "mediaType", media_type, "digest", digest, "size", (json_int_t)length);
}

static json_t *put_json(const char *folder, const char *media_type, json_t *json)
{
	auto_free char *text = json_dumps(json, 0);

	json_decref(json);
	return put_blob(folder, media_type, text, strlen(text));
}

static json_t *put_layer(const char *folder, const struct made_layer *layer, json_t *diff_ids)
{
	auto_buf struct buf packed = BUF_INIT;
	char digest[DIGEST_SIZE];

	digest_of(layer->tar->data, layer->tar->length, digest);
	json_array_append_new(diff_ids, json_string(digest));
	if (layer->pack == PACK_NONE)
		return put_blob(folder, "application/vnd.oci.image.layer.v1.tar", layer->tar->data, layer->tar->length);
	tar_pack(layer->tar, layer->pack == PACK_GZIP ? ARCHIVE_FILTER_GZIP : ARCHIVE_FILTER_ZSTD, &packed);
	return put_blob(folder,
			layer->pack == PACK_GZIP ? "application/vnd.oci.image.layer.v1.tar+gzip"
						 : "application/vnd.oci.image.layer.v1.tar+zstd",
			packed.data, packed.length);
}

void push_image(struct fixture *f, const char *name, const struct made_layer *layers, size_t count, const char *config,
		bool docker)
{
	auto_free char *folder = xasprintf("%s/layout", f->folder);
	auto_free char *blobs = xasprintf("%s/blobs/sha256", folder);
	auto_free char *from = xasprintf("oci:%s:x", folder);
	auto_free char *to = xasprintf("docker://%s/%s", f->host, name);
	auto_free char *auth = xasprintf("--authfile=%s/auth.json", f->folder);
	auto_free char *index_path = xasprintf("%s/index.json", folder);
	auto_free char *index_text = NULL;
	json_t *diff_ids = json_array(), *array = json_array(), *descriptor, *index;
	const char *argv[] = {
		"skopeo", "copy", "--quiet", "--dest-tls-verify=false", auth, "--format", docker ? "v2s2" : "oci", from,
		to,       NULL,   NULL};
	int r;

	assert_int_equal(dir_remove_all(folder, NULL), 0);
	assert_int_equal(dir_make_all(blobs, 0755, NULL), 0);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, put_layer(folder, &layers[i], diff_ids));
	descriptor = put_json(folder, "application/vnd.oci.image.config.v1+json",
			      json_pack("{s:s, s:s, s:o, s:{s:s, s:o}}", "architecture", manifest_architecture(), "os",
					"linux", "config", config != NULL ? json_loads(config, 0, NULL) : json_object(),
					"rootfs", "type", "layers", "diff_ids", diff_ids));
	descriptor = put_json(folder, "application/vnd.oci.image.manifest.v1+json",
			      json_pack("{s:i, s:s, s:o, s:o}", "schemaVersion", 2, "mediaType",
					"application/vnd.oci.image.manifest.v1+json", "config", descriptor, "layers",
					array));
	json_object_set_new(descriptor, "annotations", json_pack("{s:s}", "org.opencontainers.image.ref.name", "x"));
	index = json_pack("{s:i, s:[o]}", "schemaVersion", 2, "manifests", descriptor);
	index_text = json_dumps(index, 0);
	json_decref(index);
	r = file_replace(index_path, index_text, strlen(index_text), 0644, NULL);
	assert_int_equal(r, 0);
	put("{\"imageLayoutVersion\": \"1.0.0\"}", "%s/oci-layout", folder);
	run(argv);
}

static void on_progress(const char *reference, enum image_stage stage, unsigned done, unsigned total, void *data)
{
	struct pulled *pulled = data;

	(void)reference;
	(void)stage;
	pulled->progress++;
	pulled->last_done = done;
	pulled->last_total = total;
}

static void on_pulled(const struct image *image, const struct error *err, void *data)
{
	struct pulled *pulled = data;

	assert_false(pulled->done);
	pulled->done = true;
	pulled->ok = image != NULL;
	pulled->image = image;
	if (image != NULL)
		memcpy(pulled->digest, image->digest, sizeof(pulled->digest));
	else
		pulled->err = *err;
}

void pull_start(struct fixture *f, const char *reference, struct pulled *ret)
{
	*ret = (struct pulled){.done = false};
	image_pull(f->store, reference, on_progress, on_pulled, ret);
	assert_false(ret->done);
}

void pull_wait(struct fixture *f, struct pulled *pulled)
{
	while (!pulled->done)
		assert_int_equal(loop_once(f->agent.loop, 1000), 0);
}

const struct image *pull_ok(struct fixture *f, const char *reference)
{
	struct pulled pulled;

	pull_start(f, reference, &pulled);
	pull_wait(f, &pulled);
	if (!pulled.ok)
		fail_msg("%s: %s", reference, pulled.err.message);
	return pulled.image;
}

void pull_fails(struct fixture *f, const char *reference, enum error_kind kind, const char *message_has)
{
	struct pulled pulled;

	pull_start(f, reference, &pulled);
	pull_wait(f, &pulled);
	assert_false(pulled.ok);
	if (pulled.err.kind != kind || strstr(pulled.err.message, message_has) == NULL)
		fail_msg("%s: unexpected %s: %s", reference, error_kind_name(pulled.err.kind), pulled.err.message);
}

void settle(struct fixture *f)
{
	while (f->store != NULL && (f->store->remover != NULL || !list_is_empty(&f->store->pulls)))
		assert_int_equal(loop_once(f->agent.loop, 1000), 0);
}

unsigned count_names(const char *format, ...)
{
	char path[512];
	struct dirent *entry;
	unsigned count = 0;
	va_list list;
	DIR *dir;

	va_start(list, format);
	vsnprintf(path, sizeof(path), format, list);
	va_end(list);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return count;
}

bool is_there(const char *format, ...)
{
	char path[512];
	struct stat st;
	va_list list;

	va_start(list, format);
	vsnprintf(path, sizeof(path), format, list);
	va_end(list);
	return lstat(path, &st) == 0;
}
