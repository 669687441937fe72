/* /admin: who may, what it shows, what it changes, and that every change is written down. */
#include <stdio.h>

#include "unit/web/people.h"

#include "base/util.h"
#include "web/internal.h"

static json_int_t total_of(struct guest *guest, const char *path)
{
	json_t *json = expect(guest, "GET", path, NULL, 200);
	json_int_t total = number_of(json, "total");

	assert_int_equal(json_array_size(at(json, "items")), total);
	drop(json);
	return total;
}

/* How many entries of the audit log begin so. */
static json_int_t audited(struct guest *admin, const char *action)
{
	char path[96];

	snprintf(path, sizeof(path), "/api/v1/admin/audit?per_page=100&action=%s", action);
	return total_of(admin, path);
}

static const struct {
	enum method method;
	const char *name;
} methods[] = {{METHOD_GET, "GET"},
	       {METHOD_POST, "POST"},
	       {METHOD_PUT, "PUT"},
	       {METHOD_PATCH, "PATCH"},
	       {METHOD_DELETE, "DELETE"}};

/* "/admin/users/{username}" → "/admin/users/x" */
static void fill_pattern(const char *pattern, char *out, size_t size)
{
	size_t length = 0;

	for (const char *p = pattern; *p != '\0' && length + 2 < size; p++) {
		if (*p == '{')
			p = strchr(p, '}');
		out[length++] = *p == '}' ? 'x' : *p;
	}
	out[length] = '\0';
}

static void lets_nobody_else_in(void **state)
{
	struct guest guest = {.fixture = *state}, known = {.fixture = *state}, ann;
	unsigned routes = 0;
	char path[160];

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	become_known(&known);
	for (size_t t = 0; t < all_resources_count; t++) {
		for (const struct resource *resource = all_resources[t]; resource->pattern != NULL; resource++) {
			if (strncmp(resource->pattern, "/api/v1/admin/", 14) != 0)
				continue;
			fill_pattern(resource->pattern, path, sizeof(path));
			for (size_t m = 0; m < ARRAY_SIZE(methods); m++) {
				if ((resource->methods & methods[m].method) == 0)
					continue;
				routes++;
				call(&guest, methods[m].name, path, NULL, 401);
				call(&known, methods[m].name, path, NULL, 401);
				call(&ann, methods[m].name, path, NULL, 403);
				call(&ann, methods[m].name, path, methods[m].method != METHOD_GET ? "{}" : NULL, 403);
			}
		}
	}
	assert_true(routes >= 12);
}

static void tells_how_it_is(void **state)
{
	struct guest admin, ann;
	json_t *json;

	fixture_start(*state);
	admin = person(*state, "root", "admin");
	ann = person(*state, "ann", "user");
	call(&ann, "POST", "/api/v1/sandboxes", TRY, 201);
	call(&ann, "POST", "/api/v1/reports", "{\"project\": \"taste/figlet\", \"reason\": \"spam\"}", 201);
	json = expect(&admin, "GET", "/api/v1/admin/overview", NULL, 200);
	assert_int_equal(number_of(json, "users"), 2);
	assert_int_equal(number_of(json, "projects.ready"), 1);
	assert_int_equal(number_of(json, "projects.building"), 0);
	assert_int_equal(number_of(json, "sandboxes.running"), 1);
	assert_int_equal(number_of(json, "sandboxes.queued"), 0);
	assert_int_equal(number_of(json, "sandboxes.capacity"), 10);
	assert_int_equal(number_of(json, "builds.queued"), 0);
	assert_int_equal(number_of(json, "builds.running"), 0);
	assert_int_equal(number_of(json, "reports_open"), 1);
	assert_string_equal(text_of(json, "engine"), "up");
	assert_string_equal(text_of(json, "database"), "sqlite");
	assert_string_equal(text_of(json, "version"), TTOB_VERSION);
	assert_true(json_is_string(at(json, "started_at")));
	assert_true(number_of(json, "memory_bytes") > 0);
	drop(json);
}

/* ---- users
 * ------------------------------------------------------------------------------------------------------------- */

