/* Likes, comments, reports and what is one's own, over HTTP. */
#include <stdio.h>

#include "unit/web/people.h"

#include "base/str.h"
#include "base/util.h"

#define FIGLET   "/api/v1/projects/taste/figlet"
#define LIKE     FIGLET "/like"
#define COMMENTS FIGLET "/comments"

/* ---- likes
 * ----------------------------------------------------------------------------------------------------------- */

static json_int_t likes_of(struct guest *guest, bool *ret_liked)
{
	json_t *json = expect(guest, "GET", LIKE, NULL, 200);
	json_int_t likes = number_of(json, "likes");

	*ret_liked = json_is_true(at(json, "liked"));
	drop(json);
	return likes;
}

static void likes_and_takes_back(void **state)
{
	struct guest guest = {.fixture = *state}, ann, ben;
	json_t *json;
	bool liked;

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	ben = person(*state, "ben", "user");
	json = expect(&guest, "GET", FIGLET, NULL, 200); /* now it is cached */
	assert_int_equal(number_of(json, "likes"), 0);
	drop(json);
	call(&guest, "GET", LIKE, NULL, 401);
	call(&guest, "PUT", LIKE, NULL, 401);
	call(&guest, "DELETE", LIKE, NULL, 401);
	json = expect(&ann, "PUT", LIKE, NULL, 200);
	assert_true(json_is_true(at(json, "liked")));
	assert_int_equal(number_of(json, "likes"), 1);
	drop(json);
	json = expect(&guest, "GET", FIGLET, NULL, 200);
	assert_int_equal(number_of(json, "likes"), 1);
	drop(json);
	call(&ann, "PUT", LIKE, NULL, 200); /* twice */
	call(&ben, "PUT", LIKE, NULL, 200);
	assert_int_equal(likes_of(&ann, &liked), 2);
	assert_true(liked);
	json = expect(&ann, "GET", "/api/v1/users/me/likes", NULL, 200);
	assert_int_equal(number_of(json, "total"), 1);
	assert_string_equal(text_of(json, "items.0.full_name"), "taste/figlet");
	drop(json);
	call(&ann, "DELETE", LIKE, NULL, 204);
	call(&ann, "DELETE", LIKE, NULL, 204);
	assert_int_equal(likes_of(&ann, &liked), 1);
	assert_false(liked);
	call(&guest, "GET", "/api/v1/users/me/likes", NULL, 401);
	call(&ann, "GET", "/api/v1/users/me/likes?page=0", NULL, 422);
	call(&ann, "PUT", "/api/v1/projects/taste/none/like", NULL, 404);
	call(&ann, "PUT", "/api/v1/projects/'%20OR%201=1%20--/x/like", NULL, 404);
	ann.origin = "https://evil.example";
	call(&ann, "PUT", LIKE, NULL, 403);
	call(&ann, "DELETE", LIKE, NULL, 403);
	ann.origin = "";
	call(&ann, "PUT", LIKE, NULL, 403);
}

static void counts_likes_of_many_at_once(void **state)
{
	struct runner likers[8];
	bool liked;

	fixture_start(*state);
	for (int i = 0; i < 8; i++) {
		char name[] = {'u', (char)('0' + i / 2), '\0'};

		/* Two browsers each. */
		likers[i] = (struct runner){.guest = i % 2 == 0 ? person(*state, name, "user") : person_again(*state, name),
					    .method = "PUT",
					    .path = LIKE};
	}
	run_all(likers, 8);
	assert_int_equal(answered(likers, 8, 200), 8);
	assert_int_equal(likes_of(&likers[0].guest, &liked), 4);
}

