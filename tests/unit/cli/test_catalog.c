#include "unit/test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"
#include "cli/catalog.h"

#define CONF                                                                                                           \
	"[project]\nname = tool\nsummary = What it is\nsummary_ko = 무엇\ncategory = fun\ntags = a, b\nlicense = MIT\n"  \
	"smoke = true\npopularity = 7\nmemory = 768\nports = 80, 8080\n[source]\nkind = script\nbase = debian:bookworm\n"

struct bench {
	char root[64];
	char *folder; /* root/tool */
};

static void put(struct bench *bench, const char *name, const void *data, size_t length)
{
	auto_free char *path = xasprintf("%s/%s", bench->folder, name);

	assert_int_equal(file_replace(path, data, length, 0644, NULL), 0);
}

static void put_text(struct bench *bench, const char *name, const char *text)
{
	put(bench, name, text, strlen(text));
}

static int setup(void **state)
{
	struct bench *bench = xmalloc(sizeof(*bench));

	strcpy(bench->root, "/tmp/ttob-catalog-XXXXXX");
	assert_non_null(mkdtemp(bench->root));
	bench->folder = xasprintf("%s/tool", bench->root);
	assert_int_equal(mkdir(bench->folder, 0755), 0);
	put_text(bench, "project.conf", CONF);
	put_text(bench, "install.sh", "echo hi\r\ncd /tmp\n");
	put_text(bench, "README.md", "# Tool\n");
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	dir_remove_all(bench->root, NULL);
	free(bench->folder);
	free(bench);
	return 0;
}

/* Reads the folder; the digest, or NULL and the error's message in `err`. */
static char *digest_of(struct bench *bench, struct error *err)
{
	struct project project = {0};
	struct buf context = BUF_INIT;
	char *digest = NULL;

	if (catalog_read(bench->folder, "taste", &project, &context, err) == 0)
		digest = xstrdup(project.digest);
	project_fini(&project);
	buf_fini(&context);
	return digest;
}

