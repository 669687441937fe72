#include "agent/image/manifest.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "agent/image/config_lists.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

#define OCI         "application/vnd.oci.image."
#define DOCKER      "application/vnd.docker."

#define ENTRIES_MAX 4096 /* of an index */

static void json_free(json_t **json)
{
	json_decref(*json);
}

const char *manifest_architecture(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__arm__)
	return "arm";
#elif defined(__i386__)
	return "386";
#elif defined(__riscv) && __riscv_xlen == 64
	return "riscv64";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
	return "ppc64le";
#elif defined(__s390x__)
	return "s390x";
#else
#error "add this architecture's name in Go"
#endif
}

static int malformed(struct error *err, const char *what)
{
	return error_set(err, ERROR_MALFORMED, EBADMSG, "broken image: %s", what);
}

/* Two members of one name mean different things to different readers: refused. */
static int load(const char *data, size_t length, size_t max, const char *what, json_t **ret, struct error *err)
{
	json_error_t why;

	if (length > max)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "the image's %s is larger than %zu bytes", what, max);
	*ret = json_loadb(data, length, JSON_REJECT_DUPLICATES, &why);
	if (!json_is_object(*ret)) {
		json_decref(*ret);
		*ret = NULL;
		return error_set(err, ERROR_MALFORMED, EBADMSG, "broken image: its %s is no JSON object", what);
	}
	return 0;
}

static int read_descriptor(const json_t *json, struct descriptor *ret, struct error *err)
{
	const char *digest = json_string_value(json_object_get(json, "digest"));
	const json_t *size = json_object_get(json, "size");

	if (!digest_is_valid(digest))
		return malformed(err, "a digest in its manifest is missing or is no sha256");
	if (!json_is_integer(size) || json_integer_value(size) < 0 ||
	    (uint64_t)json_integer_value(size) > MANIFEST_BLOB_MAX)
		return malformed(err, "a size in its manifest is missing or out of bounds");
	memcpy(ret->digest, digest, sizeof(ret->digest));
	ret->size = (uint64_t)json_integer_value(size);
	return 0;
}

static const char *media_type(const json_t *json)
{
	const char *type = json_string_value(json_object_get(json, "mediaType"));

	return type != NULL ? type : "";
}

static bool is_index_type(const char *type)
{
	return str_equal(type, OCI "index.v1+json") || str_equal(type, DOCKER "distribution.manifest.list.v2+json");
}

static int check_config_type(const char *type, struct error *err)
{
	if (str_equal(type, OCI "config.v1+json") || str_equal(type, DOCKER "container.image.v1+json"))
		return 0;
	return error_set(err, ERROR_UNSUPPORTED, ENOTSUP, "this is no container image but \"%.80s\"", type);
}

static int check_layer_type(const char *type, struct error *err)
{
	static const char *const known[] = {
		OCI "layer.v1.tar",
		OCI "layer.v1.tar+gzip",
		OCI "layer.v1.tar+zstd",
		DOCKER "image.rootfs.diff.tar",
		DOCKER "image.rootfs.diff.tar.gzip",
		DOCKER "image.rootfs.diff.tar.zstd",
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_equal(type, known[i]))
			return 0;
	if (strstr(type, "foreign") != NULL || strstr(type, "nondistributable") != NULL)
		return error_set(err, ERROR_UNSUPPORTED, ENOTSUP,
				 "the image has a layer that its registry does not hold (%.80s)", type);
	return error_set(err, ERROR_UNSUPPORTED, ENOTSUP, "the image has a layer of an unknown kind, \"%.80s\"", type);
}

static int check_schema(const json_t *json, struct error *err)
{
	const char *type = media_type(json);

	if (json_integer_value(json_object_get(json, "schemaVersion")) == 1 ||
	    strstr(type, "distribution.manifest.v1") != NULL)
		return error_set(err, ERROR_UNSUPPORTED, ENOTSUP,
				 "the image has Docker's old manifest, schema 1; push it again with a current tool");
	if (json_integer_value(json_object_get(json, "schemaVersion")) != 2)
		return malformed(err, "its manifest names no schema version");
	if (type[0] != '\0' && !str_equal(type, OCI "manifest.v1+json") &&
	    !str_equal(type, DOCKER "distribution.manifest.v2+json"))
		return error_set(err, ERROR_UNSUPPORTED, ENOTSUP,
				 "the image has a manifest of an unknown kind, \"%.80s\"", type);
	return 0;
}

int manifest_parse(const char *data, size_t length, struct manifest *ret, struct error *err)
{
	cleanup(json_free) json_t *json = NULL;
	const json_t *layers, *config;
	int r = load(data, length, MANIFEST_MAX, "manifest", &json, err);

	if (r == 0)
		r = check_schema(json, err);
	if (r < 0)
		return r;
	config = json_object_get(json, "config");
	layers = json_object_get(json, "layers");
	r = check_config_type(media_type(config), err);
	if (r == 0)
		r = read_descriptor(config, &ret->config, err);
	if (r < 0)
		return r;
	if (ret->config.size > MANIFEST_CONFIG_MAX)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "the image's configuration is larger than %zu bytes",
				 MANIFEST_CONFIG_MAX);
	ret->layer_count = json_array_size(layers);
	if (ret->layer_count == 0)
		return malformed(err, "it has no layers");
	if (ret->layer_count > IMAGE_LAYERS_MAX)
		return error_set(err, ERROR_TOO_LARGE, E2BIG, "the image has %zu layers, more than %d",
				 ret->layer_count, IMAGE_LAYERS_MAX);
	for (size_t i = 0; i < ret->layer_count && r == 0; i++) {
		const json_t *layer = json_array_get(layers, i);

		r = check_layer_type(media_type(layer), err);
		if (r == 0)
			r = read_descriptor(layer, &ret->layers[i], err);
	}
	return r;
}

