#include "base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

void random_bytes(void *out, size_t length)
{
	char *p = out;

	while (length > 0) {
		ssize_t n = getrandom(p, length, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			abort();
		p += n;
		length -= (size_t)n;
	}
}

void random_id(char *out, size_t length)
{
	static const char alphabet[32] = "abcdefghijklmnopqrstuvwxyz234567";

	random_bytes(out, length);
	for (size_t i = 0; i < length; i++)
		out[i] = alphabet[(unsigned char)out[i] & 31];
	out[length] = '\0';
}
