#include "core/prose.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

/* The code point at `p` (well-formed UTF-8) and how many bytes it takes. */
static uint32_t next_character(const unsigned char *p, size_t *ret_bytes)
{
	static const unsigned char leads[] = {0xff, 0x7f, 0x1f, 0x0f, 0x07};
	size_t bytes = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t character = p[0] & leads[bytes];

	for (size_t i = 1; i < bytes; i++)
		character = character << 6 | (p[i] & 0x3f);
	*ret_bytes = bytes;
	return character;
}

static bool is_fit(uint32_t c)
{
	bool control = (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c <= 0x9f);
	bool turns = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);

	return !control && !turns && c != 0xfeff;
}

char *prose_clean(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	char *copy = xmalloc(strlen(text) + 1);
	char *out = copy;
	char *trimmed;

	while (*p != '\0') {
		size_t bytes;
		uint32_t character = next_character(p, &bytes);

		if (character == '\r') /* CRLF, or an old Mac's CR */
			*out++ = '\n';
		else if (is_fit(character))
			memcpy(out, p, bytes), out += bytes;
		p += character == '\r' && p[1] == '\n' ? 2 : bytes;
	}
	*out = '\0';
	trimmed = str_trim(copy);
	memmove(copy, trimmed, strlen(trimmed) + 1);
	return copy;
}

bool prose_is_clean(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t bytes;

	for (; *p != '\0'; p += bytes)
		if (!is_fit(next_character(p, &bytes)))
			return false;
	return true;
}

size_t prose_length(const char *text)
{
	size_t length = 0;

	for (; *text != '\0'; text++)
		length += ((unsigned char)*text & 0xc0) != 0x80;
	return length;
}
