/* Fetches blobs of one image through skopeo's image proxy (skopeo-experimental-image-proxy(1), protocol 0.2: JSON over
 * a SOCK_SEQPACKET socket, data over pipes): a blob streams from the registry to its reader, only the blobs that are
 * wanted come, and nothing is stored on the way. skopeo runs as nobody. */
#pragma once

#include "agent/agent.h"
#include "agent/image/manifest.h"
#include "agent/image/registry.h"

struct proxy;

struct proxy_handlers {
	/* The blob's bytes, as a pipe that becomes the handler's; or fd = -1 and `err`. */
	void (*blob)(int fd, const struct error *err, void *data);
	/* After `blob` gave a pipe: all was sent (and has the right digest and size, as skopeo sees it), or `err`. */
	void (*sent)(const struct error *err, void *data);
};

/* `full_reference` is one of registry_reference. `handlers` are borrowed. 0 or -errno. */
int proxy_start(struct agent *agent, const struct registry *registry, const char *full_reference,
		const struct proxy_handlers *handlers, void *data, struct proxy **ret_proxy, struct error *err);
/* One blob at a time: the next only after `sent`, or after `blob` with an error. No handler runs from within. */
void proxy_fetch(struct proxy *proxy, const struct descriptor *blob);
/* Takes NULL. No handler runs any more. */
void proxy_stop(struct proxy *proxy);
