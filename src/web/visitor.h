/* Who asks: a guest known by a cookie, or somebody with an account (a session's cookie, or a personal access token). */
#pragma once

#include "http/request.h"
#include "store/sessions.h"

#define SESSION_COOKIE	"ttob_session"
#define SESSION_LIFE_MS (30 * INT64_C(86400) * 1000)

/* Guests of pages in other sites' frames, who have no cookie (docs/adr/0012-embed.md): "guest_" and a session's token, as a Bearer token or, for
 * WebSockets, in the subprotocol "ttob.guest_…". */
#define GUEST_TOKEN_PREFIX  "guest_"
#define GUEST_TOKEN_LIFE_MS (6 * INT64_C(3600) * 1000)
#define GUEST_PROTOCOL	    "ttob.guest_"

/* struct session says who it is: user 0 is a guest; id "" came with an access token. All are for a worker's thread. */

/* ERROR_UNAUTHENTICATED when there is no session. With an Authorization header the cookie counts for nothing. */
int visitor_find(struct request *request, struct session *ret_session, struct error *err);
/* The same, but who is new becomes a guest with a session and its cookie. A page of another site is refused (ERROR_FORBIDDEN); where
 * guests are not welcome, ERROR_UNAUTHENTICATED. */
int visitor_need(struct request *request, struct session *ret_session, struct error *err);
/* Somebody with an account; for guests ERROR_UNAUTHENTICATED. */
int visitor_user(struct request *request, struct session *ret_session, struct error *err);
/* An administrator; ERROR_FORBIDDEN for other users. */
int visitor_admin(struct request *request, struct session *ret_session, struct error *err);

/* Writes the audit log: `action` ("user.suspend"), on what, with what ("" or NULL). `session` NULL: nobody who is signed in. */
int visitor_audit(struct request *request, const struct session *session, const char *action, const char *target, const char *detail,
		  struct error *err);
