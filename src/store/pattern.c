#include "store/pattern.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"

char *pattern_containing(const char *text)
{
	struct buf pattern = BUF_INIT;

	buf_append_char(&pattern, '%');
	for (; *text != '\0'; text++) {
		if (strchr("%_!", *text) != NULL)
			buf_append_char(&pattern, '!');
		buf_append_char(&pattern, (char)tolower((unsigned char)*text));
	}
	buf_append_char(&pattern, '%');
	return buf_steal(&pattern);
}
