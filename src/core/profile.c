#include "core/profile.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

#define LOCAL_MAX 64
#define LABEL_MAX 63

static bool label_is_valid(const char *label, size_t length)
{
	if (length == 0 || length > LABEL_MAX || label[0] == '-' || label[length - 1] == '-')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)label[i]) && label[i] != '-')
			return false;
	return true;
}

static bool domain_is_valid(const char *domain)
{
	unsigned labels = 0;

	for (;; domain++) {
		size_t length = strcspn(domain, ".");

		if (!label_is_valid(domain, length))
			return false;
		labels++;
		domain += length;
		if (*domain == '\0')
			return labels >= 2;
	}
}

/* RFC 5322 §3.2.3 dot-atom; nobody's real address is quoted. */
static bool local_is_valid(const char *local, size_t length)
{
	if (length == 0 || length > LOCAL_MAX || local[0] == '.' || local[length - 1] == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)local[i]) && strchr("!#$%&'*+/=?^_`{|}~-.", local[i]) == NULL)
			return false;
	return true;
}

const char *email_fault(const char *email)
{
	const char *at = strrchr(email, '@');

	if (strlen(email) > EMAIL_MAX)
		return "must have at most 254 characters";
	if (at == NULL || !local_is_valid(email, (size_t)(at - email)) || !domain_is_valid(at + 1))
		return "must be an e-mail address";
	return NULL;
}

/* The next character of well-formed UTF-8. */
static uint32_t next_character(const char **text)
{
	const unsigned char *p = (const unsigned char *)*text;
	unsigned more = *p < 0x80 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
	uint32_t c = more == 0 ? *p : *p & (0x3fu >> more);

	for (unsigned i = 1; i <= more; i++)
		c = c << 6 | (p[i] & 0x3fu);
	*text += more + 1;
	return c;
}

/* Control characters (C0, C1), marks and overrides of direction, invisible and line-breaking characters, tags, private
 * use: a name with them pretends to be another. */
static bool is_deceptive(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x34f || c == 0x61c || c == 0x115f ||
	       c == 0x1160 || c == 0x17b4 || c == 0x17b5 || (c >= 0x180b && c <= 0x180f) ||
	       (c >= 0x200b && c <= 0x200c) || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0x3164 || c == 0xfeff || c == 0xffa0 ||
	       (c >= 0xfff0 && c <= 0xfffd) || (c >= 0xe000 && c <= 0xf8ff) || c >= 0xe0000;
}

static const char *text_fault(const char *text, size_t most, bool lines, const char *too_long)
{
	size_t count = 0;

	if (!str_is_utf8(text, strlen(text)))
		return "must be text";
	while (*text != '\0') {
		uint32_t c = next_character(&text);

		if (is_deceptive(c) && !(lines && c == '\n'))
			return "must not have invisible characters or such that turn the direction of text";
		if (++count > most)
			return too_long;
	}
	return NULL;
}

const char *display_name_fault(const char *name)
{
	const char *fault = text_fault(name, DISPLAY_NAME_MAX, false, "must have at most 80 characters");

	if (fault != NULL)
		return fault;
	while (*name == ' ')
		name++;
	return *name == '\0' ? "must not be empty" : NULL;
}

const char *bio_fault(const char *bio)
{
	return text_fault(bio, BIO_MAX, true, "must have at most 500 characters");
}
