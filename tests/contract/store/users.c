#include "store/users.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "fixture.h"
#include "store/audit.h"
#include "store/sandboxes.h"
#include "store/sessions.h"
#include "store/tokens.h"
#include "store/tries.h"

#define DAY  INT64_C(86400000)
#define LIFE INT64_C(1000000)

static struct user person_named(const char *username, const char *email)
{
	return (struct user){.username = xstrdup(username), .email = xstrdup(email), .password_hash = xstrdup("$hash")};
}

static struct user get_user(struct store *store, int64_t id)
{
	struct user user;
	struct error err = {0};

	must(users_get(store, id, &user, &err), &err);
	return user;
}

static int64_t number(struct store *store, const char *sql)
{
	struct error err = {0};
	int64_t value;

	must(db_number(store->db, -1, &value, &err, sql, ""), &err);
	return value;
}

static void keeps_what_was_said(void **state)
{
	struct store *store = store_of(state);
	struct user user = person_named("alice", "Alice@Example.ORG");
	struct user found;
	struct error err = {0};

	must(users_add(store, &user, NOW, &err), &err);
	must(users_by_name(store, "alice", &found, &err), &err);
	assert_int_equal(found.id, user.id);
	assert_string_equal(found.person, user.person);
	assert_int_equal(strlen(found.person), STORE_ID_LENGTH);
	assert_string_equal(found.email, "Alice@Example.ORG");
	assert_false(found.email_verified);
	assert_string_equal(found.password_hash, "$hash");
	assert_string_equal(found.role, "user");
	assert_string_equal(found.state, "active");
	assert_string_equal(found.display_name, "alice");
	assert_string_equal(found.bio, "");
	assert_null(found.homepage);
	assert_null(found.language);
	assert_null(found.theme);
	assert_int_equal(found.created_ms, NOW);
	free(found.display_name);
	found.display_name = xstrdup("앨리스 🙂");
	found.homepage = xstrdup("https://example.org/");
	found.language = xstrdup("ko");
	free(found.email);
	found.email = NULL;
	must(users_update(store, &found, &err), &err);
	must(users_update(store, &found, &err), &err);
	must(users_set_password(store, found.id, NULL, &err), &err);
	user_fini(&found);
	found = get_user(store, user.id);
	assert_string_equal(found.display_name, "앨리스 🙂");
	assert_string_equal(found.homepage, "https://example.org/");
	assert_string_equal(found.language, "ko");
	assert_null(found.email);
	assert_null(found.password_hash);
	user_fini(&found);
	user_fini(&user);
}

static void gives_a_name_once(void **state)
{
	struct store *store = store_of(state);
	struct user second = person_named("alice", NULL);
	struct user third = person_named("bob", NULL);
	struct user first;
	struct error err = {0};

	first = get_user(store, add_user(store, "alice", NULL, "$hash"));
	assert_int_equal(users_add(store, &second, NOW, &err), -EEXIST);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	third.person = xstrdup(first.person);
	assert_int_equal(users_add(store, &third, NOW, &err), -EEXIST);
	assert_int_equal(number(store, "SELECT COUNT(*) FROM users"), 1);
	user_fini(&first);
	user_fini(&second);
	user_fini(&third);
}

static void assert_login(struct store *store, const char *login, int64_t id)
{
	struct user user;
	struct error err = {0};
	int r = users_by_login(store, login, &user, &err);

	if (id == 0) {
		assert_int_equal(r, -ENOENT);
		assert_int_equal(err.kind, ERROR_NOT_FOUND);
		return;
	}
	must(r, &err);
	assert_int_equal(user.id, id);
	user_fini(&user);
}

