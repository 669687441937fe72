#include "store/identities.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "fixture.h"
#include "store/auth_states.h"
#include "store/users.h"

static int link_one(struct store *store, int64_t user, const char *provider, const char *subject, struct error *err)
{
	const struct identity identity = {.provider = (char *)provider,
					  .subject = (char *)subject,
					  .user = user,
					  .label = (char *)"안 ann@example.org"};

	return identities_add(store, &identity, NOW, err);
}

static void knows_whose_it_is(void **state)
{
	struct store *store = store_of(state);
	int64_t ann = add_user(store, "ann", NULL, "$hash"), bob = add_user(store, "bob", NULL, "$hash"), user = 0;
	struct error err = {0};

	must(link_one(store, ann, "acme", "Subject", &err), &err);
	must(identities_find(store, "acme", "Subject", &user, &err), &err);
	assert_int_equal(user, ann);
	assert_int_equal(identities_find(store, "other", "Subject", &user, &err), -ENOENT);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	/* These are other people. */
	assert_int_equal(identities_find(store, "acme", "subject", &user, &err), -ENOENT);
	assert_int_equal(identities_find(store, "acme", "Subject ", &user, &err), -ENOENT);
	assert_int_equal(identities_find(store, "acme", "Súbject", &user, &err), -ENOENT);
	must(link_one(store, bob, "acme", "subject", &err), &err);
	must(identities_find(store, "acme", "subject", &user, &err), &err);
	assert_int_equal(user, bob);
	must(identities_find(store, "acme", "Subject", &user, &err), &err);
	assert_int_equal(user, ann);
}

static void belongs_to_one(void **state)
{
	struct store *store = store_of(state);
	int64_t ann = add_user(store, "ann", NULL, "$hash"), bob = add_user(store, "bob", NULL, "$hash");
	struct error err = {0};

	must(link_one(store, ann, "acme", "1", &err), &err);
	assert_int_equal(link_one(store, bob, "acme", "1", &err), -EEXIST);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	/* And one of each provider. */
	assert_int_equal(link_one(store, ann, "acme", "2", &err), -EEXIST);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	must(link_one(store, ann, "other", "1", &err), &err);
}

static void lists_them(void **state)
{
	struct store *store = store_of(state);
	int64_t ann = add_user(store, "ann", NULL, "$hash");
	struct identity *identities = NULL;
	struct error err = {0};
	size_t count = 9;

	must(identities_list(store, ann, &identities, &count, &err), &err);
	assert_int_equal(count, 0);
	must(link_one(store, ann, "b", "1", &err), &err);
	must(link_one(store, ann, "a", "2", &err), &err);
	must(identities_list(store, ann, &identities, &count, &err), &err);
	assert_int_equal(count, 2);
	assert_string_equal(identities[0].provider, "a");
	assert_string_equal(identities[0].subject, "2");
	assert_string_equal(identities[1].label, "안 ann@example.org");
	assert_int_equal(identities[1].created_ms, NOW);
	identities_free(identities, count);
}

static void keeps_the_last_way_in(void **state)
{
	struct store *store = store_of(state);
	int64_t ann = add_user(store, "ann", NULL, NULL), bob = add_user(store, "bob", NULL, "$hash"), user;
	struct error err = {0};

	must(link_one(store, ann, "a", "1", &err), &err);
	assert_int_equal(identities_remove(store, ann, "a", &err), -EPERM);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	must(identities_find(store, "a", "1", &user, &err), &err); /* still there */
	must(link_one(store, ann, "b", "1", &err), &err);
	must(identities_remove(store, ann, "a", &err), &err);
	assert_int_equal(identities_remove(store, ann, "a", &err), -ENOENT);
	assert_int_equal(identities_remove(store, ann, "b", &err), -EPERM);
	/* A password is a way in. */
	must(link_one(store, bob, "a", "2", &err), &err);
	must(identities_remove(store, bob, "a", &err), &err);
	assert_int_equal(identities_find(store, "a", "2", &user, &err), -ENOENT);
}