static void lists_users(void **state)
{
	struct guest admin;
	json_t *json;

	fixture_start(*state);
	admin = person(*state, "root", "admin");
	person(*state, "ann", "user");
	person(*state, "taste", "user");
	fixture_sql(*state, "INSERT INTO identities (provider, subject, user, label, created_ms) SELECT 'github', '7', "
			   "id, 'ann', 1 FROM "
			   "users WHERE username = 'ann'");
	fixture_sql(*state, "UPDATE users SET display_name = '<script>alert(1)</script>' WHERE username = 'ann'");
	assert_int_equal(total_of(&admin, "/api/v1/admin/users"), 3);
	json = expect(&admin, "GET", "/api/v1/admin/users?q=ann", NULL, 200);
	assert_int_equal(number_of(json, "total"), 1);
	assert_string_equal(text_of(json, "items.0.username"), "ann");
	assert_string_equal(text_of(json, "items.0.display_name"),
			    "<script>alert(1)</script>"); /* JSON: the page shows it as text */
	assert_string_equal(text_of(json, "items.0.role"), "user");
	assert_string_equal(text_of(json, "items.0.state"), "active");
	assert_string_equal(text_of(json, "items.0.providers.0"), "github");
	assert_int_equal(number_of(json, "items.0.projects"), 0);
	assert_null(at(json, "items.0.password_hash"));
	drop(json);
	json = expect(&admin, "GET", "/api/v1/admin/users?q=taste", NULL, 200);
	assert_int_equal(number_of(json, "items.0.projects"), 1);
	drop(json);
	assert_int_equal(total_of(&admin, "/api/v1/admin/users?q=%27%20OR%201=1%20--"), 0);
	assert_int_equal(total_of(&admin, "/api/v1/admin/users?q=%25"), 0);
	call(&admin, "GET", "/api/v1/admin/users?page=0", NULL, 422);
}

static void suspends(void **state)
{
	struct guest admin, ann, other, program = {.fixture = *state};
	char header[128];
	json_t *json;

	fixture_start(*state);
	admin = person(*state, "root", "admin");
	ann = person(*state, "ann", "user");
	other = person_again(*state, "ann");
	json = expect(&ann, "POST", "/api/v1/users/me/tokens", "{\"name\": \"x\"}", 201);
	snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", text_of(json, "token"));
	program.headers = header;
	drop(json);
	call(&program, "GET", "/api/v1/projects/taste/figlet/like", NULL, 200);
	call(&ann, "POST", "/api/v1/sandboxes", TRY, 201);
	assert_int_equal(total_of(&admin, "/api/v1/admin/sandboxes"), 1);
	json = expect(&admin, "PATCH", "/api/v1/admin/users/ann", "{\"state\": \"suspended\"}", 200);
	assert_string_equal(text_of(json, "state"), "suspended");
	drop(json);
	assert_int_equal(total_of(&admin, "/api/v1/admin/sandboxes"), 0);
	call(&ann, "GET", "/api/v1/projects/taste/figlet/like", NULL, 401);
	call(&other, "GET", "/api/v1/projects/taste/figlet/like", NULL, 401);
	call(&program, "GET", "/api/v1/projects/taste/figlet/like", NULL, 401);
	call(&admin, "PATCH", "/api/v1/admin/users/ann", "{\"state\": \"suspended\"}", 200); /* twice */
	assert_int_equal(audited(&admin, "user.suspend"), 1);
	call(&admin, "PATCH", "/api/v1/admin/users/ann", "{\"state\": \"active\"}", 200);
	assert_int_equal(audited(&admin, "user.activate"), 1);
	call(&ann, "GET", "/api/v1/projects/taste/figlet/like", NULL, 401); /* the old session does not come back */
	json = expect(&admin, "PATCH", "/api/v1/admin/users/root", "{\"state\": \"suspended\"}", 409);
	assert_string_equal(text_of(json, "code"), "own_account");
	drop(json);
}

