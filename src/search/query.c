#include "search/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "search/fold.h"

#define PREFIX_FACTOR 0.6f
#define GUESS_FACTOR  0.3f
#define PART_FACTOR   0.2f

/* ---- what was typed
 * -------------------------------------------------------------------------------------------------- */

/* "터미ㄴ": an input method at work; the consonant is not yet meant. */
static void drop_unfinished(struct word *word)
{
	while (word->run && word->letters > 1) {
		struct letter last = letter_fold(word->text + word->offsets[word->letters - 1],
						 word->length - word->offsets[word->letters - 1]);

		if (!letter_is_jamo(last.code))
			break;
		word->letters--;
		word->length = word->offsets[word->letters];
		word->text[word->length] = '\0';
	}
}

static void append_part(struct query_word *into, const struct word *word)
{
	size_t length = strlen(into->text);

	if (length + 1 + word->length >= sizeof(into->text))
		return;
	if (into->joined[0] == '\0')
		strcpy(into->joined, into->text);
	strcat(into->joined, word->text);
	into->text[length] = ' ';
	memcpy(into->text + length + 1, word->text, word->length + 1);
	into->letters += word->letters;
}

/* The last word is whole now; it goes when it was there before. */
static void drop_repeated(struct query *query)
{
	for (size_t i = 0; i + 1 < query->count; i++) {
		if (strcmp(query->words[i].text, query->words[query->count - 1].text) == 0) {
			query->count--;
			return;
		}
	}
}

/* *open: the word before was taken, so that its other parts may join it. */
static void add_word(struct query *query, const struct word *word, bool *open)
{
	struct query_word *last = *open ? &query->words[query->count - 1] : NULL;

	if (!word->run && word->joint == JOINT_MARK && last != NULL && !last->run) {
		append_part(last, word);
		return;
	}
	if (*open)
		drop_repeated(query);
	*open = query->count < QUERY_WORDS_MAX;
	if (!*open)
		return;
	last = &query->words[query->count++];
	memset(last, 0, sizeof(*last));
	last->run = word->run;
	last->letters = word->letters;
	memcpy(last->text, word->text, word->length + 1);
	memcpy(last->offsets, word->offsets, sizeof(last->offsets));
}

void query_parse(const char *text, struct query *ret_query)
{
	size_t length = strnlen(text, QUERY_BYTES_MAX);
	struct words words;
	struct word word;
	bool open = false;

	ret_query->count = 0;
	ret_query->key[0] = '\0';
	ret_query->blank = text[strspn(text, " \t\r\n")] == '\0';
	words_init(&words, text, length);
	while (words_next(&words, &word)) {
		if (words.at >= length)
			drop_unfinished(&word);
		add_word(ret_query, &word, &open);
	}
	if (open)
		drop_repeated(ret_query);
	words_key(text, length, ret_query->key, sizeof(ret_query->key));
}

/* ---- what is asked
 * --------------------------------------------------------------------------------------------------- */

void plan_init(struct plan *plan)
{
	memset(plan, 0, sizeof(*plan));
}

void plan_fini(struct plan *plan)
{
	buf_fini(&plan->match);
}

/* A phrase of folded text, which has no quotes in it. */
static void add_phrase(struct plan *plan, size_t word, const char *text, size_t length, bool prefix, float factor)
{
	buf_append_char(&plan->match, '"');
	buf_append(&plan->match, text, length);
	buf_append_string(&plan->match, prefix ? "\" *" : "\"");
	plan->phrases[plan->count].word = (unsigned char)word;
	plan->phrases[plan->count].factor = factor;
	plan->count++;
}

static void add_or(struct plan *plan)
{
	buf_append_string(&plan->match, " OR ");
}

