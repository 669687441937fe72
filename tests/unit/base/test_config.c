#include "base/config.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"

#include "../test.h"

static const struct config_key keys[] = {
	{"web", "listen", CONFIG_STRING, "127.0.0.1:8080", "address"},
	{"web", "workers", CONFIG_NUMBER, "2", "threads"},
	{"sandbox", "memory", CONFIG_SIZE, "512M", "memory"},
	{"sandbox", "idle", CONFIG_SECONDS, "15m", "idle"},
	{"sandbox", "guests", CONFIG_BOOL, "yes", "guests"},
	{0},
};

struct fixture {
	struct config *config;
	char path[64];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->config = config_new(keys);
	snprintf(f->path, sizeof(f->path), "/tmp/ttob-test-config-%d.conf", getpid());
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	config_free(f->config);
	free(f);
	return 0;
}

static int load(struct fixture *f, const char *text, struct error *err)
{
	assert_int_equal(file_replace(f->path, text, strlen(text), 0600, NULL), 0);
	return config_load_file(f->config, f->path, err);
}

static void defaults_hold(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(config_string(f->config, "web", "listen"), "127.0.0.1:8080");
	assert_int_equal(config_number(f->config, "sandbox", "memory"), 512 << 20);
	assert_int_equal(config_number(f->config, "sandbox", "idle"), 900);
	assert_true(config_bool(f->config, "sandbox", "guests"));
}

static void a_file_overrides(void **state)
{
	struct fixture *f = *state;
	struct error err = {0};

	assert_int_equal(load(f, "# comment\n[web]\nworkers = 4\n\n[sandbox]\nguests = no\n", &err), 0);
	assert_int_equal(config_number(f->config, "web", "workers"), 4);
	assert_false(config_bool(f->config, "sandbox", "guests"));
}

static void expect_refusal(struct fixture *f, const char *text, const char *place, const char *word)
{
	struct error err = {0};

	assert_true(load(f, text, &err) < 0);
	if (strstr(err.message, place) == NULL || strstr(err.message, word) == NULL)
		fail_msg("\"%s\" does not tell %s and %s", err.message, place, word);
}

static void mistakes_name_the_line(void **state)
{
	struct fixture *f = *state;

	expect_refusal(f, "[web]\n\nworker = 4\n", ".conf:3", "unknown key [web] worker");
	expect_refusal(f, "[web]\nworkers = many\n", ".conf:2", "whole number");
	expect_refusal(f, "[web]\nworkers = 1\nnonsense\nlisten = x\n", ".conf:3", "key = value");
	expect_refusal(f, "[sandbox]\nmemory = 12Q\n", ".conf:2", "size");
}

static void the_environment_overrides_the_file(void **state)
{
	struct fixture *f = *state;
	struct error err = {0};

	assert_int_equal(load(f, "[web]\nworkers = 4\n", &err), 0);
	setenv("TTOB_WEB_WORKERS", "7", 1);
	assert_int_equal(config_load_environment(f->config, &err), 0);
	assert_int_equal(config_number(f->config, "web", "workers"), 7);
	setenv("TTOB_WEB_WORKERS", "x", 1);
	assert_true(config_load_environment(f->config, &err) < 0);
	assert_non_null(strstr(err.message, "TTOB_WEB_WORKERS"));
	unsetenv("TTOB_WEB_WORKERS");
}

static void a_missing_file_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct error err = {0};

	assert_true(config_load_file(f->config, "/nonexistent/x.conf", &err) < 0);
	assert_non_null(strstr(err.message, "/nonexistent/x.conf"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(defaults_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_overrides, setup, teardown),
		cmocka_unit_test_setup_teardown(mistakes_name_the_line, setup, teardown),
		cmocka_unit_test_setup_teardown(the_environment_overrides_the_file, setup, teardown),
		cmocka_unit_test_setup_teardown(a_missing_file_is_an_error, setup, teardown),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
