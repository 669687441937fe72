#include "agent/image/unpack/pump.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"

#define BLOCK ((size_t)256 * 1024)

static void *run(void *data)
{
	struct pump *pump = data;
	struct sha256_ctx context;
	char *block = xmalloc(BLOCK);
	bool reader_left = false;

	sha256_init(&context);
	for (;;) {
		ssize_t n = read(pump->from, block, BLOCK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			pump->read_error = -errno;
		if (n <= 0)
			break;
		if ((uint64_t)n > pump->limit - pump->bytes) {
			pump->over = true;
			break;
		}
		sha256_update(&context, (size_t)n, (const uint8_t *)block);
		pump->bytes += (uint64_t)n;
		/* Whoever reads may stop before the end (an error, or the end of the archive before the end of its
		 * file): the digest is of all there is, all the same. */
		if (!reader_left && fd_write_all(pump->to, block, (size_t)n) < 0)
			reader_left = true;
	}
	digest_finish(&context, pump->digest);
	close(pump->to);
	close(pump->from);
	free(block);
	return NULL;
}

int pump_start(struct pump *pump)
{
	return -pthread_create(&pump->thread, NULL, run, pump);
}

void pump_join(struct pump *pump)
{
	pthread_join(pump->thread, NULL);
}
