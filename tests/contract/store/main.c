#include "fixture.h"

int main(int argc, char **argv)
{
	if (argc > 1)
		fixture_kind = argv[1];
	return run_database() + run_projects() + run_builds() + run_sandboxes() + run_sessions() + run_feedback() + run_history() + run_users();
}
