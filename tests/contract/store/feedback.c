/* Likes, comments, reports. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "fixture.h"
#include "store/comments.h"
#include "store/likes.h"
#include "store/reports.h"
#include "store/statistics.h"
#include "store/users.h"

/* ---- likes
 * ----------------------------------------------------------------------------------------------------------- */

static void likes_once(void **state)
{
	struct store *store = store_of(state);
	int64_t project = add_sample(store, "aa", "fun"), ann = add_user(store, "ann", NULL, NULL), ben = add_user(store, "ben", NULL, NULL);
	struct statistics_counts days[2];
	struct error err = {0};
	int64_t likes;
	bool liked;

	must(likes_remove(store, project, ann, &likes, &err), &err);
	assert_int_equal(likes, 0);
	must(likes_add(store, project, ann, NOW, &likes, &err), &err);
	assert_int_equal(likes, 1);
	must(likes_add(store, project, ann, NOW + 5, &likes, &err), &err);
	assert_int_equal(likes, 1);
	must(likes_add(store, project, ben, NOW, &likes, &err), &err);
	assert_int_equal(likes, 2);
	must(likes_get(store, project, ann, &liked, &likes, &err), &err);
	assert_true(liked);
	must(statistics_get(store, project, NOW + STATISTICS_DAY_MS, 2, days, &err), &err);
	assert_int_equal(days[0].likes, 2);
	assert_int_equal(days[1].likes, 0);
	/* Taken back from the day on which it was given. */
	must(likes_remove(store, project, ann, &likes, &err), &err);
	must(likes_remove(store, project, ann, &likes, &err), &err);
	assert_int_equal(likes, 1);
	must(likes_get(store, project, ann, &liked, &likes, &err), &err);
	assert_false(liked);
	must(statistics_get(store, project, NOW, 1, days, &err), &err);
	assert_int_equal(days[0].likes, 1);
	assert_int_equal(likes_add(store, project + 100, ann, NOW, &likes, &err), -ENOENT);
	assert_int_equal(likes_remove(store, project + 100, ann, &likes, &err), -ENOENT);
	assert_int_equal(likes_get(store, project + 100, ann, &liked, &likes, &err), -ENOENT);
}

static void lists_likes_without_what_is_hidden(void **state)
{
	struct store *store = store_of(state);
	int64_t a = add_sample(store, "aa", "fun"), b = add_sample(store, "bb", "fun"), ann = add_user(store, "ann", NULL, NULL);
	struct error err = {0};
	int64_t *projects;
	int64_t likes, total;
	size_t count;

	must(likes_add(store, a, ann, NOW, &likes, &err), &err);
	must(likes_add(store, b, ann, NOW + 1, &likes, &err), &err);
	must(likes_list(store, ann, "ann", (struct page){1, 10}, &projects, &count, &total, &err), &err);
	assert_int_equal(count, 2);
	assert_int_equal(total, 2);
	assert_int_equal(projects[0], b);
	free(projects);
	must(projects_set_visibility(store, b, "hidden", NOW, &err), &err);
	must(likes_list(store, ann, "ann", (struct page){1, 10}, &projects, &count, &total, &err), &err);
	assert_int_equal(count, 1);
	assert_int_equal(projects[0], a);
	free(projects);
	must(likes_list(store, ann, "demo", (struct page){1, 1}, &projects, &count, &total, &err), &err);
	assert_int_equal(total, 2);
	assert_int_equal(count, 1);
	free(projects);
}

#define THREADS 4
#define ROUNDS  15

struct liker {
	const char *url;
	int64_t project;
	int64_t user;
	bool own; /* one user a thread; else all are the same */
	int failures;
};

/* Each ends with a like given. */
static void *like_often(void *data)
{
	struct liker *liker = data;
	struct error err = {0};
	struct store store;
	int64_t likes;

	if (store_open(liker->url, &store, &err) < 0) {
		liker->failures = ROUNDS;
		return NULL;
	}
	for (int i = 0; i < ROUNDS; i++) {
		if (likes_add(&store, liker->project, liker->user, NOW, &likes, &err) < 0)
			liker->failures++;
		if (i + 1 < ROUNDS && i % 3 == 0 && likes_remove(&store, liker->project, liker->user, &likes, &err) < 0)
			liker->failures++;
	}
	store_close(&store);
	return NULL;
}

