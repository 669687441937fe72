#include "web/presence.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "terminal/websocket.h"

/* One WebSocket on a terminal. */
struct visit {
	struct list link; /* hub->visits */
	struct holder holder;
	struct upgrade *upgrade;
};

void holder_set(struct holder *holder, const struct session *session)
{
	str_copy(holder->person, sizeof(holder->person), session->person);
	str_copy(holder->session, sizeof(holder->session), session->id[0] != '\0' ? session->id : session->token);
}

static void on_closed(void *data)
{
	struct visit *visit = data;

	list_remove(&visit->link);
	upgrade_close(visit->upgrade);
	free(visit);
}

void presence_attach(struct hub *hub, const struct holder *holder, struct terminal *terminal, struct upgrade *upgrade,
		     int socket, const void *early, size_t early_length, uint64_t offset)
{
	struct visit *visit = xmalloc(sizeof(*visit));

	*visit = (struct visit){.holder = *holder, .upgrade = upgrade};
	list_append(&hub->visits, &visit->link);
	terminal_attach(terminal, socket, early, early_length, offset, on_closed, visit);
}

static void move_visits(struct hub *hub, const struct holder *from, const struct holder *to)
{
	list_for_each (node, &hub->visits) {
		struct visit *visit = container_of(node, struct visit, link);

		if (strcmp(visit->holder.session, from->session) == 0)
			visit->holder = *to;
	}
}

static void give_to(struct hub *hub, struct live *live, const char *person)
{
	map_remove(hub->by_person, live->row.person);
	free(live->row.person);
	live->row.person = xstrdup(person);
	live->given_ms = clock_monotonic_ms();
	map_put(hub->by_person, live->row.person, live);
}

void presence_adopt(struct hub *hub, const struct holder *from, const struct holder *to)
{
	struct live *live = hub_find_person(hub, from->person);
	struct live *other = hub_find_person(hub, to->person);

	move_visits(hub, from, to);
	if (live == NULL || strcmp(from->person, to->person) == 0)
		return;
	if (other != NULL)
		live_end(other, "replaced", -1, NULL, false);
	give_to(hub, live, to->person);
}

void presence_follow(struct hub *hub, struct live *live, const char *person)
{
	if (strcmp(live->row.person, person) == 0 || hub_find_person(hub, person) != NULL)
		return;
	list_for_each (node, &hub->visits) {
		struct visit *visit = container_of(node, struct visit, link);

		if (strcmp(visit->holder.person, live->row.person) == 0)
			str_copy(visit->holder.person, sizeof(visit->holder.person), person);
	}
	give_to(hub, live, person);
}

/* ---- from other threads
 * -------------------------------------------------------------------------------------------------- */

struct farewell {
	struct hub *hub;
	struct holder holder; /* session "": every one of the person's */
	char except[STORE_ID_LENGTH + 1];
	bool end;
};

static bool is_meant(const struct farewell *farewell, const struct holder *holder)
{
	if (farewell->holder.session[0] != '\0')
		return strcmp(farewell->holder.session, holder->session) == 0;
	return strcmp(farewell->holder.person, holder->person) == 0 &&
	       (farewell->except[0] == '\0' || strcmp(farewell->except, holder->session) != 0);
}

static void say_farewell(void *data)
{
	struct farewell *farewell = data;
	struct hub *hub = farewell->hub;
	struct live *live = farewell->end ? hub_find_person(hub, farewell->holder.person) : NULL;

	if (live != NULL)
		live_end(live, "stopped", -1, NULL, false);
	list_for_each (node, &hub->visits) {
		struct visit *visit = container_of(node, struct visit, link);

		if (hub->relay != NULL && is_meant(farewell, &visit->holder))
			relay_expel(hub->relay, visit, WEBSOCKET_CLOSE_POLICY, "signed out");
	}
	free(farewell);
}

static void post(struct hub *hub, const char *person, const char *session, const char *except, bool end)
{
	struct farewell *farewell = xmalloc(sizeof(*farewell));

	farewell->hub = hub;
	str_copy(farewell->holder.person, sizeof(farewell->holder.person), person);
	str_copy(farewell->holder.session, sizeof(farewell->holder.session), session);
	str_copy(farewell->except, sizeof(farewell->except), except);
	farewell->end = end;
	loop_post(hub->loop, say_farewell, farewell);
}

void presence_disconnect(struct hub *hub, const char *person, const char *session, const char *except)
{
	post(hub, person, session, except, false);
}

void presence_expel(struct hub *hub, const char *person)
{
	post(hub, person, NULL, NULL, true);
}
