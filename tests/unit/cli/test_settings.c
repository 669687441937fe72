#include "unit/test.h"

#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "cli/listen.h"
#include "cli/settings.h"

/* Loads the words (split at spaces) and gives what is left, joined; the config goes to *ret_config. */
static char *load(const char *words, struct config **ret_config, struct error *err)
{
	char *copy = xstrdup(words), *rest = NULL, *left = xstrdup("");
	char *argv[16] = {NULL};
	size_t count = 0;

	for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
		argv[count++] = word;
	*ret_config = NULL;
	if (settings_load(argv, ret_config, err) == 0) {
		for (size_t i = 0; argv[i] != NULL; i++) {
			char *more = xasprintf("%s[%s]", left, argv[i]);

			free(left);
			left = more;
		}
	}
	free(copy);
	return left;
}

static void flags_may_stand_anywhere(void **state)
{
	struct config *config;
	struct error err;
	auto_free char *left = load("import --data /a --listen=:80 x --set build.parallel=5", &config, &err);

	(void)state;
	assert_non_null(config);
	assert_string_equal(left, "[import][x]");
	assert_string_equal(config_string(config, "web", "data"), "/a");
	assert_string_equal(config_string(config, "web", "listen"), ":80");
	assert_int_equal(config_number(config, "build", "parallel"), 5);
	config_free(config);
}

static void environment_is_weaker_than_flags(void **state)
{
	struct config *config;
	struct error err;
	char *left;

	(void)state;
	setenv("TTOB_WEB_DATA", "/env", 1);
	setenv("TTOB_SANDBOX_IDLE", "2m", 1);
	left = load("--data /flag", &config, &err);
	assert_non_null(config);
	assert_string_equal(config_string(config, "web", "data"), "/flag");
	assert_int_equal(config_number(config, "sandbox", "idle"), 120);
	config_free(config);
	free(left);
	unsetenv("TTOB_WEB_DATA");
	unsetenv("TTOB_SANDBOX_IDLE");
}

static void faults_name_their_place(void **state)
{
	static const struct {
		const char *words;
		const char *message;
	} table[] = {
		{"--set web.nothing=1", "unknown key [web] nothing"},
		{"--set nonsense", "must be SECTION.KEY=VALUE"},
		{"--set a=b.c", "must be SECTION.KEY=VALUE"},
		{"--set sandbox.memory=lots", "must be a size"},
		{"--config /nowhere/at/all", "/nowhere/at/all"},
	};
	struct config *config;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct error err = {0};
		auto_free char *left = load(table[i].words, &config, &err);

		(void)left;
		assert_null(config);
		assert_non_null(strstr(err.message, table[i].message));
	}
}

static void addresses_are_shown_for_a_browser(void **state)
{
	static const char *const table[][2] = {
		{"127.0.0.1:8080", "http://127.0.0.1:8080"}, {":80", "http://localhost:80"},  {"0.0.0.0:81", "http://localhost:81"},
		{"[::]:82", "http://localhost:82"},	    {"[::1]:83", "http://[::1]:83"}, {"unix:/x", "unix:/x"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		auto_free char *url = listen_url(table[i][0]);

		assert_string_equal(url, table[i][1]);
	}
}

static void a_taken_port_is_told(void **state)
{
	static const char *const bad[] = {"", "8080", "127.0.0.1", "127.0.0.1:", "nowhere:1x", "[::1:80"};
	struct error err;

	(void)state;
	assert_int_equal(listen_check("127.0.0.1:0", &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(listen_check(bad[i], &err) < 0);
	assert_false(listen_answers("127.0.0.1:1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_may_stand_anywhere),	 cmocka_unit_test(environment_is_weaker_than_flags),
		cmocka_unit_test(faults_name_their_place),	 cmocka_unit_test(addresses_are_shown_for_a_browser),
		cmocka_unit_test(a_taken_port_is_told),
	};

	return cmocka_run_group_tests_name("cli: settings", tests, NULL, NULL);
}
