/* Attacks through all of the API: docs/threat-model.md names each of these. */
#include <stddef.h>
#include <stdio.h>

#include "unit/web/people.h"

#include "base/util.h"
#include "web/feedback.h"
#include "web/internal.h"

/* ---- the audit log has an end ---------------------------------------------------------------------------------------------- */

#define OWN "/api/v1/projects/ann/own"

static const struct {
	const char *method;
	const char *path;
	const char *body; /* with %d: another one each time */
	const char *back_method; /* what makes the first possible once more; NULL: nothing is needed */
	const char *back_path;
	const char *back_body;
} written_down[] = {
	{"PATCH", OWN, "{\"embed_origins\": [\"https://s%d.example\"]}", NULL, NULL, NULL},
	{"PATCH", OWN, "{\"visibility\": \"unlisted\"}", "PATCH", OWN, "{\"visibility\": \"listed\"}"},
	{"PATCH", OWN, "{\"summary\": \"It is number %d\"}", NULL, NULL, NULL},
	{"PATCH", "/api/v1/users/me", "{\"email\": \"a%d@example.org\"}", NULL, NULL, NULL},
	{"DELETE", OWN "/logo", NULL, NULL, NULL, NULL},
	{"PUT", OWN "/versions/1.0/current", NULL, NULL, NULL, NULL},
	{"DELETE", OWN, NULL, "POST", OWN "/restore", NULL},
};

static void nobody_fills_the_audit_log(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(written_down); i++) {
		char name[] = {'a', 'n', 'n', '\0'}, body[96];
		int64_t before = fixture_count(fixture, "SELECT COUNT(*) FROM audit"), lines;
		struct guest ann;
		struct reply reply;
		int status = 0;

		fixture_start(fixture); /* which knows of nobody's earlier calls */
		ann = i == 0 ? person(fixture, name, "user") : person_again(fixture, name);
		if (i == 0)
			people_project(fixture, name, "own", "fun");
		for (int n = 0; n < 2 * FEEDBACK_EDITS && status < 300; n++) {
			snprintf(body, sizeof(body), written_down[i].body != NULL ? written_down[i].body : "", n);
			status = status_of(&ann, written_down[i].method, written_down[i].path, written_down[i].body != NULL ? body : NULL);
			if (status < 300 && written_down[i].back_path != NULL)
				status = status_of(&ann, written_down[i].back_method, written_down[i].back_path, written_down[i].back_body);
		}
		lines = fixture_count(fixture, "SELECT COUNT(*) FROM audit") - before;
		if (status != 429 || lines > FEEDBACK_EDITS || lines < FEEDBACK_EDITS / 2)
			fail_msg("%s %s ended with %d and wrote %lld lines", written_down[i].method, written_down[i].path, status, (long long)lines);
		reply = ask(&ann, "PATCH", "/api/v1/users/me", "{\"email\": \"last@example.org\"}");
		assert_int_equal(reply.status, 429);
		assert_string_equal(text_of(reply.json, "code"), "too_many");
		assert_non_null(strcasestr(reply.head.data, "\r\nRetry-After: "));
		reply_fini(&reply);
		call(&ann, "GET", "/api/v1/users/me", NULL, 200); /* reading goes on */
		fixture_stop(fixture);
	}
}

/* What changes nothing is not written down. */
static void saying_it_again_is_no_change(void **state)
{
	struct guest ann;
	int64_t before;

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	people_project(*state, "ann", "own", "fun");
	call(&ann, "PATCH", OWN, "{\"embed_origins\": [\"https://a.example\"], \"visibility\": \"unlisted\"}", 200);
	before = fixture_count(*state, "SELECT COUNT(*) FROM audit");
	call(&ann, "PATCH", OWN, "{\"embed_origins\": [\"https://a.example\"], \"visibility\": \"unlisted\"}", 200);
	call(&ann, "PATCH", OWN, "{}", 200);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM audit"), before);
	call(&ann, "PATCH", OWN, "{\"embed_origins\": []}", 200);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM audit"), before + 1);
	call(&ann, "PATCH", OWN, "{\"embed_origins\": []}", 200);
	assert_int_equal(fixture_count(*state, "SELECT COUNT(*) FROM audit"), before + 1);
}

