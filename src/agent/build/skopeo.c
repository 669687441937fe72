#include "agent/build/skopeo.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent/build/etc.h"
#include "agent/build/files.h"
#include "agent/build/job_host.h"
#include "agent/network/network.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

#define ARGV_MAX 16
#define AUTH_MAX ((size_t)1 << 20)
#define MEMORY ((uint64_t)1 << 30)
#define PIDS 256

const char *skopeo_host_certificates(void)
{
	static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
					     "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	return NULL;
}

static int copy_credentials(const struct skopeo *skopeo, const char *to, struct error *err)
{
	const char *from = skopeo->registry->authfile;
	auto_buf struct buf text = BUF_INIT;
	int r = file_read(AT_FDCWD, from, AUTH_MAX, &text);

	if (r < 0)
		return error_errno(err, r, "cannot read [registry] authfile %s", from);
	return files_put(to, text.data != NULL ? text.data : "", text.length, 0400, skopeo->ids, err);
}

static void build_argv(const struct skopeo *skopeo, bool credentials, const char *argv[ARGV_MAX])
{
	size_t count = 0, n = 0;

	while (skopeo->arguments[count] != NULL)
		count++;
	argv[n++] = "/usr/bin/skopeo";
	for (size_t i = 0; i < count && n + 4 < ARGV_MAX; i++) {
		if (i == 1 && credentials) { /* behind the verb */
			argv[n++] = skopeo->authfile_option;
			argv[n++] = "/in/auth.json";
		}
		argv[n++] = skopeo->arguments[i];
	}
	argv[n] = NULL;
}

struct job *skopeo_start(const struct skopeo *skopeo, job_done done, void *data, struct error *err)
{
	static const char *const environment[] = {"SSL_CERT_FILE=/dev/ca.pem", "TMPDIR=/tmp", NULL};
	const struct network *network = skopeo->host->agent->network;
	auto_free char *etc = xasprintf("%s/etc", skopeo->work);
	auto_free char *copy = xasprintf("%s/auth.json", skopeo->work);
	const char *auth = skopeo->authfile != NULL ? skopeo->authfile : copy;
	const char *certificates = skopeo->ca_file != NULL ? skopeo->ca_file : skopeo_host_certificates();
	bool configured = skopeo->authfile == NULL && !skopeo->foreign && skopeo->registry->authfile != NULL;
	bool credentials = configured || skopeo->authfile != NULL;
	struct etc_options etc_options = {.registries = skopeo->foreign};
	const char *argv[ARGV_MAX];
	struct job_options options = {.argv = argv,
				      .environment = environment,
				      .etc = etc,
				      .ids = skopeo->ids,
				      .network = skopeo->foreign ? JOB_NETWORK_LEASE : JOB_NETWORK_HOST,
				      .memory = MEMORY,
				      .pids = PIDS,
				      .timeout_ms = skopeo->timeout_ms,
				      .input = -1,
				      .output = -1};

	if (skopeo->foreign && network != NULL)
		etc_options.resolv_conf = network_resolv_conf(network);
	if (dir_make_all(skopeo->work, 0711, err) < 0 || etc_make(etc, &etc_options, err) < 0 ||
	    (configured && copy_credentials(skopeo, copy, err) < 0))
		return NULL;
	for (size_t i = 0; i < skopeo->mount_count; i++)
		options.mounts[options.mount_count++] = skopeo->mounts[i];
	if (certificates != NULL)
		options.mounts[options.mount_count++] = (struct job_mount){.source = certificates, .target = "/dev/ca.pem"};
	if (credentials)
		options.mounts[options.mount_count++] = (struct job_mount){.source = auth, .target = "/in/auth.json"};
	build_argv(skopeo, credentials, argv);
	return job_start(skopeo->host, &options, done, data);
}
