#include "core/toml_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/util.h"

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* The line after this one; NULL at the end. */
static const char *next_line(const char *line)
{
	const char *stop = strchr(line, '\n');

	return stop != NULL ? stop + 1 : NULL;
}

static bool is_section(const char *line, const char *section)
{
	size_t length = strlen(section);

	line = skip_blanks(line + 1);
	return strncmp(line, section, length) == 0 && *skip_blanks(line + length) == ']';
}

/* The first line of the section; the lines go on up to one that begins with "[". */
static const char *find_section(const char *toml, const char *section)
{
	if (*section == '\0')
		return toml;
	for (const char *line = toml; line != NULL; line = next_line(line)) {
		const char *at = skip_blanks(line);

		if (*at == '[' && is_section(at, section))
			return next_line(line);
	}
	return NULL;
}

static size_t key_length(const char *at)
{
	return strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
}

static char *text_after_equals(const char *at)
{
	const char *stop;
	char quote;

	at = skip_blanks(at);
	if (*at != '=')
		return NULL;
	at = skip_blanks(at + 1);
	quote = *at++;
	if ((quote != '"' && quote != '\'') || (at[0] == quote && at[1] == quote))
		return NULL;
	stop = at + strcspn(at, quote == '"' ? "\"\\\n" : "'\n");
	return *stop == quote ? xstrndup(at, (size_t)(stop - at)) : NULL;
}

char *toml_text(const char *toml, const char *section, const char *key)
{
	for (const char *line = find_section(toml, section); line != NULL; line = next_line(line)) {
		const char *at = skip_blanks(line);
		size_t length = key_length(at);
		char *text;

		if (*at == '[')
			return NULL;
		if (length == 0 || (key != NULL && (strlen(key) != length || strncmp(at, key, length) != 0)))
			continue;
		text = text_after_equals(at + length);
		if (text != NULL || key != NULL)
			return text;
	}
	return NULL;
}

char *toml_first_key(const char *toml, const char *section)
{
	for (const char *line = find_section(toml, section); line != NULL; line = next_line(line)) {
		const char *at = skip_blanks(line);
		size_t quoted = *at == '"', length = key_length(at + quoted);

		if (*at == '[')
			return NULL;
		if (length > 0)
			return xstrndup(at + quoted, length);
	}
	return NULL;
}
