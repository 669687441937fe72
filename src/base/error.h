/* Errors as values: a negative errno as the return value, and an optional struct on the caller's stack that says why. */
#pragma once

#include <stdarg.h>

/* What the error means to whoever asked. http/ has the one table that maps these to status codes. */
enum error_kind {
	ERROR_NONE = 0,
	ERROR_INTERNAL,	       /* our fault, or the machine's */
	ERROR_MALFORMED,       /* cannot be parsed */
	ERROR_INVALID,	       /* parsed, but breaks a rule */
	ERROR_UNAUTHENTICATED, /* nobody is signed in */
	ERROR_FORBIDDEN,       /* not yours */
	ERROR_NOT_FOUND,
	ERROR_CONFLICT,
	ERROR_TOO_LARGE,
	ERROR_UNSUPPORTED,
	ERROR_RATE_LIMITED,
	ERROR_UNAVAILABLE, /* try later: a part is away, or full */
	ERROR_TIMEOUT,
	ERROR_CANCELLED,
	ERROR_KINDS
};

#define ERROR_MESSAGE_MAX 384

struct error {
	int code; /* negative errno, 0 while there is no error */
	enum error_kind kind;
	char message[ERROR_MESSAGE_MAX]; /* for a person: what was wrong, with what, what to do */
};

/* Fills `err` (which may be NULL) and returns -abs(code), so that `return error_set(err, ERROR_INVALID, EINVAL, …)` works. */
int error_set(struct error *err, enum error_kind kind, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* As error_set for a failed system call: kind ERROR_INTERNAL, and ": <strerror>" is added. */
int error_errno(struct error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "<format>: " before the message that `err` already holds; returns err->code (-EIO if there was none). */
int error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The kind's name on the wire ("not_found"), and back (ERROR_INTERNAL for an unknown name). */
const char *error_kind_name(enum error_kind kind);
enum error_kind error_kind_from_name(const char *name);
