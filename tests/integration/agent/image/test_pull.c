/* Pulls from a real registry: what comes, what is shared, what is refused, what a killed process leaves. */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/image/digest.h"
#include "agent/image/store.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"
#include "tar.h"

static void base_tar(struct tar *tar)
{
	tar_open(tar, TAR_PAX);
	tar_folder(tar, "usr/", 0755);
	tar_folder(tar, "usr/bin/", 0755);
	tar_file(tar, "usr/bin/bash", 0755, "#!shell\n");
	tar_link(tar, "usr/bin/sh", "bash");
	tar_link(tar, "bin", "usr/bin");
	tar_folder(tar, "etc/", 0755);
	tar_file(tar, "etc/old", 0644, "old");
	tar_close(tar);
}

static void top_tar(struct tar *tar, const char *text)
{
	tar_open(tar, TAR_PAX);
	tar_file(tar, "etc/.wh.old", 0644, "");
	tar_file(tar, "etc/new", 0600, text);
	tar_file(tar, "bin/hello", 04755, text);
	tar_close(tar);
}

static void test_pull(void **state)
{
	static const char config[] =
		"{\"Entrypoint\": [\"/bin/hello\"], \"Cmd\": [\"-v\"], \"Env\": [\"A=b\"], \"User\": \"1000:1000\","
		" \"WorkingDir\": \"/srv\", \"ExposedPorts\": {\"8080/tcp\": {}, \"53/udp\": {}}}";
	struct fixture *f = *state;
	struct pulled pulled;
	struct tar base, top;
	struct stat st;
	char path[PATH_MAX];

	base_tar(&base);
	top_tar(&top, "one");
	push_image(f, "taste/hello:b1", (struct made_layer[]){{&base.bytes, PACK_GZIP}, {&top.bytes, PACK_GZIP}}, 2,
		   config, false);
	pull_start(f, "taste/hello:b1", &pulled);
	pull_wait(f, &pulled);
	assert_true(pulled.ok);
	assert_int_equal(pulled.last_done, 2);
	assert_int_equal(pulled.last_total, 2);
	assert_int_equal(pulled.image->layer_count, 2);
	assert_null(pulled.image->layers[2]);
	assert_true(pulled.image->shell);
	assert_int_equal(pulled.image->size, base.bytes.length + top.bytes.length);
	assert_string_equal(pulled.image->config.entrypoint[0], "/bin/hello");
	assert_null(pulled.image->config.entrypoint[1]);
	assert_string_equal(pulled.image->config.cmd[0], "-v");
	assert_string_equal(pulled.image->config.env[0], "A=b");
	assert_string_equal(pulled.image->config.user, "1000:1000");
	assert_string_equal(pulled.image->config.working_dir, "/srv");
	assert_int_equal(pulled.image->config.port_count, 2);

	/* The link of the layer below was followed: bin stays a link in the merged view. */
	snprintf(path, sizeof(path), "%s/usr/bin/hello", pulled.image->layers[1]);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 04755);
	assert_false(is_there("%s/bin", pulled.image->layers[1]));
	snprintf(path, sizeof(path), "%s/etc/old", pulled.image->layers[1]);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISCHR(st.st_mode) && st.st_rdev == 0);
	assert_int_equal(count_names("%s/state/layers/tmp", f->folder), 0);
	/* Set-uid programs are not for the users of this machine. */
	snprintf(path, sizeof(path), "%s/state/layers", f->folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);

	assert_ptr_equal(image_find(f->store, pulled.digest), pulled.image);
	assert_ptr_equal(image_find(f->store, "taste/hello:b1"), pulled.image);
	assert_null(image_find(f->store, "taste/hello:b2"));
	assert_null(image_find(f->store, "../../etc/passwd"));
	/* Again: at once, the same. */
	assert_ptr_equal(pull_ok(f, "taste/hello:b1"), pulled.image);
	tar_fini(&base);
	tar_fini(&top);
}

