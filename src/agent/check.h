/* Findings about the host, one line each: what `ttob doctor` and `ttob-agent --check` print. */
#pragma once

#include <jansson.h>

#include "agent/agent.h"

enum check_level { CHECK_OK, CHECK_WARNING, CHECK_ERROR };

struct checks;

struct checks *checks_new(void);
void checks_free(struct checks *checks); /* takes NULL */
/* `name` is short ("cgroup"); the message says what is there, or what is missing and how to mend it. */
void checks_add(struct checks *checks, enum check_level level, const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* [{name, ok, level, message}] of those at `least` or worse. A new reference. */
json_t *checks_json(const struct checks *checks, enum check_level least);
/* One line each on standard output; gives the worst level. */
enum check_level checks_print(const struct checks *checks);
