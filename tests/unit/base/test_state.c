#include "base/state.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"

#include "../test.h"

enum door { CLOSED, OPEN, BROKEN, DOORS };
static const char *const names[] = {"closed", "open", "broken"};
static const uint32_t moves[] = {
	[CLOSED] = STATE_BIT(OPEN) | STATE_BIT(BROKEN),
	[OPEN] = STATE_BIT(CLOSED),
	[BROKEN] = 0,
};
static const struct state_table door = {"door", names, moves, DOORS};

static void moves_by_the_table(void **state)
{
	unsigned now = CLOSED;

	(void)state;
	state_move(&door, &now, OPEN);
	assert_int_equal(now, OPEN);
	assert_true(state_may_move(&door, OPEN, CLOSED));
	assert_false(state_may_move(&door, OPEN, BROKEN));
	assert_false(state_may_move(&door, BROKEN, CLOSED));
	assert_false(state_may_move(&door, 31, CLOSED));
	assert_string_equal(state_name(&door, BROKEN), "broken");
	assert_string_equal(state_name(&door, 9), "?");
}

static void another_move_aborts(void **state)
{
	pid_t child = fork();
	int status = 0;

	(void)state;
	if (child == 0) {
		unsigned now = BROKEN;

		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		state_move(&door, &now, OPEN);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_by_the_table),
		cmocka_unit_test(another_move_aborts),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
