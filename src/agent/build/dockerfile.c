#include "agent/build/dockerfile.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

#define ARGS_MAX 64
#define VALUE_MAX ((size_t)4096)
#define EXPAND_DEPTH 8

#if defined(__x86_64__)
#define ARCHITECTURE "amd64"
#elif defined(__aarch64__)
#define ARCHITECTURE "arm64"
#else
#define ARCHITECTURE ""
#endif

struct argument {
	char *name;
	char *value;
};

struct stage {
	char *name; /* NULL: it has none */
	int base;   /* of the images; -1: scratch */
};

struct scan {
	const char *at;
	const char *end;
	unsigned line; /* where the instruction in hand starts */
	unsigned next_line;
	char escape;
	bool open; /* the text ended where a line should have continued */
	struct buf text; /* the instruction, continuation lines joined */
	struct argument args[ARGS_MAX];
	size_t arg_count;
	struct stage stages[DOCKERFILE_STAGES_MAX];
	size_t stage_count;
	struct dockerfile *file;
	struct error *err;
};

static int malformed(struct scan *scan, const char *what)
{
	return error_set(scan->err, ERROR_MALFORMED, EINVAL, "Dockerfile, line %u: %s", scan->line, what);
}

static const char *line_end(const struct scan *scan)
{
	const char *end = memchr(scan->at, '\n', (size_t)(scan->end - scan->at));

	return end != NULL ? end : scan->end;
}

