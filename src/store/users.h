/* People with accounts. */
#pragma once

#include "store/store.h"

/* All strings are owned by the struct (user_fini). */
struct user {
	int64_t id; /* inside the store only */
	char *person;
	char *username;
	char *email; /* or NULL */
	bool email_verified;
	char *password_hash; /* argon2id, as libsodium writes it; NULL: signs in by a provider only */
	char *role;          /* user, admin */
	char *state;         /* active, suspended */
	char *display_name;
	char *bio;
	char *homepage; /* or NULL */
	char *language; /* ko, en or NULL */
	char *theme;    /* light, dark or NULL */
	int64_t created_ms;
	int64_t seen_ms;
};

void user_fini(struct user *user);

struct user_list {
	struct user *items;
	size_t count;
	int64_t total;
};

void user_list_fini(struct user_list *list);

/* Makes an account; `user`'s person, username, email, password_hash, role and display_name are taken from it, and its id is
 * filled in. person NULL: a new one. ERROR_CONFLICT: the name (or person) is taken. */
int users_add(struct store *store, struct user *user, int64_t now_ms, struct error *err);
/* Each ERROR_NOT_FOUND. */
int users_get(struct store *store, int64_t id, struct user *ret_user, struct error *err);
int users_by_name(struct store *store, const char *username, struct user *ret_user, struct error *err);
/* By user name, or by e-mail address when there is an "@": of several, the one who has verified it, else the oldest. */
int users_by_login(struct store *store, const char *login, struct user *ret_user, struct error *err);
/* Who has verified this address. ERROR_NOT_FOUND. */
int users_by_verified_email(struct store *store, const char *email, struct user *ret_user, struct error *err);
/* Writes email, email_verified, display_name, bio, homepage, language and theme. */
int users_update(struct store *store, const struct user *user, struct error *err);
int users_set_password(struct store *store, int64_t id, const char *password_hash, struct error *err);
/* ERROR_CONFLICT when it would leave no active administrator. */
int users_set_role(struct store *store, int64_t id, const char *role, struct error *err);
int users_set_state(struct store *store, int64_t id, const char *state, struct error *err);
/* ERROR_CONFLICT when nobody but `id` is an active administrator. Inside a transaction it holds until its end. */
int users_keep_admin(struct store *store, int64_t id, struct error *err);
/* How many projects are theirs; with `listed` only those that everybody finds. */
int users_count_projects(struct store *store, const char *username, bool listed, int64_t *ret_count, struct error *err);
int users_seen(struct store *store, int64_t id, int64_t now_ms, struct error *err);
/* Newest first; `text` (or NULL) is a part of the user name, display name or e-mail address. */
int users_list(struct store *store, const char *text, struct page page, struct user_list *ret_list, struct error *err);
/* By name; all of them. */
int users_list_admins(struct store *store, struct user_list *ret_list, struct error *err);
/* withdraw.c: what of `from` is theirs as a person becomes `to`'s: sandboxes, tries, reports. For a guest who signs in.
 * ERROR_CONFLICT when both have a sandbox open. */
int users_adopt(struct store *store, const char *from, const char *to, struct error *err);
/* ERROR_CONFLICT when the user `heir` has a project of the same name as one of `username`'s. */
int users_check_heir(struct store *store, const char *username, int64_t heir, struct error *err);
/* Withdrawal, in one transaction: the person and what is theirs alone goes (sessions, tokens, identities, likes, history); comments stay
 * without a name, and so does what the audit log says. Their projects go to the user `heir`, or are removed with 0. ERROR_CONFLICT when it would leave no
 * active administrator, or the heir has a project of that name. */
int users_withdraw(struct store *store, int64_t id, int64_t heir, int64_t now_ms, struct error *err);
