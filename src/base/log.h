/* Structured log lines on standard error, one write each: logfmt or JSON. Only mains and edges log; libraries return errors. */
#pragma once

#include <stdbool.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* Set once at the start of a process, before threads. `program` is borrowed for the life of the process. */
void log_setup(const char *program, enum log_level least, bool json);
/* "debug", "info", "warning", "error": 0, or -EINVAL. */
int log_level_from_name(const char *name, enum log_level *ret_level);

/* log_event(LOG_LEVEL_INFO, "sandbox started", "id", id, "ms", ms_text, NULL): pairs of names and strings (NULL value: left out),
 * ended by a NULL name. Values are quoted and control characters escaped, so that nothing can forge a line. */
void log_event(enum log_level level, const char *message, ...) __attribute__((sentinel));
/* The same for one formatted message. */
void log_printf(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...) log_printf(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_printf(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_printf(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...) log_printf(LOG_LEVEL_ERROR, __VA_ARGS__)
