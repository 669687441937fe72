/* Attacks through all of the API: docs/threat-model.md names each of these. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_fills_the_audit_log, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(saying_it_again_is_no_change, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("web: attacks", tests, NULL, NULL);
}
