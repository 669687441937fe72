#include "core/markup.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* The bytes of the character at `s` (1…4), 0 when they are none. */
static size_t character_length(const char *s)
{
	for (size_t length = 1; length <= 4 && s[length - 1] != '\0'; length++)
		if (str_is_utf8(s, length))
			return length;
	return 0;
}

static bool is_forbidden(const char *s, size_t length)
{
	if (length == 1)
		return (unsigned char)*s < 0x20 && *s != '\t' && *s != '\n' && *s != '\r';
	return length == 3 && memcmp(s, "\xef\xbf", 2) == 0 && (unsigned char)s[2] >= 0xbe; /* U+FFFE, U+FFFF */
}

void markup_append(struct buf *out, const char *text)
{
	size_t length;

	for (const char *p = text; p != NULL && *p != '\0'; p += length > 0 ? length : 1) {
		length = character_length(p);
		if (length == 0 || is_forbidden(p, length))
			buf_append_string(out, REPLACEMENT);
		else if (*p == '&')
			buf_append_string(out, "&amp;");
		else if (*p == '<')
			buf_append_string(out, "&lt;");
		else if (*p == '>')
			buf_append_string(out, "&gt;");
		else if (*p == '"')
			buf_append_string(out, "&#34;");
		else if (*p == '\'')
			buf_append_string(out, "&#39;");
		else
			buf_append(out, p, length);
	}
}

void markup_append_json(struct buf *out, const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	/* These three stand in strings only. */
	for (const char *p = text; p != NULL && *p != '\0'; p++) {
		if (*p == '<' || *p == '>' || *p == '&')
			buf_printf(out, "\\u%04x", (unsigned)*p);
		else
			buf_append_char(out, *p);
	}
	free(text);
}

void markup_append_segment(struct buf *out, const char *segment)
{
	for (const unsigned char *p = (const unsigned char *)segment; *p != '\0'; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-._~", *p) != NULL)
			buf_append_char(out, (char)*p);
		else
			buf_printf(out, "%%%02X", *p);
	}
}
