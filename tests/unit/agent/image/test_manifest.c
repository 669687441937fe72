#include "../../test.h"

#include <errno.h>
#include <stdio.h>

#include "agent/image/config_lists.h"
#include "agent/image/manifest.h"
#include "base/buf.h"
#include "base/util.h"

#define HEX               "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define D                 "\"digest\": \"sha256:" HEX "\""
#define OCI               "application/vnd.oci.image."
#define DOCKER            "application/vnd.docker."
#define CONFIG            "\"config\": {\"mediaType\": \"" OCI "config.v1+json\", " D ", \"size\": 7}"
#define LAYER(type, size) "{\"mediaType\": \"" type "\", " D ", \"size\": " size "}"
#define GZIP              LAYER(OCI "layer.v1.tar+gzip", "100")
#define MANIFEST(rest)    "{\"schemaVersion\": 2, " rest "}"

static int parse(const char *text, struct manifest *manifest, struct error *err)
{
	*err = (struct error){0};
	return manifest_parse(text, strlen(text), manifest, err);
}

static void test_good_manifests(void **state)
{
	static const char *const types[] = {OCI "layer.v1.tar", OCI "layer.v1.tar+gzip", OCI "layer.v1.tar+zstd",
					    DOCKER "image.rootfs.diff.tar.gzip", DOCKER "image.rootfs.diff.tar"};
	struct manifest manifest;
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		char text[2048];

		snprintf(text, sizeof(text),
			 "{\"schemaVersion\": 2, \"mediaType\": \"%s\", " CONFIG ", \"layers\": [" GZIP
			 ", {\"mediaType\": \"%s\", " D ", \"size\": 0}], \"annotations\": {\"x\": \"y\"}}",
			 i % 2 == 0 ? OCI "manifest.v1+json" : DOCKER "distribution.manifest.v2+json", types[i]);
		assert_int_equal(parse(text, &manifest, &err), 0);
		assert_int_equal(manifest.layer_count, 2);
		assert_int_equal(manifest.config.size, 7);
		assert_string_equal(manifest.layers[0].digest, "sha256:" HEX);
		assert_int_equal(manifest.layers[0].size, 100);
	}
}

static void test_bad_manifests(void **state)
{
	static const struct {
		const char *text;
		enum error_kind kind;
	} cases[] = {
		{"", ERROR_MALFORMED},
		{"[]", ERROR_MALFORMED},
		{"{", ERROR_MALFORMED},
		{"null", ERROR_MALFORMED},
		{"\xff\xfe", ERROR_MALFORMED},
		{"{}", ERROR_MALFORMED},
		{"{\"schemaVersion\": 1, \"fsLayers\": []}", ERROR_UNSUPPORTED},
		{"{\"schemaVersion\": 2, \"mediaType\": \"" DOCKER "distribution.manifest.v1+prettyjws\"}",
		 ERROR_UNSUPPORTED},
		{"{\"schemaVersion\": 2, \"mediaType\": \"text/html\"}", ERROR_UNSUPPORTED},
		{MANIFEST("\"layers\": [" GZIP "]"), ERROR_UNSUPPORTED},
		{MANIFEST("\"config\": {\"mediaType\": \"application/vnd.cncf.helm.config.v1+json\", " D
			  ", \"size\": 7}, \"layers\": [" GZIP "]"),
		 ERROR_UNSUPPORTED},
		{MANIFEST(CONFIG), ERROR_MALFORMED},
		{MANIFEST(CONFIG ", \"layers\": []"), ERROR_MALFORMED},
		{MANIFEST(CONFIG ", \"layers\": {}"), ERROR_MALFORMED},
		{MANIFEST(CONFIG ", \"layers\": [7]"), ERROR_UNSUPPORTED},
		{MANIFEST(CONFIG ", \"layers\": [" LAYER(DOCKER "image.rootfs.foreign.diff.tar.gzip", "1") "]"),
		 ERROR_UNSUPPORTED},
		{MANIFEST(CONFIG ", \"layers\": [" LAYER(OCI "layer.nondistributable.v1.tar", "1") "]"),
		 ERROR_UNSUPPORTED},
		{MANIFEST(CONFIG ", \"layers\": [" LAYER(OCI "layer.v1.tar+bzip2", "1") "]"), ERROR_UNSUPPORTED},
		{MANIFEST(CONFIG ", \"layers\": [" LAYER(OCI "layer.v1.tar+gzip", "-1") "]"), ERROR_MALFORMED},
		{MANIFEST(CONFIG ", \"layers\": [" LAYER(OCI "layer.v1.tar+gzip", "1e3") "]"), ERROR_MALFORMED},
		{MANIFEST(CONFIG ", \"layers\": [" LAYER(OCI "layer.v1.tar+gzip", "9223372036854775807") "]"),
		 ERROR_MALFORMED},
		{MANIFEST(CONFIG ", \"layers\": [" LAYER(OCI "layer.v1.tar+gzip", "99999999999999999999") "]"),
		 ERROR_MALFORMED},
		{MANIFEST(CONFIG ", \"layers\": [" LAYER(OCI "layer.v1.tar+gzip", "\"1\"") "]"), ERROR_MALFORMED},
		{MANIFEST(CONFIG ", \"layers\": [{\"mediaType\": \"" OCI
				 "layer.v1.tar\", \"digest\": \"sha256:xyz\", \"size\": 1}]"),
		 ERROR_MALFORMED},
		{MANIFEST(
			 CONFIG
			 ", \"layers\": [{\"mediaType\": \"" OCI
			 "layer.v1.tar\", \"digest\": "
			 "\"sha256:../../../../../../../../../../../../../../../../etc/passwd/000000\", \"size\": 1}]"),
		 ERROR_MALFORMED},
		{MANIFEST(CONFIG ", \"layers\": [" GZIP "], \"layers\": [" GZIP "]"), ERROR_MALFORMED},
		{MANIFEST("\"config\": {\"mediaType\": \"" OCI "config.v1+json\", " D
			  ", \"size\": 99999999}, \"layers\": [" GZIP "]"),
		 ERROR_TOO_LARGE},
	};
	struct manifest manifest;
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(parse(cases[i].text, &manifest, &err) < 0);
		if (err.kind != cases[i].kind)
			fail_msg("%s: %s: %s", cases[i].text, error_kind_name(err.kind), err.message);
	}
}