static void limits_how_often(void **state)
{
	struct guest ann, ben;
	struct reply reply;

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	ben = person(*state, "ben", "user");
	for (int i = 0; i < 120; i++)
		call(&ann, i % 2 == 0 ? "PUT" : "DELETE", LIKE, NULL, i % 2 == 0 ? 200 : 204);
	reply = ask(&ann, "PUT", LIKE, NULL);
	assert_int_equal(reply.status, 429);
	assert_non_null(strcasestr(reply.head.data, "\r\nRetry-After: "));
	reply_fini(&reply);
	call(&ben, "PUT", LIKE, NULL, 200);
	for (int i = 0; i < 20; i++)
		call(&ann, "POST", COMMENTS, "{\"body\": \"hello\"}", 201);
	call(&ann, "POST", COMMENTS, "{\"body\": \"hello\"}", 429);
	call(&ben, "POST", COMMENTS, "{\"body\": \"hello\"}", 201);
}

/* ---- comments
 * -------------------------------------------------------------------------------------------------------- */

static json_t *say(struct guest *guest, const char *body)
{
	json_t *json = json_pack("{s:s}", "body", body);
	char *text = json_dumps(json, 0);
	json_t *answer = expect(guest, "POST", COMMENTS, text, 201);

	free(text);
	drop(json);
	return answer;
}

static void path_of(json_t *comment, const char *behind, char path[128])
{
	snprintf(path, 128, "/api/v1/comments/%s%s", text_of(comment, "id"), behind);
}

static size_t count_of(struct guest *guest)
{
	json_t *json = expect(guest, "GET", COMMENTS, NULL, 200);
	size_t count = json_array_size(at(json, "items"));

	assert_int_equal(number_of(json, "total"), count);
	drop(json);
	return count;
}

static void writes_changes_and_removes(void **state)
{
	struct guest guest = {.fixture = *state}, ann, ben;
	json_t *comment, *json;
	char path[128];

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	ben = person(*state, "ben", "user");
	call(&guest, "POST", COMMENTS, "{\"body\": \"hello\"}", 401);
	comment = say(&ann, "  Works **well**.\r\n안녕 😀  ");
	assert_string_equal(text_of(comment, "body"), "Works **well**.\n안녕 😀");
	assert_non_null(strstr(text_of(comment, "body_html"), "<strong>well</strong>"));
	assert_string_equal(text_of(comment, "author.username"), "ann");
	assert_string_equal(text_of(comment, "author.display_name"), "The ann");
	assert_true(json_is_true(at(comment, "mine")) && json_is_true(at(comment, "can_delete")));
	assert_true(json_is_false(at(comment, "can_hide")) && json_is_null(at(comment, "hidden")));
	assert_true(json_is_null(at(comment, "edited_at")));
	drop(say(&ann, "second"));
	json = expect(&guest, "GET", COMMENTS "?per_page=1", NULL, 200);
	assert_int_equal(number_of(json, "total"), 2);
	assert_string_equal(text_of(json, "items.0.body"), "second"); /* newest first */
	assert_true(json_is_false(at(json, "items.0.mine")) && json_is_false(at(json, "items.0.can_delete")));
	drop(json);
	path_of(comment, "", path);
	call(&guest, "PATCH", path, "{\"body\": \"mine now\"}", 401);
	call(&ben, "PATCH", path, "{\"body\": \"mine now\"}", 403);
	call(&ben, "DELETE", path, NULL, 403);
	json = expect(&ann, "PATCH", path, "{\"body\": \"changed\"}", 200);
	assert_string_equal(text_of(json, "body"), "changed");
	assert_true(json_is_string(at(json, "edited_at")));
	drop(json);
	call(&guest, "DELETE", path, NULL, 401);
	call(&ann, "DELETE", path, NULL, 204);
	call(&ann, "DELETE", path, NULL, 404);
	call(&ann, "PATCH", path, "{\"body\": \"again\"}", 404);
	assert_int_equal(count_of(&guest), 1);
	/* Who withdraws leaves the words. */
	fixture_sql(*state, "DELETE FROM users WHERE username = 'ann'");
	json = expect(&guest, "GET", COMMENTS, NULL, 200);
	assert_true(json_is_null(at(json, "items.0.author")));
	drop(json);
	drop(comment);
}

