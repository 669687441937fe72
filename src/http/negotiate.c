#include "http/negotiate.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char *skip_space(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

static size_t trimmed(const char *start, const char *end)
{
	while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (size_t)(end - start);
}

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ); anything else counts as 0. */
static unsigned parse_quality(const char *p, const char *end)
{
	unsigned value;
	unsigned scale = 100;

	if (p == end || (*p != '0' && *p != '1'))
		return 0;
	value = (unsigned)(*p++ - '0') * 1000;
	if (p < end && *p == '.')
		for (p++; p < end && *p >= '0' && *p <= '9' && scale > 0; p++, scale /= 10)
			value += (unsigned)(*p - '0') * scale;
	return value > 1000 ? 1000 : value;
}

static unsigned quality_of(const char *item, const char *end)
{
	const char *semicolon = memchr(item, ';', (size_t)(end - item));

	while (semicolon != NULL) {
		const char *p = skip_space(semicolon + 1);

		semicolon = memchr(p, ';', (size_t)(end - p));
		if (p + 1 < end && (*p == 'q' || *p == 'Q') && p[1] == '=') {
			const char *stop = semicolon != NULL ? semicolon : end;

			return parse_quality(p + 2, p + 2 + trimmed(p + 2, stop));
		}
	}
	return 1000;
}

unsigned accept_encoding_quality(const char *header, const char *coding)
{
	unsigned any = strcmp(coding, "identity") == 0 ? 1 : 0; /* below everything that is named */
	size_t length = strlen(coding);

	if (header == NULL)
		return any;
	while (*header != '\0') {
		const char *item = skip_space(header);
		const char *end = item + strcspn(item, ",");
		const char *name_end = item;
		size_t name_length;

		while (name_end < end && *name_end != ';')
			name_end++;
		name_length = trimmed(item, name_end);
		if (name_length == length && strncasecmp(item, coding, length) == 0)
			return quality_of(item, end);
		if (name_length == 1 && *item == '*')
			any = quality_of(item, end);
		header = *end == ',' ? end + 1 : end;
	}
	return any;
}

unsigned accept_language_quality(const char *header, const char *language)
{
	size_t length = strlen(language);
	unsigned any = 0, best = 0;
	bool named = false;

	while (header != NULL && *header != '\0') {
		const char *item = skip_space(header);
		const char *end = item + strcspn(item, ",");
		unsigned quality = quality_of(item, end);

		if (*item == '*') {
			any = quality;
		} else if (strncasecmp(item, language, length) == 0 && strchr("-,; \t", item[length]) != NULL) {
			named = true;
			best = quality > best ? quality : best;
		}
		header = *end == ',' ? end + 1 : end;
	}
	return named ? best : any;
}

bool etag_matches(const char *header, const char *etag)
{
	size_t length = strlen(etag);

	if (header == NULL)
		return false;
	if (strcmp(skip_space(header), "*") == 0)
		return true;
	while (*header != '\0') {
		const char *tag = skip_space(header);
		const char *close;

		if (tag[0] == 'W' && tag[1] == '/')
			tag += 2;
		if (*tag != '"')
			return false;
		close = strchr(tag + 1, '"');
		if (close == NULL)
			return false;
		if ((size_t)(close + 1 - tag) == length && memcmp(tag, etag, length) == 0)
			return true;
		header = skip_space(close + 1);
		if (*header == ',')
			header++;
		else if (*header != '\0')
			return false;
	}
	return false;
}

bool header_has_token(const char *header, const char *token, bool exact)
{
	size_t length = strlen(token);

	while (header != NULL && *header != '\0') {
		const char *item = skip_space(header);
		const char *end = item + strcspn(item, ",");

		if (trimmed(item, end) == length &&
		    (exact ? strncmp(item, token, length) : strncasecmp(item, token, length)) == 0)
			return true;
		header = *end == ',' ? end + 1 : end;
	}
	return false;
}

bool media_type_is(const char *header, const char *type)
{
	size_t length = strlen(type);

	if (header == NULL)
		return false;
	header = skip_space(header);
	return strncasecmp(header, type, length) == 0 &&
	       (header[length] == '\0' || strchr("; \t", header[length]) != NULL);
}