static void strict_word(const struct query_word *word, size_t index, struct plan *plan)
{
	size_t length = strlen(word->text);

	add_phrase(plan, index, word->text, length, false, 1);
	/* The beginnings of words in READMEs are too many when little of them is typed. */
	if (!word->run || word->letters == 1) {
		add_or(plan);
		if (word->letters < 3)
			buf_append_string(&plan->match, QUERY_HEAD_COLUMNS " : ");
		add_phrase(plan, index, word->text, length, true, PREFIX_FACTOR);
	}
	if (word->joined[0] != '\0') {
		add_or(plan);
		add_phrase(plan, index, word->joined, strlen(word->joined), true, PREFIX_FACTOR);
	}
}

static void begin_word(struct plan *plan, size_t index)
{
	buf_append_string(&plan->match, index > 0 ? " AND (" : "(");
}

void query_strict(const struct query *query, struct plan *plan)
{
	plan->words = query->count;
	for (size_t i = 0; i < query->count; i++) {
		begin_word(plan, i);
		strict_word(&query->words[i], i, plan);
		buf_append_char(&plan->match, ')');
	}
}

static bool has_room(const struct plan *plan)
{
	return plan->count + QUERY_WORDS_MAX * 4 < QUERY_PHRASES_MAX;
}

static bool guess_word(const struct query_word *word, size_t index, const struct vocabulary *vocabulary,
		       struct plan *plan)
{
	struct guess guesses[GUESSES_MAX];
	const char *typed = word->joined[0] != '\0' ? word->joined : word->text;
	size_t count = vocabulary != NULL ? vocabulary_guess(vocabulary, typed, guesses) : 0;

	for (size_t i = 0; i < count && has_room(plan); i++) {
		add_or(plan);
		add_phrase(plan, index, guesses[i].word, strlen(guesses[i].word), true,
			   guesses[i].prefix ? GUESS_FACTOR / 2 : GUESS_FACTOR);
	}
	return count > 0;
}

static size_t span(const struct query_word *word, size_t from, size_t to)
{
	return (size_t)(word->offsets[to] - word->offsets[from]);
}

/* The run without its character `wrong`: what stands before it and what stands behind it. */
static bool without(const struct query_word *word, size_t index, size_t wrong, struct plan *plan)
{
	size_t n = word->letters;
	bool before = wrong >= 2, behind = n - wrong - 1 >= 2;

	if (!before && !behind)
		return false;
	add_or(plan);
	buf_append_char(&plan->match, '(');
	if (before)
		add_phrase(plan, index, word->text, span(word, 0, wrong), false, PART_FACTOR);
	if (before && behind)
		buf_append_string(&plan->match, " AND ");
	if (behind)
		add_phrase(plan, index, word->text + word->offsets[wrong + 1], span(word, wrong + 1, n), false,
			   PART_FACTOR);
	buf_append_char(&plan->match, ')');
	return true;
}

/* 데잍 on the way to 데이터: the final consonant begins the next syllable. */
static bool opened(const struct query_word *word, size_t index, struct plan *plan)
{
	const char *last = word->text + word->offsets[word->letters - 1];
	uint32_t code = letter_fold(last, strlen(last)).code;
	size_t length = word->offsets[word->letters - 1];
	char text[WORD_BYTES_MAX];

	if (letter_open_syllable(code) == code)
		return false;
	memcpy(text, word->text, length);
	length += letter_write(letter_open_syllable(code), text + length);
	add_or(plan);
	add_phrase(plan, index, text, length, word->letters == 1, GUESS_FACTOR);
	return true;
}

static bool loose_run(const struct query_word *word, size_t index, struct plan *plan)
{
	bool more = opened(word, index, plan);

	if (word->letters < 3 || word->letters > 12)
		return more;
	for (size_t wrong = 0; wrong < word->letters && has_room(plan); wrong++)
		more |= without(word, index, wrong, plan);
	return more;
}

bool query_loose(const struct query *query, const struct vocabulary *vocabulary, struct plan *plan)
{
	bool more = false;

	plan->words = query->count;
	for (size_t i = 0; i < query->count; i++) {
		const struct query_word *word = &query->words[i];

		begin_word(plan, i);
		strict_word(word, i, plan);
		more |= word->run ? loose_run(word, i, plan) : guess_word(word, i, vocabulary, plan);
		buf_append_char(&plan->match, ')');
	}
	return more;
}
