#include "core/badge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "core/badge_glyphs.h"
#include "core/markup.h"

#define BASE_LINE 14 /* tall letters are 8 pixels high: 6 above, 6 below */
#define PAD	  7
#define ICON_X	  6
#define ICON_SIZE 14
#define ICON_GAP  5
#define RADIUS	  4
#define LEFT_TEXT "try this"
#define PARTS_MAX 3

/* The mark (ui/src/parts/favicon.svg), 32 units wide. */
#define MARK                                                                                                                                       \
	"M3 3C7.16-1.16 13.81.51 18.18 4.88C22.41 9.11 21.81 14.28 21.61 19.05C21.57 19.62 21.84 20.16 22.41 20.67L30.07 27.25C32.62 29.53 29.53 " \
	"32.62 27.25 30.07L20.67 22.41C20.16 21.84 19.62 21.57 19.05 21.61C14.28 21.81 9.11 22.41 4.88 18.18C.51 13.81-1.16 7.16 3 3ZM5.98 "       \
	"7.59L8.07 5.79L12.91 10.92L8.07 16.05L5.98 14.24L9.11 10.92ZM12.25 14.24H17.86V16.71H12.25Z"

/* What is painted; each has a colour a theme. Letters on their ground have a contrast of 4.5 to 1 at least (tests/unit/core/test_badge.c). */
enum paint { GROUND_LEFT, TEXT_LEFT, MARK_PAINT, GROUND_RIGHT, TEXT_RIGHT, GROUND_MUTED, TEXT_MUTED, GROUND_TRIES, TEXT_TRIES, PAINTS };

static const struct {
	const char *name; /* of the class */
	const char *light;
	const char *dark;
} paints[PAINTS] = {
	[GROUND_LEFT] = {"l", "#1d1b18", "#3b352f"},  [TEXT_LEFT] = {"m", "#fff", "#f2eee7"},	[MARK_PAINT] = {"i", "#ff922b", "#ff922b"},
	[GROUND_RIGHT] = {"r", "#cc410b", "#ff922b"}, [TEXT_RIGHT] = {"s", "#fff", "#1d1206"},	[GROUND_MUTED] = {"g", "#6b665c", "#57504a"},
	[TEXT_MUTED] = {"h", "#fff", "#f2eee7"},      [GROUND_TRIES] = {"t", "#efe9de", "#28231f"}, [TEXT_TRIES] = {"u", "#1d1b18", "#f2eee7"},
};

struct part {
	const char *text;
	enum paint ground;
	enum paint letters;
	int x;
	int width;
	int text_x;
};

int badge_theme_from_name(const char *name, enum badge_theme *ret_theme)
{
	static const char *const names[] = {[BADGE_AUTO] = "auto", [BADGE_LIGHT] = "light", [BADGE_DARK] = "dark"};

	*ret_theme = BADGE_AUTO;
	if (name == NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], name) == 0) {
			*ret_theme = (enum badge_theme)i;
			return 0;
		}
	}
	return -EINVAL;
}

void badge_count(int64_t tries, char out[BADGE_COUNT_SIZE])
{
	static const struct {
		int64_t unit;
		char letter;
	} units[] = {{1000000, 'M'}, {1000, 'k'}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		int64_t tenths = tries / (units[i].unit / 10);

		if (tries < units[i].unit)
			continue;
		if (tenths >= 100 || tenths % 10 == 0) /* "12k" says as much as "12.3k" */
			snprintf(out, BADGE_COUNT_SIZE, "%" PRId64 "%c tries", tenths / 10 < 99999 ? tenths / 10 : 99999, units[i].letter);
		else
			snprintf(out, BADGE_COUNT_SIZE, "%d.%d%c tries", (int)(tenths / 10), (int)(tenths % 10), units[i].letter);
		return;
	}
	snprintf(out, BADGE_COUNT_SIZE, "%d %s", (int)tries, tries == 1 ? "try" : "tries");
}

static const struct badge_glyph *glyph_of(char letter)
{
	for (size_t i = 0; i < badge_glyph_count; i++)
		if (badge_glyphs[i].letter == letter)
			return &badge_glyphs[i];
	return NULL;
}

int badge_text_width(const char *text)
{
	int width = 0;

	for (const char *p = text; *p != '\0'; p++)
		width += glyph_of(*p) != NULL ? glyph_of(*p)->advance : 0;
	return width;
}

static int pixels(int hundredths)
{
	return (hundredths + 99) / 100;
}

/* Lays the parts out from left to right on whole pixels; gives the width of all. */
static int lay_out(struct part *parts, size_t count)
{
	int x = 0;

	for (size_t i = 0; i < count; i++) {
		parts[i].x = x;
		parts[i].text_x = x + (i == 0 ? ICON_X + ICON_SIZE + ICON_GAP : PAD);
		x = parts[i].text_x + pixels(badge_text_width(parts[i].text)) + (i + 1 == count ? PAD + 1 : PAD);
		parts[i].width = x - parts[i].x;
	}
	return x;
}

