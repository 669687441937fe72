#include "core/password.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

#define DISTINCT_LEAST 4
#define ADDRESS_SIZE   256

static size_t characters(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static int compare(const void *key, const void *entry)
{
	return strcmp(key, *(const char *const *)entry);
}

static bool is_common(const char *folded)
{
	return bsearch(folded, common_passwords, common_passwords_count, sizeof(*common_passwords), compare) != NULL;
}

/* "Sunshine2024!" is "sunshine" to everybody who guesses. */
static void strip(char *folded)
{
	size_t length = strlen(folded);

	while (length > 0 && (isdigit((unsigned char)folded[length - 1]) || ispunct((unsigned char)folded[length - 1])))
		folded[--length] = '\0';
}

static void fold(const char *text, char *out, size_t size)
{
	str_copy(out, size, text);
	for (char *p = out; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
}

/* Characters outside of ASCII are told apart by their bytes, which is close enough. */
static bool is_monotonous(const char *text)
{
	bool seen[256] = {0};
	unsigned distinct = 0;

	for (; *text != '\0'; text++) {
		distinct += !seen[(unsigned char)*text];
		seen[(unsigned char)*text] = true;
	}
	return distinct < DISTINCT_LEAST;
}

static bool are_neighbours(char a, char b)
{
	static const char *const rows[] = {"abcdefghijklmnopqrstuvwxyz",
					   "01234567890",
					   "qwertyuiop",
					   "asdfghjkl;",
					   "zxcvbnm,./",
					   "!@#$%^&*()_+",
					   "azertyuiop",
					   "qwertzuiop"};

	if (a == b)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = strchr(rows[i], a);

		if (at != NULL && (at[1] == b || (at > rows[i] && at[-1] == b)))
			return true;
	}
	return false;
}

/* "qwertyuiop", "abcdefgh", "87654321", "qwertyasdfgh": rows of keys with a jump or two. */
static bool is_row(const char *folded)
{
	size_t jumps = 0;
	size_t length = strlen(folded);

	for (size_t i = 1; i < length; i++)
		jumps += !are_neighbours(folded[i - 1], folded[i]);
	return jumps <= length / 6;
}

/* The name, turned round, twice, or with digits behind it. */
static bool is_made_of(const char *folded, const char *stripped, const char *name)
{
	size_t length = strlen(name);
	size_t whole = strlen(folded);

	if (length < 3)
		return false;
	if (strcmp(folded, name) == 0 || strcmp(stripped, name) == 0)
		return true;
	if (whole == 2 * length && strncmp(folded, name, length) == 0 && strcmp(folded + length, name) == 0)
		return true;
	if (whole != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if (folded[i] != name[length - 1 - i])
			return false;
	return true;
}

const char *password_fault(const char *password, const char *username, const char *email)
{
	char folded[PASSWORD_MAX_BYTES + 1], stripped[PASSWORD_MAX_BYTES + 1], address[ADDRESS_SIZE];
	size_t bytes = strlen(password);
	size_t count = characters(password);

	if (!str_is_utf8(password, bytes))
		return "must be text";
	if (count < PASSWORD_MIN)
		return "must have at least 8 characters";
	if (count > PASSWORD_MAX || bytes > PASSWORD_MAX_BYTES)
		return "must have at most 256 characters";
	fold(password, folded, sizeof(folded));
	str_copy(stripped, sizeof(stripped), folded);
	strip(stripped);
	fold(email != NULL ? email : "", address, sizeof(address));
	if (*address != '\0' && strcmp(folded, address) == 0)
		return "must not be your e-mail address";
	address[strcspn(address, "@")] = '\0';
	if ((username != NULL && is_made_of(folded, stripped, username)) || is_made_of(folded, stripped, address))
		return "must not be made of your name";
	if (is_monotonous(password))
		return "must have more different characters";
	if (is_common(folded) || is_common(stripped) || is_row(folded))
		return "is one of those that everybody tries first; take several words instead";
	return NULL;
}
