#include "agent/image/image.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/image/store.h"
#include "base/cleanup.h"

const struct image *image_find(struct image_store *store, const char *digest_or_reference)
{
	auto_free char *full = NULL;
	struct stored_image *image = map_get(store->images, digest_or_reference);

	if (image == NULL && registry_reference(&store->registry, digest_or_reference, &full, NULL) == 0)
		image = map_get(store->by_reference, full);
	return image != NULL ? &image->image : NULL;
}

const struct image *image_ref(struct image_store *store, const struct image *image)
{
	store_of(image)->uses++;
	store_used(store, store_of(image));
	return image;
}

void image_unref(struct image_store *store, const struct image *image)
{
	if (image == NULL)
		return;
	store_of(image)->uses--;
	store_used(store, store_of(image));
}

int image_remove(struct image_store *store, const char *digest, struct error *err)
{
	struct stored_image *image = map_get(store->images, digest);

	if (image == NULL)
		return 0;
	if (image->uses > 0)
		return error_set(err, ERROR_CONFLICT, EBUSY, "the image %s is in use", digest);
	store_drop(store, image);
	return 0;
}

void image_disk(struct image_store *store, struct image_disk *ret_disk)
{
	const struct stored_layer *layer;
	size_t cursor = 0;

	*ret_disk = (struct image_disk){.free = disk_free(store), .low_water = store->options.low_water};
	while ((layer = map_next(store->layers, &cursor, NULL)) != NULL)
		ret_disk->used += layer->ready ? layer->size : 0;
}

const struct image *image_next(struct image_store *store, size_t *cursor, const char **ret_reference,
			       unsigned *ret_uses)
{
	const struct stored_image *image = map_next(store->images, cursor, NULL);

	if (image == NULL)
		return NULL;
	if (ret_reference != NULL)
		*ret_reference = image->reference_count > 0 ? image->references[image->reference_count - 1] : NULL;
	if (ret_uses != NULL)
		*ret_uses = image->uses;
	return &image->image;
}
