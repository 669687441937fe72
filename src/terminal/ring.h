/* The last bytes of a stream, numbered from its start. Memory grows by doubling up to the limit, so that a terminal
 * that said little costs little; from then on the newest bytes replace the oldest. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct ring {
	char *data;
	size_t capacity; /* a power of two, or 0 */
	size_t limit;    /* a power of two */
	uint64_t start;  /* number of the oldest byte kept */
	uint64_t end;    /* number of the byte that comes next */
};

/* `limit` is rounded up to a power of two (at least 4096). The first byte will have the number `offset`. */
void ring_init(struct ring *ring, size_t limit, uint64_t offset);
void ring_fini(struct ring *ring);

/* The oldest bytes make room. */
void ring_append(struct ring *ring, const void *data, size_t length);

/* The kept bytes from number `from` (start <= from <= end), at most `max`, as one or two pieces: how many pieces. */
int ring_peek(const struct ring *ring, uint64_t from, size_t max, struct iovec pieces[2]);
