#include "terminal/flow.h"

#include "base/util.h"

#define WINDOW_LEAST (32u << 10)
/* Wanted: what is on its way takes this much longer than the bare way there and back. */
#define DELAY_US     100000

void flow_start(struct flow *flow, size_t announced, uint64_t offset)
{
	if (flow->announced == 0)
		*flow = (struct flow){.announced = announced, .window = announced, .least_us = -1};
	flow->sent = offset;
	flow->acked = offset;
	flow->probe = 0;
}

size_t flow_room(const struct flow *flow)
{
	uint64_t under_way = flow->sent - flow->acked;

	return under_way >= flow->window ? 0 : flow->window - (size_t)under_way;
}

void flow_sent(struct flow *flow, size_t n, int64_t now_us)
{
	flow->sent += n;
	/* Only a filled window says something: a client may put off the ack of a few bytes. */
	if (flow->probe == 0 && flow->sent - flow->acked >= flow->window / 2) {
		flow->probe = flow->sent;
		flow->probe_us = now_us;
	}
}

void flow_trip(struct flow *flow, int64_t trip_us)
{
	if (flow->least_us < 0 || trip_us < flow->least_us)
		flow->least_us = trip_us;
}

static void steer(struct flow *flow, int64_t delay_us)
{
	size_t least = max_size(min_size(WINDOW_LEAST, flow->announced), 2 * flow->step);

	flow_trip(flow, delay_us);
	if (delay_us > flow->least_us + DELAY_US)
		flow->window -= flow->window / 4;
	else if (delay_us < flow->least_us + DELAY_US / 2)
		flow->window += flow->window / 4;
	flow->window = min_size(max_size(flow->window, least), flow->announced);
}

bool flow_acked(struct flow *flow, uint64_t ack, int64_t now_us)
{
	if (ack > flow->sent)
		ack = flow->sent;
	if (ack <= flow->acked)
		return false;
	flow->step = max_size(flow->step, min_size((size_t)(ack - flow->acked), flow->announced / 2));
	flow->acked = ack;
	if (flow->probe != 0 && ack >= flow->probe) {
		flow->probe = 0;
		steer(flow, now_us - flow->probe_us);
	}
	return true;
}
