#include "registry/refusal.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Copies what is fit to be shown. */
static void clean(char *out, size_t size, const char *s)
{
	size_t n = 0;

	for (; s != NULL && *s != '\0' && n + 1 < size; s++)
		if ((unsigned char)*s >= 0x20 && (unsigned char)*s < 0x7f)
			out[n++] = *s;
	out[n] = '\0';
}

/* The first error's code and message; "" when the body has none. */
static void read_body(const struct answer *answer, char code[64], char message[160])
{
	json_t *root = answer->body.length > 0 ? json_loadb(answer->body.data, answer->body.length, 0, NULL) : NULL;
	json_t *first = json_array_get(json_object_get(root, "errors"), 0);

	clean(code, 64, json_string_value(json_object_get(first, "code")));
	clean(message, 160, json_string_value(json_object_get(first, "message")));
	json_decref(root);
}

static const struct {
	unsigned status;
	enum error_kind kind;
	int code;
	const char *meaning;
} meanings[] = {
	{401, ERROR_UNAUTHENTICATED, EACCES, "the registry does not take our credentials; check [registry] authfile"},
	{403, ERROR_FORBIDDEN, EPERM, "the registry does not let us"},
	{404, ERROR_NOT_FOUND, ENOENT, "the registry has no such thing"},
	{405, ERROR_UNSUPPORTED, ENOTSUP, "the registry does not do that (is deleting switched off?)"},
	{409, ERROR_CONFLICT, EBUSY, "the registry refuses for now"},
	{412, ERROR_CONFLICT, EBUSY, "the registry protects it"}, /* Harbor: immutable tags, retention */
	{413, ERROR_TOO_LARGE, EDQUOT, "the registry takes nothing so large"},
	{429, ERROR_RATE_LIMITED, EAGAIN, "the registry wants to be asked less often"},
	{501, ERROR_UNSUPPORTED, ENOTSUP, "the registry does not do that"},
	{507, ERROR_TOO_LARGE, EDQUOT, "the registry is full"},
};

/* Harbor says so with 403 DENIED, or 412 for a project's quota; others by TOOMANYREQUESTS or their disk's words. */
static bool is_quota(const struct answer *answer, const char *message)
{
	return (answer->status == 403 || answer->status == 412) &&
	       (strcasestr(message, "quota") != NULL || strcasestr(message, "exceed") != NULL);
}

int refusal(const struct answer *answer, const char *what, struct error *err)
{
	enum error_kind kind = answer->status >= 500 ? ERROR_UNAVAILABLE : ERROR_MALFORMED;
	const char *meaning = answer->status >= 500 ? "the registry is in trouble" : "the registry gives a strange answer";
	int number = answer->status >= 500 ? EIO : EPROTO;
	char code[64], message[160], wait[32] = "";

	read_body(answer, code, message);
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (meanings[i].status != answer->status)
			continue;
		kind = meanings[i].kind;
		meaning = meanings[i].meaning;
		number = meanings[i].code;
	}
	if (is_quota(answer, message)) {
		kind = ERROR_TOO_LARGE;
		meaning = "the registry's quota is used up; raise it there, or delete versions and collect garbage";
		number = EDQUOT;
	}
	if (answer->status == 429 && answer->retry_after != NULL && isdigit((unsigned char)answer->retry_after[0]))
		snprintf(wait, sizeof(wait), ", after %.10s s", answer->retry_after);
	return error_set(err, kind, number, "%s%s (%s: status %u%s%s%s%s)", meaning, wait, what, answer->status, code[0] != '\0' ? ", " : "",
			 code, message[0] != '\0' ? ": " : "", message);
}
