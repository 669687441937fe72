/* One slip of the finger: a letter too many, too few, another one, or two neighbours swapped (Damerau–Levenshtein
 * distance with adjacent swaps, at most 1). */
#pragma once

#include <stddef.h>

enum slip {
	SLIP_SAME,   /* no difference */
	SLIP_WHOLE,  /* one slip between `typed` and the whole of `word` */
	SLIP_PREFIX, /* one slip between `typed` and a beginning of `word` */
	SLIP_NONE,   /* more than one */
};

/* Bytes are compared: both are lower-case ASCII. */
enum slip slip_between(const char *typed, size_t typed_length, const char *word, size_t word_length);
