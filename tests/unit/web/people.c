#include "unit/web/people.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/util.h"
#include "store/projects.h"
#include "store/sessions.h"
#include "store/users.h"
#include "store/versions.h"

static void open_store(struct fixture *fixture, struct store *store)
{
	assert_int_equal(store_open(fixture->database, store, NULL), 0);
}

static struct guest sign_in(struct fixture *fixture, struct store *store, const char *username)
{
	struct guest guest = {.fixture = fixture};
	char token[SESSION_TOKEN_SIZE];
	struct session session;
	struct user user;

	assert_int_equal(users_by_name(store, username, &user, NULL), 0);
	assert_int_equal(sessions_create(store, &(struct session_start){.person = user.person, .user = user.id},
					 clock_realtime_ms(), 86400000, token, &session, NULL),
			 0);
	snprintf(guest.cookie, sizeof(guest.cookie), "ttob_session=%s", token);
	user_fini(&user);
	return guest;
}

struct guest person(struct fixture *fixture, const char *username, const char *role)
{
	struct user user = {.username = xstrdup(username),
			    .role = xstrdup(role),
			    .display_name = xasprintf("The %s", username)};
	struct guest guest;
	struct store store;

	open_store(fixture, &store);
	assert_int_equal(users_add(&store, &user, clock_realtime_ms(), NULL), 0);
	guest = sign_in(fixture, &store, username);
	user_fini(&user);
	store_close(&store);
	return guest;
}

struct guest person_again(struct fixture *fixture, const char *username)
{
	struct guest guest;
	struct store store;

	open_store(fixture, &store);
	guest = sign_in(fixture, &store, username);
	store_close(&store);
	return guest;
}

int64_t people_project(struct fixture *fixture, const char *owner, const char *name, const char *category)
{
	struct project project = {
		.owner = (char *)owner,
		.name = (char *)name,
		.summary = "What it is",
		.category = (char *)category,
		.tags = "a,b",
		.license = "MIT",
		.ports = "",
		.smoke = "true",
		.source_kind = "script",
		.source = "{}",
		.digest = (char *)name,
	};
	struct version version = {
		.label = "1.0", .reference = "taste/figlet:b0", .image = "sha256:00", .size = 1, .shell = true};
	struct store store;
	bool rebuild;

	open_store(fixture, &store);
	assert_int_equal(projects_upsert(&store, &project, clock_realtime_ms(), &version.project, &rebuild, NULL), 0);
	assert_int_equal(versions_add(&store, &version, clock_realtime_ms(), NULL, NULL), 0);
	store_close(&store);
	return version.project;
}