/* ---- other people's things, through every call ----------------------------------------------------------------------------- */

/* What belongs to Alice, by the name that a route's parameter has. */
struct alice {
	struct guest guest;
	char build[40], sandbox[40], comment[40], session[40], token[40], source[40], label[40];
};

static const char *id_for(const struct alice *alice, const char *pattern)
{
	static const struct {
		const char *prefix;
		size_t offset;
	} ids[] = {
		{"/api/v1/builds/", offsetof(struct alice, build)},
		{"/api/v1/sandboxes/", offsetof(struct alice, sandbox)},
		{"/api/v1/admin/sandboxes/", offsetof(struct alice, sandbox)},
		{"/api/v1/comments/", offsetof(struct alice, comment)},
		{"/api/v1/users/me/sessions/", offsetof(struct alice, session)},
		{"/api/v1/users/me/tokens/", offsetof(struct alice, token)},
		{"/api/v1/sources/", offsetof(struct alice, source)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (strncmp(pattern, ids[i].prefix, strlen(ids[i].prefix)) == 0)
			return (const char *)alice + ids[i].offset;
	return "x";
}

/* "/api/v1/builds/{id}/cancel" with Alice's build in it. */
static void fill_in(const struct alice *alice, const char *pattern, struct buf *out)
{
	static const char *const values[][2] = {{"owner", "alice"}, {"name", "own"},	  {"username", "alice"}, {"label", NULL},
						{"n", "1"},	    {"provider", "acme"}, {"id", NULL}};

	buf_clear(out);
	for (const char *p = pattern; *p != '\0'; p++) {
		const char *value = NULL;

		if (*p != '{') {
			buf_append(out, p, 1);
			continue;
		}
		for (size_t i = 0; i < ARRAY_SIZE(values); i++)
			if (strncmp(p + 1, values[i][0], strlen(values[i][0])) == 0 && p[1 + strlen(values[i][0])] == '}')
				value = values[i][1] != NULL ? values[i][1] : strcmp(values[i][0], "label") == 0 ? alice->label : id_for(alice, pattern);
		if (value == NULL)
			fail_msg("what stands for the parameter in %s?", pattern);
		buf_append_string(out, value);
		p = strchr(p, '}');
	}
}

/* Open to everybody, or a thing of one's own about something of somebody else's. */
static bool is_for_all(const struct resource *resource, const char *method)
{
	static const char *const calls[] = {
		"PUT /api/v1/projects/{owner}/{name}/like",
		"DELETE /api/v1/projects/{owner}/{name}/like",
		"POST /api/v1/projects/{owner}/{name}/comments",
		"POST /api/v1/embed/{owner}/{name}/session",
		"POST /api/v1/banner/{id}/view",
	};
	/* What others may not even read. */
	static const char *const closed[] = {
		"/api/v1/projects/{owner}/{name}/source", "/api/v1/projects/{owner}/{name}/statistics",
		"/api/v1/projects/{owner}/{name}/statistics.csv", "/api/v1/projects/{owner}/{name}/builds",
		"/api/v1/sandboxes/{id}",		  "/api/v1/sources/{id}",
	};
	char call_name[160];

	snprintf(call_name, sizeof(call_name), "%s %s", method, resource->pattern);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (strcmp(calls[i], call_name) == 0)
			return true;
	if (strcmp(method, "GET") != 0)
		return strncmp(resource->pattern, "/api/v1/", 8) != 0;
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
		if (strcmp(closed[i], resource->pattern) == 0)
			return false;
	return strncmp(resource->pattern, "/api/v1/admin/", 14) != 0;
}

static void keep(char out[40], json_t *json, const char *path)
{
	snprintf(out, 40, "%s", text_of(json, path));
	drop(json);
}

static void fill_alice(struct fixture *fixture, struct alice *alice)
{
	char path[80];

	alice->guest = (struct guest){.fixture = fixture};
	register_as(&alice->guest, "alice");
	keep(alice->build,
	     expect(&alice->guest, "POST", "/api/v1/projects",
		    "{\"name\": \"own\", \"summary\": \"Hers\", \"category\": \"fun\", \"source\": {\"kind\": \"dockerfile\", "
		    "\"dockerfile\": \"FROM debian:bookworm\\n\"}}",
		    202),
	     "build.id");
	keep(alice->label, until(&alice->guest, "/api/v1/projects/alice/own", "state", "ready"), "version");
	start_try(&alice->guest, "taste/figlet", path, sizeof(path));
	snprintf(alice->sandbox, sizeof(alice->sandbox), "%s", strrchr(path, '/') + 1);
	keep(alice->comment, expect(&alice->guest, "POST", "/api/v1/projects/taste/figlet/comments", "{\"body\": \"hers\"}", 201), "id");
	keep(alice->session, expect(&alice->guest, "GET", "/api/v1/users/me/sessions", NULL, 200), "items.0.id");
	keep(alice->token, expect(&alice->guest, "POST", "/api/v1/users/me/tokens", "{\"name\": \"ci\"}", 201), "id");
	keep(alice->source, expect(&alice->guest, "POST", "/api/v1/sources/git", "{\"url\": \"https://git.example/a\"}", 202), "id");
}

/* Nothing of it has changed. */
static void check_alice(struct alice *alice)
{
	struct fixture *fixture = alice->guest.fixture;
	char path[80];
	json_t *json;

	json = expect(&alice->guest, "GET", "/api/v1/projects/alice/own", NULL, 200);
	assert_string_equal(text_of(json, "summary"), "Hers");
	assert_string_equal(text_of(json, "version"), alice->label);
	drop(json);
	snprintf(path, sizeof(path), "/api/v1/sandboxes/%s", alice->sandbox);
	json = expect(&alice->guest, "GET", path, NULL, 200);
	assert_string_equal(text_of(json, "state"), "running");
	drop(json);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM comments WHERE body = 'hers' AND hidden IS NULL"), 1);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM tokens"), 1);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM builds b JOIN projects p ON p.id = b.project WHERE p.owner = 'alice'"), 1);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM users WHERE username = 'alice' AND role = 'user' AND state = 'active'"), 1);
}

