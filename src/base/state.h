/* Declared state machines: every allowed move stands in a table; any other move is a bug and aborts with both names. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct state_table {
	const char *name;	   /* of the machine: "sandbox" */
	const char *const *states; /* names, indexed by state */
	const uint32_t *moves;	   /* moves[from] is the set of allowed next states, one bit each */
	unsigned count;		   /* of states, at most 32 */
};

#define STATE_BIT(state) (1u << (state))

bool state_may_move(const struct state_table *table, unsigned from, unsigned to);
/* Sets *state to `to`. */
void state_move(const struct state_table *table, unsigned *state, unsigned to);
const char *state_name(const struct state_table *table, unsigned state);
