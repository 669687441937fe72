#include "core/markdown.h"

#include <pthread.h>

#include "base/util.h"

#include "../test.h"

static char *html_of(const char *text)
{
	struct buf html = BUF_INIT;
	struct error err = {0};

	if (markdown_to_html(text, strlen(text), &html, &err) < 0)
		fail_msg("%s", err.message);
	return buf_steal(&html);
}

static void expect(const char *text, const char *wanted)
{
	char *html = html_of(text);

	if (strstr(html, wanted) == NULL)
		fail_msg("no %s in %s", wanted, html);
	free(html);
}

static void expect_none(const char *text, const char *unwanted)
{
	char *html = html_of(text);

	if (strcasestr(html, unwanted) != NULL)
		fail_msg("%s in %s", unwanted, html);
	free(html);
}

static void renders_what_readmes_use(void **state)
{
	(void)state;
	expect("# Title", "<h2>Title</h2>");
	expect("###### six", "<h6>six</h6>");
	expect("| a | b |\n|---|---|\n| 1 | 2 |", "<td>1</td>");
	expect("~~old~~", "<del>old</del>");
	expect("- [x] done", "checkbox");
	expect("see www.example.org now", "<a rel=\"nofollow noopener\" href=\"http://www.example.org\">");
	expect("한글 **굵게**", "<strong>굵게</strong>");
}

static void shell_blocks_can_be_run(void **state)
{
	(void)state;
	expect("```sh\necho '<b>'\n```", "<pre><code class=\"language-sh\">echo '&lt;b&gt;'\n</code></pre>");
	expect("```Bash title\nx\n```", "class=\"language-sh\"");
	expect("~~~console\nx\n~~~", "class=\"language-sh\"");
	expect_none("```python\nx\n```", "class=");
	expect_none("```x\" onclick=\"y\nx\n```", "onclick");
}

static void nothing_runs_tracks_or_imitates(void **state)
{
	(void)state;
	expect_none("<script>alert(1)</script>", "<script");
	expect_none("a <img src=x onerror=alert(1)> b", "<img");
	expect_none("<style>*{display:none}</style>", "<style");
	expect_none("<form action=//evil><input></form>", "<form");
	expect_none("[x](javascript:alert(1))", "javascript");
	expect_none("[x](JaVaScRiPt:alert(1))", "javascript");
	expect_none("[x](data:text/html,hi)", "data:");
	expect_none("[x](vbscript:x)", "vbscript");
	expect_none("[x](//evil.example/)", "evil");
	expect_none("![x](http://evil.example/pixel.png)", "<img");
	expect_none("![x](//evil.example/pixel.png)", "<img");
	expect_none("![x](data:image/svg+xml,x)", "<img");
	expect_none("[x](file:///etc/passwd)", "file:");
}

static void good_links_stay(void **state)
{
	(void)state;
	expect("[x](https://example.org/?a=1&b=2)", "rel=\"nofollow noopener\" href=\"https://example.org/?a=1&amp;b=2\"");
	expect("[x](docs/a.md)", "href=\"docs/a.md\"");
	expect("[x](mailto:a@example.org)", "href=\"mailto:a@example.org\"");
	expect("![x](https://example.org/a.png)", "<img src=\"https://example.org/a.png\"");
	expect("![x](a.png)", "<img src=\"a.png\"");
	expect("[the **text** stays](javascript:x)", "the <strong>text</strong> stays");
	expect("[![b](https://e.example/b.svg)](javascript:x)", "<img src=\"https://e.example/b.svg\"");
}

static void an_escaped_link_is_text(void **state)
{
	(void)state;
	expect("`<a href=\"x\">`", "&lt;a href=&quot;x&quot;&gt;");
}

static void bad_input_is_refused(void **state)
{
	auto_buf struct buf html = BUF_INIT;
	char *big = malloc(MARKDOWN_MAX + 1);

	(void)state;
	memset(big, '[', MARKDOWN_MAX + 1);
	assert_true(markdown_to_html("\xff", 1, &html, NULL) < 0);
	assert_true(markdown_to_html("a\0b", 3, &html, NULL) < 0);
	assert_true(markdown_to_html(big, MARKDOWN_MAX + 1, &html, NULL) < 0);
	assert_int_equal(markdown_to_html(big, MARKDOWN_MAX, &html, NULL), 0);
	buf_clear(&html);
	memset(big, '>', MARKDOWN_MAX);
	assert_int_equal(markdown_to_html(big, 20000, &html, NULL), 0);
	buf_clear(&html);
	assert_int_equal(markdown_to_html("", 0, &html, NULL), 0);
	free(big);
}

