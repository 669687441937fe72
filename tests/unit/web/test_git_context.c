/* Fetched repositories as build contexts; the judge is the system's tar. */
#include "web/git_context.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "core/tar.h"
#include "unit/test.h"
#include "web/spool.h"

#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

/* A repository with a folder, a program, links, and a name beyond ustar's. */
static int repository(void)
{
	struct error err;
	FILE *git;
	struct buf tar = BUF_INIT;
	int fd;

	git = popen("d=$(mktemp -d) && cd $d && git init -q . && mkdir -p demo/" LONG " && echo 'FROM one' >Dockerfile && echo 'FROM two' >demo/Dockerfile && "
		    "printf '#!/bin/sh\\n' >demo/run && chmod +x demo/run && ln -s ../../etc/passwd demo/link && echo deep >demo/" LONG "/" LONG " && "
		    "ln -s " LONG "/" LONG " demo/far && git add . && git -c user.name=a -c user.email=a@b commit -qm x && git archive HEAD && rm -rf $d",
		    "r");
	assert_non_null(git);
	assert_int_equal(fd_read_all(fileno(git), 1 << 20, &tar), 0);
	assert_int_equal(pclose(git), 0);
	assert_int_equal(spool_file("/tmp", &fd, &err), 0);
	assert_int_equal(fd_write_all(fd, tar.data, tar.length), 0);
	buf_fini(&tar);
	return fd;
}

static int make(const char *source, const char *dockerfile, char **ret_dockerfile, struct error *err)
{
	struct project project = {.source = (char *)source, .dockerfile = (char *)dockerfile};
	int tar = repository(), context = -1;
	int r = git_context_make("/tmp", tar, &project, &context, ret_dockerfile, err);

	close(tar);
	return r < 0 ? r : context;
}

/* What a command that reads the context says. */
static void ask(int context, const char *command, char *out, size_t size)
{
	char whole[512];
	size_t n;
	FILE *pipe;

	snprintf(whole, sizeof(whole), "tar -%s </proc/self/fd/%d", command, context);
	lseek(context, 0, SEEK_SET);
	fd_set_cloexec(context, false);
	pipe = popen(whole, "r");
	assert_non_null(pipe);
	n = fread(out, 1, size - 1, pipe);
	out[n] = '\0';
	assert_int_equal(pclose(pipe), 0);
}

static void a_repository_is_taken_as_it_is(void **state)
{
	char out[4096], *dockerfile;
	struct error err;
	int context = make("{\"kind\":\"git\"}", NULL, &dockerfile, &err);

	(void)state;
	assert_true(context >= 0);
	assert_string_equal(dockerfile, "FROM one\n");
	free(dockerfile);
	ask(context, "t", out, sizeof(out));
	assert_non_null(strstr(out, "\ndemo/" LONG "/" LONG "\n"));
	ask(context, "tv", out, sizeof(out));
	assert_non_null(strstr(out, "-rwx"));
	assert_non_null(strstr(out, "demo/link -> ../../etc/passwd\n"));
	assert_non_null(strstr(out, "demo/far -> " LONG "/" LONG "\n"));
	close(context);
}

static void a_folder_becomes_the_top(void **state)
{
	char out[4096], *dockerfile;
	struct error err;
	int context = make("{\"kind\":\"git\",\"folder\":\"demo\"}", NULL, &dockerfile, &err);

	(void)state;
	assert_true(context >= 0);
	assert_string_equal(dockerfile, "FROM two\n");
	free(dockerfile);
	ask(context, "xO Dockerfile", out, sizeof(out));
	assert_string_equal(out, "FROM two\n");
	ask(context, "t", out, sizeof(out));
	assert_null(strstr(out, "demo"));
	assert_non_null(strstr(out, "run\n"));
	close(context);
}

static void a_script_stands_beside_the_repository(void **state)
{
	char out[4096], *dockerfile;
	struct error err;
	int context = make("{\"kind\":\"git\",\"base\":\"debian:bookworm\",\"script\":\"make\\r\\nmake install\"}", NULL, &dockerfile, &err);

	(void)state;
	assert_true(context >= 0);
	assert_non_null(strstr(dockerfile, "FROM debian:bookworm\n"));
	assert_non_null(strstr(dockerfile, "COPY src /src\nWORKDIR /src\n"));
	ask(context, "xO Dockerfile", out, sizeof(out));
	assert_string_equal(out, dockerfile);
	free(dockerfile);
	ask(context, "xO install.sh", out, sizeof(out));
	assert_string_equal(out, "make\nmake install\n");
	ask(context, "xO src/Dockerfile", out, sizeof(out)); /* the repository's own is only a file of it */
	assert_string_equal(out, "FROM one\n");
	close(context);
}

static void what_is_not_there_is_told(void **state)
{
	char *dockerfile;
	struct error err;

	(void)state;
	assert_true(make("{\"kind\":\"git\",\"folder\":\"nowhere\"}", NULL, &dockerfile, &err) < 0);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_non_null(strstr(err.message, "nowhere"));
	assert_true(make("{\"kind\":\"git\",\"folder\":\"dem\"}", NULL, &dockerfile, &err) < 0);
	assert_true(make("{\"kind\":\"git\",\"folder\":\"demo/" LONG "\"}", NULL, &dockerfile, &err) < 0);
	assert_non_null(strstr(err.message, "no Dockerfile in demo/"));
	assert_null(dockerfile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_repository_is_taken_as_it_is),
		cmocka_unit_test(a_folder_becomes_the_top),
		cmocka_unit_test(a_script_stands_beside_the_repository),
		cmocka_unit_test(what_is_not_there_is_told),
	};

	return cmocka_run_group_tests_name("git_context", tests, NULL, NULL);
}