static void test_kinds_of_layers(void **state)
{
	struct fixture *f = *state;
	struct tar base, top;
	const struct image *gzip, *zstd;
	char gzip_layer[PATH_MAX];

	base_tar(&base);
	top_tar(&top, "kinds");
	push_image(f, "kinds:docker", (struct made_layer[]){{&base.bytes, PACK_GZIP}, {&top.bytes, PACK_GZIP}}, 2, NULL,
		   true);
	gzip = pull_ok(f, "kinds:docker");
	snprintf(gzip_layer, sizeof(gzip_layer), "%s", gzip->layers[0]);
	push_image(f, "kinds:zstd", (struct made_layer[]){{&base.bytes, PACK_ZSTD}, {&top.bytes, PACK_ZSTD}}, 2, NULL,
		   false);
	zstd = pull_ok(f, "kinds:zstd");
	/* Another image, another compression, the same layers. */
	assert_string_not_equal(gzip->digest, zstd->digest);
	assert_string_equal(zstd->layers[0], gzip_layer);
	assert_int_equal(count_names("%s/state/layers/sha256", f->folder), 2);
	tar_fini(&base);
	tar_fini(&top);
}

static void test_shared_layers_and_removal(void **state)
{
	struct fixture *f = *state;
	struct tar base, one, two;
	const struct image *first, *second;
	struct image_disk disk;
	char digest_one[IMAGE_DIGEST_SIZE], digest_two[IMAGE_DIGEST_SIZE];
	struct error err = {0};

	base_tar(&base);
	top_tar(&one, "one");
	top_tar(&two, "two");
	push_image(f, "a/one:1", (struct made_layer[]){{&base.bytes, PACK_GZIP}, {&one.bytes, PACK_GZIP}}, 2, NULL,
		   false);
	push_image(f, "a/two:1", (struct made_layer[]){{&base.bytes, PACK_GZIP}, {&two.bytes, PACK_GZIP}}, 2, NULL,
		   false);
	first = pull_ok(f, "a/one:1");
	second = pull_ok(f, "a/two:1");
	memcpy(digest_one, first->digest, sizeof(digest_one));
	memcpy(digest_two, second->digest, sizeof(digest_two));
	assert_string_equal(first->layers[0], second->layers[0]);
	assert_int_equal(count_names("%s/state/layers/sha256", f->folder), 3);
	image_disk(f->store, &disk);
	assert_int_equal(disk.used, base.bytes.length + one.bytes.length + two.bytes.length);

	image_ref(f->store, first);
	assert_int_equal(image_remove(f->store, digest_one, &err), -EBUSY);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	image_unref(f->store, first);
	assert_int_equal(image_remove(f->store, digest_one, &err), 0);
	assert_int_equal(image_remove(f->store, digest_one, &err), 0);
	assert_null(image_find(f->store, digest_one));
	assert_null(image_find(f->store, "a/one:1"));
	settle(f);
	assert_int_equal(count_names("%s/state/layers/sha256", f->folder), 2);
	assert_int_equal(count_names("%s/state/layers/tmp", f->folder), 0);
	assert_int_equal(count_names("%s/state/images", f->folder), 1);
	assert_true(is_there("%s/usr/bin/bash", image_find(f->store, digest_two)->layers[0]));
	tar_fini(&base);
	tar_fini(&one);
	tar_fini(&two);
}

