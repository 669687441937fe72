#include "auth/naming.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "base/str.h"
#include "base/util.h"

#define NUMBERED 20 /* attempts until the words are random */
#define ROOM     6  /* for "-" and a number or random word */

/* Letters and digits of ASCII, and one "-" for each run of others between them; false: too little is left. */
static bool simplify(const char *text, char out[USERNAME_MAX + 1])
{
	size_t used = 0;
	bool gap = false;

	for (const char *p = text; *p != '\0' && *p != '@' && used < USERNAME_MAX - ROOM; p++) {
		unsigned char c = (unsigned char)*p;

		if (c >= 0x80 || !isalnum(c)) {
			gap = used > 0;
			continue;
		}
		if (gap)
			out[used++] = '-';
		gap = false;
		out[used++] = (char)tolower(c);
	}
	out[used] = '\0';
	return used > 0;
}

/* Reserved words stay so with a number behind them. */
static bool is_usable(const char *base)
{
	char numbered[USERNAME_MAX + 1];

	snprintf(numbered, sizeof(numbered), "%.*s-1", USERNAME_MAX - ROOM, base);
	return username_fault(base) == NULL || username_fault(numbered) == NULL;
}

static void find_base(const struct profile *profile, char out[USERNAME_MAX + 1])
{
	const char *const texts[] = {profile->username, profile->email, profile->name};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i] != NULL && simplify(texts[i], out) && is_usable(out))
			return;
	str_copy(out, USERNAME_MAX + 1, "visitor");
}

void naming_choose(const struct profile *profile, unsigned attempt, char out[USERNAME_MAX + 1])
{
	char base[USERNAME_MAX + 1];
	char word[ROOM];

	find_base(profile, base);
	str_copy(out, USERNAME_MAX + 1, base);
	if (attempt == 0 && username_fault(out) == NULL)
		return;
	if (attempt < NUMBERED)
		snprintf(word, sizeof(word), "%u", attempt + 1);
	else
		random_id(word, ROOM - 1);
	snprintf(out, USERNAME_MAX + 1, "%.*s-%s", USERNAME_MAX - ROOM, base, word);
}