static void gives_and_takes_roles(void **state)
{
	struct guest admin, ann;
	json_t *json;

	fixture_start(*state);
	admin = person(*state, "root", "admin");
	ann = person(*state, "ann", "user");
	json = expect(&admin, "PATCH", "/api/v1/admin/users/root", "{\"role\": \"user\"}", 409);
	assert_string_equal(text_of(json, "code"), "last_admin");
	drop(json);
	call(&ann, "GET", "/api/v1/admin/users", NULL, 403);
	call(&admin, "PATCH", "/api/v1/admin/users/ann", "{\"role\": \"admin\"}", 200);
	call(&ann, "GET", "/api/v1/admin/users", NULL, 200); /* at once */
	call(&ann, "PATCH", "/api/v1/admin/users/root", "{\"role\": \"user\"}", 200);
	call(&admin, "GET", "/api/v1/admin/users", NULL, 403);
	assert_int_equal(audited(&ann, "user.role"), 2);
	json = expect(&ann, "GET", "/api/v1/admin/audit?actor=ann", NULL, 200);
	assert_int_equal(number_of(json, "total"), 1);
	assert_string_equal(text_of(json, "items.0.target"), "root");
	assert_string_equal(text_of(json, "items.0.detail"), "user");
	assert_string_equal(text_of(json, "items.0.address"), "127.0.0.1");
	drop(json);
}

static void refuses_what_is_no_change(void **state)
{
	static const struct {
		const char *method, *path, *body;
		int status;
	} bad[] = {
		{"PATCH", "/api/v1/admin/users/ann", "", 400},
		{"PATCH", "/api/v1/admin/users/ann", "[]", 400},
		{"PATCH", "/api/v1/admin/users/ann", "{}", 422},
		{"PATCH", "/api/v1/admin/users/ann", "{\"role\": \"owner\"}", 422},
		{"PATCH", "/api/v1/admin/users/ann", "{\"role\": 1}", 422},
		{"PATCH", "/api/v1/admin/users/ann", "{\"state\": null}", 422},
		{"PATCH", "/api/v1/admin/users/ann", "{\"password_hash\": \"x\"}", 422},
		{"PATCH", "/api/v1/admin/users/nobody", "{\"role\": \"user\"}", 404},
		{"PATCH", "/api/v1/admin/users/%27%20OR%201=1%20--", "{\"role\": \"admin\"}", 404},
		{"PATCH", "/api/v1/admin/projects/taste/figlet", "{\"visibility\": \"unlisted\"}", 422},
		{"PATCH", "/api/v1/admin/projects/taste/figlet", "{\"visibility\": 5}", 422},
		{"PATCH", "/api/v1/admin/projects/taste/figlet", "{}", 422},
		{"PATCH", "/api/v1/admin/projects/taste/figlet", "{\"visibility\": \"hidden\", \"owner\": \"me\"}",
		 422},
		{"PATCH", "/api/v1/admin/projects/taste/none", "{\"visibility\": \"hidden\"}", 404},
		{"DELETE", "/api/v1/admin/projects/taste/none", NULL, 404},
		{"PATCH", "/api/v1/admin/reports/none", "{\"state\": \"closed\"}", 404},
		{"PATCH", "/api/v1/admin/reports/none", "{\"state\": \"done\"}", 422},
		{"PATCH", "/api/v1/admin/reports/none", "{\"state\": \"closed\", \"note\": 1}", 422},
		{"PATCH", "/api/v1/admin/reports/none", "{\"note\": \"x\"}", 422},
		{"PATCH", "/api/v1/admin/reports/none", "{\"state\": \"\xff\"}", 400},
		{"DELETE", "/api/v1/admin/sandboxes/none", NULL, 404},
		{"GET", "/api/v1/admin/projects?state=x", NULL, 422},
		{"GET", "/api/v1/admin/projects?visibility=any", NULL, 422},
		{"GET", "/api/v1/admin/comments?hidden=2", NULL, 422},
		{"GET", "/api/v1/admin/reports?state=any", NULL, 422},
		{"GET", "/api/v1/admin/sandboxes?per_page=0", NULL, 422},
		{"GET", "/api/v1/admin/audit?page=99999999999999999999", NULL, 422},
	};
	struct guest admin;

	fixture_start(*state);
	admin = person(*state, "root", "admin");
	person(*state, "ann", "user");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		call(&admin, bad[i].method, bad[i].path, bad[i].body, bad[i].status);
	assert_int_equal(audited(&admin, ""), 0); /* nothing has changed, nothing is written */
	admin.origin = "https://evil.example";
	call(&admin, "PATCH", "/api/v1/admin/users/ann", "{\"role\": \"admin\"}", 403);
	call(&admin, "DELETE", "/api/v1/admin/projects/taste/figlet", NULL, 403);
}

