#include "base/log.h"

#include <stdio.h>
#include <unistd.h>

#include "../test.h"

/* Runs `say` with standard error going to a pipe, and gives what came out. */
static const char *captured(void (*say)(void))
{
	static char text[4096];
	int ends[2];
	int saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	say();
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(ends[0], text, sizeof(text) - 1);
	close(ends[0]);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void say_pairs(void)
{
	log_event(LOG_LEVEL_INFO, "sandbox started", "id", "a1", "why", NULL, "name", "two words", NULL);
}

static void say_forged(void)
{
	log_event(LOG_LEVEL_INFO, "x", "name", "a\ntime=1 level=error msg=\"forged\"\x1b[2J", NULL);
}

static void say_debug(void)
{
	log_debug("hidden");
	log_warning("n=%d", 5);
}

static void writes_logfmt(void **state)
{
	const char *line;

	(void)state;
	log_setup("test", LOG_LEVEL_INFO, false);
	line = captured(say_pairs);
	assert_non_null(strstr(line, " level=info program=test msg=\"sandbox started\" id=a1 name=\"two words\"\n"));
	assert_null(strstr(line, "why"));
}

static void writes_json(void **state)
{
	(void)state;
	log_setup("test", LOG_LEVEL_INFO, true);
	assert_non_null(strstr(captured(say_pairs), "\"msg\":\"sandbox started\",\"id\":\"a1\",\"name\":\"two words\"}\n"));
}

static void a_value_cannot_forge_a_line(void **state)
{
	const char *line;

	(void)state;
	log_setup("test", LOG_LEVEL_INFO, false);
	line = captured(say_forged);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	assert_null(strchr(line, '\x1b'));
}

static void levels_filter(void **state)
{
	const char *line;

	(void)state;
	log_setup("test", LOG_LEVEL_INFO, false);
	line = captured(say_debug);
	assert_null(strstr(line, "hidden"));
	assert_non_null(strstr(line, "msg=\"n=5\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_logfmt),
		cmocka_unit_test(writes_json),
		cmocka_unit_test(a_value_cannot_forge_a_line),
		cmocka_unit_test(levels_filter),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
