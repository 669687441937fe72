#include "core/prose.h"

#include "../test.h"

static void expect(const char *text, const char *wanted)
{
	char *clean = prose_clean(text);

	assert_string_equal(clean, wanted);
	free(clean);
}

static void keeps_what_people_write(void **state)
{
	(void)state;
	expect("", "");
	expect("plain", "plain");
	expect("한글 日本語 😀 é", "한글 日本語 😀 é");
	expect("👩‍💻", "👩‍💻"); /* joined */
	expect("שלום\u200f \u200e \u061c", "שלום\u200f \u200e \u061c");
	expect("a\n\tb", "a\n\tb");
}

static void leaves_out_what_disturbs(void **state)
{
	(void)state;
	expect(" \n\t ", "");
	expect("  a  ", "a");
	expect("a\r\nb\rc\n\r\nd", "a\nb\nc\n\nd");
	expect("a\x01\x07\x1b[31mb\x7f", "a[31mb");
	expect("a\xc2\x80\xc2\x9f"
	       "b\xc2\xa0"
	       "c",
	       "ab\xc2\xa0"
	       "c"); /* C1; a no-break space stays */
	expect("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069x", "x");
	expect("evil\u202egnp.exe", "evilgnp.exe");
	expect("\ufeffx", "x");
	expect("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"); /* the last code point */
}

static void counts_characters(void **state)
{
	(void)state;
	assert_int_equal(prose_length(""), 0);
	assert_int_equal(prose_length("abc"), 3);
	assert_int_equal(prose_length("한글"), 2);
	assert_int_equal(prose_length("😀é"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_people_write),
		cmocka_unit_test(leaves_out_what_disturbs),
		cmocka_unit_test(counts_characters),
	};

	return cmocka_run_group_tests_name("prose", tests, NULL, NULL);
}
