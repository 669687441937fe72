#include "web/bases.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"

const struct base_choice base_choices[] = {
	{"debian:bookworm", "Debian 12 (bookworm)"},
	{"debian:trixie", "Debian 13 (trixie)"},
	{"debian:bullseye", "Debian 11 (bullseye)"},
	{NULL, NULL},
};

const struct base_choice *base_choice_of(const char *reference)
{
	for (const struct base_choice *choice = base_choices; choice->reference != NULL; choice++)
		if (strcmp(choice->reference, reference) == 0)
			return choice;
	return NULL;
}

/* The next word from *at, ended by white space; false at the end of the line. */
static bool next_word(const char **at, char *out, size_t size)
{
	size_t length = 0;

	while (**at == ' ' || **at == '\t')
		(*at)++;
	while (**at != '\0' && !isspace((unsigned char)**at)) {
		if (length + 1 < size)
			out[length] = **at;
		length++;
		(*at)++;
	}
	out[length < size ? length : size - 1] = '\0';
	return length > 0 && length < size;
}

static bool is_known(char names[][BASE_REFERENCE_MAX + 1], size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return false;
}

void bases_find(const char *dockerfile, struct bases *ret_bases)
{
	char stages[BASES_MAX][BASE_REFERENCE_MAX + 1];
	char word[BASE_REFERENCE_MAX + 1];
	size_t stage_count = 0;

	ret_bases->count = 0;
	for (const char *line = dockerfile; line != NULL && *line != '\0'; line = strchr(line, '\n'), line += line != NULL) {
		const char *at = line;

		if (!next_word(&at, word, sizeof(word)) || strcasecmp(word, "FROM") != 0)
			continue;
		do {
			if (!next_word(&at, word, sizeof(word)))
				word[0] = '\0';
		} while (strncmp(word, "--", 2) == 0);
		if (word[0] != '\0' && strchr(word, '$') == NULL && strcasecmp(word, "scratch") != 0 &&
		    !is_known(stages, stage_count, word) && !is_known(ret_bases->references, ret_bases->count, word) &&
		    ret_bases->count < BASES_MAX)
			snprintf(ret_bases->references[ret_bases->count++], sizeof(word), "%s", word);
		if (next_word(&at, word, sizeof(word)) && strcasecmp(word, "AS") == 0 && next_word(&at, word, sizeof(word)) &&
		    stage_count < BASES_MAX)
			snprintf(stages[stage_count++], sizeof(word), "%s", word);
	}
}
