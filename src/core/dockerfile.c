#include "core/dockerfile.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "core/reference.h"

static int check_text(const char *what, const char *text, size_t length, struct error *err)
{
	if (length > SCRIPT_MAX)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "%s is longer than %d KiB", what, SCRIPT_MAX / 1024);
	if (!str_is_utf8(text, length))
		return error_set(err, ERROR_INVALID, EINVAL, "%s must be UTF-8 text without NUL bytes", what);
	for (size_t i = 0; i < length; i++)
		if (strchr(" \t\r\n", text[i]) == NULL)
			return 0;
	return error_set(err, ERROR_INVALID, EINVAL, "%s is empty", what);
}

/* CRLF and lone CR become LF: `sh` would take a CR for a part of the word. */
static void append_with_lf(struct buf *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] != '\r')
			buf_append_char(out, text[i]);
		else if (i + 1 == length || text[i + 1] != '\n')
			buf_append_char(out, '\n');
	}
	if (out->length > 0 && out->data[out->length - 1] != '\n')
		buf_append_char(out, '\n');
}

/* LABEL name="value": in double quotes, where a Dockerfile knows \" \\ and $; a line break would end the instruction. */
static void append_label(struct buf *out, const char *name, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	buf_printf(out, "LABEL org.opencontainers.image.%s=\"", name);
	for (; *value != '\0'; value++) {
		if (strchr("\"\\$", *value) != NULL)
			buf_append_char(out, '\\');
		buf_append_char(out, (unsigned char)*value < 0x20 || *value == 0x7f ? ' ' : *value);
	}
	buf_append_string(out, "\"\n");
}

#define RUN_SCRIPT                                                                                                     \
	"COPY " DOCKERFILE_SCRIPT_NAME " /tmp/" DOCKERFILE_SCRIPT_NAME "\n"                                            \
	"RUN sh -eux /tmp/" DOCKERFILE_SCRIPT_NAME " && rm /tmp/" DOCKERFILE_SCRIPT_NAME "\n"

/* FROM, labels, and the script as it goes into the context. */
static int begin(const struct dockerfile_source *source, struct buf *ret_dockerfile, struct buf *ret_script, struct error *err)
{
	struct reference base;
	int r = reference_parse(source->base, &base, err);

	if (r < 0)
		return error_wrap(err, "the base");
	r = check_text("the script", source->script, source->script_length, err);
	if (r < 0)
		return r;
	append_with_lf(ret_script, source->script, source->script_length);
	buf_printf(ret_dockerfile, "FROM %s\n", source->base);
	append_label(ret_dockerfile, "title", source->title);
	append_label(ret_dockerfile, "description", source->summary);
	append_label(ret_dockerfile, "licenses", source->license);
	append_label(ret_dockerfile, "url", source->homepage);
	append_label(ret_dockerfile, "version", source->version);
	buf_append_string(ret_dockerfile, "ARG DEBIAN_FRONTEND=noninteractive\n");
	return 0;
}

int dockerfile_from_script(const struct dockerfile_source *source, struct buf *ret_dockerfile, struct buf *ret_script,
			   struct error *err)
{
	int r = begin(source, ret_dockerfile, ret_script, err);

	if (r == 0)
		buf_append_string(ret_dockerfile, "WORKDIR /root\n" RUN_SCRIPT);
	return r;
}

int dockerfile_from_repository(const struct dockerfile_source *source, struct buf *ret_dockerfile, struct buf *ret_script, struct error *err)
{
	int r = begin(source, ret_dockerfile, ret_script, err);

	if (r == 0)
		buf_append_string(ret_dockerfile, "COPY " DOCKERFILE_FOLDER " /src\nWORKDIR /src\n" RUN_SCRIPT);
	return r;
}

/* Whether a line's first word is FROM (any case). Comments and blank lines are other words. */
static bool is_from(const char *line, size_t length)
{
	while (length > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		length--;
	}
	return length > 5 && strncasecmp(line, "FROM", 4) == 0 && (line[4] == ' ' || line[4] == '\t');
}

int dockerfile_check(const char *text, size_t length, struct error *err)
{
	const char *end = text + length;
	int r = check_text("the Dockerfile", text, length, err);

	if (r < 0)
		return r;
	for (const char *line = text; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));

		stop = stop != NULL ? stop : end;
		if (is_from(line, (size_t)(stop - line)))
			return 0;
		line = stop + 1;
	}
	return error_set(err, ERROR_INVALID, EINVAL, "the Dockerfile has no FROM line: say which image it starts from");
}
