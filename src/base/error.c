#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

static const char *const kind_names[ERROR_KINDS] = {
	[ERROR_NONE] = "none",
	[ERROR_INTERNAL] = "internal",
	[ERROR_MALFORMED] = "malformed",
	[ERROR_INVALID] = "invalid",
	[ERROR_UNAUTHENTICATED] = "unauthenticated",
	[ERROR_FORBIDDEN] = "forbidden",
	[ERROR_NOT_FOUND] = "not_found",
	[ERROR_CONFLICT] = "conflict",
	[ERROR_TOO_LARGE] = "too_large",
	[ERROR_UNSUPPORTED] = "unsupported",
	[ERROR_RATE_LIMITED] = "rate_limited",
	[ERROR_UNAVAILABLE] = "unavailable",
	[ERROR_TIMEOUT] = "timeout",
	[ERROR_CANCELLED] = "cancelled",
};

/* Messages go into JSON, and that takes nothing but UTF-8. What programs and registries say may be anything, and a cut may go through
 * the middle of a character. */
static void keep_text(char *message)
{
	size_t length = strlen(message);

	if (str_is_utf8(message, length))
		return;
	for (size_t i = 0, n; i < length; i += n) {
		unsigned char lead = (unsigned char)message[i];

		n = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
		if (n <= length - i && str_is_utf8(message + i, n))
			continue;
		message[i] = '?';
		n = 1;
	}
}

static int fill(struct error *err, enum error_kind kind, int code, const char *format, va_list args)
{
	code = code == 0 ? -EIO : -abs(code);
	if (err != NULL) {
		err->code = code;
		err->kind = kind;
		vsnprintf(err->message, sizeof(err->message), format, args);
		keep_text(err->message);
	}
	return code;
}

int error_set(struct error *err, enum error_kind kind, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	code = fill(err, kind, code, format, args);
	va_end(args);
	return code;
}

int error_errno(struct error *err, int code, const char *format, ...)
{
	va_list args;
	size_t used;

	va_start(args, format);
	code = fill(err, ERROR_INTERNAL, code, format, args);
	va_end(args);
	if (err != NULL) {
		used = strlen(err->message);
		snprintf(err->message + used, sizeof(err->message) - used, ": %s", strerror(-code));
		keep_text(err->message);
	}
	return code;
}

int error_wrap(struct error *err, const char *format, ...)
{
	char before[ERROR_MESSAGE_MAX];
	char after[ERROR_MESSAGE_MAX];
	va_list args;
	size_t used;

	if (err == NULL)
		return -EIO;
	va_start(args, format);
	vsnprintf(before, sizeof(before), format, args);
	va_end(args);
	memcpy(after, err->message, sizeof(after));
	snprintf(err->message, sizeof(err->message), "%s", before);
	used = strlen(err->message);
	snprintf(err->message + used, sizeof(err->message) - used, ": %s", after);
	keep_text(err->message);
	return err->code != 0 ? err->code : -EIO;
}

const char *error_kind_name(enum error_kind kind)
{
	return kind < ERROR_KINDS ? kind_names[kind] : kind_names[ERROR_INTERNAL];
}

enum error_kind error_kind_from_name(const char *name)
{
	for (size_t i = 0; name != NULL && i < ARRAY_SIZE(kind_names); i++)
		if (strcmp(kind_names[i], name) == 0)
			return (enum error_kind)i;
	return ERROR_INTERNAL;
}