static void a_script_becomes_a_project(void **state)
{
	struct bench *bench = *state;
	struct project project = {0};
	struct buf context = BUF_INIT;
	struct error err = {0};

	if (catalog_read(bench->folder, "taste", &project, &context, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(project.owner, "taste");
	assert_string_equal(project.tags, "a,b");
	assert_string_equal(project.ports, "80,8080");
	assert_int_equal(project.popularity, 7);
	assert_string_equal(project.readme, "# Tool\n");
	assert_null(project.readme_ko);
	assert_non_null(strstr(project.dockerfile, "FROM debian:bookworm"));
	assert_non_null(strstr(project.source, "\"memory\":805306368"));
	assert_int_equal(strlen(project.digest), 64);
	assert_string_equal(context.data, "Dockerfile"); /* the first name in the tar */
	assert_int_equal(context.length % 512, 0);
	project_fini(&project);
	buf_fini(&context);
}

static void only_what_a_build_depends_on_changes_the_digest(void **state)
{
	struct bench *bench = *state;
	auto_free char *first = digest_of(bench, NULL);
	auto_free char *other_readme = NULL, *other_script = NULL, *other_smoke = NULL;

	put_text(bench, "README.md", "# Another\n");
	other_readme = digest_of(bench, NULL);
	put_text(bench, "install.sh", "echo ho\n");
	other_script = digest_of(bench, NULL);
	put_text(bench, "project.conf", CONF "\n[project]\nversion_command = tool -V\n");
	other_smoke = digest_of(bench, NULL);
	assert_non_null(first);
	assert_string_equal(first, other_readme);
	assert_string_not_equal(first, other_script);
	assert_string_not_equal(other_script, other_smoke);
}

static void a_folder_is_a_context(void **state)
{
	struct bench *bench = *state;
	auto_free char *below = xasprintf("%s/site", bench->folder);
	auto_free char *link = xasprintf("%s/link", bench->folder);
	auto_free char *digest = NULL;
	struct error err = {0};

	put_text(bench, "project.conf",
		 "[project]\nname = tool\nsummary = x\ncategory = web\nlicense = MIT\nsmoke = true\n[source]\nkind = dockerfile\n");
	assert_null(digest_of(bench, &err));
	assert_non_null(strstr(err.message, "Dockerfile"));
	put_text(bench, "Dockerfile", "FROM debian:bookworm\nCOPY site /site\n");
	assert_int_equal(mkdir(below, 0755), 0);
	put_text(bench, "site/index.html", "<p>");
	digest = digest_of(bench, NULL);
	assert_non_null(digest);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_null(digest_of(bench, &err));
	assert_non_null(strstr(err.message, "only files and folders"));
}

static void faults_name_file_and_line(void **state)
{
	struct bench *bench = *state;
	char long_line[400];
	const struct {
		const char *conf;
		const char *message;
	} table[] = {
		{"", "is missing"},
		{"[project]\nname = tool\ncolour = red\n", "project.conf:3: unknown key colour"},
		{"[project]\nname = tool\nname = tool\n", "project.conf:3: name is given twice"},
		{"[project]\nname tool\n", "project.conf:2:"},
		{"[project]\nsmoke = a ; b\n", "project.conf:2: a semicolon after a space"},
		{long_line, "longer than a configuration line may be"},
		{"[project]\nsummary = \xff\xfe\n", "project.conf:2: summary is not UTF-8"},
		{CONF "[project]\nhomepage = javascript:alert(1)\n", "homepage"},
		{CONF "[project]\nnetwork = maybe\n", "network"},
	};

	snprintf(long_line, sizeof(long_line), "[project]\nsmoke = %0300d\n", 0);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct error err = {0};

		put_text(bench, "project.conf", table[i].conf);
		assert_null(digest_of(bench, &err));
		if (strstr(err.message, table[i].message) == NULL)
			fail_msg("case %zu: %s", i, err.message);
	}
}

static void names_and_kinds_are_checked(void **state)
{
	static const char *const bad[] = {
		"name = other", "name = ../x", "category = games", "license = <b>", "kind = image", "popularity = 101", "memory = 99999",
	};
	static const char *const keys[] = {"name", "name", "category", "license", "kind", "popularity", "memory"};
	struct bench *bench = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = {0};
		auto_free char *conf = xstrdup(CONF);
		auto_free char *prefix = xasprintf("\n%s = ", keys[i]);
		char *line = strstr(conf, prefix);
		auto_free char *text = NULL;

		assert_non_null(line);
		*line = '\0';
		text = xasprintf("%s\n%s%s", conf, bad[i], strchr(line + 1, '\n'));
		put_text(bench, "project.conf", text);
		assert_null(digest_of(bench, &err));
		assert_non_null(strstr(err.message, keys[i]));
	}
}

static void bad_scripts_are_refused(void **state)
{
	struct bench *bench = *state;
	struct error err = {0};

	put(bench, "install.sh", "a\0b", 3);
	assert_null(digest_of(bench, &err));
	put_text(bench, "install.sh", "");
	assert_null(digest_of(bench, &err));
	put_text(bench, "install.sh", "\xff");
	assert_null(digest_of(bench, &err));
	assert_non_null(strstr(err.message, "install.sh"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_script_becomes_a_project, setup, teardown),
		cmocka_unit_test_setup_teardown(only_what_a_build_depends_on_changes_the_digest, setup, teardown),
		cmocka_unit_test_setup_teardown(a_folder_is_a_context, setup, teardown),
		cmocka_unit_test_setup_teardown(faults_name_file_and_line, setup, teardown),
		cmocka_unit_test_setup_teardown(names_and_kinds_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_scripts_are_refused, setup, teardown),
	};

	return cmocka_run_group_tests_name("cli: catalogue", tests, NULL, NULL);
}