/* How well an entry fits: 0 not at all, 2 the plain architecture, 1 a variant of it that a machine may lack. */
static int fits(const json_t *platform, const char *architecture)
{
	const char *variant = json_string_value(json_object_get(platform, "variant"));
	const char *usual = str_equal(architecture, "arm64") ? "v8" : str_equal(architecture, "arm") ? "v7" : "v1";

	if (!str_equal(json_string_value(json_object_get(platform, "os")), "linux") ||
	    !str_equal(json_string_value(json_object_get(platform, "architecture")), architecture))
		return 0;
	return variant == NULL || variant[0] == '\0' || str_equal(variant, usual) ? 2 : 1;
}

int manifest_choose(const char *data, size_t length, const char *architecture, struct descriptor *ret,
		    struct error *err)
{
	cleanup(json_free) json_t *json = NULL;
	const json_t *entries, *best = NULL;
	int r = load(data, length, MANIFEST_MAX, "manifest", &json, err);
	int best_fit = 0;

	if (r < 0)
		return r;
	entries = json_object_get(json, "manifests");
	/* OCI's mediaType is optional: what has manifests and no layers is an index. */
	if (!is_index_type(media_type(json)) && !(media_type(json)[0] == '\0' && json_is_array(entries)))
		return 0;
	if (json_array_size(entries) > ENTRIES_MAX)
		return error_set(err, ERROR_TOO_LARGE, E2BIG, "the image's index has more than %d entries",
				 ENTRIES_MAX);
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		int fit = is_index_type(media_type(entry)) ? 0 : fits(json_object_get(entry, "platform"), architecture);

		if (fit > best_fit) {
			best = entry;
			best_fit = fit;
		}
	}
	if (best == NULL)
		return error_set(err, ERROR_UNSUPPORTED, ENOTSUP, "the image is not made for linux on %s",
				 architecture);
	r = read_descriptor(best, ret, err);
	return r < 0 ? r : 1;
}

static int check_platform(const json_t *json, const char *architecture, struct error *err)
{
	const char *os = json_string_value(json_object_get(json, "os"));
	const char *arch = json_string_value(json_object_get(json, "architecture"));

	if ((os != NULL && os[0] != '\0' && !str_equal(os, "linux")) ||
	    (arch != NULL && arch[0] != '\0' && !str_equal(arch, architecture)))
		return error_set(err, ERROR_UNSUPPORTED, ENOTSUP,
				 "the image is made for %.20s on %.20s, this machine is linux on %s",
				 os != NULL ? os : "?", arch != NULL ? arch : "?", architecture);
	return 0;
}

static bool is_variable(const char *s)
{
	return s[0] != '=' && strchr(s, '=') != NULL;
}

static char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return xstrdup(s != NULL ? s : "");
}

static void read_config(const json_t *from, struct image_config *ret)
{
	json_t *exposed = json_object_get(from, "ExposedPorts");
	json_t *names = json_array();
	const char *name;
	json_t *value;
	char **ports;

	json_object_foreach(exposed, name, value) json_array_append_new(names, json_string(name));
	ports = strings_from_json(names, NULL);
	*ret = (struct image_config){
		.entrypoint = strings_from_json(json_object_get(from, "Entrypoint"), NULL),
		.cmd = strings_from_json(json_object_get(from, "Cmd"), NULL),
		.env = strings_from_json(json_object_get(from, "Env"), is_variable),
		.user = text(from, "User"),
		.working_dir = text(from, "WorkingDir"),
	};
	if (ret->working_dir[0] != '/')
		ret->working_dir[0] = '\0';
	ports_parse(ports, ret);
	strings_free(ports);
	json_decref(names);
}

int manifest_config(const char *data, size_t length, const char *architecture, size_t layer_count,
		    struct image_config *ret_config, char (*ret_diff_ids)[DIGEST_SIZE], struct error *err)
{
	cleanup(json_free) json_t *json = NULL;
	const json_t *rootfs, *diff_ids;
	int r = load(data, length, MANIFEST_CONFIG_MAX, "configuration", &json, err);

	if (r == 0)
		r = check_platform(json, architecture, err);
	if (r < 0)
		return r;
	rootfs = json_object_get(json, "rootfs");
	diff_ids = json_object_get(rootfs, "diff_ids");
	if (!str_equal(json_string_value(json_object_get(rootfs, "type")), "layers") ||
	    json_array_size(diff_ids) != layer_count)
		return malformed(err, "its configuration lists other layers than its manifest");
	for (size_t i = 0; i < layer_count; i++) {
		const char *diff_id = json_string_value(json_array_get(diff_ids, i));

		if (!digest_is_valid(diff_id))
			return malformed(err, "a layer's diff id is no sha256");
		memcpy(ret_diff_ids[i], diff_id, DIGEST_SIZE);
	}
	read_config(json_object_get(json, "config"), ret_config);
	return 0;
}