static void refuses_what_is_no_comment(void **state)
{
	static const struct {
		const char *body;
		int status;
	} bad[] = {
		{"", 400},
		{"{", 400},
		{"[]", 400},
		{"{}", 422},
		{"{\"body\": null}", 422},
		{"{\"body\": 5}", 422},
		{"{\"body\": [\"x\"]}", 422},
		{"{\"body\": \"\"}", 422},
		{"{\"body\": \" \\n\\t \"}", 422},
		{"{\"body\": \"\\u202e\\u0007\"}", 422}, /* nothing is left of it */
		{"{\"body\": \"x\", \"hidden\": null}", 422},
		{"{\"body\": \"x\", \"body\": \"y\"}", 400},
		{"{\"body\": \"\xff\xfe\"}", 400},
		{"{\"body\": \"\xc0\xaf\"}", 400},
		{"{\"body\": \"\\ud800\"}", 400},
		{"{\"body\": \"a\\u0000b\"}", 400},
	};
	char *longest = xmalloc(3 * 4001 + 64);
	struct buf body = BUF_INIT;
	struct guest ann;
	json_t *json;

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		call(&ann, "POST", COMMENTS, bad[i].body, bad[i].status);
	/* 4000 characters of three bytes each fit, one more does not. */
	for (size_t i = 0; i < 4000; i++)
		memcpy(longest + 3 * i, "한", 3);
	json = say(&ann, longest);
	assert_int_equal(strlen(text_of(json, "body")), 12000);
	drop(json);
	strcat(longest, "x");
	buf_printf(&body, "{\"body\": \"%s\"}", longest);
	json = expect(&ann, "POST", COMMENTS, body.data, 422);
	assert_string_equal(text_of(json, "errors.0.field"), "body");
	drop(json);
	buf_clear(&body);
	buf_append_string(&body, "{\"body\": \"");
	for (size_t i = 0; i < 70000; i++)
		buf_append_char(&body, 'x');
	buf_append_string(&body, "\"}");
	call(&ann, "POST", COMMENTS, body.data, 413);
	ann.type = "text/plain";
	call(&ann, "POST", COMMENTS, "{\"body\": \"x\"}", 415);
	ann.type = NULL;
	call(&ann, "POST", "/api/v1/projects/taste/none/comments", "{\"body\": \"x\"}", 404);
	call(&ann, "GET", "/api/v1/projects/taste/none/comments", NULL, 404);
	call(&ann, "GET", COMMENTS "?per_page=101", NULL, 422);
	call(&ann, "GET", COMMENTS "?page=x", NULL, 422);
	ann.origin = "https://evil.example";
	call(&ann, "POST", COMMENTS, "{\"body\": \"x\"}", 403);
	assert_int_equal(count_of(&ann), 1);
	buf_fini(&body);
	free(longest);
}

static void shows_nothing_that_runs(void **state)
{
	static const char *const hostile[] = {
		"<script>alert(1)</script><img src=x onerror=alert(1)>",
		"[x](javascript:alert(1)) ![y](javascript:alert(2)) <javascript:alert(3)>",
		"![pixel](https://tracker.example/p.png)",
		"[![pixel](https://tracker.example/p.png)](https://x.example)",
		"<iframe src=//x><svg/onload=alert(1)><style>*{}</style>",
		"# big\n\n<a href=\"data:text/html,x\" style=\"color:red\" onclick=y>z</a>",
		"'; DROP TABLE comments; --",
	};
	static const char *const never[] = {"<script",     "<img",    "<iframe", "<svg",
					    "<style",      " style=", " on",     "href=\"javascript",
					    "href=\"data", "<h1",     "<h2",     "<h3"};
	struct guest ann;
	json_t *json;

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		json = say(&ann, hostile[i]);
		assert_string_equal(text_of(json, "body"), hostile[i]);
		for (size_t n = 0; n < ARRAY_SIZE(never); n++)
			if (strstr(text_of(json, "body_html"), never[n]) != NULL)
				fail_msg("%s in %s", never[n], text_of(json, "body_html"));
		if (i == 2)
			assert_non_null(
				strstr(text_of(json, "body_html"), "href=\"https://tracker.example/p.png\">pixel</a>"));
		drop(json);
	}
	assert_int_equal(count_of(&ann), ARRAY_SIZE(hostile));
}