struct calls {
	struct alice alice;
	struct guest nobody, mallory, framed, bare; /* framed, bare: Alice's browser, by another site's page or without saying which */
	unsigned count;
};

static void expect_one_of(struct guest *guest, const char *who, const char *method, const char *path, const char *body, int first, int second)
{
	int status = status_of(guest, method, path, body);

	if (status != first && status != second)
		fail_msg("%s: %s %s gave %d", who, method, path, status);
}

static void try_call(struct calls *calls, const struct resource *resource, const char *method)
{
	bool writes = strcmp(method, "GET") != 0, for_all = is_for_all(resource, method);
	const char *body = writes && strcmp(method, "DELETE") != 0 ? "{}" : NULL;
	struct buf path = BUF_INIT;

	if (strchr(resource->pattern, '{') == NULL || (!writes && for_all) || strncmp(resource->pattern, "/api/v1/", 8) != 0)
		return;
	fill_in(&calls->alice, resource->pattern, &path);
	calls->count++;
	if (!for_all) {
		expect_one_of(&calls->mallory, "another account", method, path.data, body, 403, 404);
		expect_one_of(&calls->nobody, "nobody", method, path.data, body, 401, 404);
	}
	if (writes) {
		expect_one_of(&calls->framed, "a page elsewhere", method, path.data, body, 403, 403);
		expect_one_of(&calls->bare, "no origin", method, path.data, body, 403, 403);
	}
	buf_fini(&path);
}

