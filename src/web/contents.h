/* What manifests hold, remembered by their digest, which never changes. Any thread. */
#pragma once

#include "registry/client.h"

struct contents;

struct content_item {
	char digest[REGISTRY_DIGEST_SIZE];
	int64_t size;
	bool is_manifest;
};

struct content {
	struct content_item *items;
	size_t count;
};

struct contents *contents_new(void);
void contents_free(struct contents *contents); /* takes NULL */
/* 1 when `digest` is known and holds `wanted`, which *ret_item tells; 0: known, but doesn't hold it; -ENOENT: not known. */
int contents_look(struct contents *contents, const char *digest, const char *wanted, struct content_item *ret_item);
/* The manifests that an index holds: the caller frees *ret_items. 0, or -ENOENT: not known. */
int contents_children(struct contents *contents, const char *digest, struct content_item **ret_items, size_t *ret_count);
/* Remembers a whole manifest. ERROR_MALFORMED when it is none. */
int contents_add(struct contents *contents, const struct registry_manifest *manifest, struct error *err);
