#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/util.h"

bool str_equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool str_starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends_with(const char *s, const char *suffix)
{
	size_t length = strlen(s);
	size_t end = strlen(suffix);

	return length >= end && strcmp(s + length - end, suffix) == 0;
}

char *str_trim(char *s)
{
	size_t length;

	while (isspace((unsigned char)*s))
		s++;
	length = strlen(s);
	while (length > 0 && isspace((unsigned char)s[length - 1]))
		s[--length] = '\0';
	return s;
}

static int parse_digits(const char *s, uint64_t max, uint64_t *ret_value, const char **ret_end)
{
	uint64_t value = 0;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (digit > max || value > (max - digit) / 10)
			return -ERANGE;
		value = value * 10 + digit;
	}
	if (p == s)
		return -EINVAL;
	*ret_value = value;
	*ret_end = p;
	return 0;
}

int str_to_u64(const char *s, uint64_t max, uint64_t *ret_value)
{
	const char *end;
	uint64_t value;
	int r = parse_digits(s, max, &value, &end);

	if (r < 0)
		return r;
	if (*end != '\0')
		return -EINVAL;
	*ret_value = value;
	return 0;
}

struct unit {
	char suffix;
	uint64_t factor;
};

static int parse_with_unit(const char *s, const struct unit *units, size_t n, uint64_t *ret_value)
{
	const char *end;
	uint64_t value;
	uint64_t factor = 0;
	int r = parse_digits(s, INT64_MAX, &value, &end);

	if (r < 0)
		return r;
	if (*end == '\0')
		factor = 1;
	for (size_t i = 0; factor == 0 && i < n; i++)
		if (*end == units[i].suffix && end[1] == '\0')
			factor = units[i].factor;
	if (factor == 0)
		return -EINVAL;
	if (value > INT64_MAX / factor)
		return -ERANGE;
	*ret_value = value * factor;
	return 0;
}

int str_to_size(const char *s, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
		{'K', 1ull << 10}, {'M', 1ull << 20}, {'G', 1ull << 30}, {'T', 1ull << 40}};

	return parse_with_unit(s, units, ARRAY_SIZE(units), ret_bytes);
}

int str_to_seconds(const char *s, uint64_t *ret_seconds)
{
	static const struct unit units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};

	return parse_with_unit(s, units, ARRAY_SIZE(units), ret_seconds);
}

int str_to_bool(const char *s, bool *ret_value)
{
	static const char *const yes[] = {"yes", "true", "on", "1"};
	static const char *const no[] = {"no", "false", "off", "0"};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcmp(s, yes[i]) == 0 || strcmp(s, no[i]) == 0) {
			*ret_value = strcmp(s, yes[i]) == 0;
			return 0;
		}
	}
	return -EINVAL;
}

/* The length of the well-formed sequence at `s`, or 0 (Unicode 15, table 3-7). */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
	unsigned char low = 0x80;
	unsigned char high = 0xBF;
	size_t length;

	if (s[0] < 0x80)
		return s[0] != 0 ? 1 : 0;
	if (s[0] >= 0xC2 && s[0] <= 0xDF)
		length = 2;
	else if (s[0] >= 0xE0 && s[0] <= 0xEF)
		length = 3;
	else if (s[0] >= 0xF0 && s[0] <= 0xF4)
		length = 4;
	else
		return 0;
	if (length > left)
		return 0;
	if (s[0] == 0xE0)
		low = 0xA0;
	else if (s[0] == 0xED)
		high = 0x9F;
	else if (s[0] == 0xF0)
		low = 0x90;
	else if (s[0] == 0xF4)
		high = 0x8F;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (s[i] < 0x80 || s[i] > 0xBF)
			return 0;
	return length;
}

bool str_is_utf8(const char *s, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)s;

	for (size_t i = 0; i < length;) {
		size_t n = utf8_sequence(bytes + i, length - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

void str_hex(const void *data, size_t length, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;

	for (size_t i = 0; i < length; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * length] = '\0';
}

void str_copy(char *out, size_t size, const char *s)
{
	size_t length = s != NULL ? strlen(s) : 0;

	if (length >= size) {
		length = size - 1;
		while (length > 0 && ((unsigned char)s[length] & 0xc0) == 0x80)
			length--;
	}
	if (length > 0)
		memcpy(out, s, length);
	out[length] = '\0';
}