static void counts_likes_given_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = store_of(state);
	int64_t project = add_sample(store, "aa", "fun"), ann = add_user(store, "ann", NULL, NULL), rows, likes;
	struct liker likers[2 * THREADS] = {{0}};
	pthread_t threads[2 * THREADS];
	struct statistics_counts day;
	struct error err = {0};
	bool liked;

	for (int i = 0; i < 2 * THREADS; i++) {
		char name[] = {'u', (char)('0' + i), '\0'};

		/* Half of them are one person in several browsers. */
		likers[i] = (struct liker){fixture->url, project, i < THREADS ? ann : add_user(store, name, NULL, NULL), false, 0};
		pthread_create(&threads[i], NULL, like_often, &likers[i]);
	}
	for (int i = 0; i < 2 * THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(likers[i].failures, 0);
	}
	must(likes_get(store, project, ann, &liked, &likes, &err), &err);
	must(db_number(store->db, 0, &rows, &err, "SELECT COUNT(*) FROM likes WHERE project = ?", "i", project), &err);
	assert_int_equal(likes, rows);
	assert_true(rows >= THREADS && rows <= THREADS + 1);
	must(statistics_get(store, project, NOW, 1, &day, &err), &err);
	assert_int_equal(day.likes, rows);
}

/* ---- comments
 * -------------------------------------------------------------------------------------------------------- */

static size_t seen_by(struct store *store, int64_t project, int64_t user, bool author, bool admin)
{
	struct comment_reader reader = {.user = user, .author = author, .admin = admin};
	struct comment_list list;
	struct error err = {0};
	size_t count;

	must(comments_list(store, project, &reader, (struct page){1, 100}, &list, &err), &err);
	count = list.count;
	assert_int_equal(list.total, count);
	comment_list_fini(&list);
	return count;
}

static void keeps_comments(void **state)
{
	struct store *store = store_of(state);
	int64_t project = add_sample(store, "aa", "fun"), ann = add_user(store, "ann", NULL, NULL);
	char id[STORE_ID_LENGTH + 1], second[STORE_ID_LENGTH + 1];
	struct comment_reader nobody = {0};
	struct comment_list list;
	struct comment comment;
	struct error err = {0};

	must(comments_add(store, project, ann, "first '; DROP TABLE comments; -- 한글 😀", NOW, id, &err), &err);
	must(comments_add(store, project, ann, "second", NOW + 1, second, &err), &err);
	assert_int_equal(comments_add(store, project + 9, ann, "x", NOW, second, &err), -ENOENT);
	assert_int_equal(comments_add(store, project, ann + 9, "x", NOW, second, &err), -ENOENT);
	must(comments_get(store, id, &comment, &err), &err);
	assert_string_equal(comment.body, "first '; DROP TABLE comments; -- 한글 😀");
	assert_string_equal(comment.username, "ann");
	assert_string_equal(comment.full_name, "demo/aa");
	assert_string_equal(comment.owner, "demo");
	assert_null(comment.hidden);
	assert_int_equal(comment.edited_ms, 0);
	comment_fini(&comment);
	must(comments_edit(store, id, "changed", NOW + 2, &err), &err);
	must(comments_list(store, project, &nobody, (struct page){1, 1}, &list, &err), &err);
	assert_int_equal(list.total, 2);
	assert_string_equal(list.items[0].body, "second");
	comment_list_fini(&list);
	must(comments_list(store, project, &nobody, (struct page){2, 1}, &list, &err), &err);
	assert_string_equal(list.items[0].body, "changed");
	assert_int_equal(list.items[0].edited_ms, NOW + 2);
	comment_list_fini(&list);
	/* The writer withdraws: the words stay, the name goes. */
	must(users_withdraw(store, add_user(store, "ben", NULL, NULL), 0, NOW, &err), &err);
	must(db_execute(store->db, NULL, &err, "DELETE FROM users WHERE id = ?", "i", ann), &err);
	must(comments_get(store, id, &comment, &err), &err);
	assert_null(comment.username);
	assert_int_equal(comment.user, 0);
	comment_fini(&comment);
	must(comments_delete(store, id, &err), &err);
	assert_int_equal(comments_delete(store, id, &err), -ENOENT);
	assert_int_equal(comments_edit(store, id, "x", NOW, &err), -ENOENT);
	assert_int_equal(comments_get(store, "", &comment, &err), -ENOENT);
	must(projects_delete(store, project, &err), &err);
	assert_int_equal(comments_search(store, -1, NULL, (struct page){1, 5}, &list, &err), 0);
	assert_int_equal(list.total, 0);
	comment_list_fini(&list);
}

