#include "base/state.h"

#include <stdlib.h>

#include "base/log.h"

bool state_may_move(const struct state_table *table, unsigned from, unsigned to)
{
	return from < table->count && to < table->count && (table->moves[from] & STATE_BIT(to)) != 0;
}

void state_move(const struct state_table *table, unsigned *state, unsigned to)
{
	if (!state_may_move(table, *state, to)) {
		log_error("bug: %s cannot go from %s to %s", table->name, state_name(table, *state),
			  state_name(table, to));
		abort();
	}
	*state = to;
}

const char *state_name(const struct state_table *table, unsigned state)
{
	return state < table->count ? table->states[state] : "?";
}
