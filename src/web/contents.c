#include "web/contents.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/str.h"
#include "base/util.h"

#define ITEMS_MAX 100000 /* of all manifests, some 9 MB; then all are asked for anew */
#define EACH_MAX 1000	 /* of one; the rest of a stranger one can't be pulled */

struct contents {
	pthread_mutex_t lock;
	struct map *known; /* struct content by digest */
	size_t items;
};

struct contents *contents_new(void)
{
	struct contents *contents = xmalloc(sizeof(*contents));

	pthread_mutex_init(&contents->lock, NULL);
	contents->known = map_new();
	return contents;
}

static void content_free(struct content *content)
{
	if (content != NULL)
		free(content->items);
	free(content);
}

static void forget_all(struct contents *contents)
{
	struct content *content;
	size_t cursor = 0;

	while ((content = map_next(contents->known, &cursor, NULL)) != NULL)
		content_free(content);
	map_free(contents->known);
	contents->known = map_new();
	contents->items = 0;
}

void contents_free(struct contents *contents)
{
	if (contents == NULL)
		return;
	forget_all(contents);
	map_free(contents->known);
	pthread_mutex_destroy(&contents->lock);
	free(contents);
}

int contents_look(struct contents *contents, const char *digest, const char *wanted, struct content_item *ret_item)
{
	const struct content *content;
	int r = -ENOENT;

	pthread_mutex_lock(&contents->lock);
	content = map_get(contents->known, digest);
	if (content != NULL)
		r = 0;
	for (size_t i = 0; content != NULL && r == 0 && i < content->count; i++) {
		if (!str_equal(content->items[i].digest, wanted))
			continue;
		*ret_item = content->items[i];
		r = 1;
	}
	pthread_mutex_unlock(&contents->lock);
	return r;
}

int contents_children(struct contents *contents, const char *digest, struct content_item **ret_items, size_t *ret_count)
{
	const struct content *content;
	size_t count = 0;

	*ret_items = NULL;
	*ret_count = 0;
	pthread_mutex_lock(&contents->lock);
	content = map_get(contents->known, digest);
	if (content != NULL) {
		*ret_items = xcalloc(content->count + 1, sizeof(**ret_items));
		for (size_t i = 0; i < content->count; i++)
			if (content->items[i].is_manifest)
				(*ret_items)[count++] = content->items[i];
		*ret_count = count;
	}
	pthread_mutex_unlock(&contents->lock);
	return content != NULL ? 0 : -ENOENT;
}

static int add_item(const struct registry_content *item, void *data)
{
	struct content *content = data;

	if (content->count == EACH_MAX)
		return 0;
	if ((content->count & (content->count - 1)) == 0)
		content->items = xrealloc(content->items, (content->count > 0 ? content->count * 2 : 1) * sizeof(*content->items));
	str_copy(content->items[content->count].digest, REGISTRY_DIGEST_SIZE, item->digest);
	content->items[content->count].size = item->size;
	content->items[content->count++].is_manifest = item->is_manifest;
	return 0;
}

int contents_add(struct contents *contents, const struct registry_manifest *manifest, struct error *err)
{
	struct content *content = xmalloc(sizeof(*content)), *before;
	int r = registry_manifest_each(manifest, add_item, content, err);

	if (r < 0) {
		content_free(content);
		return r;
	}
	pthread_mutex_lock(&contents->lock);
	if (contents->items + content->count > ITEMS_MAX)
		forget_all(contents);
	contents->items += content->count;
	before = map_put(contents->known, manifest->digest, content);
	if (before != NULL)
		contents->items -= before->count;
	pthread_mutex_unlock(&contents->lock);
	content_free(before);
	return 0;
}
