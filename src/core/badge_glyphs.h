/* The outlines of the badge's letters; made by scripts/badge-glyphs. Hundredths of a pixel, y downwards, the base line is 0. */
#pragma once

#include <stddef.h>

#define BADGE_CONTOURS_MAX 3

struct badge_contour {
	int x; /* where it starts */
	int y;
	const char *rest; /* relative commands of an SVG path */
};

struct badge_glyph {
	char letter;
	int advance;
	int contour_count;
	struct badge_contour contours[BADGE_CONTOURS_MAX];
};

/* In the order of the letters' codes. */
extern const struct badge_glyph badge_glyphs[];
extern const size_t badge_glyph_count;
