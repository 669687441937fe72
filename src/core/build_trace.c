#include "core/build_trace.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "core/dockerfile.h"

#define LINE_MOST 1000000 /* no text that is published has more */

/* ---- reading the log -------------------------------------------------------------------------------------------------------- */

/* A number and what follows it; 0: none, or a silly one. */
static unsigned read_number(const char **at)
{
	unsigned long value = 0;

	if (!isdigit((unsigned char)**at))
		return 0;
	for (; isdigit((unsigned char)**at); (*at)++)
		value = value <= LINE_MOST ? value * 10 + (unsigned long)(**at - '0') : value;
	return value <= LINE_MOST ? (unsigned)value : 0;
}

/* "[2/3] STEP 4/5: RUN …", or without the brackets when there is one stage. */
static bool read_step(struct build_trace *trace, const char *line)
{
	unsigned stage = 1, step;

	if (*line == '[') {
		line++;
		stage = read_number(&line);
		line = strchr(line, ' ');
		if (line == NULL)
			return false;
		line++;
	}
	if (!str_starts_with(line, "STEP "))
		return false;
	line += 5;
	step = read_number(&line);
	if (step == 0 || stage == 0 || *line != '/')
		return false;
	trace->stage = stage;
	trace->step = step;
	trace->command[0] = '\0';
	trace->same = 0;
	trace->named = 0;
	return true;
}

static void read_command(struct build_trace *trace, const char *command)
{
	trace->same = strcmp(trace->command, command) == 0 ? trace->same + 1 : 1;
	trace->named = 0;
	snprintf(trace->command, sizeof(trace->command), "%s", command);
}

/* "/tmp/install.sh: 3: foo: not found" (dash), "/tmp/install.sh: line 3: …" (bash, busybox). */
static void read_complaint(struct build_trace *trace, const char *line)
{
	const char *at = strstr(line, DOCKERFILE_SCRIPT_NAME ": ");
	unsigned number;

	if (at == NULL)
		return;
	at += strlen(DOCKERFILE_SCRIPT_NAME ": ");
	if (str_starts_with(at, "line "))
		at += 5;
	number = read_number(&at);
	if (*at == ':')
		trace->named = number;
}

static void read_line(struct build_trace *trace)
{
	trace->line[trace->length] = '\0';
	trace->length = 0;
	if (read_step(trace, trace->line))
		return;
	if (str_starts_with(trace->line, "+ "))
		read_command(trace, trace->line + 2);
	else
		read_complaint(trace, trace->line);
}

void build_trace_feed(struct build_trace *trace, const char *log, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (log[i] == '\n' || log[i] == '\r') {
			if (trace->length > 0)
				read_line(trace);
		} else if (trace->length < sizeof(trace->line) - 1) {
			trace->line[trace->length++] = log[i] != '\0' ? log[i] : ' ';
		}
	}
}

/* ---- finding the line of a script --------------------------------------------------------------------------------------------- */

/* The next line from *at without the blanks around it and without quotes, which the shell prints or not as it likes. */
static bool next_bare(const char **at, char out[BUILD_TRACE_LINE])
{
	size_t used = 0;
	const char *p = *at;

	if (*p == '\0')
		return false;
	while (*p == ' ' || *p == '\t')
		p++;
	for (; *p != '\0' && *p != '\n'; p++)
		if (strchr("\"'\\\r", *p) == NULL && used < BUILD_TRACE_LINE - 1)
			out[used++] = *p;
	while (used > 0 && (out[used - 1] == ' ' || out[used - 1] == '\t'))
		used--;
	out[used] = '\0';
	*at = *p == '\n' ? p + 1 : p;
	return true;
}

/* How well a line fits the command: 0 not at all; more is better. */
static size_t fit(const char *line, const char *command)
{
	size_t word = strcspn(command, " \t"), same = 0;

	if (*line == '#' || word == 0)
		return 0;
	if (strcmp(line, command) == 0)
		return SIZE_MAX;
	if (strlen(command) > 3 && strstr(line, command) != NULL)
		return SIZE_MAX - 1;
	/* Variables are not what they were: the beginning counts. */
	while (line[same] != '\0' && line[same] == command[same])
		same++;
	return same >= word ? same : 0;
}

unsigned build_trace_script_line(const struct build_trace *trace, const char *script)
{
	char command[BUILD_TRACE_LINE], line[BUILD_TRACE_LINE];
	unsigned number = 0, best = 0, same = 0;
	const char *at = trace->command;
	size_t best_fit = 0;

	if (trace->named > 0)
		return trace->named;
	if (!next_bare(&at, command))
		return 0;
	for (at = script; next_bare(&at, line);) {
		size_t now = fit(line, command);

		number++;
		if (now == 0 || now < best_fit)
			continue;
		/* The n-th time of the same command is the n-th such line. */
		same = now > best_fit ? 1 : same + 1;
		if (now > best_fit || same <= trace->same)
			best = number;
		best_fit = now;
	}
	return best;
}

/* ---- finding the line of a Dockerfile ------------------------------------------------------------------------------------------- */

static bool is_instruction(const char *line, const char *name)
{
	size_t length = strlen(name);

	return strncasecmp(line, name, length) == 0 && (line[length] == ' ' || line[length] == '\t');
}

/* The line goes on in the next one. Comments and empty lines in between do not end it. */
static bool goes_on(const char *line, size_t length)
{
	while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
		length--;
	return length > 0 && line[length - 1] == '\\';
}

unsigned build_trace_dockerfile_line(const struct build_trace *trace, const char *dockerfile)
{
	unsigned number = 0, stage = 0, step = 0;
	bool inside = false;

	if (trace->step == 0)
		return 0;
	for (const char *line = dockerfile; *line != '\0';) {
		size_t length = strcspn(line, "\n");
		const char *text = line + strspn(line, " \t");
		bool empty = text >= line + length || *text == '#' || *text == '\r';

		number++;
		if (!empty && !inside) {
			bool from = is_instruction(text, "FROM");

			stage += from;
			step = from ? 1 : step + 1;
			if (stage == trace->stage && step == trace->step)
				return number;
		}
		if (!empty)
			inside = goes_on(line, length);
		line += length + (line[length] == '\n');
	}
	return 0;
}
