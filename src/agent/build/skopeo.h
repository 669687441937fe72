/* skopeo(1) as a job: with the network, the certificates and the credentials that it needs: the configured ones for the
 * configured registry alone. */
#pragma once

#include "agent/build/job.h"
#include "agent/image/registry.h"

struct skopeo {
	struct job_host *host;
	const struct registry *registry;
	const char *work;	/* folder for the job's /etc and the credentials; they are overwritten */
	const char *ca_file;	/* PEM; NULL: the host's bundle */
	uint32_t ids;
	bool foreign;		/* not the configured registry: through the lease, without its credentials */
	const char *authfile;	/* other credentials than the configured ones; NULL: those */
	int64_t timeout_ms;
	const char *authfile_option;   /* "--authfile", "--src-authfile", "--dest-authfile" */
	const char *const *arguments;  /* behind "skopeo"; the credentials go behind the first of them. NULL-terminated */
	const struct job_mount *mounts; /* more of them */
	size_t mount_count;
};

/* NULL with `err` when it could not even be tried. */
struct job *skopeo_start(const struct skopeo *skopeo, job_done done, void *data, struct error *err);

/* The host's bundle of certificates; NULL: none known. */
const char *skopeo_host_certificates(void);