static void finds_by_name_or_address(void **state)
{
	struct store *store = store_of(state);
	int64_t alice = add_user(store, "alice", "a@example.org", "$hash");
	int64_t bob = add_user(store, "bob", "A@example.ORG", "$hash");
	struct user user;
	struct error err = {0};

	assert_login(store, "alice", alice);
	assert_login(store, "ALICE", alice);
	assert_login(store, "a@EXAMPLE.org", alice);
	assert_login(store, "carol", 0);
	assert_login(store, "@", 0);
	assert_login(store, "", 0);
	assert_login(store, "' OR '1'='1", 0);
	assert_login(store, "%@example.org", 0);
	assert_int_equal(users_by_verified_email(store, "a@example.org", &user, &err), -ENOENT);
	user = get_user(store, bob);
	user.email_verified = true;
	must(users_update(store, &user, &err), &err);
	user_fini(&user);
	assert_login(store, "a@example.org", bob);
	must(users_by_verified_email(store, "a@EXAMPLE.org", &user, &err), &err);
	assert_int_equal(user.id, bob);
	user_fini(&user);
}

static void keeps_one_administrator(void **state)
{
	struct store *store = store_of(state);
	int64_t alice = add_user(store, "alice", NULL, "$hash");
	int64_t bob = add_user(store, "bob", NULL, "$hash");
	struct user user;
	struct error err = {0};

	must(users_set_role(store, alice, "admin", &err), &err);
	assert_int_equal(users_set_role(store, alice, "user", &err), -EBUSY);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	assert_int_equal(users_set_state(store, alice, "suspended", &err), -EBUSY);
	assert_int_equal(users_withdraw(store, alice, 0, NOW, &err), -EBUSY);
	must(users_set_role(store, bob, "admin", &err), &err);
	must(users_set_state(store, bob, "suspended", &err), &err);
	assert_int_equal(users_set_role(store, alice, "user", &err), -EBUSY); /* a suspended one does not count */
	must(users_set_state(store, bob, "active", &err), &err);
	must(users_set_role(store, alice, "user", &err), &err);
	must(users_set_role(store, alice, "user", &err), &err);
	user = get_user(store, alice);
	assert_string_equal(user.role, "user");
	user_fini(&user);
	assert_int_equal(users_set_role(store, 12345, "user", &err), -ENOENT);
	assert_int_equal(users_set_state(store, 12345, "active", &err), -ENOENT);
}

static void lists_and_searches(void **state)
{
	struct store *store = store_of(state);
	struct user_list list;
	struct error err = {0};

	for (int i = 0; i < 5; i++) {
		auto_free char *name = xasprintf("user-%d", i);
		auto_free char *email = xasprintf("Mail%d@Example.org", i);

		add_user(store, name, email, "$hash");
	}
	must(users_list(store, NULL, (struct page){1, 2}, &list, &err), &err);
	assert_int_equal(list.total, 5);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0].username, "user-4");
	user_list_fini(&list);
	must(users_list(store, "MAIL3", (struct page){1, 10}, &list, &err), &err);
	assert_int_equal(list.total, 1);
	assert_string_equal(list.items[0].username, "user-3");
	user_list_fini(&list);
	must(users_list(store, "%", (struct page){1, 10}, &list, &err), &err);
	assert_int_equal(list.total, 0);
	assert_int_equal(list.count, 0);
	user_list_fini(&list);
	must(users_list(store, "user_1", (struct page){1, 10}, &list, &err), &err);
	assert_int_equal(list.total, 0);
	user_list_fini(&list);
}

static void insert_sandbox(struct store *store, int64_t project, const char *person, bool ended)
{
	struct sandbox row = {.person = (char *)person,
			      .project = project,
			      .full_name = (char *)"demo/figlet",
			      .state = (char *)"starting",
			      .cols = 80,
			      .rows = 24};
	struct error err = {0};

	must(sandboxes_insert(store, &row, NOW, &err), &err);
	if (ended)
		must(sandboxes_end(store, row.id, "exited", 0, NULL, NOW, &err), &err);
	free(row.id);
}