static void test_restart(void **state)
{
	struct fixture *f = *state;
	struct tar base, one;
	char digest[IMAGE_DIGEST_SIZE], lost[IMAGE_DIGEST_SIZE];
	auto_free char *path = NULL, *layer = NULL, *leftover = NULL;
	const struct image *image;

	base_tar(&base);
	top_tar(&one, "restart");
	push_image(f, "r/one:1", (struct made_layer[]){{&base.bytes, PACK_GZIP}}, 1, "{\"User\": \"x\"}", false);
	push_image(f, "r/two:1", (struct made_layer[]){{&base.bytes, PACK_GZIP}, {&one.bytes, PACK_GZIP}}, 2, NULL,
		   false);
	/* More that lose the same layer, so that some are read before the one that stays, whatever the folder's order.
	 */
	for (char name[] = "r/more:0", config[] = "{\"User\": \"0\"}"; name[7] < '8'; name[7]++) {
		config[10] = name[7];
		push_image(f, name, (struct made_layer[]){{&base.bytes, PACK_GZIP}, {&one.bytes, PACK_GZIP}}, 2, config,
			   false);
		pull_ok(f, name);
	}
	memcpy(digest, pull_ok(f, "r/one:1")->digest, sizeof(digest));
	image = pull_ok(f, "r/two:1");
	memcpy(lost, image->digest, sizeof(lost));
	layer = xstrdup(image->layers[1]);
	store_close(f);

	/* A layer is gone, a download was broken off, a record is nonsense, a layer belongs to nobody. */
	assert_int_equal(dir_remove_all(layer, NULL), 0);
	leftover = xasprintf("%s/state/layers/tmp/abcdef/deep/er", f->folder);
	assert_int_equal(dir_make_all(leftover, 0755, NULL), 0);
	path = xasprintf("%s/state/images/broken.json", f->folder);
	assert_int_equal(file_replace(path, "{\"digest\": 1", 12, 0600, NULL), 0);
	free(path);
	path = xasprintf("%s/state/layers/sha256/0123456789abcdef", f->folder);
	assert_int_equal(mkdir(path, 0755), 0);
	store_open(f);
	settle(f);
	assert_non_null(image_find(f->store, digest));
	assert_string_equal(image_find(f->store, "r/one:1")->config.user, "x");
	assert_true(image_find(f->store, digest)->shell);
	assert_null(image_find(f->store, lost));
	assert_int_equal(count_names("%s/state/images", f->folder), 1);
	assert_int_equal(count_names("%s/state/layers/sha256", f->folder), 1);
	assert_int_equal(count_names("%s/state/layers/tmp", f->folder), 0);
	/* And the lost one comes back. */
	assert_string_equal(pull_ok(f, "r/two:1")->digest, lost);
	tar_fini(&base);
	tar_fini(&one);
}

static void test_two_agents(void **state)
{
	struct fixture *f = *state;
	struct image_store *other = NULL;
	struct error err = {0};

	assert_int_equal(image_store_open(&f->agent, &f->options, &other, &err), -EBUSY);
	assert_int_equal(err.kind, ERROR_CONFLICT);
}

static void test_tag_moves(void **state)
{
	struct fixture *f = *state;
	struct tar one, two;
	char before[IMAGE_DIGEST_SIZE], after[IMAGE_DIGEST_SIZE];

	base_tar(&one);
	top_tar(&two, "moved");
	push_image(f, "moving:tag", (struct made_layer[]){{&one.bytes, PACK_GZIP}}, 1, NULL, false);
	memcpy(before, pull_ok(f, "moving:tag")->digest, sizeof(before));
	push_image(f, "moving:tag", (struct made_layer[]){{&two.bytes, PACK_GZIP}}, 1, NULL, false);
	memcpy(after, pull_ok(f, "moving:tag")->digest, sizeof(after));
	assert_string_not_equal(before, after);
	assert_string_equal(image_find(f->store, "moving:tag")->digest, after);
	assert_non_null(image_find(f->store, before));
	image_ref(f->store, image_find(f->store, before)); /* used later than the new one */
	store_reopen(f);
	assert_string_equal(image_find(f->store, "moving:tag")->digest, after);
	assert_non_null(image_find(f->store, before));
	tar_fini(&one);
	tar_fini(&two);
}

static void test_concurrent(void **state)
{
	static const char *const names[] = {"c:1", "c:2", "c:1", "c:3", "c:1", "c:2"};
	struct fixture *f = *state;
	struct pulled pulled[6];
	struct tar base, top[3];
	struct made_layer layers[2];

	base_tar(&base);
	layers[0] = (struct made_layer){&base.bytes, PACK_GZIP};
	for (int i = 0; i < 3; i++) {
		char name[8], text[8];

		snprintf(name, sizeof(name), "c:%d", i + 1);
		snprintf(text, sizeof(text), "%d", i);
		top_tar(&top[i], text);
		layers[1] = (struct made_layer){&top[i].bytes, PACK_GZIP};
		push_image(f, name, layers, 2, NULL, false);
		tar_fini(&top[i]);
	}
	for (int i = 0; i < 6; i++)
		pull_start(f, names[i], &pulled[i]);
	assert_int_equal(f->store->running, 2);
	for (int i = 0; i < 6; i++) {
		pull_wait(f, &pulled[i]);
		assert_true(pulled[i].ok);
	}
	assert_string_equal(pulled[0].digest, pulled[2].digest);
	assert_string_equal(pulled[0].digest, pulled[4].digest);
	assert_string_equal(pulled[1].digest, pulled[5].digest);
	assert_string_not_equal(pulled[0].digest, pulled[3].digest);
	/* The base, wanted by three at once, was unpacked once. */
	assert_int_equal(count_names("%s/state/layers/sha256", f->folder), 4);
	assert_int_equal(f->store->running, 0);
	tar_fini(&base);
}

