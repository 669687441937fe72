#include "cli/registry.h"

#include <arpa/inet.h>
#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"

#define REGISTRY_USER "ttob"
#define PASSWORD_LENGTH 32 /* of a-z2-7: 160 bits */
#define BCRYPT_COST 5	   /* the password is random: a high cost would only slow every request down */

/* 0 or the port that the kernel gave; -1 when `port` is taken. */
static int try_port(unsigned port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	auto_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return -1;
	return ntohs(address.sin_port);
}

/* What an earlier start left: *ret_password (or NULL) and the port (or 0). */
static void read_kept(const char *authfile, char **ret_password, unsigned *ret_port)
{
	auto_buf struct buf text = BUF_INIT;
	auto_buf struct buf plain = BUF_INIT;
	json_t *root = NULL, *entry;
	const char *host;
	const char *auth;
	const char *colon;
	size_t length;
	uint64_t port = 0;

	*ret_password = NULL;
	*ret_port = 0;
	if (file_read(AT_FDCWD, authfile, 64 * 1024, &text) < 0 || (root = json_loadb(text.data, text.length, 0, NULL)) == NULL)
		return;
	json_object_foreach(json_object_get(root, "auths"), host, entry)
	{
		colon = strrchr(host, ':');
		auth = json_string_value(json_object_get(entry, "auth"));
		if (colon == NULL || auth == NULL || str_to_u64(colon + 1, 65535, &port) < 0)
			continue;
		if (sodium_base642bin((unsigned char *)buf_reserve(&plain, strlen(auth) + 1), strlen(auth), auth, strlen(auth), NULL,
				      &length, NULL, sodium_base64_VARIANT_ORIGINAL) < 0)
			continue;
		buf_added(&plain, length);
		if (!str_starts_with(plain.data, REGISTRY_USER ":"))
			continue;
		*ret_password = xstrdup(plain.data + strlen(REGISTRY_USER ":"));
		*ret_port = (unsigned)port;
		break;
	}
	json_decref(root);
}

static int write_authfile(const struct embedded_registry *registry, const char *password, struct error *err)
{
	auto_free char *plain = xasprintf("%s:%s", REGISTRY_USER, password);
	auto_free char *host = xasprintf("127.0.0.1:%u", registry->port);
	size_t size = sodium_base64_encoded_len(strlen(plain), sodium_base64_VARIANT_ORIGINAL);
	auto_free char *encoded = xmalloc(size);
	auto_free char *text = NULL;
	json_t *root;

	sodium_bin2base64(encoded, size, (const unsigned char *)plain, strlen(plain), sodium_base64_VARIANT_ORIGINAL);
	root = json_pack("{s:{s:{s:s}}}", "auths", host, "auth", encoded);
	text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	return file_replace(registry->authfile, text, strlen(text), 0600, err);
}

/* Replaces the file, which the registry may read and nobody else. */
static int write_for(const struct embedded_registry *registry, const char *path, const char *text, struct error *err)
{
	int r = file_replace(path, text, strlen(text), 0440, err);

	if (r == 0 && chown(path, registry->uid, registry->gid) < 0)
		r = error_errno(err, errno, "cannot give %s to the registry", path);
	return r;
}

static int write_htpasswd(const struct embedded_registry *registry, const char *path, const char *password, struct error *err)
{
	struct crypt_data *work = xmalloc(sizeof(*work));
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	auto_free char *text = NULL;
	const char *hash = NULL;
	char salt[16];

	random_bytes(salt, sizeof(salt));
	if (crypt_gensalt_rn("$2b$", BCRYPT_COST, salt, sizeof(salt), setting, sizeof(setting)) != NULL)
		hash = crypt_r(password, setting, work);
	if (hash == NULL || hash[0] == '*') {
		free(work);
		return error_set(err, ERROR_INTERNAL, ENOSYS, "libcrypt cannot make a bcrypt hash");
	}
	text = xasprintf("%s:%s\n", REGISTRY_USER, hash);
	free(work);
	return write_for(registry, path, text, err);
}

static char *yaml_string(const char *s)
{
	json_t *json = json_string(s);
	char *text = json != NULL ? json_dumps(json, JSON_ENCODE_ANY) : NULL;

	json_decref(json);
	return text != NULL ? text : xstrdup("\"\"");
}

static int write_config(const struct embedded_registry *registry, const char *storage, const char *htpasswd, struct error *err)
{
	auto_free char *storage_text = yaml_string(storage);
	auto_free char *htpasswd_text = yaml_string(htpasswd);
	auto_free char *text = NULL;
	char secret[33];

	random_id(secret, sizeof(secret) - 1);
	text = xasprintf("version: 0.1\n"
			 "log:\n  level: error\n  accesslog:\n    disabled: true\n"
			 "storage:\n  filesystem:\n    rootdirectory: %s\n  cache:\n    blobdescriptor: inmemory\n"
			 "  delete:\n    enabled: true\n"
			 /* Halves of layers whose sender, or the registry, was killed. */
			 "  maintenance:\n    uploadpurging:\n      enabled: true\n      age: 24h\n      interval: 1h\n      dryrun: false\n"
			 "http:\n  addr: 127.0.0.1:%u\n  secret: %s\n"
			 "auth:\n  htpasswd:\n    realm: ttob\n    path: %s\n",
			 storage_text, registry->port, secret, htpasswd_text);
	return write_for(registry, registry->config, text, err);
}

int embedded_registry_prepare(const char *data, struct embedded_registry *ret_registry, struct error *err)
{
	auto_free char *folder = xasprintf("%s/registry", data);
	auto_free char *storage = xasprintf("%s/storage", folder);
	auto_free char *htpasswd = xasprintf("%s/htpasswd", folder);
	auto_free char *password = NULL;
	const struct passwd *user = getpwnam("docker-registry");
	struct embedded_registry registry = {
		.authfile = xasprintf("%s/registry-auth.json", data),
		.config = xasprintf("%s/config.yml", folder),
		.storage = xstrdup(storage),
	};
	char fresh[PASSWORD_LENGTH + 1];
	int port, r;

	if (user == NULL)
		user = getpwnam("nobody");
	if (user == NULL || user->pw_uid == 0) {
		embedded_registry_fini(&registry);
		return error_set(err, ERROR_UNAVAILABLE, ENOENT, "there is no user docker-registry to run the registry as");
	}
	registry.uid = user->pw_uid;
	registry.gid = user->pw_gid;
	read_kept(registry.authfile, &password, &registry.port);
	port = registry.port != 0 ? try_port(registry.port) : -1;
	if (port < 0)
		port = try_port(0);
	registry.port = port > 0 ? (unsigned)port : 0;
	registry.url = xasprintf("http://127.0.0.1:%u", registry.port);
	random_id(fresh, PASSWORD_LENGTH);
	if (password == NULL)
		password = xstrdup(fresh);
	r = dir_make_all(storage, 0755, err);
	if (r == 0 && (chmod(storage, 0700) < 0 || chown(storage, registry.uid, registry.gid) < 0))
		r = error_errno(err, errno, "cannot give %s to the registry", storage);
	if (r == 0)
		r = write_authfile(&registry, password, err);
	if (r == 0)
		r = write_htpasswd(&registry, htpasswd, password, err);
	if (r == 0)
		r = write_config(&registry, storage, htpasswd, err);
	if (r < 0)
		embedded_registry_fini(&registry);
	else
		*ret_registry = registry;
	return r;
}

void embedded_registry_fini(struct embedded_registry *registry)
{
	free(registry->url);
	free(registry->authfile);
	free(registry->config);
	free(registry->storage);
	*registry = (struct embedded_registry){0};
}
