/* Saved sandboxes as build contexts; the judge is the system's tar. */
#include "web/layer_context.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "core/tar.h"
#include "unit/test.h"
#include "web/spool.h"

#define FOLDER "/tmp/ttob-test-layer"

static int make(const char *command, struct buf *dockerfile, char path[200], struct error *err)
{
	char digest[CONTEXT_DIGEST_SIZE], shell[1024];
	struct context_writer *writer;
	struct buf tar = BUF_INIT;
	FILE *pipe;
	int fd, r;

	snprintf(shell, sizeof(shell), "d=$(mktemp -d) && cd $d && %s && tar --format=pax --numeric-owner -cf - . && rm -rf $d", command);
	pipe = popen(shell, "r");
	assert_non_null(pipe);
	assert_int_equal(fd_read_all(fileno(pipe), 1 << 20, &tar), 0);
	assert_int_equal(pclose(pipe), 0);
	assert_int_equal(dir_make_all(FOLDER, 0700, NULL), 0);
	assert_int_equal(spool_file(FOLDER, &fd, err), 0);
	assert_int_equal(fd_write_all(fd, tar.data, tar.length), 0);
	buf_fini(&tar);
	assert_int_equal(context_writer_new(FOLDER, &writer, err), 0);
	r = layer_context_make(fd, "taste/figlet@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", writer, dockerfile, err);
	close(fd);
	if (r == 0) {
		assert_int_equal(context_writer_check(writer, err), 0);
		assert_int_equal(context_writer_keep(writer, digest, err), 0);
		snprintf(path, 200, FOLDER "/contexts/%s.tar", digest);
	}
	context_writer_free(writer);
	return r;
}

static void ask(const char *format, const char *path, char *out, size_t size)
{
	char command[600];
	size_t n;
	FILE *pipe;

	snprintf(command, sizeof(command), format, path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	n = fread(out, 1, size - 1, pipe);
	out[n] = '\0';
	assert_int_equal(pclose(pipe), 0);
}

static void files_stay_as_they_are(void **state)
{
	auto_buf struct buf dockerfile = BUF_INIT;
	char path[200], out[4096];
	struct error err;

	(void)state;
	assert_int_equal(make("mkdir -p usr/bin root && echo hi >usr/bin/x && ln usr/bin/x usr/bin/y && ln -s x usr/bin/z && "
			      "echo secret >root/.bash_history && if [ $(id -u) = 0 ]; then chown 33:44 usr/bin/x; fi && chmod 4755 usr/bin/x",
			      &dockerfile, path, &err),
			 0);
	assert_non_null(strstr(dockerfile.data, "FROM taste/figlet@sha256:"));
	assert_null(strstr(dockerfile.data, "RUN"));
	ask("tar -tf %s", path, out, sizeof(out));
	assert_string_equal(out, "layer.tar\n");
	ask("tar -xOf %s layer.tar | tar -tvf - --numeric-owner", path, out, sizeof(out));
	assert_non_null(strstr(out, "-rwsr-xr-x"));
	assert_non_null(strstr(out, " link to "));
	assert_non_null(strstr(out, "usr/bin/z -> x"));
	assert_null(strstr(out, "history"));
	if (getuid() == 0)
		assert_non_null(strstr(out, "33/44"));
}

/* Names that no shell and no list by lines would survive. */
static void what_was_deleted_is_removed(void **state)
{
	auto_buf struct buf dockerfile = BUF_INIT;
	char path[200], out[4096];
	struct error err;

	(void)state;
	assert_int_equal(make("mkdir -p etc usr/share && touch etc/.wh.motd usr/share/.wh..wh..opq usr/share/new \"$(printf '.wh.a b\\nc')\"", &dockerfile,
			      path, &err),
			 0);
	assert_non_null(strstr(dockerfile.data, "xargs -0 rm -rf"));
	ask("tar -xOf %s removed | tr '\\0' '|' | tr '\\n' '_' | tr '|' '\\n' | sort | tr '\\n' '|'", path, out, sizeof(out));
	assert_string_equal(out, "a b_c|etc/motd|usr/share|");
	ask("tar -xOf %s layer.tar | tar -tf -", path, out, sizeof(out));
	assert_null(strstr(out, ".wh."));
	assert_non_null(strstr(out, "usr/share/new"));
}

static void nothing_is_no_project(void **state)
{
	auto_buf struct buf dockerfile = BUF_INIT;
	struct context_writer *writer;
	struct buf tar = BUF_INIT;
	struct error err;
	int fd;

	(void)state;
	tar_finish(&tar);
	assert_int_equal(dir_make_all(FOLDER, 0700, NULL), 0);
	assert_int_equal(spool_file(FOLDER, &fd, &err), 0);
	assert_int_equal(context_writer_new(FOLDER, &writer, &err), 0);
	assert_true(layer_context_make(fd, "taste/figlet:b1", writer, &dockerfile, &err) < 0);
	assert_int_equal(fd_write_all(fd, tar.data, tar.length), 0);
	assert_true(layer_context_make(fd, "taste/figlet:b1", writer, &dockerfile, &err) < 0);
	assert_int_equal(err.kind, ERROR_INVALID);
	context_writer_free(writer);
	close(fd);
	buf_fini(&tar);
}

static void folders_that_the_agent_wrote_into_are_no_change(void **state)
{
	static const struct {
		const char *command;
		bool changed;
	} table[] = {
		{"mkdir -p etc/profile.d", false},
		{"mkdir etc", false},
		{"mkdir -p etc/profile.d && touch etc/profile.d/mine.sh", true},
		{"mkdir -p etc/profile.d srv", true},
		{"mkdir -p etc/other", true},
		{"touch etc", true}, /* a file */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		auto_buf struct buf dockerfile = BUF_INIT;
		char path[200];
		struct error err = {0};

		if ((make(table[i].command, &dockerfile, path, &err) == 0) != table[i].changed)
			fail_msg("%s: %s", table[i].command, err.message);
	}
}

static int clean(void **state)
{
	(void)state;
	return dir_remove_all(FOLDER, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_stay_as_they_are),
		cmocka_unit_test(what_was_deleted_is_removed),
		cmocka_unit_test(nothing_is_no_project),
		cmocka_unit_test(folders_that_the_agent_wrote_into_are_no_change),
	};

	return cmocka_run_group_tests_name("layer_context", tests, NULL, clean);
}
