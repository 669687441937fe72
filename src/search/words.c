#include "search/words.h"

#include <string.h>

#include "search/fold.h"

void words_init(struct words *words, const char *text, size_t length)
{
	*words = (struct words){.text = text, .length = length, .first = true};
}

static enum word_joint joint_of(uint32_t code)
{
	switch (code) {
	case '.':
	case '-':
	case '_':
		return JOINT_MARK;
	case ' ':
	case '\n':
	case '\t':
	case 0x3000:
		return JOINT_SPACE;
	default:
		return JOINT_OTHER;
	}
}

/* Goes to the next word's first letter. */
static bool find_start(struct words *words, struct word *word)
{
	size_t marks = 0;

	word->joint = words->first ? JOINT_OTHER : JOINT_NONE;
	for (; words->at < words->length;) {
		struct letter letter = letter_fold(words->text + words->at, words->length - words->at);

		if (letter.kind == LETTER_WORD || letter.kind == LETTER_RUN) {
			word->run = letter.kind == LETTER_RUN;
			word->start = words->at;
			words->first = false;
			return true;
		}
		if (letter.kind == LETTER_NONE && word->joint != JOINT_OTHER)
			word->joint = marks++ == 0 ? joint_of(letter.code) : JOINT_OTHER;
		words->at += letter.length;
	}
	return false;
}

/* The marks that belong to names of languages: c++, c#, g++, f#. */
static bool take_suffix(struct words *words, struct word *word)
{
	size_t at = words->at;
	bool taken = false;

	if (word->letters > 2 || word->text[0] < 'a' || word->text[0] > 'z')
		return false;
	while (at < words->length && word->letters < 4) {
		struct letter letter = letter_fold(words->text + at, words->length - at);

		if (letter.code != '+' && letter.code != '#')
			break;
		word->text[word->length++] = (char)letter.code;
		word->letters++;
		at += letter.length;
		taken = true;
	}
	words->at = at;
	return taken;
}

static void add(struct word *word, const struct letter *letter, size_t most)
{
	if (word->letters >= most)
		return;
	if (word->run)
		word->offsets[word->letters] = (uint16_t)word->length;
	word->length += letter_write(letter->code, word->text + word->length);
	word->letters++;
	if (letter->more != '\0' && word->letters < most) {
		word->text[word->length++] = letter->more;
		word->letters++;
	}
}

bool words_next(struct words *words, struct word *word)
{
	size_t most;

	word->length = word->letters = 0;
	if (!find_start(words, word))
		return false;
	most = word->run ? WORD_RUN_MAX : WORD_LETTERS_MAX;
	while (words->at < words->length && !(word->run && word->letters == most)) {
		struct letter letter = letter_fold(words->text + words->at, words->length - words->at);

		if (letter.kind != LETTER_SKIP) {
			if (letter.kind != (word->run ? LETTER_RUN : LETTER_WORD))
				break;
			add(word, &letter, most);
		}
		words->at += letter.length;
	}
	if (word->run)
		word->offsets[word->letters] = (uint16_t)word->length;
	else
		take_suffix(words, word);
	word->text[word->length] = '\0';
	word->end = words->at;
	return true;
}

void words_key(const char *text, size_t length, char *out, size_t size)
{
	struct words words;
	struct word word;
	size_t used = 0;

	words_init(&words, text, length);
	while (words_next(&words, &word) && used + word.length < size) {
		memcpy(out + used, word.text, word.length);
		used += word.length;
	}
	out[used] = '\0';
}
