/* The user ids that sandboxes get: each a range of 65,536 of its own, above everything the host uses itself. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define ID_RANGE_SIZE 65536u

struct id_ranges;

/* `base` and above, `count` ranges: all must fit below 2^32 - 1. */
int id_ranges_new(uint64_t base, uint64_t count, struct id_ranges **ret_ranges, struct error *err);
void id_ranges_free(struct id_ranges *ranges); /* takes NULL */
/* The next free range, going round: one that was just given back is the last to be used again. ERROR_UNAVAILABLE when all are. */
int id_range_take(struct id_ranges *ranges, uint32_t *ret_base, struct error *err);
/* A range that a predecessor took: 0, -EEXIST when it is in use, -ERANGE when it is none of ours. */
int id_range_claim(struct id_ranges *ranges, uint32_t base);
void id_range_give_back(struct id_ranges *ranges, uint32_t base); /* 0: nothing was taken */
bool id_range_holds(const struct id_ranges *ranges, uint32_t id); /* an id of any range, taken or not */
uint64_t id_ranges_used(const struct id_ranges *ranges);