/* "# escape=`" in the first lines changes the character of continuation; any other line ends the directives. */
static void read_directives(struct scan *scan)
{
	const char *at = scan->at;

	while (at < scan->end && *at == '#') {
		const char *end = memchr(at, '\n', (size_t)(scan->end - at));
		size_t n = (size_t)((end != NULL ? end : scan->end) - at);
		auto_free char *line = xstrndup(at + 1, n - 1);
		char *equals = strchr(line, '=');
		char *value;

		if (equals == NULL)
			return;
		*equals = '\0';
		value = str_trim(equals + 1);
		if (strcasecmp(str_trim(line), "escape") == 0 && (strcmp(value, "`") == 0 || strcmp(value, "\\") == 0))
			scan->escape = *value;
		if (end == NULL)
			return;
		at = end + 1;
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Appends one line without its end; true when it goes on in the next one. */
static bool take_line(struct scan *scan, const char *start, const char *end)
{
	while (end > start && is_blank(end[-1]))
		end--;
	if (end > start && end[-1] == scan->escape) {
		buf_append(&scan->text, start, (size_t)(end - start) - 1);
		return true;
	}
	buf_append(&scan->text, start, (size_t)(end - start));
	return false;
}

/* The next instruction into scan->text; false at the end. Comments and empty lines count for nothing, also between continued ones. */
static bool next_instruction(struct scan *scan)
{
	scan->open = false;
	buf_clear(&scan->text);
	while (scan->at < scan->end) {
		const char *whole = scan->at;
		const char *start = whole;
		const char *end = line_end(scan);
		unsigned line = scan->next_line++;

		scan->at = end < scan->end ? end + 1 : scan->end;
		while (start < end && is_blank(*start))
			start++;
		if (start == end || *start == '#')
			continue;
		if (!scan->open)
			scan->line = line;
		/* A line that continues another keeps its indent: it may be what parts two words. */
		scan->open = take_line(scan, scan->open ? whole : start, end);
		if (!scan->open)
			return true;
	}
	return scan->text.length > 0;
}

static const char *find_argument(const struct scan *scan, const char *name, size_t length)
{
	static const struct {
		const char *name;
		const char *value;
	} known[] = {{"TARGETPLATFORM", "linux/" ARCHITECTURE}, {"BUILDPLATFORM", "linux/" ARCHITECTURE},
		     {"TARGETOS", "linux"},			{"BUILDOS", "linux"},
		     {"TARGETARCH", ARCHITECTURE},		{"BUILDARCH", ARCHITECTURE},
		     {"TARGETVARIANT", ""},			{"BUILDVARIANT", ""}};

	for (size_t i = scan->arg_count; i-- > 0;)
		if (strlen(scan->args[i].name) == length && memcmp(scan->args[i].name, name, length) == 0)
			return scan->args[i].value;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strlen(known[i].name) == length && memcmp(known[i].name, name, length) == 0)
			return known[i].value;
	return NULL;
}

static size_t name_length(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

static int expand(struct scan *scan, const char *s, size_t length, unsigned depth, struct buf *out);

/* "${NAME}", "${NAME:-word}", "${NAME:+word}" (also without the colon): gives where it ends, or NULL when it is none of these. */
static const char *expand_braces(struct scan *scan, const char *s, const char *end, unsigned depth, struct buf *out)
{
	const char *name = s + 2;
	size_t n = name_length(name);
	const char *after = name + n;
	const char *value = find_argument(scan, name, n);
	unsigned open = 1;
	bool colon = after < end && *after == ':';
	const char *word, *close;
	char op;

	if (n == 0 || after >= end)
		return NULL;
	if (*after == '}') {
		buf_append_string(out, value != NULL ? value : "");
		return after + 1;
	}
	op = colon && after + 1 < end ? after[1] : *after;
	word = after + (colon ? 2 : 1);
	if ((op != '-' && op != '+') || word > end)
		return NULL;
	for (close = word; close < end; close++) {
		if (*close == '{')
			open++;
		else if (*close == '}' && --open == 0)
			break;
	}
	if (close == end)
		return NULL;
	if (value != NULL && colon && *value == '\0')
		value = NULL;
	if (op == '-' && value != NULL)
		buf_append_string(out, value);
	else if ((op == '-') == (value == NULL) && expand(scan, word, (size_t)(close - word), depth + 1, out) < 0)
		return NULL;
	return close + 1;
}

static int expand(struct scan *scan, const char *s, size_t length, unsigned depth, struct buf *out)
{
	const char *end = s + length;

	if (depth > EXPAND_DEPTH)
		return -EINVAL;
	while (s < end) {
		if (*s == scan->escape && s + 1 < end) {
			buf_append_char(out, s[1]);
			s += 2;
		} else if (*s == '"' || *s == '\'') {
			s++;
		} else if (*s == '$' && s + 1 < end && s[1] == '{') {
			s = expand_braces(scan, s, end, depth, out);
			if (s == NULL)
				return -EINVAL;
		} else if (*s == '$' && s + 1 < end && name_length(s + 1) > 0) {
			size_t n = min_size(name_length(s + 1), (size_t)(end - s) - 1);
			const char *value = find_argument(scan, s + 1, n);

			buf_append_string(out, value != NULL ? value : "");
			s += 1 + n;
		} else {
			buf_append_char(out, *s++);
		}
		if (out->length > VALUE_MAX)
			return -EINVAL;
	}
	return 0;
}

static int take_arg(struct scan *scan, char *rest)
{
	char *place = NULL;

	if (scan->stage_count > 0)
		return 0; /* inside a stage: no FROM can use it */
	for (char *word = strtok_r(rest, " \t", &place); word != NULL; word = strtok_r(NULL, " \t", &place)) {
		auto_buf struct buf value = BUF_INIT;
		char *equals = strchr(word, '=');

		if (equals == NULL)
			continue; /* without a default it stays empty here: nobody gives build arguments */
		*equals = '\0';
		if (expand(scan, equals + 1, strlen(equals + 1), 0, &value) < 0)
			return malformed(scan, "this ARG cannot be understood");
		if (scan->arg_count == ARGS_MAX)
			return error_set(scan->err, ERROR_TOO_LARGE, E2BIG, "Dockerfile, line %u: more than %d ARGs before FROM",
					 scan->line, ARGS_MAX);
		scan->args[scan->arg_count++] = (struct argument){.name = xstrdup(word), .value = buf_steal(&value)};
	}
	return 0;
}

/* The stage of that name or number; -1: none. */
static int find_stage(const struct scan *scan, const char *name)
{
	uint64_t number;

	for (size_t i = scan->stage_count; i-- > 0;)
		if (scan->stages[i].name != NULL && strcasecmp(scan->stages[i].name, name) == 0)
			return (int)i;
	if (str_to_u64(name, DOCKERFILE_STAGES_MAX, &number) == 0 && number < scan->stage_count)
		return (int)number;
	return -1;
}

static int add_name(struct scan *scan, const char *text, int base)
{
	struct dockerfile *file = scan->file;

	for (size_t i = 0; i < file->name_count; i++)
		if (file->names[i].base == base && strcmp(file->names[i].text, text) == 0)
			return 0;
	if (file->name_count == DOCKERFILE_NAMES_MAX)
		return error_set(scan->err, ERROR_TOO_LARGE, E2BIG, "Dockerfile, line %u: more than %d ways to name base images", scan->line,
				 DOCKERFILE_NAMES_MAX);
	file->names[file->name_count++] = (struct dockerfile_name){.text = xstrdup(text), .base = base};
	return 0;
}

/* `text` is how the file names it. */
static int add_base(struct scan *scan, const char *reference, const char *text, int *ret_index)
{
	struct dockerfile *file = scan->file;
	size_t i = 0;

	while (i < file->base_count && strcmp(file->bases[i], reference) != 0)
		i++;
	if (i == DOCKERFILE_BASES_MAX)
		return error_set(scan->err, ERROR_TOO_LARGE, E2BIG, "Dockerfile, line %u: more than %d base images", scan->line,
				 DOCKERFILE_BASES_MAX);
	if (i == file->base_count)
		file->bases[file->base_count++] = xstrdup(reference);
	*ret_index = (int)i;
	return add_name(scan, text, (int)i);
}

static int add_stage(struct scan *scan, const char *image, const char *text, const char *name)
{
	int from = find_stage(scan, image);
	int base = -1;
	int r = 0;

	if (scan->stage_count == DOCKERFILE_STAGES_MAX)
		return error_set(scan->err, ERROR_TOO_LARGE, E2BIG, "Dockerfile, line %u: more than %d stages", scan->line,
				 DOCKERFILE_STAGES_MAX);
	if (from >= 0)
		base = scan->stages[from].base;
	else if (strcmp(image, "scratch") != 0)
		r = add_base(scan, image, text, &base);
	if (r == 0)
		scan->stages[scan->stage_count++] = (struct stage){.name = xstrdup(name), .base = base};
	return r;
}

/* FROM [--platform=…] image [AS name] */
static int take_from(struct scan *scan, char *rest)
{
	auto_buf struct buf image = BUF_INIT;
	char *place = NULL;
	char *word = strtok_r(rest, " \t", &place);
	char *as, *name;

	while (word != NULL && str_starts_with(word, "--"))
		word = strtok_r(NULL, " \t", &place);
	if (word == NULL)
		return malformed(scan, "FROM needs an image");
	if (expand(scan, word, strlen(word), 0, &image) < 0)
		return malformed(scan, "the image of this FROM cannot be understood");
	if (image.length == 0)
		return malformed(scan, "the image of this FROM is empty: give its ARG a default value");
	as = strtok_r(NULL, " \t", &place);
	name = as != NULL ? strtok_r(NULL, " \t", &place) : NULL;
	if (as != NULL && (strcasecmp(as, "as") != 0 || name == NULL || strtok_r(NULL, " \t", &place) != NULL))
		return malformed(scan, "FROM is written as: FROM image [AS name]");
	return add_stage(scan, image.data, word, name);
}

/* An image that files are taken from; what has arguments in it is left to buildah. */
static int take_source(struct scan *scan, const char *image)
{
	int ignored;

	if (*image == '\0' || strchr(image, '$') != NULL || strcmp(image, "scratch") == 0 || find_stage(scan, image) >= 0)
		return 0;
	return add_base(scan, image, image, &ignored);
}

/* COPY --from=image …, RUN --mount=type=bind,from=image,… */
static int take_flags(struct scan *scan, char *rest)
{
	char *place = NULL;
	int r = 0;

	for (char *word = strtok_r(rest, " \t", &place); r == 0 && word != NULL && str_starts_with(word, "--");
	     word = strtok_r(NULL, " \t", &place)) {
		char *inner = NULL;

		if (str_starts_with(word, "--from=")) {
			r = take_source(scan, word + strlen("--from="));
		} else if (str_starts_with(word, "--mount=")) {
			for (char *part = strtok_r(word + strlen("--mount="), ",", &inner); r == 0 && part != NULL;
			     part = strtok_r(NULL, ",", &inner))
				if (str_starts_with(part, "from="))
					r = take_source(scan, part + strlen("from="));
		}
	}
	return r;
}

static int take_instruction(struct scan *scan)
{
	char *rest = scan->text.data;
	char *word = strsep(&rest, " \t");

	if (rest == NULL)
		rest = word + strlen(word);
	if (strcasecmp(word, "ARG") == 0)
		return take_arg(scan, rest);
	if (strcasecmp(word, "FROM") == 0)
		return take_from(scan, rest);
	if (scan->stage_count > 0 && (strcasecmp(word, "COPY") == 0 || strcasecmp(word, "RUN") == 0))
		return take_flags(scan, rest);
	if (strcasecmp(word, "HEALTHCHECK") == 0)
		scan->file->healthcheck = true;
	return scan->stage_count > 0 ? 0 : malformed(scan, "a Dockerfile starts with FROM (only ARG may stand before it)");
}

static int scan_all(struct scan *scan)
{
	int r = 0;

	while (r == 0 && next_instruction(scan))
		r = scan->text.length > 0 ? take_instruction(scan) : 0;
	if (r == 0 && scan->stage_count == 0)
		r = error_set(scan->err, ERROR_MALFORMED, EINVAL, "the Dockerfile has no FROM: its first line names the image to build on");
	return r;
}

static struct scan *scan_new(const char *text, size_t length)
{
	struct scan *scan = xmalloc(sizeof(*scan));

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
		text += 3;
		length -= 3;
	}
	*scan = (struct scan){.at = text, .end = text + length, .line = 1, .next_line = 1, .escape = '\\'};
	read_directives(scan);
	return scan;
}

int dockerfile_scan(const char *text, size_t length, struct dockerfile *ret_file, struct error *err)
{
	struct scan *scan;
	int r;

	*ret_file = (struct dockerfile){.last = -1};
	if (length > DOCKERFILE_SIZE_MAX)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "the Dockerfile is larger than %zu KiB", DOCKERFILE_SIZE_MAX >> 10);
	if (memchr(text, '\0', length) != NULL)
		return error_set(err, ERROR_MALFORMED, EINVAL, "the Dockerfile is no text: it has a NUL byte");
	scan = scan_new(text, length);
	scan->file = ret_file;
	scan->err = err;
	r = scan_all(scan);
	if (r == 0)
		ret_file->last = scan->stages[scan->stage_count - 1].base;
	else
		dockerfile_fini(ret_file);
	for (size_t i = 0; i < scan->arg_count; i++) {
		free(scan->args[i].name);
		free(scan->args[i].value);
	}
	for (size_t i = 0; i < scan->stage_count; i++)
		free(scan->stages[i].name);
	buf_fini(&scan->text);
	free(scan);
	return r;
}

void dockerfile_after_from(const char *text, size_t length, const char *lines, struct buf *out)
{
	struct scan *scan = scan_new(text, length);
	const char *copied = text;

	while (next_instruction(scan)) {
		if (scan->text.length < 5 || strncasecmp(scan->text.data, "FROM", 4) != 0 || !is_blank(scan->text.data[4]) || scan->open)
			continue; /* behind an open line ours would be a part of it */
		buf_append(out, copied, (size_t)(scan->at - copied));
		if (scan->at > text && scan->at[-1] != '\n')
			buf_append_char(out, '\n');
		buf_append_string(out, lines);
		copied = scan->at;
	}
	buf_append(out, copied, (size_t)(scan->end - copied));
	buf_fini(&scan->text);
	free(scan);
}

void dockerfile_fini(struct dockerfile *file)
{
	for (size_t i = 0; i < file->base_count; i++)
		free(file->bases[i]);
	for (size_t i = 0; i < file->name_count; i++)
		free(file->names[i].text);
	file->base_count = 0;
	file->name_count = 0;
}
