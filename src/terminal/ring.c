#include "terminal/ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define RING_LEAST 4096

void ring_init(struct ring *ring, size_t limit, uint64_t offset)
{
	size_t rounded = RING_LEAST;

	while (rounded < limit)
		rounded *= 2;
	*ring = (struct ring){.limit = rounded, .start = offset, .end = offset};
}

void ring_fini(struct ring *ring)
{
	free(ring->data);
	ring->data = NULL;
	ring->capacity = 0;
	ring->start = ring->end;
}

/* The `length` places from number `from` on, whatever they hold. */
static int places(const struct ring *ring, uint64_t from, size_t length, struct iovec pieces[2])
{
	size_t at, first;

	if (length == 0)
		return 0;
	at = from & (ring->capacity - 1);
	first = min_size(length, ring->capacity - at);
	pieces[0] = (struct iovec){ring->data + at, first};
	if (first == length)
		return 1;
	pieces[1] = (struct iovec){ring->data, length - first};
	return 2;
}

int ring_peek(const struct ring *ring, uint64_t from, size_t max, struct iovec pieces[2])
{
	return places(ring, from, min_size(max, (size_t)(ring->end - from)), pieces);
}

/* Makes room for `more` bytes behind the kept ones, if the limit allows. A byte keeps its number, so its place changes
 * with the size. */
static void grow(struct ring *ring, size_t more)
{
	size_t kept = (size_t)(ring->end - ring->start);
	size_t capacity = max_size(ring->capacity, RING_LEAST);
	struct ring grown = *ring;
	struct iovec from[2], to[2];
	int n;

	while (capacity < kept + more && capacity < ring->limit)
		capacity *= 2;
	if (capacity == ring->capacity)
		return;
	grown.data = xmalloc(capacity);
	grown.capacity = capacity;
	n = ring_peek(ring, ring->start, kept, from);
	for (int i = 0; i < n; i++) {
		uint64_t number = ring->start + (i == 0 ? 0 : from[0].iov_len);
		int m = places(&grown, number, from[i].iov_len, to);
		const char *source = from[i].iov_base;

		for (int k = 0; k < m; k++) {
			memcpy(to[k].iov_base, source, to[k].iov_len);
			source += to[k].iov_len;
		}
	}
	free(ring->data);
	*ring = grown;
}

static void added(struct ring *ring, size_t n)
{
	ring->end += n;
	if (ring->end - ring->start > ring->capacity)
		ring->start = ring->end - ring->capacity;
}

void ring_append(struct ring *ring, const void *data, size_t length)
{
	const char *from = data;

	while (length > 0) {
		struct iovec to[2];
		size_t part = min_size(length, ring->limit);
		int n;

		grow(ring, part);
		n = places(ring, ring->end, part, to);
		for (int i = 0; i < n; i++) {
			memcpy(to[i].iov_base, from, to[i].iov_len);
			from += to[i].iov_len;
		}
		added(ring, part);
		length -= part;
	}
}