/* ---- projects
 * ---------------------------------------------------------------------------------------------------------- */

static void hides_projects(void **state)
{
	struct guest guest = {.fixture = *state}, admin, author;
	json_t *json;
	char path[96];

	fixture_start(*state);
	admin = person(*state, "root", "admin");
	author = person(*state, "taste", "user");
	start_try(&guest, "taste/figlet", path, sizeof(path));
	assert_int_equal(total_of(&guest, "/api/v1/projects"), 1);
	call(&guest, "GET", "/api/v1/projects/taste/figlet", NULL, 200);
	call(&guest, "POST", "/api/v1/reports", "{\"project\": \"taste/figlet\", \"reason\": \"spam\"}", 201);
	json = expect(&admin, "PATCH", "/api/v1/admin/projects/taste/figlet", "{\"visibility\": \"hidden\"}", 200);
	assert_string_equal(text_of(json, "visibility"), "hidden");
	assert_int_equal(number_of(json, "reports"), 1);
	drop(json);
	/* Gone for others, though it was cached a moment ago; what runs goes on. */
	assert_int_equal(total_of(&guest, "/api/v1/projects"), 0);
	call(&guest, "GET", "/api/v1/projects/taste/figlet", NULL, 404);
	json = expect(&guest, "GET", path, NULL, 200);
	assert_string_equal(text_of(json, "state"), "running");
	drop(json);
	call(&author, "GET", "/api/v1/projects/taste/figlet", NULL, 200);
	assert_int_equal(total_of(&admin, "/api/v1/admin/projects?visibility=hidden"), 1);
	assert_int_equal(total_of(&admin, "/api/v1/admin/projects?visibility=listed"), 0);
	assert_int_equal(total_of(&admin, "/api/v1/admin/projects?q=figlet&state=ready"), 1);
	assert_int_equal(total_of(&admin, "/api/v1/admin/projects?q=%27%20OR%201=1%20--"), 0);
	call(&admin, "PATCH", "/api/v1/admin/projects/taste/figlet", "{\"visibility\": \"listed\"}", 200);
	assert_int_equal(total_of(&guest, "/api/v1/projects"), 1);
	assert_int_equal(audited(&admin, "project.hide"), 1);
	assert_int_equal(audited(&admin, "project.show"), 1);
}

static void removes_projects(void **state)
{
	struct guest guest = {.fixture = *state}, admin, ann;
	json_t *json;
	char path[96];

	fixture_start(*state);
	admin = person(*state, "root", "admin");
	ann = person(*state, "ann", "user");
	start_try(&guest, "taste/figlet", path, sizeof(path));
	call(&ann, "PUT", "/api/v1/projects/taste/figlet/like", NULL, 200);
	call(&ann, "POST", "/api/v1/projects/taste/figlet/comments", "{\"body\": \"nice\"}", 201);
	call(&ann, "POST", "/api/v1/reports", "{\"project\": \"taste/figlet\", \"reason\": \"spam\"}", 201);
	call(&admin, "DELETE", "/api/v1/admin/projects/taste/figlet", NULL, 204);
	call(&admin, "DELETE", "/api/v1/admin/projects/taste/figlet", NULL, 404);
	call(&guest, "GET", "/api/v1/projects/taste/figlet", NULL, 404);
	call(&guest, "POST", "/api/v1/sandboxes?replace=1", TRY, 404);
	json = expect(&guest, "GET", path, NULL, 200); /* goes on */
	assert_string_equal(text_of(json, "state"), "running");
	drop(json);
	assert_int_equal(total_of(&admin, "/api/v1/admin/comments"), 0);
	assert_int_equal(total_of(&admin, "/api/v1/admin/reports"), 0);
	assert_int_equal(total_of(&ann, "/api/v1/users/me/likes"), 0);
	call(&guest, "DELETE", path, NULL, 204); /* and ends as any other */
	json = expect(&guest, "GET", path, NULL, 200);
	assert_string_equal(text_of(json, "ended.reason"), "stopped");
	drop(json);
	assert_int_equal(audited(&admin, "project.delete"), 1);
}

/* ---- feedback
 * ---------------------------------------------------------------------------------------------------------- */

static void hold(struct engine *engine, void *data)
{
	(void)data;
	fake_engine_hold_builds(engine, true);
}