static void adopts_what_a_guest_did(void **state)
{
	struct store *store = store_of(state);
	int64_t figlet = add_sample(store, "figlet", "fun");
	int64_t jq = add_sample(store, "jq", "cloud");
	struct sandbox open;
	struct error err = {0};

	insert_sandbox(store, figlet, "guest", true);
	insert_sandbox(store, figlet, "guest", false);
	must(tries_count(store, figlet, "guest", NOW, NULL, &err), &err);
	must(tries_count(store, figlet, "guest", NOW + DAY, NULL, &err), &err);
	must(tries_count(store, jq, "guest", NOW, NULL, &err), &err);
	must(tries_count(store, figlet, "user", NOW, NULL, &err), &err);
	insert_sandbox(store, jq, "user", true);
	must(users_adopt(store, "guest", "user", &err), &err);
	must(users_adopt(store, "guest", "user", &err), &err);
	must(users_adopt(store, "user", "user", &err), &err);
	assert_int_equal(number(store, "SELECT COUNT(*) FROM tries WHERE person = 'user'"), 3);
	assert_int_equal(number(store, "SELECT COUNT(*) FROM tries"), 3);
	assert_int_equal(number(store, "SELECT COUNT(*) FROM sandboxes WHERE person = 'user'"), 3);
	must(sandboxes_open_of(store, "user", &open, &err), &err);
	sandbox_fini(&open);
	insert_sandbox(store, jq, "guest", false);
	assert_int_equal(users_adopt(store, "guest", "user", &err), -EEXIST);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	assert_int_equal(number(store, "SELECT COUNT(*) FROM sandboxes WHERE person = 'guest'"), 1);
}

static void own(struct store *store, int64_t project, const char *username)
{
	struct error err = {0};

	must(db_execute(store->db, NULL, &err, "UPDATE projects SET owner = ? WHERE id = ?", "si", username, project), &err);
}

/* Leaves something of hers in every table. */
static int64_t live_a_life(struct store *store, int64_t liked)
{
	int64_t alice = add_user(store, "alice", "a@example.org", "$hash");
	struct user user = get_user(store, alice);
	const struct session_start start = {.person = user.person, .user = alice};
	char token[SESSION_TOKEN_SIZE], access[ACCESS_TOKEN_SIZE];
	struct session session;
	struct access_token row;
	struct error err = {0};

	must(sessions_create(store, &start, NOW, LIFE, token, &session, &err), &err);
	must(tokens_add(store, alice, "ci", NOW, 0, access, &row, &err), &err);
	access_token_fini(&row);
	insert_sandbox(store, liked, user.person, true);
	must(tries_count(store, liked, user.person, NOW, NULL, &err), &err);
	must(db_execute(store->db, NULL, &err, "INSERT INTO likes (project, user, at_ms) VALUES (?, ?, ?)", "iii", liked,
			alice, NOW),
	     &err);
	must(db_execute(store->db, NULL, &err, "UPDATE projects SET likes = likes + 1 WHERE id = ?", "i", liked), &err);
	must(db_execute(store->db, NULL, &err,
			"INSERT INTO comments (id, project, user, body, created_ms) VALUES ('c1', ?, ?, 'good', ?)", "iii",
			liked, alice, NOW),
	     &err);
	must(db_execute(store->db, NULL, &err,
			"INSERT INTO reports (id, project, person, reporter, reason, body, state, created_ms) VALUES ('r1', ?, "
			"?, 'alice', 'spam', '', 'open', ?)",
			"isi", liked, user.person, NOW),
	     &err);
	must(db_execute(store->db, NULL, &err,
			"INSERT INTO identities (provider, subject, user, label, created_ms) VALUES ('github', '1', ?, 'al', ?)",
			"ii", alice, NOW),
	     &err);
	must(audit_add(store, NOW, "alice", "127.0.0.1", "session.made", "alice", NULL, &err), &err);
	must(audit_add(store, NOW, "root", "127.0.0.1", "project.hide", "alice/figlet", NULL, &err), &err);
	user_fini(&user);
	return alice;
}