static void test_large_manifests(void **state)
{
	struct buf text = BUF_INIT;
	struct manifest manifest;
	struct error err;

	(void)state;
	for (size_t count = IMAGE_LAYERS_MAX; count <= IMAGE_LAYERS_MAX + 1; count++) {
		buf_clear(&text);
		buf_append_string(&text, "{\"schemaVersion\": 2, " CONFIG ", \"layers\": [");
		for (size_t i = 0; i < count; i++)
			buf_append_string(&text, i > 0 ? "," GZIP : GZIP);
		buf_append_string(&text, "]}");
		assert_int_equal(parse(text.data, &manifest, &err) == 0, count == IMAGE_LAYERS_MAX);
	}
	assert_int_equal(err.kind, ERROR_TOO_LARGE);
	buf_clear(&text);
	memset(buf_reserve(&text, MANIFEST_MAX + 1), ' ', MANIFEST_MAX + 1);
	buf_added(&text, MANIFEST_MAX + 1);
	assert_true(manifest_parse(text.data, text.length, &manifest, &err) < 0);
	assert_int_equal(err.kind, ERROR_TOO_LARGE);
	/* Nesting without an end. */
	memset(text.data, '[', text.length);
	assert_true(manifest_parse(text.data, MANIFEST_MAX, &manifest, &err) < 0);
	assert_int_equal(err.kind, ERROR_MALFORMED);
	buf_fini(&text);
}

#define ENTRY(digit, os, arch, more)                                                                                   \
	"{\"mediaType\": \"" OCI "manifest.v1+json\", \"digest\": \"sha256:" digit                                     \
	"123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\", \"size\": 9, \"platform\": {\"os\": \"" os \
	"\", \"architecture\": \"" arch "\"" more "}}"

static int choose(const char *text, const char *architecture, struct descriptor *chosen, struct error *err)
{
	*err = (struct error){0};
	return manifest_choose(text, strlen(text), architecture, chosen, err);
}

static void test_index(void **state)
{
	static const char index[] =
		"{\"schemaVersion\": 2, \"mediaType\": \"" OCI
		"index.v1+json\", \"manifests\": [" ENTRY("1", "windows", "amd64", "") "," ENTRY(
			"2", "linux", "amd64",
			", \"variant\": \"v3\"") "," ENTRY("3", "linux", "amd64",
							   "") "," ENTRY("4", "linux", "arm64",
									 ", \"variant\": \"v8\"") "," ENTRY("5",
													    "unknown",
													    "unknown",
													    "") "]}";
	struct descriptor chosen;
	struct error err;

	(void)state;
	assert_int_equal(choose(index, "amd64", &chosen, &err), 1);
	assert_int_equal(chosen.digest[7], '3');
	assert_int_equal(choose(index, "arm64", &chosen, &err), 1);
	assert_int_equal(chosen.digest[7], '4');
	assert_true(choose(index, "riscv64", &chosen, &err) < 0);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_non_null(strstr(err.message, "riscv64"));
	assert_int_equal(choose("{\"schemaVersion\": 2, \"manifests\": [" ENTRY("6", "linux", "amd64", "") "]}",
				"amd64", &chosen, &err),
			 1);
	assert_int_equal(choose(MANIFEST(CONFIG ", \"layers\": [" GZIP "]"), "amd64", &chosen, &err), 0);
	assert_true(choose("{\"mediaType\": \"" OCI "index.v1+json\"}", "amd64", &chosen, &err) < 0);
	assert_true(choose("{\"mediaType\": \"" OCI "index.v1+json\", \"manifests\": [{\"platform\": {\"os\": "
						    "\"linux\", \"architecture\": \"amd64\"}}]}",
			   "amd64", &chosen, &err) < 0);
	assert_int_equal(err.kind, ERROR_MALFORMED);
	assert_true(choose("7", "amd64", &chosen, &err) < 0);
}

