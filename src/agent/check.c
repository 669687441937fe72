#include "agent/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"

#define CHECKS_MAX 64
#define MESSAGE_MAX 400

struct line {
	enum check_level level;
	char name[32];
	char message[MESSAGE_MAX];
};

struct checks {
	size_t count;
	struct line lines[CHECKS_MAX];
};

static const char *const level_names[] = {"ok", "warning", "error"};

struct checks *checks_new(void)
{
	return xmalloc(sizeof(struct checks));
}

void checks_free(struct checks *checks)
{
	free(checks);
}

void checks_add(struct checks *checks, enum check_level level, const char *name, const char *format, ...)
{
	struct line *line;
	va_list args;

	if (checks->count == CHECKS_MAX)
		return;
	line = &checks->lines[checks->count++];
	line->level = level;
	snprintf(line->name, sizeof(line->name), "%s", name);
	va_start(args, format);
	vsnprintf(line->message, sizeof(line->message), format, args);
	va_end(args);
}

json_t *checks_json(const struct checks *checks, enum check_level least)
{
	json_t *array = json_array();

	for (size_t i = 0; i < checks->count; i++) {
		const struct line *line = &checks->lines[i];

		if (line->level >= least)
			json_array_append_new(array, json_pack("{s:s, s:b, s:s, s:s}", "name", line->name, "ok",
							       line->level == CHECK_OK, "level", level_names[line->level],
							       "message", line->message));
	}
	return array;
}

enum check_level checks_print(const struct checks *checks)
{
	enum check_level worst = CHECK_OK;

	for (size_t i = 0; i < checks->count; i++) {
		const struct line *line = &checks->lines[i];

		printf("%-8s %-14s %s\n", level_names[line->level], line->name, line->message);
		if (line->level > worst)
			worst = line->level;
	}
	return worst;
}
