#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "terminal/ring.h"

static unsigned char byte_at(uint64_t number)
{
	return (unsigned char)(number * 0x9e3779b97f4a7c15u >> 53);
}

static void append_numbered(struct ring *ring, size_t length)
{
	unsigned char data[70000];

	assert_true(length <= sizeof(data));
	for (size_t i = 0; i < length; i++)
		data[i] = byte_at(ring->end + i);
	ring_append(ring, data, length);
}

static void assert_holds(const struct ring *ring, uint64_t from, uint64_t to)
{
	struct iovec pieces[2];
	uint64_t number = from;
	int n = ring_peek(ring, from, (size_t)(to - from), pieces);

	for (int i = 0; i < n; i++)
		for (size_t k = 0; k < pieces[i].iov_len; k++)
			if (((unsigned char *)pieces[i].iov_base)[k] != byte_at(number++))
				fail_msg("byte %llu is wrong", (unsigned long long)number - 1);
	assert_int_equal(number, to);
}

static void test_empty(void **state)
{
	struct ring ring;
	struct iovec pieces[2];

	(void)state;
	ring_init(&ring, 1, 7);
	assert_int_equal(ring.limit, 4096);
	assert_int_equal(ring_peek(&ring, 7, 100, pieces), 0);
	ring_append(&ring, "", 0);
	assert_int_equal(ring.capacity, 0); /* nothing said, nothing spent */
	ring_fini(&ring);
}

static void test_starts_small_and_grows(void **state)
{
	struct ring ring;

	(void)state;
	ring_init(&ring, 256 << 10, 0);
	append_numbered(&ring, 100);
	assert_int_equal(ring.capacity, 4096);
	append_numbered(&ring, 4000);
	assert_int_equal(ring.capacity, 8192);
	for (int i = 0; i < 100; i++)
		append_numbered(&ring, 8191);
	assert_int_equal(ring.capacity, 256 << 10);
	assert_int_equal(ring.end - ring.start, 256 << 10);
	assert_holds(&ring, ring.start, ring.end);
	ring_fini(&ring);
}

/* Every size of piece, from offsets that are no power of two, around many times; what is kept is always right. */
static void test_wraps(void **state)
{
	struct ring ring;

	(void)state;
	ring_init(&ring, 16384, 123456789012345u);
	for (unsigned i = 0; i < 3000; i++) {
		uint64_t before = ring.end;
		size_t length = i * 7919 % 5000;

		append_numbered(&ring, length);
		assert_int_equal(ring.end, before + length);
		assert_true(ring.end - ring.start <= 16384);
		assert_true(ring.start == 123456789012345u || ring.end - ring.start == 16384);
		assert_holds(&ring, ring.start, ring.end);
		assert_holds(&ring, ring.start + (ring.end - ring.start) / 3, ring.end);
	}
	ring_fini(&ring);
}

static void test_more_than_the_limit_at_once(void **state)
{
	struct ring ring;

	(void)state;
	ring_init(&ring, 4096, 0);
	append_numbered(&ring, 10);
	append_numbered(&ring, 70000);
	assert_int_equal(ring.end, 70010);
	assert_int_equal(ring.start, 70010 - 4096);
	assert_holds(&ring, ring.start, ring.end);
	ring_fini(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_starts_small_and_grows),
		cmocka_unit_test(test_wraps),
		cmocka_unit_test(test_more_than_the_limit_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
