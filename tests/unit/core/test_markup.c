#include "../test.h"

#include <stdlib.h>

#include "base/util.h"
#include "core/markup.h"

static void text_stays_text(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{NULL, ""},
		{"", ""},
		{"plain 한글 \xf0\x9f\xa5\x84", "plain 한글 \xf0\x9f\xa5\x84"},
		{"<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"},
		{"a\" onload=\"b", "a&#34; onload=&#34;b"},
		{"&amp;", "&amp;amp;"},
		{"]]>", "]]&gt;"},
		{"tab\tline\n", "tab\tline\n"},
		{"\x01\x1b[0m", "\xef\xbf\xbd\xef\xbf\xbd[0m"},
		{"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"cut \xed\x95", "cut \xef\xbf\xbd\xef\xbf\xbd"},
		{"\xef\xbf\xbf", "\xef\xbf\xbd"}, /* U+FFFF is no character of XML */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF_INIT;

		markup_append(&out, cases[i].text);
		assert_string_equal(out.data != NULL ? out.data : "", cases[i].expected);
		buf_fini(&out);
	}
}

static void json_cannot_end_its_script(void **state)
{
	json_t *json = json_pack("{s:s}", "a</script><!--", "</ScRiPt><!-- & ]]> \" 한");
	struct buf out = BUF_INIT;
	json_t *again;

	(void)state;
	markup_append_json(&out, json);
	assert_null(strpbrk(out.data, "<>&"));
	again = json_loads(out.data, 0, NULL);
	assert_true(json_equal(again, json));
	json_decref(again);
	json_decref(json);
	buf_fini(&out);
}

static void segments_are_one_segment(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	markup_append_segment(&out, "a/../b?c#d%e\"<한");
	assert_string_equal(out.data, "a%2F..%2Fb%3Fc%23d%25e%22%3C%ED%95%9C");
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_stays_text),
		cmocka_unit_test(json_cannot_end_its_script),
		cmocka_unit_test(segments_are_one_segment),
	};

	return cmocka_run_group_tests_name("core: markup", tests, NULL, NULL);
}
