/* Control messages of the terminal protocol (docs/terminal-protocol.md): JSON objects in text frames. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTROL_SIZE_MAX 1000 /* columns or rows */

/* What a client said. Both parts may be in one message; unknown keys are left alone, so that newer clients work. */
struct control {
	bool has_resize;
	unsigned cols;
	unsigned rows;
	bool has_ack;
	uint64_t ack;
};

/* 0, or -EINVAL with *ret_why (a constant, fit for a close reason): not an object, a key twice, a wrong type, out of
 * range. */
int control_parse(const char *json, size_t length, struct control *ret_control, const char **ret_why);

/* {"exit": {"reason": …, "code": …}} (code -1: null); the caller frees it. */
char *control_exit(const char *reason, int exit_code);
