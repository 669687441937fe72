/* From what a person types to an FTS5 expression, of which no character is theirs: their words are folded, cut, and
 * quoted one by one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "search/vocabulary.h"
#include "search/words.h"

#define QUERY_BYTES_MAX    400 /* of the text; the rest is not read */
#define QUERY_WORDS_MAX    8
#define QUERY_PHRASES_MAX  160

/* Columns of both tables of the index, in the order of their weight. */
#define QUERY_HEAD_COLUMNS "{name tags summary owner}"

struct query_word {
	bool run;
	char text[WORD_BYTES_MAX];          /* words joined by marks have blanks between them: "node js" */
	size_t letters;                     /* of a compound: of all its parts */
	uint16_t offsets[WORD_RUN_MAX + 1]; /* of a run, as in struct word */
	char joined[WORD_BYTES_MAX];        /* "nodejs", or "" when it is not a compound */
};

struct query {
	struct query_word words[QUERY_WORDS_MAX];
	size_t count;
	bool blank;               /* nothing but white space was typed: everything is asked for */
	char key[WORD_BYTES_MAX]; /* all of it without anything between, to compare with names; "" when too long */
};

/* `text` is any bytes, NUL-terminated. Always works; no words (count 0, blank false) match nothing. */
void query_parse(const char *text, struct query *ret_query);

/* What the phrases of an expression stand for, in FTS5's order; rank.c reads it. */
struct plan {
	struct buf match;
	size_t words;
	size_t count;
	struct {
		unsigned char word;
		float factor; /* 1: as typed and whole */
	} phrases[QUERY_PHRASES_MAX];
};

void plan_init(struct plan *plan);
void plan_fini(struct plan *plan);
/* Every word as it is, or the beginning of one. */
void query_strict(const struct query *query, struct plan *plan);
/* Every word as it is or with a slip: guesses of the vocabulary, runs with one wrong or additional character. False
 * when that is no more than query_strict finds. `vocabulary` may be NULL. */
bool query_loose(const struct query *query, const struct vocabulary *vocabulary, struct plan *plan);
