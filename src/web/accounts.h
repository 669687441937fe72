/* What the resources about accounts share. */
#pragma once

#include <jansson.h>

#include "store/users.h"
#include "web/call.h"
#include "web/internal.h"

#define ACCOUNT_SESSIONS_MAX 100 /* of one user; the ones used last stay */
#define ACCOUNT_TOKENS_MAX   50

/* The Me object. */
json_t *account_json(const struct user *user);

/* Answers the problem with a stable word for the UI in `code`; gives 0. */
int account_refuse(struct request *request, const struct error *err, const char *code);
/* The same with the fields, 422; gives 0. */
int account_refuse_fields(struct request *request, const struct field_errors *errors, const char *code);

/* Who is signed in, with the whole account; for user_fini. ERROR_UNAUTHENTICATED. */
int account_find(struct request *request, struct session *ret_session, struct user *ret_user, struct error *err);
/* The same by the browser's session only: with an access token nobody may touch passwords, sessions, tokens or the
 * account itself. ERROR_FORBIDDEN. */
int account_find_in_browser(struct request *request, struct session *ret_session, struct user *ret_user,
			    struct error *err);

/* For a handler whose account_find_in_browser gave r < 0: answers when it was an access token's (code "token") and
 * gives 0, else gives r. */
int account_failed(struct request *request, int r, const struct error *err);

/* In a heavy worker: whether that is the user's password, with limits and the audit log. 0; ERROR_FORBIDDEN for a wrong
 * one, which is for account_refuse "current_password". */
int account_confirm(struct request *request, const struct session *session, const struct user *user,
		    const char *password, struct error *err);

/* Signs the user in on this browser: a new session and its cookie; the one before is over. What a guest had running,
 * and their history, become the user's. Then `answer` is called on the loop, with call->person, call->answer (`json`,
 * taken) and call->reference (a copy of `text`, which may be NULL). Defers the request. `user` is not needed any more
 * after. Not for suspended users. */
int account_sign_in(struct request *request, const struct user *user, void (*answer)(struct call *call), json_t *json,
		    const char *text, struct error *err);