static void turns_no_text_around(void **state)
{
	struct guest ann;
	json_t *json;

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	/* Overrides, embeddings, isolates and control characters go; the marks that right-to-left scripts need stay. */
	json = say(&ann, "a\u202eb\u2066c\u2069d\u202ae\u200ff\u061cg\x1b[31mh\xc2\x85i\ufeffj\r\nk\tl");
	assert_string_equal(text_of(json, "body"), "abcde\u200ff\u061cg[31mhij\nk\tl");
	drop(json);
	json = say(&ann, "שלום עולם");
	assert_string_equal(text_of(json, "body"), "שלום עולם");
	drop(json);
}

static void hides_and_shows(void **state)
{
	struct guest guest = {.fixture = *state}, ann, ben, author, admin;
	char path[128], hidden[128];
	json_t *comment, *json;

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	ben = person(*state, "ben", "user");
	author = person(*state, "taste", "user");
	admin = person(*state, "root", "admin");
	comment = say(&ann, "hm");
	path_of(comment, "", path);
	path_of(comment, "/hidden", hidden);
	call(&guest, "PUT", hidden, NULL, 401);
	call(&ben, "PUT", hidden, NULL, 403);
	call(&ann, "PUT", hidden, NULL, 403);
	json = expect(&author, "PUT", hidden, NULL, 200);
	assert_string_equal(text_of(json, "hidden"), "author");
	assert_true(json_is_true(at(json, "can_hide")) && json_is_false(at(json, "can_delete")));
	drop(json);
	call(&author, "PUT", hidden, NULL, 200); /* twice */
	assert_int_equal(count_of(&guest), 0);
	assert_int_equal(count_of(&ben), 0);
	assert_int_equal(count_of(&ann), 1);
	assert_int_equal(count_of(&author), 1);
	/* For others it is not there at all. */
	call(&ben, "PATCH", path, "{\"body\": \"x\"}", 404);
	call(&ben, "DELETE", path, NULL, 404);
	call(&ben, "DELETE", hidden, NULL, 404);
	json = expect(&author, "DELETE", hidden, NULL, 200);
	assert_true(json_is_null(at(json, "hidden")));
	drop(json);
	json = expect(&admin, "PUT", hidden, NULL, 200);
	assert_string_equal(text_of(json, "hidden"), "admin");
	drop(json);
	assert_int_equal(count_of(&author), 0);
	assert_int_equal(count_of(&ann), 1);
	assert_int_equal(count_of(&admin), 1);
	call(&author, "DELETE", hidden, NULL, 404);
	call(&author, "PUT", hidden, NULL, 404);
	call(&ann, "DELETE", hidden, NULL, 403);
	call(&ann, "PATCH", path, "{\"body\": \"better\"}", 200); /* stays hidden */
	assert_int_equal(count_of(&guest), 0);
	call(&admin, "DELETE", hidden, NULL, 200);
	assert_int_equal(count_of(&guest), 1);
	call(&admin, "PUT", "/api/v1/comments/none/hidden", NULL, 404);
	call(&admin, "DELETE", path, NULL, 204);
	assert_int_equal(count_of(&guest), 0);
	drop(comment);
}

/* ---- reports
 * --------------------------------------------------------------------------------------------------------- */

