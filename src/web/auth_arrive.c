/* Who a provider has told us about: somebody known, somebody who links an account, or somebody new. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "auth/naming.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "core/profile.h"
#include "store/identities.h"
#include "web/accounts.h"
#include "web/auth.h"
#include "web/guard.h"

struct arrival {
	struct request *request;
	struct provider *provider;
	const struct auth_state *state;
	struct profile *profile;
};

static int fail(const struct arrival *arrival, const char *code)
{
	return auth_fail(arrival->request, arrival->provider->id, code, arrival->state->return_to,
			 arrival->state->link_user != 0);
}

static struct identity identity_of(const struct arrival *arrival, int64_t user)
{
	const struct profile *profile = arrival->profile;
	char *label = profile->email != NULL ? profile->email : profile->username;

	return (struct identity){.provider = arrival->provider->id,
				 .subject = profile->subject,
				 .user = user,
				 .label = label != NULL ? label : profile->subject};
}

/* Whose it is; 0: nobody's, or not to be found out. Asked again when something was in the way: somebody may have come
 * twice at once. */
static int64_t owner_now(const struct arrival *arrival)
{
	int64_t user = 0;

	return identities_find(request_local(arrival->request), arrival->provider->id, arrival->profile->subject, &user,
			       NULL) == 0
		       ? user
		       : 0;
}

static int audit(const struct arrival *arrival, const struct user *user, const char *action, struct error *err)
{
	struct session session = {.user = user->id};

	str_copy(session.username, sizeof(session.username), user->username);
	return visitor_audit(arrival->request, &session, action, user->username, arrival->provider->id, err);
}

/* ---- signing in
 * ----------------------------------------------------------------------------------------------------------- */

static void go_back(struct call *call)
{
	respond_redirect(call->request, 302, call->reference);
	call_free(call);
}

static int sign_in(const struct arrival *arrival, const struct user *user, struct error *err)
{
	int r;

	if (strcmp(user->state, "active") != 0) {
		r = visitor_audit(arrival->request, NULL, "session.failed", user->username, "suspended", err);
		return r == 0 ? fail(arrival, "suspended") : r;
	}
	r = audit(arrival, user, "session.made", err);
	return r == 0 ? account_sign_in(arrival->request, user, go_back, NULL, arrival->state->return_to, err) : r;
}

static int sign_in_known(const struct arrival *arrival, int64_t id, struct error *err)
{
	struct user user = {0};
	int r = users_get(request_local(arrival->request), id, &user, err);

	if (r == 0)
		r = sign_in(arrival, &user, err);
	user_fini(&user);
	return r;
}

/* ---- linking
 * -------------------------------------------------------------------------------------------------------------- */

/* Both sides say that it is theirs, and the provider has verified it: then it is verified here, unless another account
 * has it. */
static int take_verification(const struct arrival *arrival, struct user *user, struct error *err)
{
	struct store *store = request_local(arrival->request);
	const struct profile *profile = arrival->profile;
	struct user other = {0};
	int r;

	if (!profile->email_verified || user->email == NULL || user->email_verified ||
	    strcasecmp(user->email, profile->email) != 0)
		return 0;
	r = users_by_verified_email(store, user->email, &other, err);
	user_fini(&other);
	if (r == 0 || err->kind != ERROR_NOT_FOUND)
		return r;
	user->email_verified = true;
	return users_update(store, user, err);
}

static int link_account(const struct arrival *arrival, struct error *err)
{
	struct request *request = arrival->request;
	struct identity identity = identity_of(arrival, arrival->state->link_user);
	struct session session;
	struct user user = {0};
	int r = visitor_user(request, &session, err);

	/* Whoever sits there now must be who began it. */
	if ((r < 0 && err->kind == ERROR_UNAUTHENTICATED) || (r == 0 && session.user != arrival->state->link_user))
		return fail(arrival, "expired");
	if (r == 0)
		r = users_get(request_local(request), session.user, &user, err);
	if (r == 0)
		r = identities_add(request_local(request), &identity, clock_realtime_ms(), err);
	if (r < 0 && err->kind == ERROR_CONFLICT && owner_now(arrival) == user.id) {
		respond_redirect(request, 302, arrival->state->return_to);
		r = 0;
	} else if (r < 0 && err->kind == ERROR_CONFLICT) {
		r = fail(arrival, "already_linked");
	} else {
		if (r == 0)
			r = take_verification(arrival, &user, err);
		if (r == 0)
			r = audit(arrival, &user, "identity.link", err);
		if (r == 0)
			respond_redirect(request, 302, arrival->state->return_to);
	}
	user_fini(&user);
	return r;
}

/* ---- somebody new
 * --------------------------------------------------------------------------------------------------------- */

