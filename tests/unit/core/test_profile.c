#include "core/profile.h"

#include <stdlib.h>
#include <string.h>

#include "../test.h"

#include "base/util.h"

static void knows_addresses(void **state)
{
	static const char *const good[] = {"a@b.co", "first.last+tag@mail.example.org", "x@xn--hq1bm8jm9l.kr"};
	static const char *const bad[] = {"",		 "@",		   "a@",	     "@b.co",	     "a@b",	      "a b@c.de",
					  "a@b..co",	 "a@-b.co",	   "a@b.co\r\nBcc: x@y.zz", "a@b.co>",  "\"a\"@b.co",	 "a@b@c.de@",
					  ".a@b.co",	 "аdmin@b.co",	   "a@b.co\n",	     "a\x01@b.co",   "<a@b.co>",      "a@[127.0.0.1]"};
	char longest[400];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_null(email_fault(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (email_fault(bad[i]) == NULL)
			fail_msg("%s was taken", bad[i]);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + 300, "@b.co", 6);
	assert_non_null(email_fault(longest));
	memcpy(longest + 65, "@b.co", 6);
	assert_non_null(email_fault(longest));
	memcpy(longest + 64, "@b.co", 6);
	assert_null(email_fault(longest));
}

static void takes_names_that_read_as_they_are(void **state)
{
	static const char *const good[] = {"Alice", "앨리스", "Иван", "李 雷", "🙂", "👩\u200d💻 dev", "<b>bold</b>", "O'Neil; DROP TABLE"};
	static const char *const bad[] = {"",	      "   ",		"a\nb",	       "a\tb",	     "a\x7f",	 "\u202eecila",	  "ali\u200bce",
					  "a\u2066b", "a\u00adb",	"\ufeffa",     "a\302\205b",   "\u3164",	 "a\U000e0041",	  "\xff\xfe"};
	char text[400];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (display_name_fault(good[i]) != NULL)
			fail_msg("%s: %s", good[i], display_name_fault(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (display_name_fault(bad[i]) == NULL)
			fail_msg("number %zu was taken", i);
	for (size_t i = 0; i < 81; i++)
		memcpy(text + 3 * i, "가", 4);
	assert_non_null(display_name_fault(text));
	text[240] = '\0';
	assert_null(display_name_fault(text));
}

static void takes_lines_in_a_bio(void **state)
{
	char *text = xmalloc(502);

	(void)state;
	assert_null(bio_fault(""));
	assert_null(bio_fault("one\ntwo"));
	assert_non_null(bio_fault("one\r\ntwo"));
	assert_non_null(bio_fault("\u202e"));
	memset(text, 'a', 501);
	assert_non_null(bio_fault(text));
	text[500] = '\0';
	assert_null(bio_fault(text));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_addresses),
		cmocka_unit_test(takes_names_that_read_as_they_are),
		cmocka_unit_test(takes_lines_in_a_bio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
