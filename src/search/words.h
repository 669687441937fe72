/* Text taken apart into folded words, and runs of characters that are written without spaces. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORD_LETTERS_MAX 40 /* of a word; what is longer is cut, the same in text and query */
#define WORD_RUN_MAX     64 /* of a run; what is longer goes on as the next one, JOINT_NONE */
#define WORD_BYTES_MAX   (WORD_RUN_MAX * 4 + 8)

/* What stands between a word and the one before it. */
enum word_joint {
	JOINT_NONE,  /* nothing: "c언어" */
	JOINT_MARK,  /* one of . - _ : "node.js" */
	JOINT_SPACE, /* one blank or line break */
	JOINT_OTHER, /* anything else, and the start */
};

struct word {
	bool run; /* of characters without spaces between words; else a word */
	enum word_joint joint;
	char text[WORD_BYTES_MAX]; /* folded, UTF-8, with a NUL */
	size_t length;
	uint16_t offsets[WORD_RUN_MAX + 1]; /* of a run: where each character begins in `text`, and its end */
	size_t letters;
	size_t start, end; /* in the source, bytes */
};

struct words {
	const char *text;
	size_t length;
	size_t at;
	bool first;
};

void words_init(struct words *words, const char *text, size_t length);
/* False at the end. */
bool words_next(struct words *words, struct word *word);
/* The words of the text without anything between them ("Node.js" is nodejs), cut to `size` bytes with the NUL. */
void words_key(const char *text, size_t length, char *out, size_t size);
