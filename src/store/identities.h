/* Accounts at providers (OpenID Connect, GitHub) that sign in to one here. */
#pragma once

#include "store/store.h"
#include "store/users.h"

/* Strings are owned (identity_fini). */
struct identity {
	char *provider; /* the operator's id of it */
	char *subject;  /* who it is there; never told to others */
	int64_t user;
	char *label; /* for the person to know it by: e-mail address or user name there */
	int64_t created_ms;
};

void identity_fini(struct identity *identity);
void identities_free(struct identity *identities, size_t count);

/* Whose it is; upper and lower case and trailing spaces differ. ERROR_NOT_FOUND. */
int identities_find(struct store *store, const char *provider, const char *subject, int64_t *ret_user,
		    struct error *err);
/* Links it. ERROR_CONFLICT: it belongs to somebody already, or the user has another one of that provider. */
int identities_add(struct store *store, const struct identity *identity, int64_t now_ms, struct error *err);
/* A new account and its first way in, or neither. As users_add; identity->user is filled in. ERROR_CONFLICT with
 * -EEXIST: the name (or person) is taken; with -EALREADY: somebody has that identity. */
int identities_add_user(struct store *store, struct user *user, struct identity *identity, int64_t now_ms,
			struct error *err);
/* Of a user, the oldest first; for identities_free. */
int identities_list(struct store *store, int64_t user, struct identity **ret_identities, size_t *ret_count,
		    struct error *err);
/* ERROR_NOT_FOUND; ERROR_CONFLICT when the user has no password and no other one: it is the last way in. */
int identities_remove(struct store *store, int64_t user, const char *provider, struct error *err);
