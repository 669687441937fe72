/* String questions and conversions that libc leaves open. All lengths are bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool str_equal(const char *a, const char *b); /* NULL equals NULL */
bool str_starts_with(const char *s, const char *prefix);
bool str_ends_with(const char *s, const char *suffix);
/* Cuts white space off both ends, in place; gives the start. */
char *str_trim(char *s);
/* A whole decimal number, no sign, no spaces: 0, or -EINVAL / -ERANGE. */
int str_to_u64(const char *s, uint64_t max, uint64_t *ret_value);
/* "512M", "2G", "64K", "4096": bytes (powers of 1024). 0, or -EINVAL / -ERANGE. */
int str_to_size(const char *s, uint64_t *ret_bytes);
/* "30s", "20m", "2h", "1d", "90": seconds. 0, or -EINVAL / -ERANGE. */
int str_to_seconds(const char *s, uint64_t *ret_seconds);
/* "yes/no", "true/false", "on/off", "1/0". 0, or -EINVAL. */
int str_to_bool(const char *s, bool *ret_value);
/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms), no NUL inside. */
bool str_is_utf8(const char *s, size_t length);
/* Lower-case hexadecimal; `out` holds 2*length+1 bytes. */
void str_hex(const void *data, size_t length, char *out);
/* Copies what fits into `size` bytes, NUL included; cut between characters of UTF-8. NULL is "". */
void str_copy(char *out, size_t size, const char *s);
