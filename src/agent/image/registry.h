/* The configured registry ([registry]), and how skopeo and buildah are told about it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/error.h"

#define REGISTRY_HOST_MAX 255

struct registry {
	char host[REGISTRY_HOST_MAX +
		  1];   /* "127.0.0.1:5000": what stands before the repository's name in a full reference */
	bool insecure;  /* plain http, or https without checking: skopeo and buildah need --tls-verify=false */
	char *authfile; /* containers-auth.json(5); NULL: none */
	char *ca_file;  /* PEM; NULL: the host's own */
};

/* From [registry] url, authfile, insecure and [build] ca_file. http to another host than loopback needs `insecure =
 * yes`. 0 or -EINVAL. */
int registry_init(struct registry *registry, const struct config *config, struct error *err);
void registry_fini(struct registry *registry);

/* "debian:bookworm" → "127.0.0.1:5000/debian:bookworm"; one that names its host stays as it is. The reference is
 * checked against OCI distribution's grammar, so that the result can never be taken for an option. 0, or -EINVAL with
 * ERROR_INVALID. */
int registry_reference(const struct registry *registry, const char *reference, char **ret_full, struct error *err);
/* Whether a full reference lies in this registry: only then do the credentials and `insecure` go with it. */
bool registry_owns(const struct registry *registry, const char *full_reference);

/* --tls-verify=… for a program that is about to talk about this reference. */
const char *registry_tls_option(const struct registry *registry, const char *full_reference);

/* The environment for a child that talks to a registry: PATH, LANG, the proxies of the agent's own environment, and
 * SSL_CERT_FILE for `ca_file`. NULL-terminated; the caller frees it by registry_environment_free. */
char **registry_environment(const struct registry *registry);
void registry_environment_free(char **environment);

/* The credentials as a memfd, so that a child without root's rights reads them as /proc/self/fd/N and nothing is left
 * on a disk. Gives the descriptor in *ret_fd (-1: no authfile configured). 0 or -errno. */
int registry_auth_open(const struct registry *registry, int *ret_fd, struct error *err);

/* What a failed skopeo meant: fills `err` by what it wrote (ERROR_NOT_FOUND, ERROR_UNAUTHENTICATED, ERROR_TIMEOUT,
 * ERROR_UNSUPPORTED, else ERROR_UNAVAILABLE) and gives a negative errno. */
int registry_failure(const char *written, struct error *err);

/* For child_options.prepare: no root, no groups, no capabilities, no new ones. */
int registry_become_nobody(void *unused);
