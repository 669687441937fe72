#include "base/buf.h"

#include <stdlib.h>

#include "../test.h"

static void grows_and_stays_terminated(void **state)
{
	auto_buf struct buf buf = BUF_INIT;

	(void)state;
	for (int i = 0; i < 5000; i++)
		buf_append_char(&buf, (char)('a' + i % 26));
	assert_int_equal(buf.length, 5000);
	assert_int_equal(buf.data[4999], 'a' + 4999 % 26);
	assert_int_equal(buf.data[5000], '\0');
}

/* Room is asked for before a read that may bring nothing. */
static void is_terminated_when_nothing_came(void **state)
{
	char *dirt = malloc(5000);

	(void)state;
	memset(dirt, 'x', 5000);
	free(dirt);
	for (size_t size = 100; size < 5000; size += 500) {
		auto_buf struct buf buf = BUF_INIT;

		memset(buf_reserve(&buf, size) + 1, 'x', size - 1);
		assert_string_equal(buf.data, "");
	}
}

static void prints_short_and_long(void **state)
{
	auto_buf struct buf buf = BUF_INIT;
	char big[1000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	buf_printf(&buf, "%s-%d ", "n", 7);
	buf_printf(&buf, "%s", big);
	assert_int_equal(buf.length, 4 + 999);
	assert_memory_equal(buf.data, "n-7 xxx", 7);
}

static void consumes_from_the_front(void **state)
{
	auto_buf struct buf buf = BUF_INIT;

	(void)state;
	buf_append_string(&buf, "hello world");
	buf_consume(&buf, 6);
	assert_string_equal(buf.data, "world");
	buf_consume(&buf, 99);
	assert_int_equal(buf.length, 0);
	assert_string_equal(buf.data, "");
}

static void holds_nul_bytes(void **state)
{
	auto_buf struct buf buf = BUF_INIT;

	(void)state;
	buf_append(&buf, "a\0b", 3);
	assert_int_equal(buf.length, 3);
	assert_memory_equal(buf.data, "a\0b", 4);
}

static void gives_an_empty_string_when_stolen_empty(void **state)
{
	struct buf buf = BUF_INIT;
	char *s = buf_steal(&buf);

	(void)state;
	assert_string_equal(s, "");
	assert_null(buf.data);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_stays_terminated),
		cmocka_unit_test(is_terminated_when_nothing_came),
		cmocka_unit_test(prints_short_and_long),
		cmocka_unit_test(consumes_from_the_front),
		cmocka_unit_test(holds_nul_bytes),
		cmocka_unit_test(gives_an_empty_string_when_stolen_empty),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
