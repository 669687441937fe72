#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

void buf_init(struct buf *buf)
{
	*buf = (struct buf)BUF_INIT;
}

void buf_fini(struct buf *buf)
{
	free(buf->data);
	buf_init(buf);
}

void buf_clear(struct buf *buf)
{
	buf->length = 0;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

char *buf_reserve(struct buf *buf, size_t more)
{
	size_t need = buf->length + more + 1;

	if (need < more)
		abort();
	if (need > buf->capacity) {
		size_t capacity = max_size(buf->capacity * 2, 64);

		if (capacity < need)
			capacity = need;
		buf->data = xrealloc(buf->data, capacity);
		buf->capacity = capacity;
	}
	/* Who reads nothing into it has an empty string, not what lay there before. */
	buf->data[buf->length] = '\0';
	return buf->data + buf->length;
}

void buf_added(struct buf *buf, size_t n)
{
	buf->length += n;
	buf->data[buf->length] = '\0';
}

void buf_append(struct buf *buf, const void *data, size_t length)
{
	char *to = buf_reserve(buf, length);

	if (length > 0)
		memcpy(to, data, length);
	buf_added(buf, length);
}

void buf_append_string(struct buf *buf, const char *s)
{
	buf_append(buf, s, strlen(s));
}

void buf_append_char(struct buf *buf, char c)
{
	buf_append(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	char small[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (n < 0)
		abort();
	if ((size_t)n < sizeof(small)) {
		buf_append(buf, small, (size_t)n);
		return;
	}
	va_start(args, format);
	vsnprintf(buf_reserve(buf, (size_t)n), (size_t)n + 1, format, args);
	va_end(args);
	buf_added(buf, (size_t)n);
}

void buf_consume(struct buf *buf, size_t n)
{
	if (n >= buf->length) {
		buf_clear(buf);
		return;
	}
	memmove(buf->data, buf->data + n, buf->length - n);
	buf->length -= n;
	buf->data[buf->length] = '\0';
}

char *buf_steal(struct buf *buf)
{
	char *data = buf_reserve(buf, 0) - buf->length;

	data[buf->length] = '\0';
	buf_init(buf);
	return data;
}
