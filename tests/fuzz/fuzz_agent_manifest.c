/* What a registry sends that the agent itself reads: manifests, indexes, configurations; and references, and skopeo's
 * words. The first byte chooses. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/image/base_layout.h"
#include "agent/image/config_lists.h"
#include "agent/image/manifest.h"
#include "agent/image/reference.h"
#include "agent/image/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int r, const struct error *err)
{
	if (r < 0 && (err->kind == ERROR_NONE || memchr(err->message, '\0', sizeof(err->message)) == NULL))
		abort();
}

static void config(const char *text, size_t length)
{
	char diff_ids[2][DIGEST_SIZE];
	struct image_config got;
	struct error err = {0};

	for (size_t layers = 1; layers <= 2; layers++) {
		int r = manifest_config(text, length, "amd64", layers, &got, diff_ids, &err);

		check(r, &err);
		if (r < 0)
			continue;
		for (size_t i = 0; i < layers; i++)
			if (!digest_is_valid(diff_ids[i]))
				abort();
		json_decref(image_config_to_json(&got));
		image_config_fini(&got);
	}
}

static void reference(const char *text)
{
	struct reference first, second;
	struct error err = {0};
	char full[REFERENCE_MAX];
	int r = reference_parse(text, &first, &err);

	check(r, &err);
	if (r < 0)
		return;
	/* What passes is no option, no path, and means the same when it is read again. */
	reference_print(&first, "h.test", full);
	if (full[0] == '-' || strstr(full, "/..") != NULL || strpbrk(full, " \n\t\\\"'$") != NULL ||
	    reference_parse(full, &second, NULL) < 0 || strcmp(first.repository, second.repository) != 0)
		abort();
}

static void sources(const char *text)
{
	char *lines[9];

	base_sources(text, "bookworm", lines, 8);
	for (size_t i = 0; lines[i] != NULL; i++) {
		if (strncmp(lines[i], "deb ", 4) != 0 || strchr(lines[i], '\n') != NULL)
			abort();
		free(lines[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct descriptor chosen;
	struct error err = {0};
	char *text;
	int r;

	if (size == 0) {
		free(manifest);
		return 0;
	}
	text = strndup((const char *)data + 1, size - 1);
	switch (data[0] % 6) {
	case 0:
		r = manifest_parse((const char *)data + 1, size - 1, manifest, &err);
		check(r, &err);
		for (size_t i = 0; r == 0 && i < manifest->layer_count; i++)
			if (!digest_is_valid(manifest->layers[i].digest) ||
			    manifest->layers[i].size > MANIFEST_BLOB_MAX)
				abort();
		break;
	case 1:
		r = manifest_choose((const char *)data + 1, size - 1, "amd64", &chosen, &err);
		check(r, &err);
		if (r > 0 && !digest_is_valid(chosen.digest))
			abort();
		break;
	case 2:
		config((const char *)data + 1, size - 1);
		break;
	case 3:
		reference(text);
		break;
	case 4:
		check(registry_failure(text, &err), &err);
		break;
	default:
		sources(text);
	}
	free(text);
	free(manifest);
	return 0;
}
