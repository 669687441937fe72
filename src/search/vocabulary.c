#include "search/vocabulary.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "search/distance.h"

/* A slip changes at most two of the letters that occur, so that most words are told apart by one instruction. */
struct entry {
	uint32_t letters; /* bit n: the n-th of a to z, or one bit for all digits and marks */
	uint32_t at;      /* in `text` */
	uint32_t projects;
	uint8_t length;
};

struct vocabulary {
	struct entry *entries;
	size_t count, capacity;
	struct buf text;
};

struct vocabulary *vocabulary_new(void)
{
	return xmalloc(sizeof(struct vocabulary));
}

void vocabulary_free(struct vocabulary *vocabulary)
{
	if (vocabulary == NULL)
		return;
	free(vocabulary->entries);
	buf_fini(&vocabulary->text);
	free(vocabulary);
}

static uint32_t letters_of(const char *word, size_t length)
{
	uint32_t letters = 0;

	for (size_t i = 0; i < length; i++)
		letters |= word[i] >= 'a' && word[i] <= 'z' ? 1u << (word[i] - 'a') : 1u << 26;
	return letters;
}

static bool is_plain(const char *word, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)word[i] >= 0x80)
			return false;
	return length >= TYPO_LETTERS_MIN - 1 && length <= WORD_LETTERS_MAX;
}

void vocabulary_add(struct vocabulary *vocabulary, const char *word, size_t length, int64_t projects)
{
	if (!is_plain(word, length))
		return;
	if (vocabulary->count == vocabulary->capacity) {
		vocabulary->capacity = max_size(1024, vocabulary->capacity * 2);
		vocabulary->entries =
			xrealloc(vocabulary->entries, vocabulary->capacity * sizeof(*vocabulary->entries));
	}
	vocabulary->entries[vocabulary->count++] = (struct entry){
		.letters = letters_of(word, length),
		.at = (uint32_t)vocabulary->text.length,
		.projects = projects < UINT32_MAX ? (uint32_t)projects : UINT32_MAX,
		.length = (uint8_t)length,
	};
	buf_append(&vocabulary->text, word, length);
}

size_t vocabulary_count(const struct vocabulary *vocabulary)
{
	return vocabulary->count;
}

struct candidate {
	const struct entry *entry;
	bool prefix;
};

static bool is_better(const struct candidate *a, const struct candidate *b)
{
	if (a->prefix != b->prefix)
		return b->prefix;
	return a->entry->projects > b->entry->projects;
}

/* Keeps the best ones in order; equal ones stay in the order in which they came. */
static size_t keep(struct candidate *best, size_t count, struct candidate candidate)
{
	size_t at = count;

	while (at > 0 && is_better(&candidate, &best[at - 1]))
		at--;
	if (at == GUESSES_MAX)
		return count;
	if (count < GUESSES_MAX)
		count++;
	memmove(&best[at + 1], &best[at], (count - 1 - at) * sizeof(*best));
	best[at] = candidate;
	return count;
}

size_t vocabulary_guess(const struct vocabulary *vocabulary, const char *typed, struct guess guesses[GUESSES_MAX])
{
	struct candidate best[GUESSES_MAX];
	size_t length = strlen(typed), count = 0;
	uint32_t letters = letters_of(typed, length);

	if (!is_plain(typed, length) || length < TYPO_LETTERS_MIN)
		return 0;
	for (size_t i = 0; i < vocabulary->count; i++) {
		const struct entry *entry = &vocabulary->entries[i];
		enum slip slip;

		/* Of what was typed, at most one letter may be missing in the word. */
		if (entry->length + 1u < length || __builtin_popcount(letters & ~entry->letters) > 1)
			continue;
		slip = slip_between(typed, length, vocabulary->text.data + entry->at, entry->length);
		if (slip == SLIP_WHOLE || (slip == SLIP_PREFIX && length > TYPO_LETTERS_MIN))
			count = keep(best, count, (struct candidate){entry, slip == SLIP_PREFIX});
	}
	for (size_t i = 0; i < count; i++) {
		memcpy(guesses[i].word, vocabulary->text.data + best[i].entry->at, best[i].entry->length);
		guesses[i].word[best[i].entry->length] = '\0';
		guesses[i].prefix = best[i].prefix;
	}
	return count;
}
