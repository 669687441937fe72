#include "terminal/relay.h"

#include <stdlib.h>

#include "base/util.h"
#include "terminal/internal.h"

#define RING_DEFAULT    (256u << 10)
#define WINDOW_DEFAULT  (128u << 10)
#define CLIENTS_DEFAULT 16
#define PING_DEFAULT    30000

static void reap(void *data)
{
	struct relay *relay = data;

	while (!list_is_empty(&relay->dead)) {
		struct list *node = relay->dead.next;
		struct client *client = container_of(node, struct client, dead);
		struct terminal *terminal = client->terminal;

		list_remove(node);
		client_discard(client);
		if (terminal != NULL)
			terminal_client_freed(terminal);
	}
	while (!list_is_empty(&relay->released)) {
		struct list *node = relay->released.next;

		list_remove(node);
		terminal_free(container_of(node, struct terminal, link));
	}
}

void relay_reap_soon(struct relay *relay)
{
	if (relay->reaper.loop == NULL)
		loop_timer_start(relay->loop, &relay->reaper, 0, reap, relay);
}

struct relay *relay_new(struct loop *loop, const struct relay_limits *limits, const struct relay_events *events)
{
	struct relay *relay = xmalloc(sizeof(*relay));
	struct relay_limits *own = &relay->limits;

	relay->loop = loop;
	*own = *limits;
	own->ring = own->ring > 0 ? own->ring : RING_DEFAULT;
	own->window = min_size(own->window > 0 ? own->window : WINDOW_DEFAULT, own->ring / 2);
	own->max_clients = own->max_clients > 0 ? own->max_clients : CLIENTS_DEFAULT;
	own->ping_ms = own->ping_ms > 0 ? own->ping_ms : PING_DEFAULT;
	relay->events = *events;
	list_init(&relay->terminals);
	list_init(&relay->strays);
	list_init(&relay->dead);
	list_init(&relay->released);
	relay->scratch = xmalloc(READ_MAX);
	return relay;
}

static void dismiss(struct list *clients)
{
	list_for_each (node, clients) {
		struct client *client = container_of(node, struct client, link);

		client_close(client, WEBSOCKET_CLOSE_AWAY, NULL);
		client_drop(client);
	}
}

void relay_expel(struct relay *relay, const void *closed_data, unsigned code, const char *why)
{
	list_for_each (node, &relay->terminals) {
		struct terminal *terminal = container_of(node, struct terminal, link);

		list_for_each (link, &terminal->clients) {
			struct client *client = container_of(link, struct client, link);

			if (client->closed_data == closed_data) {
				client_close(client, code, why);
				return;
			}
		}
	}
}

void relay_free(struct relay *relay)
{
	if (relay == NULL)
		return;
	relay->events = (struct relay_events){0};
	list_for_each (node, &relay->terminals) {
		struct terminal *terminal = container_of(node, struct terminal, link);

		dismiss(&terminal->clients);
		terminal_release(terminal);
	}
	dismiss(&relay->strays);
	loop_timer_stop(&relay->reaper);
	reap(relay);
	free(relay->scratch);
	free(relay);
}

void relay_refuse(struct relay *relay, int socket, unsigned code, const char *why, void (*closed)(void *data),
		  void *closed_data)
{
	struct client *client = client_join(relay, NULL, socket, NULL, 0, closed, closed_data);

	if (client != NULL)
		client_close(client, code, why);
}
