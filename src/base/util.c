#include "base/util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

void *xmalloc(size_t size)
{
	return must(calloc(1, size > 0 ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
	return must(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
	return must(realloc(p, size > 0 ? size : 1));
}

char *xstrdup(const char *s)
{
	return s != NULL ? must(strdup(s)) : NULL;
}

char *xstrndup(const char *s, size_t length)
{
	return must(strndup(s, length));
}

char *xasprintf(const char *format, ...)
{
	char *s = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&s, format, args);
	va_end(args);
	if (n < 0)
		abort();
	return s;
}