static int config(const char *text, size_t layers, struct image_config *ret, char (*diff_ids)[DIGEST_SIZE],
		  struct error *err)
{
	*err = (struct error){0};
	return manifest_config(text, strlen(text), "amd64", layers, ret, diff_ids, err);
}

#define ROOTFS "\"rootfs\": {\"type\": \"layers\", \"diff_ids\": [\"sha256:" HEX "\"]}"

static void test_config(void **state)
{
	static const char full[] = "{\"os\": \"linux\", \"architecture\": \"amd64\", " ROOTFS
				   ", \"config\": {\"Entrypoint\": [\"/e\", 7, \"a b\"], \"Cmd\": null,"
				   "\"Env\": [\"A=1\", \"nonsense\", \"=x\", \"B=\"], \"User\": \"u:g\", "
				   "\"WorkingDir\": \"relative\", \"ExposedPorts\": {\"80\": {}, \"443/tcp\":"
				   " {}, \"53/udp\": {}, \"0/tcp\": {}, \"70000\": {}, \"8000-8010/tcp\": {}, \"x\": "
				   "{}, \"9/sctp\": {}}}}";
	static const struct {
		const char *text;
		enum error_kind kind;
	} bad[] = {
		{"{}", ERROR_MALFORMED},
		{"{\"rootfs\": {\"type\": \"layers\", \"diff_ids\": []}}", ERROR_MALFORMED},
		{"{\"rootfs\": {\"type\": \"layers\", \"diff_ids\": [\"sha256:\"]}}", ERROR_MALFORMED},
		{"{\"rootfs\": {\"type\": \"other\", \"diff_ids\": [\"sha256:" HEX "\"]}}", ERROR_MALFORMED},
		{"{\"rootfs\": {\"type\": \"layers\", \"diff_ids\": \"sha256:" HEX "\"}}", ERROR_MALFORMED},
		{"{\"os\": \"windows\", " ROOTFS "}", ERROR_UNSUPPORTED},
		{"{\"architecture\": \"s390x\", " ROOTFS "}", ERROR_UNSUPPORTED},
		{"[1]", ERROR_MALFORMED},
	};
	char diff_ids[1][DIGEST_SIZE];
	struct image_config got;
	struct error err;
	json_t *json;

	(void)state;
	assert_int_equal(config(full, 1, &got, diff_ids, &err), 0);
	assert_string_equal(diff_ids[0], "sha256:" HEX);
	/* Twice: as it was read, and after a way through the record. */
	for (int i = 0; i < 2; i++) {
		assert_string_equal(got.entrypoint[0], "/e");
		assert_string_equal(got.entrypoint[1], "a b");
		assert_null(got.entrypoint[2]);
		assert_null(got.cmd[0]);
		assert_string_equal(got.env[0], "A=1");
		assert_string_equal(got.env[1], "B=");
		assert_null(got.env[2]);
		assert_string_equal(got.user, "u:g");
		assert_string_equal(got.working_dir, "");
		assert_int_equal(got.port_count, 3);
		json = image_config_to_json(&got);
		image_config_fini(&got);
		image_config_from_json(json, &got);
		json_decref(json);
	}
	image_config_fini(&got);
	/* No "config" at all is fine; everything is empty then. */
	assert_int_equal(config("{" ROOTFS "}", 1, &got, diff_ids, &err), 0);
	assert_null(got.env[0]);
	assert_string_equal(got.user, "");
	image_config_fini(&got);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(config(bad[i].text, 1, &got, diff_ids, &err) < 0);
		assert_int_equal(err.kind, bad[i].kind);
	}
}

static void test_digests(void **state)
{
	char digest[DIGEST_SIZE], chain[DIGEST_SIZE];

	(void)state;
	digest_of("abc", 3, digest);
	assert_string_equal(digest, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_chain(NULL, digest, chain);
	assert_string_equal(chain, digest);
	/* image-spec config.md: sha256("<chain of the parent> <diff id>") */
	digest_chain(digest, "sha256:" HEX, chain);
	digest_of("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad sha256:" HEX,
		  2 * (DIGEST_SIZE - 1) + 1, digest);
	assert_string_equal(chain, digest);
	assert_false(digest_is_valid(NULL));
	assert_false(digest_is_valid("sha256:" HEX "\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_manifests),  cmocka_unit_test(test_bad_manifests),
		cmocka_unit_test(test_large_manifests), cmocka_unit_test(test_index),
		cmocka_unit_test(test_config),          cmocka_unit_test(test_digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
