/* Guests: people without an account, known by their cookie. */
#include <errno.h>

#include "base/clock.h"
#include "http/origin.h"
#include "web/internal.h"

int guest_find(struct request *request, struct session *ret_session, struct error *err)
{
	const char *token = request_cookie(request, SESSION_COOKIE);

	if (token == NULL)
		return error_set(err, ERROR_UNAUTHENTICATED, EPERM, "there is no session; it begins with the first try");
	return sessions_find(request_local(request), token, clock_realtime_ms(), SESSION_LIFE_MS, ret_session, err);
}

int guest_need(struct request *request, struct session *ret_session, struct error *err)
{
	const struct web *web = request_data(request);
	const char *origin = request_header(request, "Origin");
	char token[SESSION_TOKEN_SIZE];
	struct error none;
	int r;

	/* The server holds this for requests with the cookie; a first request has none. */
	if (origin != NULL && !origin_is_ours(origin, request_header(request, "Host"), web->options->public_url, web->loopback))
		return error_set(err, ERROR_FORBIDDEN, EPERM, "this request comes from a page of another site");
	r = guest_find(request, ret_session, &none);
	if (r == 0)
		return 0;
	if (none.kind != ERROR_UNAUTHENTICATED) {
		*err = none;
		return r;
	}
	r = sessions_create(request_local(request), clock_realtime_ms(), SESSION_LIFE_MS, token, ret_session, err);
	if (r == 0)
		respond_cookie(request, SESSION_COOKIE, token, SESSION_LIFE_MS / 1000);
	return r;
}
