/* The banner of the main page: what may be shown, its picture, and how often it was seen and followed, by day. Nothing about who. */
#pragma once

#include "base/buf.h"
#include "store/store.h"

#define BANNERS_RUNNING_MAX 100

/* All strings are owned by the struct (banner_fini). */
struct banner {
	char id[STORE_ID_LENGTH + 1];
	char *text;
	char *text_ko; /* or NULL */
	char *link;
	char *image_hash; /* NULL: no picture */
	char *image_type; /* "png", "jpg", "webp"; or NULL */
	unsigned width;	  /* of the picture */
	unsigned height;
	int64_t starts_ms; /* 0: at once */
	int64_t ends_ms;   /* 0: never */
	unsigned weight;   /* 1…100: how often, against the others */
	bool enabled;
	int64_t created_ms;
	int64_t views;
	int64_t clicks;
};

void banner_fini(struct banner *banner);

struct banner_list {
	struct banner *items;
	size_t count;
	int64_t total;
};

void banner_list_fini(struct banner_list *list);

/* Takes text, text_ko, link, starts_ms, ends_ms, weight and enabled; fills in the id. */
int banners_add(struct store *store, struct banner *banner, int64_t now_ms, struct error *err);
/* Writes the same again. ERROR_NOT_FOUND. */
int banners_update(struct store *store, const struct banner *banner, struct error *err);
/* ERROR_NOT_FOUND. */
int banners_get(struct store *store, const char *id, struct banner *ret_banner, struct error *err);
/* Newest first. */
int banners_list(struct store *store, struct page page, struct banner_list *ret_list, struct error *err);
/* Those that may be shown now, at most BANNERS_RUNNING_MAX; without their counts. */
int banners_running(struct store *store, int64_t now_ms, struct banner_list *ret_list, struct error *err);
/* With picture and counts. ERROR_NOT_FOUND. */
int banners_delete(struct store *store, const char *id, struct error *err);

struct banner_image {
	const void *data; /* NULL: the picture goes */
	size_t length;
	const char *type;
	const char *hash;
	unsigned width;
	unsigned height;
};
/* ERROR_NOT_FOUND. */
int banners_set_image(struct store *store, const char *id, const struct banner_image *image, struct error *err);
/* The picture of that name. ERROR_NOT_FOUND. */
int banners_image(struct store *store, const char *hash, const char *type, struct buf *ret_data, struct error *err);
/* One more view, or click. ERROR_NOT_FOUND. */
int banners_count(struct store *store, const char *id, bool click, int64_t now_ms, struct error *err);