static char *comment_of(const char *text)
{
	struct buf html = BUF_INIT;

	assert_int_equal(markdown_comment_to_html(text, strlen(text), &html, NULL), 0);
	return buf_steal(&html);
}

static void comments_load_nothing(void **state)
{
	static const struct {
		const char *text, *html;
	} cases[] = {
		{"![a **cat**](https://x.example/c.png)",
		 "<p><a rel=\"nofollow noopener\" href=\"https://x.example/c.png\">a <strong>cat</strong></a></p>\n"},
		{"![](https://x.example/c.png)", "<p></p>\n"},
		{"![x](javascript:alert(1))", "<p>x</p>\n"},
		{"[![x](https://a.example/p.png)](https://b.example)",
		 "<p><a rel=\"nofollow noopener\" href=\"https://b.example\">x</a></p>\n"},
		{"![a ![b](https://b.example/b.png)](https://a.example/a.png)", NULL},
		{"# Loud", "<h4>Loud</h4>\n"},
		{"###### low", "<h6>low</h6>\n"},
		{"<img src=x onerror=alert(1)>", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *html = comment_of(cases[i].text);

		assert_null(strstr(html, "<img"));
		if (cases[i].html != NULL)
			assert_string_equal(html, cases[i].html);
		free(html);
	}
	expect("![x](https://a.example/p.png)", "<img "); /* READMEs may show pictures */
}

static void *render_often(void *data)
{
	for (int i = 0; i < 200; i++) {
		char *html = html_of("| a |\n|---|\n| ~~b~~ www.example.org |\n\n<b>x</b>");

		if (strstr(html, "<del>b</del>") == NULL)
			*(int *)data = 1;
		free(html);
	}
	return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
	pthread_t threads[4];
	int failed[4] = {0};

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, render_often, &failed[i]), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(failed[i], 0);
	}
}

/* Rows get all the cells that the head has: few characters, and much to write. */
static void tables_do_not_swell(void **state)
{
	static const char *const starts[] = {"", "> ", "1. ", "text\n\n- > "};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		struct buf text = BUF_INIT, html = BUF_INIT;

		buf_append_string(&text, starts[i]);
		for (int column = 0; column < 300; column++)
			buf_append_string(&text, "|a");
		buf_append_string(&text, "|\n    "); /* goes on with the item */
		for (int column = 0; column < 300; column++)
			buf_append_string(&text, "|-");
		buf_append_string(&text, i % 2 == 0 ? "|\n" : "|\r");
		for (int row = 0; row < 1000; row++)
			buf_append_string(&text, "    a\n");
		assert_int_equal(markdown_comment_to_html(text.data, text.length, &html, NULL), 0);
		assert_true(html.length < 8 * text.length);
		buf_fini(&html);
		buf_fini(&text);
	}
}

static void long_tables_stay(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	buf_append_string(&text, "| name | short | what |\n|:--|:-:|---|\n");
	for (int row = 0; row < 1000; row++)
		buf_append_string(&text, "| x |\n|---|\n| 1 | 2 | 3 |\n");
	expect(text.data, "<td align=\"center\">2</td>");
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renders_what_readmes_use),
		cmocka_unit_test(shell_blocks_can_be_run),
		cmocka_unit_test(nothing_runs_tracks_or_imitates),
		cmocka_unit_test(good_links_stay),
		cmocka_unit_test(an_escaped_link_is_text),
		cmocka_unit_test(bad_input_is_refused),
		cmocka_unit_test(comments_load_nothing),
		cmocka_unit_test(tables_do_not_swell),
		cmocka_unit_test(long_tables_stay),
		cmocka_unit_test(threads_do_not_disturb_each_other),
	};

	return cmocka_run_group_tests_name("markdown", tests, NULL, NULL);
}
