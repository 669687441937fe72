/* The embedded registry's garbage collection, which needs the registry to stand still (distribution, "About Garbage Collection"): when the
 * web process asks, the registry is stopped, `docker-registry garbage-collect` runs as the registry's user, and the registry starts again.
 *
 * Over a SOCK_SEQPACKET socket that the web process inherits: {"collect": ID} asks; {"collect": ID, "freed": BYTES} or
 * {"collect": ID, "error": "…"} tells the end. Killed in the middle, nothing is lost: the collection takes away blobs that nothing names,
 * one by one, and ends with us. */
#pragma once

#include "base/loop.h"
#include "cli/registry.h"
#include "cli/supervise.h"

struct collector;

/* `registry` and `env` are borrowed. 0 or -errno. */
int collector_new(struct loop *loop, const struct embedded_registry *registry, const char *const *env, struct collector **ret_collector,
		  struct error *err);
/* The end for the web process; stays the collector's. */
int collector_socket(const struct collector *collector);
/* From now on it listens; the supervised service's name is "registry". Takes NULL. */
void collector_watch(struct collector *collector, struct supervisor *supervisor);
/* Ends what runs; nothing is collected any more. Takes NULL. */
void collector_stop(struct collector *collector);
void collector_free(struct collector *collector); /* takes NULL */