/* Every call that names something, with something of somebody else's. A new route is in here by itself. */
static void nobody_reaches_what_is_somebody_elses(void **state)
{
	static const struct {
		enum method method;
		const char *name;
	} methods[] = {{METHOD_GET, "GET"}, {METHOD_POST, "POST"}, {METHOD_PUT, "PUT"}, {METHOD_PATCH, "PATCH"}, {METHOD_DELETE, "DELETE"}};
	struct calls calls = {0};

	fixture_start(*state);
	fill_alice(*state, &calls.alice);
	calls.nobody = (struct guest){.fixture = *state};
	calls.mallory = (struct guest){.fixture = *state};
	register_as(&calls.mallory, "mallory");
	calls.framed = calls.bare = calls.alice.guest;
	calls.framed.origin = "https://evil.example";
	calls.bare.origin = "";
	for (size_t t = 0; t < all_resources_count; t++)
		for (const struct resource *resource = all_resources[t]; resource->pattern != NULL; resource++)
			for (size_t m = 0; m < ARRAY_SIZE(methods); m++)
				if ((resource->methods & methods[m].method) != 0)
					try_call(&calls, resource, methods[m].name);
	assert_true(calls.count >= 40);
	check_alice(&calls.alice);
}

/* ---- what is shown of a project ------------------------------------------------------------------------------------------- */

static void projects_pass_for_nothing_else(void **state)
{
	static const struct {
		const char *body;
		int status;
	} table[] = {
		{"{\"summary\": \"a\xff\"}", 400},	   {"{\"summary\": \"a\\u0000b\"}", 400},
		{"{\"summary\": \"\\ud800\"}", 400},	   {"{\"summary\": \"two\\nlines\"}", 422},
		{"{\"summary\": \"\\u202etxt.exe\"}", 422}, {"{\"summary\": \"a\\u2066b\"}", 422},
		{"{\"summary\": \"a\\u0085b\"}", 422},	   {"{\"summary_ko\": \"\\u202e\xed\x95\x9c\"}", 422},
		{"{\"owner\": \"taste\"}", 422},	   {"{\"likes\": 5}", 422},
		{"{\"state\": \"ready\"}", 422},	   {"{\"visibility\": \"hidden\"}", 422},
		{"{\"homepage\": \"javascript:alert(1)\"}", 422}, {"{\"homepage\": \"https://a.example/\\r\\nX: y\"}", 422},
		{"{\"tags\": [\"<script>\"]}", 422},	   {"{\"license\": \"' OR 1=1 --\"}", 422},
	};
	struct guest ann;
	struct buf huge = BUF_INIT;
	json_t *json;

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	people_project(*state, "ann", "own", "fun");
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (status_of(&ann, "PATCH", OWN, table[i].body) != table[i].status)
			fail_msg("%s was not %d", table[i].body, table[i].status);
	buf_append_string(&huge, "{\"summary\": \"");
	for (size_t i = 0; i < 2u << 20; i++)
		buf_append(&huge, "a", 1);
	buf_append_string(&huge, "\"}");
	call(&ann, "PATCH", OWN, huge.data, 413);
	buf_fini(&huge);
	json = expect(&ann, "GET", OWN, NULL, 200);
	assert_string_equal(text_of(json, "summary"), "What it is");
	drop(json);
	/* What is text stays text. */
	call(&ann, "PATCH", OWN, "{\"summary\": \"'; DROP TABLE projects; -- <b>\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb</b>\"}", 200);
	json = expect(&ann, "GET", OWN, NULL, 200);
	assert_string_equal(text_of(json, "summary"), "'; DROP TABLE projects; -- <b>\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb</b>");
	drop(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_fills_the_audit_log, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(nobody_reaches_what_is_somebody_elses, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(projects_pass_for_nothing_else, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(saying_it_again_is_no_change, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("web: attacks", tests, NULL, NULL);
}
