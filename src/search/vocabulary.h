/* The words of the catalogue, to guess what a mistyped one was meant to be. Built once, then read by any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "search/words.h"

#define GUESSES_MAX      6
#define TYPO_LETTERS_MIN 4 /* shorter words are too much like each other */

struct vocabulary;

struct vocabulary *vocabulary_new(void);
void vocabulary_free(struct vocabulary *vocabulary); /* takes NULL */
/* Words other than lower-case ASCII, or with less than three letters, are left out. `projects`: that have it. */
void vocabulary_add(struct vocabulary *vocabulary, const char *word, size_t length, int64_t projects);
size_t vocabulary_count(const struct vocabulary *vocabulary);

struct guess {
	char word[WORD_LETTERS_MAX + 1];
	int prefix; /* only a beginning of the word was meant */
};

/* The words that are one slip away from `typed` (never itself): whole words first, then the commoner. Gives how many.
 */
size_t vocabulary_guess(const struct vocabulary *vocabulary, const char *typed, struct guess guesses[GUESSES_MAX]);
