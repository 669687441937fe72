/* A growable run of bytes. The data always has a NUL behind it that `length` does not count, so it can be read as a string. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *data; /* NULL while nothing was ever added */
	size_t length;
	size_t capacity;
};

#define BUF_INIT                                                                                                       \
	{                                                                                                              \
		NULL, 0, 0                                                                                             \
	}
#define auto_buf __attribute__((__cleanup__(buf_fini)))

void buf_init(struct buf *buf);
void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf); /* length 0, memory kept */
/* Makes room for `more` bytes and gives where they go; add what was written to `length` by buf_added. */
char *buf_reserve(struct buf *buf, size_t more);
void buf_added(struct buf *buf, size_t n);
void buf_append(struct buf *buf, const void *data, size_t length);
void buf_append_string(struct buf *buf, const char *s);
void buf_append_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_consume(struct buf *buf, size_t n); /* drops the first n bytes */
/* Hands the memory over (never NULL; "" when empty) and leaves the buffer empty. */
char *buf_steal(struct buf *buf);
