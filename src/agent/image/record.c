#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/image/config_lists.h"
#include "agent/image/manifest.h"
#include "agent/image/reference.h"
#include "agent/image/store.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

#define RECORD_VERSION 1
#define RECORD_MAX     (MANIFEST_CONFIG_MAX + (size_t)1024 * 1024)

void stored_image_free(struct stored_image *image)
{
	if (image == NULL)
		return;
	free(image->image.layers); /* the paths are the layers' */
	image_config_fini(&image->image.config);
	for (size_t i = 0; i < image->reference_count; i++)
		free(image->references[i]);
	free(image);
}

char *record_path(const struct image_store *store, const char *digest)
{
	return xasprintf("%s/%s.json", store->images_dir, digest_hex(digest));
}

static json_t *layers_to_json(const struct stored_image *image)
{
	json_t *array = json_array();

	for (size_t i = 0; i < image->image.layer_count; i++)
		json_array_append_new(array, json_pack("{s:s, s:I}", "chain", image->layers[i]->chain, "size",
						       (json_int_t)image->layers[i]->size));
	return array;
}

int record_write(const struct image_store *store, const struct stored_image *image, struct error *err)
{
	auto_free char *path = record_path(store, image->image.digest);
	auto_free char *text = NULL;
	json_t *references = json_array();
	json_t *record;
	int r;

	for (size_t i = 0; i < image->reference_count; i++)
		json_array_append_new(references, json_string(image->references[i]));
	record = json_pack("{s:i, s:s, s:o, s:o, s:o, s:b}", "version", RECORD_VERSION, "digest", image->image.digest,
			   "references", references, "layers", layers_to_json(image), "config",
			   image_config_to_json(&image->image.config), "shell", image->image.shell);
	text = json_dumps(record, JSON_COMPACT);
	json_decref(record);
	if (text == NULL)
		return error_set(err, ERROR_INTERNAL, EINVAL, "cannot write the record of %s", image->image.digest);
	r = file_replace(path, text, strlen(text), 0600, err);
	return r;
}

static int bad(struct error *err, const char *name, const char *why)
{
	return error_set(err, ERROR_MALFORMED, EBADMSG, "the record %s %s", name, why);
}

static int read_layer(struct image_store *store, struct stored_image *image, const json_t *json, const char *name,
		      struct error *err)
{
	const char *chain = json_string_value(json_object_get(json, "chain"));
	json_int_t size = json_integer_value(json_object_get(json, "size"));
	struct stored_layer *layer;
	struct stat st;

	if (!digest_is_valid(chain) || size < 0)
		return bad(err, name, "has a broken layer");
	layer = store_layer(store, chain);
	if (layer == NULL) {
		layer = store_layer_add(store, chain);
		layer->size = (uint64_t)size;
		layer->ready = lstat(layer->path, &st) == 0 && S_ISDIR(st.st_mode);
	} else {
		layer->users++;
	}
	image->layers[image->image.layer_count] = layer;
	image->image.layers[image->image.layer_count++] = layer->path;
	image->image.size += layer->size;
	return layer->ready ? 0 : bad(err, name, "names a layer that is not there");
}

static void read_references(struct stored_image *image, const json_t *array)
{
	char **references = strings_from_json(array, NULL);

	for (size_t i = 0; references[i] != NULL && image->reference_count < STORE_REFERENCES_MAX; i++) {
		struct reference parsed;

		if (reference_parse(references[i], &parsed, NULL) == 0)
			image->references[image->reference_count++] = xstrdup(references[i]);
	}
	strings_free(references);
}

static int parse(struct image_store *store, const char *name, const json_t *json, struct stored_image *image,
		 struct error *err)
{
	const char *digest = json_string_value(json_object_get(json, "digest"));
	const json_t *layers = json_object_get(json, "layers");
	auto_free char *path = NULL;
	int r = 0;

	if (json_integer_value(json_object_get(json, "version")) != RECORD_VERSION || !digest_is_valid(digest))
		return bad(err, name, "is none of this version");
	path = record_path(store, digest);
	if (!str_ends_with(path, name))
		return bad(err, name, "has the name of another one");
	if (json_array_size(layers) == 0 || json_array_size(layers) > IMAGE_LAYERS_MAX)
		return bad(err, name, "has no layers, or too many");
	memcpy(image->image.digest, digest, sizeof(image->image.digest));
	image->image.shell = json_is_true(json_object_get(json, "shell"));
	image_config_from_json(json_object_get(json, "config"), &image->image.config);
	image->image.layers = xcalloc(json_array_size(layers) + 1, sizeof(char *));
	read_references(image, json_object_get(json, "references"));
	for (size_t i = 0; i < json_array_size(layers) && r == 0; i++)
		r = read_layer(store, image, json_array_get(layers, i), name, err);
	return r;
}

int record_read(struct image_store *store, const char *name, struct stored_image **ret, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s", store->images_dir, name);
	auto_buf struct buf text = BUF_INIT;
	struct stored_image *image;
	struct stat st;
	json_t *json;
	int r = file_read(AT_FDCWD, path, RECORD_MAX, &text);

	if (r < 0 || stat(path, &st) < 0)
		return error_errno(err, r < 0 ? r : errno, "cannot read the record %s", name);
	json = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
	image = xmalloc(sizeof(*image));
	image->used_at = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	r = parse(store, name, json, image, err);
	json_decref(json);
	if (r < 0) {
		for (size_t i = 0; i < image->image.layer_count; i++)
			store_layer_unref(store, image->layers[i]);
		stored_image_free(image);
		return r;
	}
	*ret = image;
	return 0;
}