static void hides_comments(void **state)
{
	struct store *store = store_of(state);
	int64_t project = add_sample(store, "aa", "fun"), ann = add_user(store, "ann", NULL, NULL), ben = add_user(store, "ben", NULL, NULL);
	char a[STORE_ID_LENGTH + 1], b[STORE_ID_LENGTH + 1];
	struct error err = {0};

	must(comments_add(store, project, ann, "a", NOW, a, &err), &err);
	must(comments_add(store, project, ann, "b", NOW, b, &err), &err);
	must(comments_hide(store, a, false, &err), &err);
	must(comments_hide(store, b, true, &err), &err);
	must(comments_hide(store, b, false, &err), &err); /* twice is fine, and stays the administrator's */
	assert_int_equal(seen_by(store, project, 0, false, false), 0);
	assert_int_equal(seen_by(store, project, ben, false, false), 0);
	assert_int_equal(seen_by(store, project, ben, true, false), 1);
	assert_int_equal(seen_by(store, project, ann, false, false), 2);
	assert_int_equal(seen_by(store, project, 0, false, true), 2);
	assert_int_equal(comments_unhide(store, b, false, &err), -EPERM);
	assert_int_equal(err.kind, ERROR_FORBIDDEN);
	must(comments_unhide(store, a, false, &err), &err);
	must(comments_unhide(store, a, false, &err), &err);
	assert_int_equal(seen_by(store, project, 0, false, false), 1);
	must(comments_unhide(store, b, true, &err), &err);
	assert_int_equal(seen_by(store, project, 0, false, false), 2);
	/* An administrator outweighs the author. */
	must(comments_hide(store, a, false, &err), &err);
	must(comments_hide(store, a, true, &err), &err);
	assert_int_equal(comments_unhide(store, a, false, &err), -EPERM);
	assert_int_equal(comments_hide(store, "none", true, &err), -ENOENT);
	assert_int_equal(comments_unhide(store, "none", false, &err), -ENOENT);
}

static int64_t found(struct store *store, int hidden, const char *text)
{
	struct comment_list list;
	struct error err = {0};
	int64_t total;

	must(comments_search(store, hidden, text, (struct page){1, 2}, &list, &err), &err);
	total = list.total;
	comment_list_fini(&list);
	return total;
}

static void finds_comments_for_administrators(void **state)
{
	struct store *store = store_of(state);
	int64_t project = add_sample(store, "aa", "fun"), ann = add_user(store, "ann", NULL, NULL);
	char id[STORE_ID_LENGTH + 1];
	struct error err = {0};

	must(comments_add(store, project, ann, "Big 100% Letters", NOW, id, &err), &err);
	must(comments_add(store, project, ann, "small_ones", NOW, id, &err), &err);
	must(comments_hide(store, id, true, &err), &err);
	assert_int_equal(found(store, -1, NULL), 2);
	assert_int_equal(found(store, 1, NULL), 1);
	assert_int_equal(found(store, 0, NULL), 1);
	assert_int_equal(found(store, -1, "BIG"), 1);
	assert_int_equal(found(store, -1, "100%"), 1);
	assert_int_equal(found(store, -1, "%"), 1);
	assert_int_equal(found(store, -1, "_"), 1);
	assert_int_equal(found(store, -1, "ann"), 2);
	assert_int_equal(found(store, -1, "' OR 1=1 --"), 0);
	assert_int_equal(found(store, 0, "small"), 0);
}

/* ---- reports
 * --------------------------------------------------------------------------------------------------------- */

static bool report(struct store *store, int64_t project, const char *comment, const char *person, const char *body,
		   char id[STORE_ID_LENGTH + 1])
{
	struct report report = {.project = project,
				.person = (char *)person,
				.reporter = "ann",
				.reason = "spam",
				.body = (char *)body};
	struct error err = {0};
	bool fresh;

	strcpy(report.comment, comment);
	must(reports_add(store, &report, NOW, &fresh, &err), &err);
	strcpy(id, report.id);
	return fresh;
}

