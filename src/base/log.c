#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/util.h"

static const char *const level_names[] = {"debug", "info", "warning", "error"};

/* The process's one log; written only by log_setup, before threads start. */
static struct {
	const char *program;
	enum log_level least;
	bool json;
} setup = {"ttob", LOG_LEVEL_INFO, false};

void log_setup(const char *program, enum log_level least, bool json)
{
	setup.program = program;
	setup.least = least;
	setup.json = json;
}

int log_level_from_name(const char *name, enum log_level *ret_level)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++) {
		if (strcmp(level_names[i], name) == 0) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

static void append_quoted(struct buf *line, const char *s)
{
	buf_append_char(line, '"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			buf_printf(line, "\\%c", c);
		else if (c == '\n')
			buf_append_string(line, "\\n");
		else if (c < 0x20 || c == 0x7f)
			buf_printf(line, "\\u%04x", c);
		else
			buf_append_char(line, (char)c);
	}
	buf_append_char(line, '"');
}

static void append_pair(struct buf *line, const char *name, const char *value)
{
	if (setup.json) {
		buf_append_string(line, line->length > 0 ? "," : "{");
		append_quoted(line, name);
		buf_append_char(line, ':');
		append_quoted(line, value);
		return;
	}
	if (line->length > 0)
		buf_append_char(line, ' ');
	buf_printf(line, "%s=", name);
	if (*value != '\0' && strpbrk(value, " =\"\\\n\r\t\x1b\x7f") == NULL)
		buf_append_string(line, value);
	else
		append_quoted(line, value);
}

static void begin(struct buf *line, enum log_level level, const char *message)
{
	char time[CLOCK_RFC3339_SIZE];

	clock_rfc3339(clock_realtime_ms(), time);
	append_pair(line, "time", time);
	append_pair(line, "level", level_names[level]);
	append_pair(line, "program", setup.program);
	append_pair(line, "msg", message);
}

static void finish(struct buf *line)
{
	ssize_t n;

	buf_append_string(line, setup.json ? "}\n" : "\n");
	n = write(STDERR_FILENO, line->data, line->length);
	(void)n; /* there is nowhere left to say that the log is gone */
}

void log_event(enum log_level level, const char *message, ...)
{
	auto_buf struct buf line = BUF_INIT;
	const char *name;
	va_list args;

	if (level < setup.least)
		return;
	begin(&line, level, message);
	va_start(args, message);
	while ((name = va_arg(args, const char *)) != NULL) {
		const char *value = va_arg(args, const char *);

		if (value != NULL)
			append_pair(&line, name, value);
	}
	va_end(args);
	finish(&line);
}

void log_printf(enum log_level level, const char *format, ...)
{
	auto_buf struct buf line = BUF_INIT;
	char message[1024];
	va_list args;

	if (level < setup.least)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	begin(&line, level, message);
	finish(&line);
}
