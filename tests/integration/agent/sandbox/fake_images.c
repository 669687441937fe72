/* Stands in for src/agent/image in the tests of sandboxes: images are what a JSON file says ([image] test_file), so that no registry
 * is needed: {"sha256:…": {"layers": ["/folder", …], "shell": true, "user": "", "working_dir": "", "env": ["A=b", …]}}. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/dispatch.h"
#include "agent/image/image.h"
#include "base/map.h"
#include "base/util.h"

struct image_store {
	struct map *images;
	struct map *uses; /* digest → count, as a pointer's value */
};

static char **strings(json_t *array)
{
	char **list = xcalloc(json_array_size(array) + 1, sizeof(*list));

	for (size_t i = 0; i < json_array_size(array); i++)
		list[i] = xstrdup(json_string_value(json_array_get(array, i)));
	return list;
}

static char *text(json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return xstrdup(value != NULL ? value : "");
}

static void add_image(struct image_store *store, const char *digest, json_t *entry)
{
	struct image *image = xmalloc(sizeof(*image));

	strncpy(image->digest, digest, sizeof(image->digest) - 1);
	image->layers = strings(json_object_get(entry, "layers"));
	image->layer_count = json_array_size(json_object_get(entry, "layers"));
	image->config.entrypoint = strings(NULL);
	image->config.cmd = strings(NULL);
	image->config.env = strings(json_object_get(entry, "env"));
	image->config.user = text(entry, "user");
	image->config.working_dir = text(entry, "working_dir");
	image->shell = !json_is_false(json_object_get(entry, "shell"));
	map_put(store->images, digest, image);
}

const struct image *image_find(struct image_store *store, const char *digest_or_reference)
{
	return map_get(store->images, digest_or_reference);
}

const struct image *image_ref(struct image_store *store, const struct image *image)
{
	map_put(store->uses, image->digest, (char *)map_get(store->uses, image->digest) + 1);
	return image;
}

void image_unref(struct image_store *store, const struct image *image)
{
	if (image != NULL)
		map_put(store->uses, image->digest, (char *)map_get(store->uses, image->digest) - 1);
}

static int start(struct agent *agent, struct error *err)
{
	const char *path = config_string(agent->config, "image", "test_file");
	json_t *file = json_load_file(path, 0, NULL);
	const char *digest;
	json_t *entry;

	if (!json_is_object(file))
		return error_set(err, ERROR_INVALID, EINVAL, "no images in %s", path);
	agent->images = xmalloc(sizeof(*agent->images));
	agent->images->images = map_new();
	agent->images->uses = map_new();
	json_object_foreach(file, digest, entry)
		add_image(agent->images, digest, entry);
	json_decref(file);
	return 0;
}

static void free_strings(char **list)
{
	for (char **s = list; *s != NULL; s++)
		free(*s);
	free(list);
}

static void stop(struct agent *agent)
{
	size_t cursor = 0;
	struct image *image;

	while ((image = map_next(agent->images->images, &cursor, NULL)) != NULL) {
		free_strings(image->layers);
		free_strings(image->config.entrypoint);
		free_strings(image->config.cmd);
		free_strings(image->config.env);
		free(image->config.user);
		free(image->config.working_dir);
		free(image);
	}
	map_free(agent->images->images);
	map_free(agent->images->uses);
	free(agent->images);
}

/* How often an image is in use: what a test asks to see that uses are given back. */
static void handle_uses(struct agent *agent, struct request *request)
{
	request_answer(request,
		       json_pack("{s:I}", "uses",
				 (json_int_t)(intptr_t)map_get(agent->images->uses, request_string(request, "image"))),
		       NULL, 0);
}

static const struct op_field uses_fields[] = {
	{.name = "image", .type = FIELD_STRING, .min = 1, .max = 100},
	{.name = NULL},
};

static const struct op ops[] = {
	{.name = "test.uses", .fields = uses_fields, .handler = handle_uses},
	{.name = NULL},
};

static const struct config_key keys[] = {
	{"image", "test_file", CONFIG_STRING, "", "the images, as JSON"},
	{NULL, NULL, CONFIG_STRING, NULL, NULL},
};

const struct agent_part image_part = {.name = "image", .ops = ops, .keys = keys, .start = start, .stop = stop};
