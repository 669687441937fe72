/* The badge of a README: `try this | on browser`, as SVG. Its letters are outlines, so that it has the same width and the same edges in
 * every renderer, whatever fonts there are; people who can't see it are read its title. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define BADGE_HEIGHT 20

enum badge_theme {
	BADGE_AUTO, /* light, or dark where the reader's system is (prefers-color-scheme) */
	BADGE_LIGHT,
	BADGE_DARK,
};

/* "auto", "light", "dark"; NULL is auto. 0 or -EINVAL. */
int badge_theme_from_name(const char *name, enum badge_theme *ret_theme);

struct badge {
	const char *name; /* "owner/name": stands in the title */
	const char *text; /* the right half, of the letters a-z 0-9 . , - M and space: others are left out */
	bool muted;	  /* there is nothing to try: grey */
	int64_t tries;	  /* shown when not negative */
	enum badge_theme theme;
};

/* Appends a whole SVG document without scripts or anything from elsewhere. */
void badge_render(const struct badge *badge, struct buf *out);
/* The advance width of a text, in hundredths of a pixel. */
int badge_text_width(const char *text);

#define BADGE_COUNT_SIZE 16
/* 1 → "1 try", 999 → "999 tries", 1234 → "1.2k tries", 1250000 → "1.2M tries": never more than there are. */
void badge_count(int64_t tries, char out[BADGE_COUNT_SIZE]);