static void reports_once(void **state)
{
	struct guest guest = {.fixture = *state}, ann;
	json_t *comment, *first, *again;
	char body[128];

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	first = expect(&guest, "POST", "/api/v1/reports", "{\"project\": \"taste/figlet\", \"reason\": \"spam\"}", 201);
	assert_true(guest.cookie[0] != '\0'); /* a guest has become known by it */
	again = expect(
		&guest, "POST", "/api/v1/reports",
		"{\"project\": \"taste/figlet\", \"reason\": \"illegal\", \"text\": \"<b>look</b> \\u202e'; --\"}",
		200);
	assert_string_equal(text_of(first, "id"), text_of(again, "id"));
	drop(again);
	again = expect(&ann, "POST", "/api/v1/reports", "{\"project\": \"taste/figlet\", \"reason\": \"broken\"}", 201);
	assert_string_not_equal(text_of(first, "id"), text_of(again, "id"));
	drop(again);
	comment = say(&ann, "bad words");
	snprintf(body, sizeof(body), "{\"comment\": \"%s\", \"reason\": \"abuse\", \"text\": null}",
		 text_of(comment, "id"));
	call(&guest, "POST", "/api/v1/reports", body, 201);
	drop(comment);
	drop(first);
}

static void refuses_what_is_no_report(void **state)
{
	static const struct {
		const char *body;
		int status;
	} bad[] = {
		{"{}", 422},
		{"{\"project\": \"taste/figlet\"}", 422},
		{"{\"project\": \"taste/figlet\", \"reason\": \"boring\"}", 422},
		{"{\"project\": \"taste/figlet\", \"reason\": 1}", 422},
		{"{\"project\": 7, \"reason\": \"spam\"}", 422},
		{"{\"project\": \"taste/figlet\", \"comment\": \"x\", \"reason\": \"spam\"}", 422},
		{"{\"comment\": {}, \"reason\": \"spam\"}", 422},
		{"{\"reason\": \"spam\"}", 422},
		{"{\"project\": \"taste/figlet\", \"reason\": \"spam\", \"text\": 5}", 422},
		{"{\"project\": \"taste/figlet\", \"reason\": \"spam\", \"state\": \"closed\"}", 422},
		{"{\"project\": \"figlet\", \"reason\": \"spam\"}", 404},
		{"{\"project\": \"taste/none\", \"reason\": \"spam\"}", 404},
		{"{\"project\": \"' OR 1=1 --/x\", \"reason\": \"spam\"}", 404},
		{"{\"comment\": \"none\", \"reason\": \"spam\"}", 404},
		{"{\"comment\": \"\", \"reason\": \"spam\"}", 404},
		{"nonsense", 400},
		{"{\"project\": \"\xff\", \"reason\": \"spam\"}", 400},
	};
	struct guest ann;
	struct buf body = BUF_INIT;
	json_t *json;

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		call(&ann, "POST", "/api/v1/reports", bad[i].body, bad[i].status);
	buf_append_string(&body, "{\"project\": \"taste/figlet\", \"reason\": \"spam\", \"text\": \"");
	for (size_t i = 0; i < 2001; i++)
		buf_append_char(&body, 'x');
	buf_append_string(&body, "\"}");
	json = expect(&ann, "POST", "/api/v1/reports", body.data, 422);
	assert_string_equal(text_of(json, "errors.0.field"), "text");
	drop(json);
	buf_fini(&body);
	for (int i = 0; i < 10; i++)
		call(&ann, "POST", "/api/v1/reports", "{\"project\": \"taste/figlet\", \"reason\": \"spam\"}",
		     i == 0 ? 201 : 200);
	call(&ann, "POST", "/api/v1/reports", "{\"project\": \"taste/figlet\", \"reason\": \"spam\"}", 429);
	ann.origin = "https://evil.example";
	call(&ann, "POST", "/api/v1/reports", "{\"project\": \"taste/figlet\", \"reason\": \"spam\"}", 403);
}

static void limits_guests_by_address(void **state)
{
	struct fixture *fixture = *state;

	fixture->options.limit_loopback = true;
	fixture_start(fixture);
	for (int i = 0; i <= 10; i++) {
		struct guest guest = {.fixture = fixture}; /* a new one each time */

		call(&guest, "POST", "/api/v1/reports", "{\"project\": \"taste/figlet\", \"reason\": \"spam\"}",
		     i < 10 ? 201 : 429);
	}
}

