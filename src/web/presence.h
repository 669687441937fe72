/* Who is there, on the control loop: the WebSockets that somebody holds, a guest who signs in, somebody who has to go.
 */
#pragma once

#include <stdbool.h>

#include "http/websocket.h"
#include "store/sessions.h"
#include "web/hub.h"

/* Whose WebSocket it is. */
struct holder {
	char person[STORE_ID_LENGTH + 1];
	char session[STORE_ID_LENGTH + 1]; /* id of the session or of the access token that it came with */
};

void holder_set(struct holder *holder, const struct session *session);

/* On the loop. Takes the upgraded socket to the terminal and remembers whose it is. `early` is copied. */
void presence_attach(struct hub *hub, const struct holder *holder, struct terminal *terminal, struct upgrade *upgrade,
		     int socket, const void *early, size_t early_length, uint64_t offset);
/* On the loop: what `from` has running, and the WebSockets held by it, become `to`'s; one that `to` had running ends as
 * "replaced". WebSockets of the session from->session go on as to->session's. The store is the caller's business, by
 * the recorder, right after. */
void presence_adopt(struct hub *hub, const struct holder *from, const struct holder *to);
/* On the loop: the store has it as another person's: whoever had it has signed in at another node. */
void presence_follow(struct hub *hub, struct live *live, const char *person);

/* From any thread: those WebSockets close (1008) whose session is `session`; with NULL, all of the person's but those
 * of the session `except` (NULL: none). */
void presence_disconnect(struct hub *hub, const char *person, const char *session, const char *except);
/* From any thread: the person has to go. Their sandbox ends as "stopped", and all their WebSockets close. */
void presence_expel(struct hub *hub, const char *person);