/* A guest stays the person they were. */
static char *guest_person(struct request *request)
{
	const char *token = request_cookie(request, SESSION_COOKIE);
	struct session guest;

	if (token == NULL ||
	    sessions_find(request_local(request), token, clock_realtime_ms(), SESSION_LIFE_MS, &guest, NULL) < 0 ||
	    guest.user != 0)
		return NULL;
	return xstrdup(guest.person);
}

/* Whether the name is what was in the way; otherwise it was the person. */
static bool name_is_taken(struct store *store, const char *username)
{
	struct user other = {0};
	bool taken = users_by_name(store, username, &other, NULL) == 0;

	user_fini(&other);
	return taken;
}

/* Tries names until one is free. */
static int add_user(const struct arrival *arrival, struct user *user, struct error *err)
{
	struct store *store = request_local(arrival->request);
	struct identity identity = identity_of(arrival, 0);
	int r = -EEXIST;

	for (unsigned attempt = 0; r == -EEXIST && attempt < NAMING_ATTEMPTS; attempt++) {
		char name[USERNAME_MAX + 1];

		naming_choose(arrival->profile, attempt, name);
		free(user->username);
		user->username = xstrdup(name);
		if (name_is_taken(store, name))
			continue;
		r = identities_add_user(store, user, &identity, clock_realtime_ms(), err);
		if (r == -EEXIST) /* somebody has the name by now, or has become an account as this very guest */
			free(steal(user->person));
	}
	return r;
}

static int welcome(const struct arrival *arrival, struct error *err)
{
	const struct profile *profile = arrival->profile;
	struct user user = {.person = guest_person(arrival->request)};
	int r;

	if (profile->name != NULL && display_name_fault(profile->name) == NULL)
		user.display_name = xstrdup(profile->name);
	if (profile->email_verified && email_fault(profile->email) == NULL) {
		user.email = xstrdup(profile->email);
		user.email_verified = true;
	}
	r = add_user(arrival, &user, err);
	if (r == 0) {
		r = audit(arrival, &user, "user.register", err);
	} else if (r == -EALREADY) {
		user.id = owner_now(arrival);
		r = user.id != 0 ? 0 : r;
	}
	if (r == 0)
		r = sign_in_known(arrival, user.id, err);
	user_fini(&user);
	return r;
}

static int register_user(const struct arrival *arrival, struct error *err)
{
	struct web *web = request_data(arrival->request);

	if (web->options->registration_closed)
		return fail(arrival, "no_account");
	if (guard_registration(web->guard, arrival->request, err) < 0)
		return fail(arrival, "too_many");
	return welcome(arrival, err);
}

/* The account here whose verified address is the one that the provider has verified. No other address joins anything:
 * whoever wrote it down, here or there, may not be who reads it. */
static int join(const struct arrival *arrival, struct user *user, struct error *err)
{
	struct identity identity = identity_of(arrival, user->id);
	int r;

	if (strcmp(user->state, "active") != 0)
		return sign_in(arrival, user, err);
	r = identities_add(request_local(arrival->request), &identity, clock_realtime_ms(), err);
	if (r < 0 && err->kind == ERROR_CONFLICT && owner_now(arrival) == user->id)
		return sign_in(arrival, user, err);
	/* Linked to somebody else over there: an address that changed hands. */
	if (r < 0 && err->kind == ERROR_CONFLICT)
		return fail(arrival, "email_taken");
	if (r == 0)
		r = audit(arrival, user, "identity.link", err);
	return r == 0 ? sign_in(arrival, user, err) : r;
}

static int arrive_unknown(const struct arrival *arrival, struct error *err)
{
	struct user user = {0};
	int r = -ENOENT;

	if (arrival->state->link_user != 0)
		return link_account(arrival, err);
	if (!arrival->profile->email_verified)
		return register_user(arrival, err);
	r = users_by_verified_email(request_local(arrival->request), arrival->profile->email, &user, err);
	if (r == 0)
		r = join(arrival, &user, err);
	else if (err->kind == ERROR_NOT_FOUND)
		r = register_user(arrival, err);
	user_fini(&user);
	return r;
}

int auth_arrive(struct request *request, struct provider *provider, const struct auth_state *state,
		struct profile *profile, struct error *err)
{
	const struct arrival arrival = {.request = request, .provider = provider, .state = state, .profile = profile};
	int64_t user;
	int r;

	profile->email_verified = profile->email_verified && profile->email != NULL && provider->trust_email;
	r = identities_find(request_local(request), provider->id, profile->subject, &user, err);
	if (r < 0 && err->kind == ERROR_NOT_FOUND)
		return arrive_unknown(&arrival, err);
	if (r < 0)
		return r;
	if (state->link_user == 0)
		return sign_in_known(&arrival, user, err);
	if (user != state->link_user)
		return fail(&arrival, "already_linked");
	respond_redirect(request, 302, state->return_to);
	return 0;
}