static void keeps_one_open_report_of_a_person(void **state)
{
	struct store *store = store_of(state);
	int64_t project = add_sample(store, "aa", "fun"), ann = add_user(store, "ann", NULL, NULL), open;
	char comment[STORE_ID_LENGTH + 1], first[STORE_ID_LENGTH + 1], again[STORE_ID_LENGTH + 1];
	struct report_list list;
	struct report one;
	struct error err = {0};

	must(comments_add(store, project, ann, "a", NOW, comment, &err), &err);
	assert_true(report(store, project, "", "p1", "bad", first));
	assert_false(report(store, project, "", "p1", "worse", again));
	assert_string_equal(first, again);
	assert_true(report(store, project, "", "p2", "", again));
	assert_true(report(store, project, comment, "p1", "", again));
	must(reports_count_open(store, 0, &open, &err), &err);
	assert_int_equal(open, 3);
	must(reports_count_open(store, project + 1, &open, &err), &err);
	assert_int_equal(open, 0);
	must(reports_get(store, first, &one, &err), &err);
	assert_string_equal(one.body, "worse");
	assert_string_equal(one.full_name, "demo/aa");
	assert_string_equal(one.comment, "");
	assert_string_equal(one.state, "open");
	report_fini(&one);
	must(reports_set_state(store, first, "closed", "seen", NOW + 1, &err), &err);
	must(reports_set_state(store, first, "closed", NULL, NOW + 9, &err), &err); /* twice */
	must(reports_get(store, first, &one, &err), &err);
	assert_string_equal(one.note, "seen");
	assert_int_equal(one.closed_ms, NOW + 1);
	report_fini(&one);
	must(reports_list(store, "open", (struct page){1, 1}, &list, &err), &err);
	assert_int_equal(list.total, 2);
	assert_int_equal(list.count, 1);
	report_list_fini(&list);
	must(reports_list(store, NULL, (struct page){1, 10}, &list, &err), &err);
	assert_int_equal(list.total, 3);
	report_list_fini(&list);
	/* A new one may come; then the old one can't be opened again beside it. */
	assert_true(report(store, project, "", "p1", "still", again));
	assert_int_equal(reports_set_state(store, first, "open", NULL, NOW, &err), -EEXIST);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	must(reports_set_state(store, again, "closed", NULL, NOW, &err), &err);
	must(reports_set_state(store, first, "open", NULL, NOW, &err), &err);
	assert_int_equal(reports_set_state(store, "none", "open", NULL, NOW, &err), -ENOENT);
	/* What it is about goes, and the report with it. */
	must(comments_delete(store, comment, &err), &err);
	must(reports_list(store, NULL, (struct page){1, 10}, &list, &err), &err);
	assert_int_equal(list.total, 3);
	report_list_fini(&list);
	must(projects_delete(store, project, &err), &err);
	must(reports_count_open(store, 0, &open, &err), &err);
	assert_int_equal(open, 0);
}

struct reporter {
	const char *url;
	int64_t project;
	int fresh;
};

static void *report_often(void *data)
{
	struct reporter *reporter = data;
	char id[STORE_ID_LENGTH + 1];
	struct error err = {0};
	struct store store;

	must(store_open(reporter->url, &store, &err), &err);
	for (int i = 0; i < 10; i++)
		reporter->fresh += report(&store, reporter->project, "", "p1", "x", id);
	store_close(&store);
	return NULL;
}

static void keeps_one_however_many_come_at_once(void **state)
{
	struct fixture *fixture = *state;
	int64_t project = add_sample(&fixture->store, "aa", "fun"), open;
	struct reporter reporters[THREADS] = {{0}};
	pthread_t threads[THREADS];
	struct error err = {0};
	int fresh = 0;

	for (int i = 0; i < THREADS; i++) {
		reporters[i] = (struct reporter){fixture->url, project, 0};
		pthread_create(&threads[i], NULL, report_often, &reporters[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		fresh += reporters[i].fresh;
	}
	assert_int_equal(fresh, 1);
	must(reports_count_open(&fixture->store, project, &open, &err), &err);
	assert_int_equal(open, 1);
}

int run_feedback(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(likes_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(lists_likes_without_what_is_hidden, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(counts_likes_given_at_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(keeps_comments, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(hides_comments, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(finds_comments_for_administrators, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(keeps_one_open_report_of_a_person, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(keeps_one_however_many_come_at_once, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("feedback", tests, NULL, NULL);
}
