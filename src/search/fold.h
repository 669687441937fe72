/* Text as search sees it: case, accents, widths and Hangul's two ways of writing made one, and each character told
 * apart as part of a word, of a run without spaces, or of neither. Unicode 15; canonical composition of Hangul after
 * chapter 3.12, "Conjoining Jamo Behavior". */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum letter_kind {
	LETTER_NONE, /* separates */
	LETTER_SKIP, /* as if it weren't there: marks, zero-width and direction characters */
	LETTER_WORD, /* of words with spaces between them */
	LETTER_RUN,  /* Hangul, Han, kana and others that write words without spaces, or in parts of meaning */
};

struct letter {
	enum letter_kind kind;
	uint32_t code; /* folded; for LETTER_NONE as it was */
	char more;     /* a second ASCII letter ("ß" is ss), or 0 */
	size_t length; /* bytes of the source */
};

/* The letter at `text`, which has at least one byte; conjoining jamo that follow each other are taken together. What is
 * not UTF-8 (and NUL) separates, a byte at a time. */
struct letter letter_fold(const char *text, size_t length);
/* Writes the code point as UTF-8 and gives the bytes, at most 4. */
size_t letter_write(uint32_t code, char *out);
/* A Hangul syllable without its final consonant, or the same. */
uint32_t letter_open_syllable(uint32_t code);
/* A single consonant or vowel, as input methods show it before the syllable is whole. */
int letter_is_jamo(uint32_t code);