struct remover {
	const char *url;
	int64_t user;
	const char *provider;
	int result;
};

static void *remove_in_thread(void *data)
{
	struct remover *remover = data;
	struct store store;

	remover->result = store_open(remover->url, &store, NULL);
	if (remover->result < 0)
		return NULL;
	remover->result = identities_remove(&store, remover->user, remover->provider, NULL);
	store_close(&store);
	return NULL;
}

/* Two at once may not take both. */
static void keeps_one_of_two_that_go_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = store_of(state);

	for (int round = 0; round < 8; round++) {
		const char name[] = {'u', 's', 'e', 'r', (char)('0' + round), '\0'};
		int64_t ann = add_user(store, name, NULL, NULL);
		struct remover removers[2] = {{fixture->url, ann, "a", 1}, {fixture->url, ann, "b", 1}};
		struct error err = {0};
		pthread_t threads[2];

		must(link_one(store, ann, "a", name, &err), &err);
		must(link_one(store, ann, "b", name, &err), &err);
		for (int i = 0; i < 2; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, remove_in_thread, &removers[i]), 0);
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal((removers[0].result == 0) + (removers[1].result == 0), 1);
	}
}

static void goes_with_the_account(void **state)
{
	struct store *store = store_of(state);
	int64_t ann = add_user(store, "ann", NULL, "$hash"), user;
	struct error err = {0};

	must(link_one(store, ann, "a", "1", &err), &err);
	must(users_withdraw(store, ann, 0, NOW, &err), &err);
	assert_int_equal(identities_find(store, "a", "1", &user, &err), -ENOENT);
}

/* ---- sign-ins on their way
 * ------------------------------------------------------------------------------------------------ */

struct way {
	char state[SESSION_TOKEN_SIZE];
	char browser[SESSION_TOKEN_SIZE];
};

static struct way begin(struct store *store, int64_t link_user)
{
	struct auth_state details = {.provider = (char *)"acme",
				     .return_to = (char *)"/projects?q=한글",
				     .link_user = link_user};
	char hash[TOKEN_HASH_SIZE];
	struct error err = {0};
	struct way way;

	token_new(way.state, hash);
	token_new(way.browser, hash);
	token_new(details.nonce, hash);
	token_new(details.verifier, hash);
	must(auth_states_add(store, way.state, way.browser, &details, NOW, &err), &err);
	return way;
}

static int take(struct store *store, const char *state, const char *browser, const char *provider, int64_t now)
{
	struct auth_state details;
	struct error err = {0};
	int r = auth_states_take(store, state, browser, provider, now, &details, &err);

	if (r == 0) {
		assert_string_equal(details.return_to, "/projects?q=한글");
		assert_int_equal(strlen(details.nonce), SESSION_TOKEN_SIZE - 1);
		assert_int_equal(strlen(details.verifier), SESSION_TOKEN_SIZE - 1);
		auth_state_fini(&details);
	} else {
		assert_int_equal(err.kind, ERROR_NOT_FOUND);
	}
	return r;
}

static void takes_a_state_once(void **state)
{
	struct store *store = store_of(state);
	struct way way = begin(store, 0), other = begin(store, 7);

	/* In another browser, at another provider, or with nonsense it is unknown, and stays. */
	assert_int_equal(take(store, way.state, other.browser, "acme", NOW), -ENOENT);
	assert_int_equal(take(store, way.state, way.browser, "other", NOW), -ENOENT);
	assert_int_equal(take(store, way.state, "", "acme", NOW), -ENOENT);
	assert_int_equal(take(store, "' OR 1=1 --", way.browser, "acme", NOW), -ENOENT);
	assert_int_equal(take(store, NULL, NULL, "acme", NOW), -ENOENT);
	assert_int_equal(take(store, way.state, way.browser, "acme", NOW), 0);
	assert_int_equal(take(store, way.state, way.browser, "acme", NOW), -ENOENT);
	assert_int_equal(take(store, other.state, other.browser, "acme", NOW), 0);
}

