#include "web/visitor.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/str.h"
#include "http/origin.h"
#include "store/audit.h"
#include "store/tokens.h"
#include "web/internal.h"

/* Only guests have such tokens: an account's session is its cookie's alone. */
static int find_guest(struct request *request, const char *token, struct session *ret_session, struct error *err)
{
	int r = sessions_find(request_local(request), token, clock_realtime_ms(), GUEST_TOKEN_LIFE_MS, ret_session, err);

	if (r == 0 && ret_session->user != 0)
		return error_set(err, ERROR_UNAUTHENTICATED, EPERM, "this is no guest's token");
	return r;
}

/* The token in a list of subprotocols, NUL-terminated in `out`; false: there is none. */
static bool guest_protocol(const struct request *request, char out[SESSION_TOKEN_SIZE])
{
	const char *offered = request_header(request, "Sec-WebSocket-Protocol");
	const char *at = offered != NULL ? strstr(offered, GUEST_PROTOCOL) : NULL;

	if (at == NULL)
		return false;
	at += strlen(GUEST_PROTOCOL);
	snprintf(out, SESSION_TOKEN_SIZE, "%.*s", (int)strcspn(at, ", \t"), at);
	return true;
}

static int find_by_token(struct request *request, const char *header, struct session *ret_session, struct error *err)
{
	if (strncasecmp(header, "Bearer ", 7) != 0)
		return error_set(err, ERROR_UNAUTHENTICATED, EPERM, "send Authorization: Bearer and a personal access token");
	if (str_starts_with(header + 7, GUEST_TOKEN_PREFIX))
		return find_guest(request, header + 7 + strlen(GUEST_TOKEN_PREFIX), ret_session, err);
	return tokens_find(request_local(request), header + 7, clock_realtime_ms(), ret_session, err);
}

int visitor_find(struct request *request, struct session *ret_session, struct error *err)
{
	const char *authorization = request_header(request, "Authorization");
	const char *token = request_cookie(request, SESSION_COOKIE);
	char guest[SESSION_TOKEN_SIZE];

	if (authorization != NULL)
		return find_by_token(request, authorization, ret_session, err);
	if (guest_protocol(request, guest))
		return find_guest(request, guest, ret_session, err);
	if (token == NULL)
		return error_set(err, ERROR_UNAUTHENTICATED, EPERM, "there is no session; sign in, or try something");
	return sessions_find(request_local(request), token, clock_realtime_ms(), SESSION_LIFE_MS, ret_session, err);
}

static int new_guest(struct request *request, struct session *ret_session, struct error *err)
{
	const struct session_start start = {.address = request_address(request), .agent = request_header(request, "User-Agent")};
	char token[SESSION_TOKEN_SIZE];
	int r = sessions_create(request_local(request), &start, clock_realtime_ms(), SESSION_LIFE_MS, token, ret_session, err);

	if (r == 0)
		respond_cookie(request, SESSION_COOKIE, token, SESSION_LIFE_MS / 1000);
	return r;
}

int visitor_need(struct request *request, struct session *ret_session, struct error *err)
{
	const struct web *web = request_data(request);
	const char *origin = request_header(request, "Origin");
	struct error none;
	int r;

	/* The server holds this for requests with the cookie; a first request has none. */
	if (origin != NULL && !origin_is_ours(origin, request_header(request, "Host"), web->options->public_url, web->loopback))
		return error_set(err, ERROR_FORBIDDEN, EPERM, "this request comes from a page of another site");
	r = visitor_find(request, ret_session, &none);
	if (r == 0 && (ret_session->user != 0 || !web->options->accounts_only))
		return 0;
	if (r < 0 && (none.kind != ERROR_UNAUTHENTICATED || request_header(request, "Authorization") != NULL)) {
		*err = none;
		return r;
	}
	if (web->options->accounts_only)
		return error_set(err, ERROR_UNAUTHENTICATED, EPERM, "this site asks you to sign in first");
	return new_guest(request, ret_session, err);
}

int visitor_user(struct request *request, struct session *ret_session, struct error *err)
{
	int r = visitor_find(request, ret_session, err);

	if (r == 0 && ret_session->user == 0)
		return error_set(err, ERROR_UNAUTHENTICATED, EPERM, "sign in first");
	return r;
}

int visitor_admin(struct request *request, struct session *ret_session, struct error *err)
{
	int r = visitor_user(request, ret_session, err);

	if (r == 0 && !ret_session->admin)
		return error_set(err, ERROR_FORBIDDEN, EPERM, "this is for administrators");
	return r;
}

int visitor_audit(struct request *request, const struct session *session, const char *action, const char *target, const char *detail,
		  struct error *err)
{
	return audit_add(request_local(request), clock_realtime_ms(), session != NULL && session->user != 0 ? session->username : "-",
			 request_address(request), action, target, detail, err);
}
