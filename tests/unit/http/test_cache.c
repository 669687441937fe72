/* Kept answers: served without the handler, never after they were invalidated. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "client.h"
#include "fixture.h"
#include "http/cache.h"

struct shop {
	struct cache *cache;
	struct server *server;
	atomic_int price;
	atomic_int asked; /* of the handler */
	sem_t arrived;
	sem_t leave;
};

static int handle_price(struct request *request, struct error *err)
{
	struct shop *shop = request_data(request);

	(void)err;
	atomic_fetch_add(&shop->asked, 1);
	respond_cached(request, json_pack("{s:i}", "price", atomic_load(&shop->price)));
	return 0;
}

/* Reads the price, and is held up before it answers. */
static int handle_slow(struct request *request, struct error *err)
{
	struct shop *shop = request_data(request);
	int price = atomic_load(&shop->price);

	(void)err;
	sem_post(&shop->arrived);
	sem_wait(&shop->leave);
	respond_cached(request, json_pack("{s:i}", "price", price));
	return 0;
}

static int setup(void **state)
{
	static struct shop shop;
	struct route routes[2];

	memset(&shop, 0, sizeof(shop));
	sem_init(&shop.arrived, 0, 0);
	sem_init(&shop.leave, 0, 0);
	shop.cache = cache_new(4);
	routes[0] =
		(struct route){METHOD_GET | METHOD_POST, "/price", ROUTE_WORK, handle_price, &shop, 0, 0, shop.cache};
	routes[1] = (struct route){METHOD_GET, "/slow", ROUTE_WORK, handle_slow, &shop, 0, 0, shop.cache};
	shop.server = fixture_start(NULL, routes, 2);
	*state = &shop;
	return 0;
}

static int teardown(void **state)
{
	struct shop *shop = *state;

	fixture_stop(shop->server);
	cache_free(shop->cache);
	return 0;
}

static int price_at(struct shop *shop, const char *path)
{
	char *text = xasprintf("GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
	struct answer answer;
	int price;

	client_ask(server_port(shop->server), text, &answer);
	assert_int_equal(answer.status, 200);
	assert_int_equal(sscanf(answer.body.data, "{\"price\":%d}", &price), 1);
	answer_fini(&answer);
	free(text);
	return price;
}

static void asks_once(void **state)
{
	struct shop *shop = *state;
	struct cache_counts counts;

	for (int i = 0; i < 5; i++)
		assert_int_equal(price_at(shop, "/price"), 0);
	assert_int_equal(shop->asked, 1);
	cache_count(shop->cache, &counts);
	assert_int_equal(counts.hits, 4);
	assert_int_equal(counts.misses, 1);
	shop->price = 7;
	assert_int_equal(price_at(shop, "/price"), 0);
	cache_invalidate(shop->cache);
	assert_int_equal(price_at(shop, "/price"), 7);
	assert_int_equal(price_at(shop, "/price?a=b"), 7);
	assert_int_equal(shop->asked, 3);
}

static void answers_304(void **state)
{
	struct shop *shop = *state;

	/* From the handler first, from the cache then; the headers must be the same. */
	for (int i = 0; i < 2; i++) {
		struct answer answer;
		char *text;
		char *etag;

		cache_invalidate(shop->cache);
		price_at(shop, "/price");
		if (i == 0)
			cache_invalidate(shop->cache);
		client_ask(server_port(shop->server), "GET /price HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
		etag = answer_header(&answer, "ETag");
		assert_non_null(etag);
		answer_fini(&answer);
		if (i == 0)
			cache_invalidate(shop->cache);
		text = xasprintf("GET /price HTTP/1.1\r\nHost: a\r\nIf-None-Match: %s\r\n\r\n", etag);
		client_ask(server_port(shop->server), text, &answer);
		assert_int_equal(answer.status, 304);
		assert_int_equal(answer.body.length, 0);
		free(text);
		text = answer_header(&answer, "ETag");
		assert_string_equal(text, etag);
		free(text);
		text = answer_header(&answer, "Cache-Control");
		assert_string_equal(text, "no-cache");
		free(text);
		free(etag);
		answer_fini(&answer);
	}
}

static void keeps_nothing_that_was_overtaken(void **state)
{
	struct shop *shop = *state;
	int fd = client_connect(server_port(shop->server));
	struct answer answer;

	client_send(fd, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
	sem_wait(&shop->arrived);
	shop->price = 9;
	cache_invalidate(shop->cache);
	sem_post(&shop->leave);
	client_read(fd, 0, &answer);
	assert_string_equal(answer.body.data, "{\"price\":0}"); /* asked before the change */
	answer_fini(&answer);
	close(fd);
	sem_post(&shop->leave);
	assert_int_equal(price_at(shop, "/slow"), 9);
}

static void answers_head_and_only_get(void **state)
{
	struct shop *shop = *state;
	struct answer answer;

	price_at(shop, "/price");
	client_ask(server_port(shop->server), "HEAD /price HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	assert_int_equal(answer.status, 200);
	answer_fini(&answer);
	assert_int_equal(shop->asked, 1);
	client_ask(server_port(shop->server), "POST /price HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", &answer);
	assert_int_equal(answer.status, 200);
	answer_fini(&answer);
	assert_int_equal(shop->asked, 2);
}

static void stays_small(void **state)
{
	struct shop *shop = *state;

	for (int i = 0; i < 50; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/price?q=%d", i);
		price_at(shop, path);
	}
	price_at(shop, "/price?q=49");
	assert_int_equal(shop->asked, 50);
	/* The first ones had to make room. */
	price_at(shop, "/price?q=0");
	assert_int_equal(shop->asked, 51);
}

static void *change_often(void *data)
{
	struct shop *shop = data;

	for (int i = 1; i <= 200; i++) {
		atomic_store(&shop->price, i);
		cache_invalidate(shop->cache);
		usleep(100);
	}
	return NULL;
}

static void never_goes_back_in_time(void **state)
{
	struct shop *shop = *state;
	pthread_t thread;
	int last = 0;

	pthread_create(&thread, NULL, change_often, shop);
	while (last < 200) {
		int before = atomic_load(&shop->price);
		int price = price_at(shop, "/price");

		assert_true(price >= last);
		assert_true(price + 1 >= before); /* the price is set a moment before the cache is told */
		last = price;
	}
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(asks_once, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_304, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_nothing_that_was_overtaken, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_head_and_only_get, setup, teardown),
		cmocka_unit_test_setup_teardown(stays_small, setup, teardown),
		cmocka_unit_test_setup_teardown(never_goes_back_in_time, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
