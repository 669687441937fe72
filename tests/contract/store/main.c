#include "fixture.h"

#include <string.h>

int main(int argc, char **argv)
{
	if (argc > 1)
		fixture_kind = argv[1];
	return run_database() + (strcmp(fixture_kind, "mariadb") == 0 ? run_mariadb() : 0) + run_banners() + run_nodes() + run_projects() + run_builds() + run_sandboxes() + run_sessions() + run_feedback() + run_history() + run_identities() + run_sources() + run_publish() + run_logins() + run_users();
}
