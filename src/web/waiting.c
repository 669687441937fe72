/* Who may start, and who waits: places by configuration or memory, first come first served. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"
#include "web/hub.h"

/* Most shells use a hundredth of what they may: so many times the memory is promised. What really is free is looked at before each start. */
#define OVERCOMMIT 8
#define CAPACITY_MOST 4000 /* pseudo-terminals of the machine (kernel.pty.max is 4096) */
#define MEMORY_KEPT_PART 16 /* this part of the machine's memory stays free */
#define LOOK_AGAIN_MS 2000
#define FORGOTTEN_MS 120000 /* nobody has asked for so long: the one who waited has gone */

/* A line of /proc/meminfo, in bytes; 0 when it can't be read. */
static uint64_t meminfo(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	char line[128];
	size_t length = strlen(name);

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, length) == 0 && line[length] == ':' && sscanf(line + length + 1, "%llu", &kib) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return (uint64_t)kib * 1024;
}

unsigned waiting_capacity(const struct web_options *options)
{
	uint64_t total = meminfo("MemTotal");
	uint64_t places = options->limits.memory > 0 ? total / (options->limits.memory / OVERCOMMIT + 1) : CAPACITY_MOST;

	if (options->most > 0)
		return options->most;
	if (places < 1)
		places = 1;
	return places < CAPACITY_MOST ? (unsigned)places : CAPACITY_MOST;
}

static bool is_room(const struct hub *hub)
{
	uint64_t available, total;

	if (hub->active >= hub->capacity || !atomic_load(&hub->engine_up))
		return false;
	if (hub->options->most > 0) /* the operator has counted */
		return true;
	available = meminfo("MemAvailable");
	total = meminfo("MemTotal");
	return total == 0 || available > total / MEMORY_KEPT_PART;
}

static void drop_forgotten(struct hub *hub)
{
	int64_t now = clock_monotonic_ms();

	list_for_each(node, &hub->queue)
	{
		struct live *live = container_of(node, struct live, link);

		if (now - live->polled_ms > FORGOTTEN_MS)
			live_end(live, "idle", -1, "nobody asked for its place in the queue any more", true);
	}
}

static void on_queue_timer(void *data)
{
	struct hub *hub = data;

	drop_forgotten(hub);
	waiting_advance(hub);
}

void waiting_advance(struct hub *hub)
{
	if (hub->stopping)
		return;
	while (!list_is_empty(&hub->queue) && is_room(hub))
		live_start(container_of(hub->queue.next, struct live, link));
	if (!list_is_empty(&hub->queue))
		loop_timer_start(hub->loop, &hub->queue_timer, LOOK_AGAIN_MS, on_queue_timer, hub);
}

static unsigned queue_length(const struct hub *hub)
{
	unsigned count = 0;

	list_for_each(node, &hub->queue)
		count++;
	return count;
}

void waiting_line_up(struct live *live)
{
	list_append(&live->hub->queue, &live->link);
}

bool waiting_is_full(const struct hub *hub)
{
	return queue_length(hub) >= hub->options->queue_max;
}

bool waiting_has_room(const struct hub *hub)
{
	return list_is_empty(&hub->queue) && is_room(hub);
}

unsigned waiting_position(const struct live *live)
{
	unsigned position = 0;

	list_for_each(node, &live->hub->queue)
	{
		position++;
		if (node == &live->link)
			return position;
	}
	return 0;
}

unsigned waiting_eta_seconds(const struct live *live)
{
	const struct hub *hub = live->hub;
	unsigned places = hub->capacity > 0 ? hub->capacity : 1;

	/* Sandboxes end at all times alike: one place in life/places. */
	return (unsigned)ceil(hub->life_ms / 1000 / places * waiting_position(live));
}
