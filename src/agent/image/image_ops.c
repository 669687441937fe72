/* What the agent answers about images (docs/agent-protocol.md). */
#include <errno.h>

#include "agent/agent.h"
#include "agent/dispatch.h"
#include "agent/image/base.h"
#include "agent/image/image.h"
#include "agent/image/image_check.h"
#include "base/util.h"

static void on_progress(const char *reference, enum image_stage stage, unsigned done, unsigned total, void *data)
{
	struct request *request = data;

	agent_event(request_agent(request), "image.progress",
		    json_pack("{s:s, s:s, s:i, s:i}", "reference", reference, "stage",
			      stage == IMAGE_STAGE_COPY ? "copy" : "unpack", "done", (int)done, "total", (int)total));
}

static void on_pulled(const struct image *image, const struct error *err, void *data)
{
	struct request *request = data;

	if (image == NULL) {
		request_fail(request, err);
		return;
	}
	request_answer(request,
		       json_pack("{s:s, s:I, s:i, s:b}", "image", image->digest, "size", (json_int_t)image->size,
				 "layers", (int)image->layer_count, "shell", image->shell),
		       NULL, 0);
}

static void pull(struct agent *agent, struct request *request)
{
	struct error err;

	if (agent->stopping) {
		error_set(&err, ERROR_UNAVAILABLE, ESHUTDOWN, "the agent is stopping");
		request_fail(request, &err);
		return;
	}
	image_pull(agent->images, request_string(request, "reference"), on_progress, on_pulled, request);
}

static void list(struct agent *agent, struct request *request)
{
	json_t *images = json_array();
	const struct image *image;
	const char *reference;
	struct image_disk disk;
	size_t cursor = 0;
	unsigned uses;

	while ((image = image_next(agent->images, &cursor, &reference, &uses)) != NULL)
		json_array_append_new(images, json_pack("{s:s, s:s?, s:I, s:i, s:i}", "image", image->digest,
							"reference", reference, "size", (json_int_t)image->size,
							"layers", (int)image->layer_count, "used_by", (int)uses));
	image_disk(agent->images, &disk);
	request_answer(request,
		       json_pack("{s:o, s:{s:I, s:I, s:I}}", "images", images, "disk", "used", (json_int_t)disk.used,
				 "free", (json_int_t)disk.free, "low_water", (json_int_t)disk.low_water),
		       NULL, 0);
}

static void remove_image(struct agent *agent, struct request *request)
{
	struct error err;

	if (image_remove(agent->images, request_string(request, "image"), &err) < 0)
		request_fail(request, &err);
	else
		request_answer(request, NULL, NULL, 0);
}

static int start(struct agent *agent, struct error *err)
{
	const struct config *config = agent->config;
	const struct image_options options = {
		.state_dir = agent->state_dir,
		.image_max = config_number(config, "image", "max_size"),
		.low_water = config_number(config, "image", "low_water"),
		.entries_max = config_number(config, "image", "max_files"),
		.pulls_max = (unsigned)max_size(1, config_number(config, "image", "pulls")),
		.pull_seconds = config_number(config, "image", "pull_time"),
	};

	return image_store_open(agent, &options, &agent->images, err);
}

static void stop(struct agent *agent)
{
	base_stop(agent);
	image_store_close(agent->images);
	agent->images = NULL;
}

static const struct op_field pull_fields[] = {
	{.name = "reference", .type = FIELD_STRING, .min = 1, .max = IMAGE_REFERENCE_MAX},
	{.name = NULL},
};

static const struct op_field remove_fields[] = {
	{.name = "image", .type = FIELD_STRING, .min = 1, .max = IMAGE_DIGEST_SIZE - 1},
	{.name = NULL},
};

static const struct op ops[] = {
	{.name = "image.pull", .fields = pull_fields, .handler = pull},
	{.name = "image.list", .handler = list},
	{.name = "image.remove", .fields = remove_fields, .handler = remove_image},
	{.name = "base.ensure", .fields = pull_fields, .handler = base_ensure},
	{.name = NULL},
};

static const struct config_key keys[] = {
	{"image", "max_size", CONFIG_SIZE, "8G", "what one image may unpack to"},
	{"image", "max_files", CONFIG_NUMBER, "500000", "files, folders and links in one layer of an image"},
	{"image", "low_water", CONFIG_SIZE, "2G", "of the disk that stays free; unused images go first"},
	{"image", "pulls", CONFIG_NUMBER, "2", "images that are pulled at the same time"},
	{"image", "pull_time", CONFIG_SECONDS, "30m", "after which a pull is given up"},
	{"image", "base_packages", CONFIG_STRING, "bash ca-certificates less nano procps",
	 "what a base image has besides Debian's essential packages; names with spaces between"},
	{"image", "base_mirror", CONFIG_STRING, "", "where base images come from; empty: as this host's apt"},
	{"build", "ca_file", CONFIG_STRING, "",
	 "PEM file of authorities to trust in pulls and builds; empty: the host's own"},
	{NULL, NULL, CONFIG_STRING, NULL, NULL},
};

const struct agent_part image_part = {
	.name = "image",
	.ops = ops,
	.keys = keys,
	.start = start,
	.stop = stop,
	.check = image_check,
};