static void end_build(struct engine *engine, void *data)
{
	fake_engine_build_end(engine, data, "succeeded", NULL);
}

static void removes_what_is_being_built(void **state)
{
	struct guest guest = {.fixture = *state}, admin;
	char id[64], path[96];
	json_t *json;

	fixture_start(*state);
	admin = person(*state, "root", "admin");
	fixture_on_loop(*state, hold, NULL);
	fixture_add_project(*state, "slow");
	json = expect(&guest, "POST", "/api/v1/sandboxes", "{\"project\": \"taste/slow\"}", 202);
	snprintf(id, sizeof(id), "%s", text_of(json, "build.id"));
	snprintf(path, sizeof(path), "/api/v1/builds/%s", id);
	drop(json);
	drop(until(&guest, path, "stage", "build"));
	call(&admin, "DELETE", "/api/v1/admin/projects/taste/slow", NULL, 204);
	call(&guest, "GET", path, NULL, 404);
	fixture_on_loop(*state, end_build, id);
	call(&guest, "POST", "/api/v1/sandboxes", TRY, 201); /* all else goes on */
	fixture_add_project(*state, "next");
	json = expect(&guest, "POST", "/api/v1/sandboxes?replace=1", "{\"project\": \"taste/next\"}", 202);
	snprintf(path, sizeof(path), "/api/v1/builds/%s", text_of(json, "build.id"));
	drop(json);
	drop(until(&guest, path, "stage", "build"));
}

static void sees_all_comments(void **state)
{
	struct guest admin, ann;
	json_t *json, *comment;
	char path[96];

	fixture_start(*state);
	admin = person(*state, "root", "admin");
	ann = person(*state, "ann", "user");
	comment = expect(&ann, "POST", "/api/v1/projects/taste/figlet/comments", "{\"body\": \"<b>Loud</b> words\"}",
			 201);
	call(&ann, "POST", "/api/v1/projects/taste/figlet/comments", "{\"body\": \"quiet\"}", 201);
	snprintf(path, sizeof(path), "/api/v1/comments/%s/hidden", text_of(comment, "id"));
	call(&admin, "PUT", path, NULL, 200);
	assert_int_equal(audited(&admin, "comment.hide"), 1);
	assert_int_equal(total_of(&admin, "/api/v1/admin/comments"), 2);
	assert_int_equal(total_of(&admin, "/api/v1/admin/comments?hidden=0"), 1);
	json = expect(&admin, "GET", "/api/v1/admin/comments?hidden=1&q=LOUD", NULL, 200);
	assert_int_equal(number_of(json, "total"), 1);
	assert_string_equal(text_of(json, "items.0.project"), "taste/figlet");
	assert_string_equal(text_of(json, "items.0.hidden"), "admin");
	assert_null(strstr(text_of(json, "items.0.body_html"), "<b>"));
	drop(json);
	call(&admin, "DELETE", path, NULL, 200);
	assert_int_equal(audited(&admin, "comment."), 2);
	drop(comment);
}

