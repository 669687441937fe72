#include "../test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"
#include "core/badge.h"
#include "core/badge_glyphs.h"

static char *render(const struct badge *badge)
{
	struct buf out = BUF_INIT;

	badge_render(badge, &out);
	return buf_steal(&out);
}

static int width_of(const char *svg)
{
	int width = 0;

	assert_int_equal(sscanf(strstr(svg, " width=\""), " width=\"%d\"", &width), 1);
	return width;
}

static void letters_are_all_there(void **state)
{
	(void)state;
	for (size_t i = 1; i < badge_glyph_count; i++)
		assert_true(badge_glyphs[i - 1].letter < badge_glyphs[i].letter);
	for (const char *p = "abcdefghijklmnopqrstuvwxyz0123456789.,-M "; *p != '\0'; p++) {
		char text[2] = {*p, '\0'};

		assert_true(badge_text_width(text) > 100);
	}
	/* Of the font: advance widths at the size where small letters are 6 pixels high (1086 of 2048 units). */
	assert_int_equal(badge_text_width("o"), lround(1192 * 600 / 1086.0));
	assert_int_equal(badge_text_width("x"), lround(1102 * 600 / 1086.0));
	assert_int_equal(badge_text_width("ox"), badge_text_width("o") + badge_text_width("x"));
	assert_int_equal(badge_text_width("\xed\x95\x9c<>\"&"), 0);
	assert_int_equal(badge_text_width(""), 0);
}

static void widths_fit_the_text(void **state)
{
	struct badge badge = {.name = "taste/figlet", .text = "on browser", .tries = -1};
	char *small = render(&badge);
	char *large;

	(void)state;
	/* icon and its room, two texts, three pads and the end's one */
	assert_int_equal(width_of(small), 6 + 14 + 5 + (badge_text_width("try this") + 99) / 100 + 7 + 7 +
						  (badge_text_width("on browser") + 99) / 100 + 8);
	badge.tries = 1234;
	large = render(&badge);
	assert_int_equal(width_of(large), width_of(small) - 1 + 7 + (badge_text_width("1.2k tries") + 99) / 100 + 8);
	assert_non_null(strstr(large, "<title>taste/figlet: try this on browser, 1.2k tries</title>"));
	assert_non_null(strstr(large, "role=\"img\" aria-label=\"taste/figlet: try this on browser, 1.2k tries\""));
	free(small);
	free(large);
}

static void nothing_comes_from_elsewhere(void **state)
{
	struct badge badge = {.name = "a\"/><script>x</script>", .text = "on<script>", .tries = 5};

	(void)state;
	for (int theme = BADGE_AUTO; theme <= BADGE_DARK; theme++) {
		char *svg;

		badge.theme = (enum badge_theme)theme;
		svg = render(&badge);
		assert_null(strstr(svg, "<script"));
		assert_null(strstr(svg, "href"));
		assert_null(strstr(svg, "url("));
		assert_null(strstr(svg, "@import"));
		assert_null(strstr(strstr(svg, "xmlns=") + 40, "http"));
		assert_true((theme == BADGE_AUTO) == (strstr(svg, "prefers-color-scheme") != NULL));
		free(svg);
	}
}

static double luminance(const char *colour)
{
	double sum = 0;
	static const double weights[] = {0.2126, 0.7152, 0.0722};
	bool is_short = strlen(colour) == 4;

	for (int i = 0; i < 3; i++) {
		char digits[3] = {is_short ? colour[1 + i] : colour[1 + 2 * i], is_short ? colour[1 + i] : colour[2 + 2 * i], '\0'};
		double value = (double)strtol(digits, NULL, 16) / 255;

		sum += weights[i] * (value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4));
	}
	return sum;
}

/* The fill of the n-th path. */
static void fill_of(const char *svg, int n, char out[8])
{
	const char *at = svg;

	for (int i = 0; i <= n; i++)
		at = strstr(at, "fill=\"#") + 6;
	snprintf(out, 8, "%.*s", (int)strcspn(at, "\""), at);
}

static double contrast(const char *svg, int ground, int letters)
{
	char a[8], b[8];
	double x, y;

	fill_of(svg, ground, a);
	fill_of(svg, letters, b);
	x = luminance(a);
	y = luminance(b);
	return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

static void it_can_be_read(void **state)
{
	struct badge badge = {.name = "a/b", .text = "on browser", .tries = 3};

	(void)state;
	/* WCAG 2.2 1.4.3; the paths are three grounds, the mark, three texts. */
	for (int muted = 0; muted < 2; muted++) {
		for (int theme = BADGE_LIGHT; theme <= BADGE_DARK; theme++) {
			char *svg;

			badge.muted = muted == 1;
			badge.theme = (enum badge_theme)theme;
			svg = render(&badge);
			for (int part = 0; part < 3; part++)
				assert_true(contrast(svg, part, part + 4) >= 4.5);
			assert_true(contrast(svg, 0, 3) >= 3); /* the mark */
			free(svg);
		}
	}
}

static void counts_never_promise_more(void **state)
{
	static const struct {
		int64_t tries;
		const char *text;
	} cases[] = {{0, "0 tries"},	       {1, "1 try"},	       {2, "2 tries"},	       {999, "999 tries"},   {1000, "1k tries"},
		     {1099, "1k tries"},       {1100, "1.1k tries"},   {1999, "1.9k tries"},   {9999, "9.9k tries"}, {10000, "10k tries"},
		     {999999, "999k tries"},   {1000000, "1M tries"},  {1250000, "1.2M tries"}, {INT64_MAX, "99999M tries"}};
	char text[BADGE_COUNT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		badge_count(cases[i].tries, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void themes_have_names(void **state)
{
	enum badge_theme theme;

	(void)state;
	assert_int_equal(badge_theme_from_name(NULL, &theme), 0);
	assert_int_equal(theme, BADGE_AUTO);
	assert_int_equal(badge_theme_from_name("dark", &theme), 0);
	assert_int_equal(theme, BADGE_DARK);
	assert_true(badge_theme_from_name("Dark", &theme) < 0);
	assert_true(badge_theme_from_name("", &theme) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_are_all_there), cmocka_unit_test(widths_fit_the_text),	      cmocka_unit_test(nothing_comes_from_elsewhere),
		cmocka_unit_test(it_can_be_read),	 cmocka_unit_test(counts_never_promise_more), cmocka_unit_test(themes_have_names),
	};

	return cmocka_run_group_tests_name("core: badge", tests, NULL, NULL);
}
