#include "agent/sandbox/ids.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/util.h"

struct id_ranges {
	uint32_t base;
	uint32_t count;
	uint32_t next; /* where to look first */
	uint32_t used;
	bool *taken;
};

int id_ranges_new(uint64_t base, uint64_t count, struct id_ranges **ret_ranges, struct error *err)
{
	struct id_ranges *ranges;

	/* 2^32 - 1 means "no id" to the kernel, so the range that holds it is not used. */
	if (base < ID_RANGE_SIZE || base % ID_RANGE_SIZE != 0 || count == 0 || count > 65535 ||
	    base + count * ID_RANGE_SIZE > 0xffff0000ull)
		return error_set(err, ERROR_INVALID, EINVAL,
				 "the ids of sandboxes must be ranges of 65536 between 65536 and 4294901760");
	ranges = xmalloc(sizeof(*ranges));
	ranges->base = (uint32_t)base;
	ranges->count = (uint32_t)count;
	ranges->taken = xcalloc(count, sizeof(bool));
	*ret_ranges = ranges;
	return 0;
}

void id_ranges_free(struct id_ranges *ranges)
{
	if (ranges == NULL)
		return;
	free(ranges->taken);
	free(ranges);
}

int id_range_take(struct id_ranges *ranges, uint32_t *ret_base, struct error *err)
{
	for (uint32_t i = 0; i < ranges->count; i++) {
		uint32_t slot = (ranges->next + i) % ranges->count;

		if (ranges->taken[slot])
			continue;
		ranges->taken[slot] = true;
		ranges->used++;
		ranges->next = (slot + 1) % ranges->count;
		*ret_base = ranges->base + slot * ID_RANGE_SIZE;
		return 0;
	}
	return error_set(err, ERROR_UNAVAILABLE, EAGAIN, "all %u ranges of user ids are in use", ranges->count);
}

static bool find_slot(const struct id_ranges *ranges, uint32_t base, uint32_t *ret_slot)
{
	if (base < ranges->base || (base - ranges->base) % ID_RANGE_SIZE != 0)
		return false;
	*ret_slot = (base - ranges->base) / ID_RANGE_SIZE;
	return *ret_slot < ranges->count;
}

int id_range_claim(struct id_ranges *ranges, uint32_t base)
{
	uint32_t slot;

	if (!find_slot(ranges, base, &slot))
		return -ERANGE;
	if (ranges->taken[slot])
		return -EEXIST;
	ranges->taken[slot] = true;
	ranges->used++;
	return 0;
}

void id_range_give_back(struct id_ranges *ranges, uint32_t base)
{
	uint32_t slot;

	if (!find_slot(ranges, base, &slot) || !ranges->taken[slot])
		return;
	ranges->taken[slot] = false;
	ranges->used--;
}

bool id_range_holds(const struct id_ranges *ranges, uint32_t id)
{
	return id >= ranges->base && (id - ranges->base) / ID_RANGE_SIZE < ranges->count;
}

uint64_t id_ranges_used(const struct id_ranges *ranges)
{
	return ranges->used;
}
