#include "../../test.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/image/base_layout.h"
#include "agent/image/config_lists.h"
#include "agent/image/manifest.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

static void test_sources(void **state)
{
	static const char targets[] = "Debian|http://m.test/debian/|bookworm|main\n"
				      "Debian|http://m.test/debian/|bookworm|main\n"
				      "Debian|http://m.test/debian/|bookworm-updates|main\n"
				      "Debian|http://s.test/debian-security/|bookworm-security|main\n"
				      "Debian|http://m.test/debian/|bookworm-backports|main\n"
				      "Debian|http://m.test/debian/|trixie|main\n"
				      "Other|http://o.test/apt/|bookworm|main\n"
				      "Debian|[trusted=yes] http://o.test/|bookworm|main\n"
				      "Debian|ssh://o.test/|bookworm|main\n"
				      "Debian|bookworm\n"
				      "\n|||\nDebian|file:/srv/debian/|bookworm|main contrib";
	char *sources[17];

	(void)state;
	base_sources(targets, "bookworm", sources, 16);
	assert_string_equal(sources[0], "deb http://m.test/debian/ bookworm main");
	assert_string_equal(sources[1], "deb http://m.test/debian/ bookworm-updates main");
	assert_string_equal(sources[2], "deb http://s.test/debian-security/ bookworm-security main");
	assert_string_equal(sources[3], "deb file:/srv/debian/ bookworm main contrib");
	assert_null(sources[4]);
	for (size_t i = 0; sources[i] != NULL; i++)
		free(sources[i]);
	base_sources(targets, "bookworm", sources, 1);
	assert_null(sources[1]);
	free(sources[0]);
	base_sources("", "bookworm", sources, 16);
	assert_null(sources[0]);
}

/* What is written can be read by the half of the house that pulls. */
static void test_layout(void **state)
{
	char folder[] = "/var/tmp/ttob-base-XXXXXX", diff_id[DIGEST_SIZE], diff_ids[1][DIGEST_SIZE];
	auto_free char *tar = NULL, *index_path = NULL, *path = NULL;
	auto_buf struct buf text = BUF_INIT;
	struct image_config config;
	struct manifest manifest;
	struct error err = {0};
	json_t *index;

	(void)state;
	assert_non_null(mkdtemp(folder));
	tar = xasprintf("%s/root.tar", folder);
	assert_int_equal(file_replace(tar, "tar", 3, 0600, NULL), 0);
	digest_of("tar", 3, diff_id);
	assert_int_equal(base_layout_write(folder, diff_id, "1735689600", &err), 0);

	index_path = xasprintf("%s/layout/index.json", folder);
	index = json_load_file(index_path, 0, NULL);
	path = xasprintf("%s/layout/blobs/sha256/%s", folder,
			 digest_hex(json_string_value(
				 json_object_get(json_array_get(json_object_get(index, "manifests"), 0), "digest"))));
	json_decref(index);
	assert_int_equal(file_read(AT_FDCWD, path, 65536, &text), 0);
	assert_int_equal(manifest_parse(text.data, text.length, &manifest, &err), 0);
	assert_string_equal(manifest.layers[0].digest, diff_id);
	assert_int_equal(manifest.layers[0].size, 3);
	free(path);
	path = xasprintf("%s/layout/blobs/sha256/%s", folder, digest_hex(manifest.config.digest));
	buf_clear(&text);
	assert_int_equal(file_read(AT_FDCWD, path, 65536, &text), 0);
	assert_int_equal(text.length, manifest.config.size);
	assert_non_null(strstr(text.data, "2025-01-01T00:00:00Z"));
	assert_int_equal(manifest_config(text.data, text.length, manifest_architecture(), 1, &config, diff_ids, &err),
			 0);
	assert_string_equal(config.cmd[0], "bash");
	assert_string_equal(diff_ids[0], diff_id);
	image_config_fini(&config);
	assert_true(base_layout_write(folder, diff_id, "1735689600", &err) < 0); /* the tar is gone */
	assert_int_equal(dir_remove_all(folder, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