static void withdraws_with_all_that_is_theirs(void **state)
{
	static const char *const empty[] = {
		"SELECT COUNT(*) FROM users",      "SELECT COUNT(*) FROM sessions",
		"SELECT COUNT(*) FROM tokens",     "SELECT COUNT(*) FROM identities",
		"SELECT COUNT(*) FROM likes",      "SELECT COUNT(*) FROM tries",
		"SELECT COUNT(*) FROM projects WHERE owner = 'alice'",
		"SELECT COUNT(*) FROM comments WHERE user IS NOT NULL",
		"SELECT COUNT(*) FROM reports WHERE reporter IS NOT NULL OR person <> ''",
		"SELECT COUNT(*) FROM audit WHERE actor = 'alice' OR target LIKE 'alice%'",
		"SELECT COUNT(*) FROM sandboxes WHERE full_name LIKE 'alice%' OR person <> 'other'",
	};
	struct store *store = store_of(state);
	int64_t mine = add_sample(store, "figlet", "fun");
	int64_t theirs = add_sample(store, "jq", "cloud");
	int64_t alice = live_a_life(store, theirs);
	struct error err = {0};

	own(store, mine, "alice");
	insert_sandbox(store, mine, "other", true);
	must(users_withdraw(store, alice, 0, NOW, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(empty); i++)
		if (number(store, empty[i]) != 0)
			fail_msg("%s is not 0", empty[i]);
	assert_int_equal(number(store, "SELECT COUNT(*) FROM comments"), 1);
	assert_int_equal(number(store, "SELECT COUNT(*) FROM reports"), 1);
	assert_int_equal(number(store, "SELECT likes FROM projects"), 0);
	assert_int_equal(number(store, "SELECT tries FROM projects"), 1); /* counts stay */
	assert_int_equal(number(store, "SELECT COUNT(*) FROM sandboxes WHERE full_name = 'withdrawn/figlet'"), 1);
	assert_int_equal(users_withdraw(store, alice, 0, NOW, &err), -ENOENT);
}

static void hands_projects_on(void **state)
{
	struct store *store = store_of(state);
	int64_t figlet = add_sample(store, "figlet", "fun");
	int64_t jq, taken;
	int64_t alice = add_user(store, "alice", NULL, "$hash");
	int64_t bob = add_user(store, "bob", NULL, "$hash");
	struct error err = {0};
	struct project_filter filter = {.text = "bob figlet", .page = {1, 10}};
	struct project_list list = {0};

	own(store, figlet, "bob");
	taken = add_sample(store, "figlet", "fun");
	own(store, taken, "alice");
	jq = add_sample(store, "jq", "cloud");
	own(store, jq, "alice");
	assert_int_equal(users_withdraw(store, alice, alice, NOW, &err), -EINVAL);
	assert_int_equal(users_withdraw(store, alice, 999, NOW, &err), -ENOENT);
	assert_int_equal(users_withdraw(store, alice, bob, NOW, &err), -EEXIST); /* bob has a figlet */
	assert_int_equal(number(store, "SELECT COUNT(*) FROM projects WHERE owner = 'alice'"), 2);
	must(projects_delete(store, figlet, &err), &err);
	must(users_withdraw(store, alice, bob, NOW, &err), &err);
	assert_int_equal(number(store, "SELECT COUNT(*) FROM projects WHERE owner = 'bob'"), 2);
	must(projects_list(store, &filter, &list, &err), &err);
	assert_int_equal(list.total, 1);
	project_list_fini(&list);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int run_users(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_what_was_said),    TEST(gives_a_name_once),       TEST(finds_by_name_or_address),
		TEST(keeps_one_administrator), TEST(lists_and_searches),      TEST(adopts_what_a_guest_did),
		TEST(hands_projects_on),       TEST(withdraws_with_all_that_is_theirs),
	};

	return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
