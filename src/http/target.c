#include "http/target.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int bad(struct error *err, const char *what)
{
	return error_set(err, ERROR_MALFORMED, EBADMSG, "the address of the request holds %s", what);
}

/* Decodes `length` bytes to `out` (never longer) and ends them with a NUL. */
static int decode(const char *in, size_t length, bool query, char *out, size_t *ret_length, struct error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)in[i];

		if (c == '%') {
			int high = i + 1 < length ? hex_value(in[i + 1]) : -1;
			int low = i + 2 < length ? hex_value(in[i + 2]) : -1;

			if (high < 0 || low < 0)
				return bad(err, "a broken % escape");
			c = (unsigned char)(high << 4 | low);
			i += 2;
			if (!query && c == '/')
				return bad(err, "an escaped slash");
		} else if (c == '+' && query) {
			c = ' ';
		}
		/* Line ends and tabs may stand in a query's text, nowhere else. */
		if (c == 0x7f || (c < 0x20 && !(query && (c == '\n' || c == '\r' || c == '\t'))))
			return bad(err, "a control character");
		out[n++] = (char)c;
	}
	out[n] = '\0';
	if (!str_is_utf8(out, n))
		return bad(err, "bytes that are not UTF-8");
	*ret_length = n;
	return 0;
}

/* The path of "http://host/path" (RFC 9112 §3.2.2); everything else stays. */
static const char *skip_authority(const char *raw)
{
	const char *slash;

	if (strncasecmp(raw, "http://", 7) == 0)
		slash = strchr(raw + 7, '/');
	else if (strncasecmp(raw, "https://", 8) == 0)
		slash = strchr(raw + 8, '/');
	else
		return raw;
	return slash != NULL ? slash : "/";
}

static int parse_path(const char *raw, size_t length, struct target *target, char **out, struct error *err)
{
	char *path = *out;
	size_t used = 0;
	const char *at = raw + 1;
	const char *end = raw + length;
	/* The decoded path as a whole comes first, its segments once more behind it, each with a NUL of its own. */
	char *segment = path + length + 1;

	target->path = path;
	while (at <= end) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		size_t n = (size_t)((slash != NULL ? slash : end) - at);
		size_t decoded;
		int r;

		if (target->segment_count == TARGET_SEGMENTS_MAX)
			return error_set(err, ERROR_TOO_LARGE, E2BIG, "the address of the request has too many parts");
		r = decode(at, n, false, segment, &decoded, err);
		if (r < 0)
			return r;
		if (strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0)
			return bad(err, "a relative part");
		path[used++] = '/';
		memcpy(path + used, segment, decoded);
		used += decoded;
		target->segments[target->segment_count++] = segment;
		segment += decoded + 1;
		if (slash == NULL)
			break;
		at = slash + 1;
	}
	path[used] = '\0';
	if (target->segment_count == 1 && *target->segments[0] == '\0')
		target->segment_count = 0;
	*out = segment;
	return 0;
}

static int parse_query(const char *raw, struct target *target, char *out, struct error *err)
{
	while (*raw != '\0') {
		size_t length = strcspn(raw, "&");
		size_t name_length = strcspn(raw, "=&");
		size_t n;
		int r;

		if (length > 0) {
			struct target_pair *pair = &target->query[target->query_count];

			if (target->query_count == TARGET_QUERY_MAX)
				return error_set(err, ERROR_TOO_LARGE, E2BIG, "the query has too many parts");
			r = decode(raw, name_length, true, out, &n, err);
			if (r < 0)
				return r;
			pair->name = out;
			out += n + 1;
			name_length += name_length < length; /* the "=" */
			r = decode(raw + name_length, length - name_length, true, out, &n, err);
			if (r < 0)
				return r;
			pair->value = out;
			out += n + 1;
			target->query_count++;
		}
		raw += length;
		if (*raw == '&')
			raw++;
	}
	return 0;
}

int target_parse(const char *raw, struct target *ret_target, struct error *err)
{
	size_t length;
	size_t path_length;
	char *out;
	int r;

	memset(ret_target, 0, sizeof(*ret_target));
	ret_target->path = "";
	if (raw == NULL || strlen(raw) > TARGET_MAX)
		return error_set(err, ERROR_TOO_LARGE, E2BIG, "the address of the request is too long");
	raw = skip_authority(raw);
	if (*raw != '/')
		return bad(err, "no path");
	length = strlen(raw);
	path_length = strcspn(raw, "?#");
	/* Path twice with a NUL for each segment, and the query with two for each pair. */
	out = ret_target->memory = xmalloc(3 * length + TARGET_SEGMENTS_MAX + 2 * TARGET_QUERY_MAX + 8);
	r = parse_path(raw, path_length, ret_target, &out, err);
	if (r == 0 && raw[path_length] == '?')
		r = parse_query(raw + path_length + 1, ret_target, out, err);
	if (r < 0) {
		target_fini(ret_target);
		ret_target->path = "";
	}
	return r;
}

void target_fini(struct target *target)
{
	free(target->memory);
	memset(target, 0, sizeof(*target));
}

const char *target_query(const struct target *target, const char *name)
{
	for (size_t i = 0; i < target->query_count; i++)
		if (strcmp(target->query[i].name, name) == 0)
			return target->query[i].value;
	return NULL;
}