/* ---- what is hidden
 * ---------------------------------------------------------------------------------------------------- */

static void says_nothing_of_hidden_projects(void **state)
{
	struct guest guest = {.fixture = *state}, ann, author, admin;
	json_t *json, *comment;
	char path[128];

	fixture_start(*state);
	ann = person(*state, "ann", "user");
	author = person(*state, "taste", "user");
	admin = person(*state, "root", "admin");
	call(&ann, "PUT", LIKE, NULL, 200);
	comment = say(&ann, "nice");
	path_of(comment, "", path);
	fixture_sql(*state, "UPDATE projects SET visibility = 'hidden' WHERE name = 'figlet'");
	call(&guest, "GET", FIGLET, NULL, 404);
	call(&ann, "GET", FIGLET, NULL, 404);
	call(&ann, "GET", LIKE, NULL, 404);
	call(&ann, "PUT", LIKE, NULL, 404);
	call(&ann, "GET", COMMENTS, NULL, 404);
	call(&ann, "POST", COMMENTS, "{\"body\": \"x\"}", 404);
	call(&ann, "PATCH", path, "{\"body\": \"x\"}", 404);
	call(&ann, "POST", "/api/v1/reports", "{\"project\": \"taste/figlet\", \"reason\": \"spam\"}", 404);
	call(&ann, "POST", "/api/v1/sandboxes", TRY, 404);
	call(&guest, "POST", "/api/v1/sandboxes", TRY, 404);
	json = expect(&ann, "GET", "/api/v1/users/me/likes", NULL, 200);
	assert_int_equal(number_of(json, "total"), 0);
	drop(json);
	call(&author, "GET", FIGLET, NULL, 200);
	call(&author, "GET", COMMENTS, NULL, 200);
	call(&admin, "GET", FIGLET, NULL, 200);
	call(&guest, "GET", FIGLET, NULL, 404); /* nothing of that was kept for others */
	json = expect(&author, "GET", "/api/v1/users/me/projects", NULL, 200);
	assert_int_equal(number_of(json, "total"), 1);
	assert_string_equal(text_of(json, "items.0.visibility"), "hidden");
	drop(json);
	json = expect(&ann, "GET", "/api/v1/users/me/projects", NULL, 200);
	assert_int_equal(number_of(json, "total"), 0);
	drop(json);
	call(&guest, "GET", "/api/v1/users/me/projects", NULL, 401);
	call(&author, "POST", "/api/v1/sandboxes", TRY, 201);
	drop(comment);
}

static void finds_unlisted_ones_by_their_address(void **state)
{
	struct guest guest = {.fixture = *state}, ann;
	json_t *json;

	fixture_sql(*state, "UPDATE projects SET visibility = 'unlisted' WHERE name = 'figlet'");
	fixture_start(*state);
	ann = person(*state, "ann", "user");
	json = expect(&guest, "GET", "/api/v1/projects", NULL, 200);
	assert_int_equal(number_of(json, "total"), 0);
	drop(json);
	call(&guest, "GET", FIGLET, NULL, 200);
	call(&ann, "PUT", LIKE, NULL, 200);
	call(&ann, "POST", COMMENTS, "{\"body\": \"x\"}", 201);
	call(&guest, "POST", "/api/v1/sandboxes", TRY, 201);
	json = expect(&ann, "GET", "/api/v1/users/me/likes", NULL, 200);
	assert_int_equal(number_of(json, "total"), 1);
	drop(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(likes_and_takes_back, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(counts_likes_of_many_at_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(limits_how_often, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(writes_changes_and_removes, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_comment, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(shows_nothing_that_runs, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(turns_no_text_around, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(hides_and_shows, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(reports_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_report, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(limits_guests_by_address, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(says_nothing_of_hidden_projects, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(finds_unlisted_ones_by_their_address, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("web: feedback", tests, NULL, NULL);
}