static void settles_reports(void **state)
{
	struct guest guest = {.fixture = *state}, admin, ann;
	json_t *json, *comment;
	char path[96], body[128];

	fixture_start(*state);
	admin = person(*state, "root", "admin");
	ann = person(*state, "ann", "user");
	comment = expect(&ann, "POST", "/api/v1/projects/taste/figlet/comments", "{\"body\": \"hm\"}", 201);
	snprintf(body, sizeof(body), "{\"comment\": \"%s\", \"reason\": \"abuse\", \"text\": \"look\"}",
		 text_of(comment, "id"));
	call(&guest, "POST", "/api/v1/reports", body, 201);
	call(&ann, "POST", "/api/v1/reports",
	     "{\"project\": \"taste/figlet\", \"reason\": \"spam\", \"text\": \"<i>x</i>'; --\"}", 201);
	json = expect(&admin, "GET", "/api/v1/admin/reports?state=open", NULL, 200);
	assert_int_equal(number_of(json, "total"), 2);
	for (int i = 0; i < 2; i++) {
		json_t *item = json_array_get(at(json, "items"), (size_t)i);

		assert_string_equal(text_of(item, "project"), "taste/figlet");
		if (strcmp(text_of(item, "kind"), "comment") == 0) {
			assert_string_equal(text_of(item, "comment.body"), "hm");
			assert_true(json_is_null(at(item, "reporter")));
			snprintf(path, sizeof(path), "/api/v1/admin/reports/%s", text_of(item, "id"));
		} else {
			assert_true(json_is_null(at(item, "comment")));
			assert_string_equal(text_of(item, "reporter"), "ann");
			assert_string_equal(text_of(item, "text"), "<i>x</i>'; --");
		}
	}
	drop(json);
	json = expect(&admin, "PATCH", path, "{\"state\": \"closed\", \"note\": \"talked to them\"}", 200);
	assert_string_equal(text_of(json, "state"), "closed");
	assert_string_equal(text_of(json, "note"), "talked to them");
	assert_true(json_is_string(at(json, "closed_at")));
	drop(json);
	assert_int_equal(total_of(&admin, "/api/v1/admin/reports?state=open"), 1);
	assert_int_equal(total_of(&admin, "/api/v1/admin/reports?state=closed"), 1);
	json = expect(&admin, "PATCH", path, "{\"state\": \"open\"}", 200);
	assert_true(json_is_null(at(json, "closed_at")));
	drop(json);
	call(&admin, "PATCH", path, "{\"state\": \"closed\"}", 200);
	call(&guest, "POST", "/api/v1/reports", body, 201); /* again: a new one */
	call(&admin, "PATCH", path, "{\"state\": \"open\"}", 409);
	assert_int_equal(audited(&admin, "report."), 3);
	drop(comment);
}

/* ---- sandboxes
 * --------------------------------------------------------------------------------------------------------- */

static void stops_sandboxes(void **state)
{
	struct guest guest = {.fixture = *state}, admin, ann;
	char path[96], mine[96];
	json_t *json;

	fixture_start(*state);
	admin = person(*state, "root", "admin");
	ann = person(*state, "ann", "user");
	call(&guest, "POST", "/api/v1/sandboxes", TRY, 201);
	json = expect(&ann, "POST", "/api/v1/sandboxes", TRY, 201);
	snprintf(mine, sizeof(mine), "/api/v1/sandboxes/%s", text_of(json, "id"));
	snprintf(path, sizeof(path), "/api/v1/admin/sandboxes/%s", text_of(json, "id"));
	drop(json);
	json = expect(&admin, "GET", "/api/v1/admin/sandboxes", NULL, 200);
	assert_int_equal(number_of(json, "total"), 2);
	assert_string_equal(text_of(json, "items.0.person"), "guest");
	assert_string_equal(text_of(json, "items.1.person"), "user:ann");
	assert_string_equal(text_of(json, "items.1.project"), "taste/figlet");
	drop(json);
	json = expect(&admin, "GET", "/api/v1/admin/sandboxes?page=2&per_page=1", NULL, 200);
	assert_int_equal(number_of(json, "total"), 2);
	assert_string_equal(text_of(json, "items.0.person"), "user:ann");
	drop(json);
	/* While somebody looks, the engine is asked what they use. */
	for (;;) {
		json = expect(&admin, "GET", "/api/v1/admin/sandboxes", NULL, 200);
		if (json_is_object(at(json, "items.0.usage")))
			break;
		drop(json);
	}
	assert_true(json_is_integer(at(json, "items.0.usage.memory")) && json_is_real(at(json, "items.0.usage.cpu")));
	drop(json);
	call(&admin, "DELETE", path, NULL, 204);
	json = expect(&ann, "GET", mine, NULL, 200);
	assert_string_equal(text_of(json, "ended.reason"), "stopped");
	drop(json);
	call(&admin, "DELETE", path, NULL, 404);
	assert_int_equal(total_of(&admin, "/api/v1/admin/sandboxes"), 1);
	assert_int_equal(audited(&admin, "sandbox.stop"), 1);
	call(&ann, "POST", "/api/v1/sandboxes", TRY, 201); /* may begin again */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lets_nobody_else_in, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(tells_how_it_is, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(lists_users, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(suspends, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(gives_and_takes_roles, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_change, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(hides_projects, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(removes_projects, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(removes_what_is_being_built, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(sees_all_comments, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(settles_reports, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(stops_sandboxes, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("web: admin", tests, NULL, NULL);
}
