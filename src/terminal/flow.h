/* Flow control of one client: how much output may be on its way, steered so that a slow client never has more before it
 * than about a tenth of a second's worth. What is on its way cannot be taken back, so this is what an interrupt waits
 * for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flow {
	size_t announced; /* the window of the hello: never more than this is on its way */
	size_t window;    /* the window in force, at most `announced` */
	size_t step;      /* the most bytes that one ack took in: the window must hold two of these, or the client has
			     nothing to ack */
	uint64_t sent;    /* number of the next byte to send */
	uint64_t acked;   /* the client has everything before this number */
	uint64_t probe;   /* an ack of this number ends the measurement; 0: none under way */
	int64_t probe_us; /* when it began */
	int64_t least_us; /* the shortest way there and back so far, -1: not known */
};

/* The client begins at byte `offset`. Also after a jump: what was learned about the client stays when `window` was set.
 */
void flow_start(struct flow *flow, size_t announced, uint64_t offset);
void flow_sent(struct flow *flow, size_t n, int64_t now_us);
/* More than was sent counts as all of it, less than before as nothing. Says whether there is news. */
bool flow_acked(struct flow *flow, uint64_t ack, int64_t now_us);
/* A ping was answered after so long: what the way there and back takes when nothing waits. */
void flow_trip(struct flow *flow, int64_t trip_us);
/* Bytes that may be sent now. */
size_t flow_room(const struct flow *flow);