struct taker {
	const char *url;
	const struct way *way;
	pthread_barrier_t *start;
	int result;
};

static void *take_in_thread(void *data)
{
	struct taker *taker = data;
	struct auth_state details = {0};
	struct store store;
	int r = store_open(taker->url, &store, NULL);

	pthread_barrier_wait(taker->start);
	if (r == 0) {
		taker->result =
			auth_states_take(&store, taker->way->state, taker->way->browser, "acme", NOW, &details, NULL);
		auth_state_fini(&details);
		store_close(&store);
	}
	return NULL;
}

enum { TAKERS = 4 };

struct race {
	struct taker takers[TAKERS];
	pthread_t threads[TAKERS];
};

/* While the row can't be written, each of them reads that it is there, and none gets further. */
static int let_all_see_it(struct db *db, void *data, struct error *err)
{
	struct race *race = data;
	int r = db_execute(db, NULL, err, "UPDATE auth_states SET expires_ms = expires_ms + 1", "");

	if (r < 0)
		return r;
	for (int i = 0; i < TAKERS; i++)
		assert_int_equal(pthread_create(&race->threads[i], NULL, take_in_thread, &race->takers[i]), 0);
	pthread_barrier_wait(race->takers[0].start);
	usleep(300000);
	return 0;
}

static void gives_a_state_to_one_of_many(void **state)
{
	struct fixture *fixture = *state;

	for (int round = 0; round < 3; round++) {
		struct way way = begin(&fixture->store, 0);
		struct error err = {0};
		struct race race;
		pthread_barrier_t start;
		int winners = 0;

		pthread_barrier_init(&start, NULL, TAKERS + 1);
		for (int i = 0; i < TAKERS; i++)
			race.takers[i] = (struct taker){fixture->url, &way, &start, 1};
		must(db_transaction(fixture->store.db, let_all_see_it, &race, &err), &err);
		for (int i = 0; i < TAKERS; i++) {
			pthread_join(race.threads[i], NULL);
			assert_true(race.takers[i].result == 0 || race.takers[i].result == -ENOENT);
			winners += race.takers[i].result == 0;
		}
		pthread_barrier_destroy(&start);
		assert_int_equal(winners, 1);
	}
}

static void forgets_old_states(void **state)
{
	struct store *store = store_of(state);
	struct way way = begin(store, 0), late = begin(store, 0);
	struct auth_state details = {.provider = (char *)"acme", .return_to = (char *)"/"};
	struct error err = {0};
	int64_t count = -1;

	assert_int_equal(take(store, way.state, way.browser, "acme", NOW + AUTH_STATE_LIFE_MS), -ENOENT);
	assert_int_equal(take(store, way.state, way.browser, "acme", NOW + AUTH_STATE_LIFE_MS - 1), 0);
	must(auth_states_add(store, way.state, way.browser, &details, NOW + AUTH_STATE_LIFE_MS, &err), &err);
	must(db_number(store->db, -1, &count, &err, "SELECT COUNT(*) FROM auth_states", ""), &err);
	assert_int_equal(count, 1);
	assert_int_equal(take(store, late.state, late.browser, "acme", NOW), -ENOENT);
}

int run_identities(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(knows_whose_it_is),
		TEST(belongs_to_one),
		TEST(lists_them),
		TEST(keeps_the_last_way_in),
		TEST(keeps_one_of_two_that_go_at_once),
		TEST(goes_with_the_account),
		TEST(takes_a_state_once),
		TEST(gives_a_state_to_one_of_many),
		TEST(forgets_old_states),
	};

	return cmocka_run_group_tests_name("identities", tests, NULL, NULL);
}
