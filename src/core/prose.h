/* What people write for others: comments, reports. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A copy without what could disturb its surroundings or deceive: control characters but line feed and tab, and the
 * characters that turn the direction of text around beyond their own line or override it (U+202A–202E, U+2066–2069;
 * the marks U+200E, U+200F and U+061C stay: right-to-left scripts need them). Line ends become "\n", white space at
 * both ends goes. `text` is UTF-8. */
char *prose_clean(const char *text);
/* Whether there is none of that in it (UTF-8). */
bool prose_is_clean(const char *text);
/* Characters (code points) of UTF-8. */
size_t prose_length(const char *text);
