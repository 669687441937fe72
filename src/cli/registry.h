/* The embedded OCI registry: Debian's docker-registry on a free loopback port, with a password that only root can read. */
#pragma once

#include <sys/types.h>

#include "base/error.h"

struct embedded_registry {
	char *url;	/* "http://127.0.0.1:41234" */
	char *authfile; /* containers-auth.json(5), mode 0600 */
	char *config;	/* of docker-registry */
	char *storage;	/* its files */
	unsigned port;
	uid_t uid; /* who it runs as */
	gid_t gid;
};

/* Writes below `data`/registry what the registry needs; port and password stay the same from start to start while the port is free. */
int embedded_registry_prepare(const char *data, struct embedded_registry *ret_registry, struct error *err);
void embedded_registry_fini(struct embedded_registry *registry);