static void test_refusals(void **state)
{
	static const char *const bad[] = {"",           "--help", "-v",          "UPPER",
					  "a b",        "a:",     "a@sha256:12", "a/../b",
					  "docker://a", "a:b:c",  "/a",          "127.0.0.1:99999/a",
					  "a\nb",       "$(id)",  "a@"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		pull_fails(f, bad[i], ERROR_INVALID, "no image reference");
	pull_fails(f, "nobody/has:this", ERROR_NOT_FOUND, "no such image");
	pull_fails(f, "127.0.0.1:1/x/y:z", ERROR_UNAVAILABLE, "registry");
}

static void test_wrong_password(void **state)
{
	struct fixture *f = *state;
	auto_free char *path = xasprintf("%s/auth.json", f->folder);

	assert_int_equal(file_replace(path, "{\"auths\": {}}", 13, 0600, NULL), 0);
	pull_fails(f, "nobody/has:this", ERROR_UNAUTHENTICATED, "refuses");
	unlink(path);
	pull_fails(f, "nobody/has:this", ERROR_INTERNAL, "authfile");
}

static void test_registry_away(void **state)
{
	struct fixture *f = *state;
	char digest[IMAGE_DIGEST_SIZE], full[256];
	struct tar base;

	base_tar(&base);
	push_image(f, "away:1", (struct made_layer[]){{&base.bytes, PACK_GZIP}}, 1, NULL, false);
	memcpy(digest, pull_ok(f, "away:1")->digest, sizeof(digest));
	registry_stop(f);
	/* What is here is used; what isn't, isn't. */
	assert_string_equal(pull_ok(f, "away:1")->digest, digest);
	pull_fails(f, "away:2", ERROR_UNAVAILABLE, "registry");
	snprintf(full, sizeof(full), "away@%s", digest);
	assert_string_equal(pull_ok(f, full)->digest, digest);
	tar_fini(&base);
}

/* Finds the registry's own file of a blob and changes one byte in its middle. */
static void corrupt(struct fixture *f, const char *digest, bool cut)
{
	auto_free char *path = xasprintf("%s/registry/docker/registry/v2/blobs/sha256/%.2s/%s/data", f->folder,
					 digest_hex(digest), digest_hex(digest));
	auto_fd int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;
	char byte;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	if (cut) {
		assert_int_equal(ftruncate(fd, st.st_size / 2), 0);
		return;
	}
	assert_int_equal(pread(fd, &byte, 1, st.st_size / 2), 1);
	byte ^= 0x40;
	assert_int_equal(pwrite(fd, &byte, 1, st.st_size / 2), 1);
}

static void test_forged_blobs(void **state)
{
	struct fixture *f = *state;
	auto_buf struct buf packed = BUF_INIT;
	char digest[DIGEST_SIZE];
	struct tar base, top;

	for (int cut = 0; cut < 2; cut++) {
		char name[16];

		snprintf(name, sizeof(name), "forged:%d", cut);
		base_tar(&base);
		top_tar(&top, name);
		buf_clear(&packed);
		tar_pack(&top.bytes, ARCHIVE_FILTER_GZIP, &packed);
		digest_of(packed.data, packed.length, digest);
		push_image(f, name, (struct made_layer[]){{&base.bytes, PACK_GZIP}, {&top.bytes, PACK_GZIP}}, 2, NULL,
			   false);
		corrupt(f, digest, cut == 1);
		pull_fails(f, name, cut == 1 ? ERROR_UNAVAILABLE : ERROR_MALFORMED, cut == 1 ? "" : "digest");
		settle(f);
		assert_int_equal(count_names("%s/state/layers/sha256", f->folder), 0);
		assert_int_equal(count_names("%s/state/layers/tmp", f->folder), 0);
		assert_int_equal(count_names("%s/state/images", f->folder), 0);
		tar_fini(&base);
		tar_fini(&top);
	}
}

static void test_hostile_layer(void **state)
{
	struct fixture *f = *state;
	struct tar base, evil;

	base_tar(&base);
	tar_open(&evil, TAR_PAX);
	tar_file(&evil, "../../../../../../../../tmp/ttob-was-here", 0644, "x");
	tar_close(&evil);
	push_image(f, "evil:1", (struct made_layer[]){{&base.bytes, PACK_GZIP}, {&evil.bytes, PACK_GZIP}}, 2, NULL,
		   false);
	pull_fails(f, "evil:1", ERROR_MALFORMED, "..");
	assert_false(is_there("/tmp/ttob-was-here"));
	settle(f);
	assert_int_equal(count_names("%s/state/layers/sha256", f->folder), 0);
	assert_int_equal(count_names("%s/state/layers/tmp", f->folder), 0);
	tar_fini(&base);
	tar_fini(&evil);
}

static void big_tar(struct tar *tar, size_t bytes)
{
	auto_free char *noise = xmalloc(bytes);
	uint32_t x = 1;

	for (size_t i = 0; i < bytes; i++) {
		x = x * 1664525 + 1013904223;
		noise[i] = (char)(x >> 24);
	}
	tar_open(tar, TAR_PAX);
	tar_put(tar, tar_entry("noise", AE_IFREG, 0644), noise, bytes);
	tar_close(tar);
}

static void test_too_large(void **state)
{
	struct fixture *f = *state;
	struct tar big, bomb;

	f->options.image_max = 1024 * 1024;
	store_reopen(f);
	big_tar(&big, 2 * 1024 * 1024);
	tar_open(&bomb, TAR_PAX);
	tar_put(&bomb, tar_entry("zeros", AE_IFREG, 0644), NULL, 64 * 1024 * 1024);
	tar_close(&bomb);
	push_image(f, "big:1", (struct made_layer[]){{&big.bytes, PACK_GZIP}}, 1, NULL, false);
	push_image(f, "bomb:1", (struct made_layer[]){{&bomb.bytes, PACK_GZIP}}, 1, NULL, false);
	pull_fails(f, "big:1", ERROR_TOO_LARGE, "not allowed");
	pull_fails(f, "bomb:1", ERROR_TOO_LARGE, "more than is allowed");
	settle(f);
	assert_int_equal(count_names("%s/state/layers/tmp", f->folder), 0);
	tar_fini(&big);
	tar_fini(&bomb);
}

static void test_low_water(void **state)
{
	struct fixture *f = *state;
	char names[3][IMAGE_DIGEST_SIZE];
	struct tar tars[3];
	struct image_disk disk;

	for (int i = 0; i < 3; i++) {
		char name[8];

		snprintf(name, sizeof(name), "w:%d", i);
		big_tar(&tars[i], 1024 * 1024 + (size_t)i * 4096);
		push_image(f, name, (struct made_layer[]){{&tars[i].bytes, PACK_GZIP}}, 1, NULL, false);
		tar_fini(&tars[i]);
	}
	memcpy(names[0], pull_ok(f, "w:0")->digest, sizeof(names[0]));
	usleep(20000);
	memcpy(names[1], pull_ok(f, "w:1")->digest, sizeof(names[1]));
	image_ref(f->store, image_find(f->store, names[1]));
	/* No room at all: everything unused goes, what is used stays, and the pull says why it can't. */
	image_disk(f->store, &disk);
	f->store->options.low_water = disk.free * 2;
	pull_fails(f, "w:2", ERROR_UNAVAILABLE, "no room");
	assert_null(image_find(f->store, names[0]));
	assert_non_null(image_find(f->store, names[1]));
	settle(f);
	assert_int_equal(count_names("%s/state/layers/sha256", f->folder), 1);
	/* With room again it works. */
	f->store->options.low_water = 0;
	assert_non_null(pull_ok(f, "w:2"));
	image_unref(f->store, image_find(f->store, names[1]));
}

/* Children of the store: killed without a word, as the machine's OOM killer would. */
static void test_killed_child(void **state)
{
	struct fixture *f = *state;
	struct pulled pulled;
	struct pull_peek {
		struct child *child;
	};
	struct tar big;
	bool killed = false;

	big_tar(&big, 24 * 1024 * 1024);
	push_image(f, "kill:1", (struct made_layer[]){{&big.bytes, PACK_GZIP}}, 1, NULL, false);
	pull_start(f, "kill:1", &pulled);
	while (!pulled.done) {
		DIR *dir = opendir("/proc");
		struct dirent *entry;

		assert_int_equal(loop_once(f->agent.loop, 5), 0);
		while (!killed && (entry = readdir(dir)) != NULL) {
			char path[300], line[300] = "";
			auto_buf struct buf text = BUF_INIT;
			long pid = strtol(entry->d_name, NULL, 10);

			snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
			if (pid <= 1 || file_read(AT_FDCWD, path, 65536, &text) < 0 || text.length == 0)
				continue;
			snprintf(line, sizeof(line), "%s", text.data);
			/* Only our own: its target is in our folder. */
			if (strstr(line, "ttob-unpack") != NULL &&
			    memmem(text.data, text.length, f->folder, strlen(f->folder)) != NULL &&
			    memmem(text.data, text.length, "\0layer\0", 7) != NULL)
				killed = kill((pid_t)pid, SIGKILL) == 0;
		}
		closedir(dir);
	}
	assert_true(killed);
	assert_false(pulled.ok);
	settle(f);
	assert_int_equal(count_names("%s/state/layers/tmp", f->folder), 0);
	assert_int_equal(count_names("%s/state/layers/sha256", f->folder), 0);
	assert_non_null(pull_ok(f, "kill:1"));
	tar_fini(&big);
}

/* The store is closed in the middle, as when the agent ends: the next one finds nothing half done. */
static void test_closed_in_the_middle(void **state)
{
	struct fixture *f = *state;
	struct pulled pulled;
	struct tar big;

	big_tar(&big, 24 * 1024 * 1024);
	push_image(f, "mid:1", (struct made_layer[]){{&big.bytes, PACK_GZIP}}, 1, NULL, false);
	pull_start(f, "mid:1", &pulled);
	while (count_names("%s/state/layers/tmp", f->folder) == 0)
		assert_int_equal(loop_once(f->agent.loop, 5), 0);
	store_reopen(f);
	assert_false(pulled.done);
	settle(f);
	assert_int_equal(count_names("%s/state/layers/sha256", f->folder), 0);
	assert_non_null(pull_ok(f, "mid:1"));
	settle(f);
	assert_int_equal(count_names("%s/state/layers/sha256", f->folder), 1);
	tar_fini(&big);
}

static void test_time_limit(void **state)
{
	struct fixture *f = *state;
	struct tar base;

	base_tar(&base);
	push_image(f, "late:1", (struct made_layer[]){{&base.bytes, PACK_GZIP}}, 1, NULL, false);
	/* A registry that takes the connection and says nothing. */
	kill(f->registry, SIGSTOP);
	f->store->options.pull_seconds = 1;
	pull_fails(f, "late:1", ERROR_TIMEOUT, "took longer than 1 s");
	kill(f->registry, SIGCONT);
	f->store->options.pull_seconds = 120;
	assert_non_null(pull_ok(f, "late:1"));
	tar_fini(&base);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pull),
		TEST(test_kinds_of_layers),
		TEST(test_shared_layers_and_removal),
		TEST(test_restart),
		TEST(test_two_agents),
		TEST(test_tag_moves),
		TEST(test_concurrent),
		TEST(test_refusals),
		TEST(test_wrong_password),
		TEST(test_registry_away),
		TEST(test_forged_blobs),
		TEST(test_hostile_layer),
		TEST(test_too_large),
		TEST(test_low_water),
		TEST(test_killed_child),
		TEST(test_closed_in_the_middle),
		TEST(test_time_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