static const char *colour(enum paint paint, enum badge_theme theme)
{
	return theme == BADGE_DARK ? paints[paint].dark : paints[paint].light;
}

static void append_style(struct buf *out, const struct part *parts, size_t count)
{
	buf_append_string(out, "<style>@media(prefers-color-scheme:dark){");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, ".%s{fill:%s}.%s{fill:%s}", paints[parts[i].ground].name, paints[parts[i].ground].dark,
			   paints[parts[i].letters].name, paints[parts[i].letters].dark);
	buf_append_string(out, "}</style>");
}

/* The ground of a part, with round corners where it is an end. */
static void append_ground(struct buf *out, const struct part *part, bool first, bool last, enum badge_theme theme)
{
	int left = first ? RADIUS : 0, right = last ? RADIUS : 0;

	buf_printf(out, "<path class=\"%s\" fill=\"%s\" d=\"M%d 0h%d", paints[part->ground].name, colour(part->ground, theme),
		   part->x + left, part->width - left - right);
	if (last)
		buf_printf(out, "a%d %d 0 0 1 %d %dv%da%d %d 0 0 1-%d %d", RADIUS, RADIUS, RADIUS, RADIUS, BADGE_HEIGHT - 2 * RADIUS,
			   RADIUS, RADIUS, RADIUS, RADIUS);
	else
		buf_printf(out, "v%d", BADGE_HEIGHT);
	buf_printf(out, "H%d", part->x + left);
	if (first)
		buf_printf(out, "a%d %d 0 0 1-%d-%dv-%da%d %d 0 0 1 %d-%d", RADIUS, RADIUS, RADIUS, RADIUS, BADGE_HEIGHT - 2 * RADIUS,
			   RADIUS, RADIUS, RADIUS, RADIUS);
	buf_append_string(out, "z\"/>");
}

static void append_letters(struct buf *out, const struct part *part, enum badge_theme theme)
{
	int x = part->text_x * 100;

	buf_printf(out, "<path class=\"%s\" fill=\"%s\" d=\"", paints[part->letters].name, colour(part->letters, theme));
	for (const char *p = part->text; *p != '\0'; p++) {
		const struct badge_glyph *glyph = glyph_of(*p);

		for (int c = 0; glyph != NULL && c < glyph->contour_count; c++)
			buf_printf(out, "M%.2f %.2f%s", (x + glyph->contours[c].x) / 100.0,
				   (BASE_LINE * 100 + glyph->contours[c].y) / 100.0, glyph->contours[c].rest);
		x += glyph != NULL ? glyph->advance : 0;
	}
	buf_append_string(out, "\"/>");
}

static void append_mark(struct buf *out, enum badge_theme theme)
{
	buf_printf(out, "<path class=\"%s\" fill=\"%s\" fill-rule=\"evenodd\" transform=\"translate(%d %d)scale(%.4f)\" d=\"%s\"/>",
		   paints[MARK_PAINT].name, colour(MARK_PAINT, theme), ICON_X, (BADGE_HEIGHT - ICON_SIZE) / 2, ICON_SIZE / 32.0, MARK);
}

static void append_title(struct buf *out, const struct badge *badge, const char *count)
{
	markup_append(out, badge->name);
	buf_append_string(out, badge->muted ? ": " : ": " LEFT_TEXT " ");
	markup_append(out, badge->text);
	if (*count != '\0')
		buf_printf(out, ", %s", count);
}

void badge_render(const struct badge *badge, struct buf *out)
{
	char count[BADGE_COUNT_SIZE] = "";
	struct part parts[PARTS_MAX] = {
		{.text = LEFT_TEXT, .ground = GROUND_LEFT, .letters = TEXT_LEFT},
		{.text = badge->text,
		 .ground = badge->muted ? GROUND_MUTED : GROUND_RIGHT,
		 .letters = badge->muted ? TEXT_MUTED : TEXT_RIGHT},
		{.text = count, .ground = GROUND_TRIES, .letters = TEXT_TRIES},
	};
	size_t n = badge->tries >= 0 ? 3 : 2;
	int width;

	if (n == 3)
		badge_count(badge->tries, count);
	width = lay_out(parts, n);
	buf_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
		   width, BADGE_HEIGHT, width, BADGE_HEIGHT);
	append_title(out, badge, count);
	buf_append_string(out, "\"><title>");
	append_title(out, badge, count);
	buf_append_string(out, "</title>");
	if (badge->theme == BADGE_AUTO)
		append_style(out, parts, n);
	for (size_t i = 0; i < n; i++)
		append_ground(out, &parts[i], i == 0, i + 1 == n, badge->theme);
	append_mark(out, badge->theme);
	for (size_t i = 0; i < n; i++)
		append_letters(out, &parts[i], badge->theme);
	buf_append_string(out, "</svg>\n");
}
