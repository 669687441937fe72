#include "store/identities.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

void identity_fini(struct identity *identity)
{
	free(identity->provider);
	free(identity->subject);
	free(identity->label);
	memset(identity, 0, sizeof(*identity));
}

void identities_free(struct identity *identities, size_t count)
{
	for (size_t i = 0; i < count; i++)
		identity_fini(&identities[i]);
	free(identities);
}

/* Databases differ in whether "A" equals "a " here, so what they give is compared once more. */
int identities_find(struct store *store, const char *provider, const char *subject, int64_t *ret_user,
		    struct error *err)
{
	struct statement *s;
	bool found = false;
	int r = db_query(store->db, &s, err,
			 "SELECT user, provider, subject FROM identities WHERE provider = ? AND subject = ?", "ss",
			 provider, subject);

	while (r == 0 && !found && (r = statement_step(s, err)) > 0) {
		r = 0;
		found = strcmp(statement_text(s, 1), provider) == 0 && strcmp(statement_text(s, 2), subject) == 0;
		if (found)
			*ret_user = statement_integer(s, 0);
	}
	statement_done(s);
	if (r == 0 && !found)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "nobody here has that account");
	return r;
}

struct change {
	const struct identity *identity;
	int64_t user;
	const char *provider;
	int64_t now_ms;
};

/* Two changes of one user's ways in come one after the other. */
static int lock_user(struct db *db, int64_t user, struct error *err)
{
	return db_execute(db, NULL, err, "UPDATE users SET seen_ms = seen_ms WHERE id = ?", "i", user);
}

static int add(struct db *db, void *data, struct error *err)
{
	const struct change *change = data;
	const struct identity *identity = change->identity;
	int64_t others = 0;
	int r = lock_user(db, identity->user, err);

	if (r == 0)
		r = db_number(db, 0, &others, err, "SELECT COUNT(*) FROM identities WHERE user = ? AND provider = ?",
			      "is", identity->user, identity->provider);
	if (r == 0 && others > 0)
		return error_set(err, ERROR_CONFLICT, EEXIST,
				 "another account of that provider is linked; unlink it first");
	if (r == 0)
		r = db_execute(
			db, NULL, err,
			"INSERT INTO identities (provider, subject, user, label, created_ms) VALUES (?, ?, ?, ?, ?)",
			"ssisi", identity->provider, identity->subject, identity->user, identity->label,
			change->now_ms);
	return r;
}

int identities_add(struct store *store, const struct identity *identity, int64_t now_ms, struct error *err)
{
	struct change change = {.identity = identity, .now_ms = now_ms};

	return db_transaction(store->db, add, &change, err);
}

struct arrival {
	struct user *user;
	struct identity *identity;
	int64_t now_ms;
};

/* The identity is looked for first: one who comes twice at once is no conflict of names. May run twice. */
static int add_both(struct db *db, void *data, struct error *err)
{
	struct arrival *arrival = data;
	struct store store = {.db = db};
	struct change change = {.identity = arrival->identity, .now_ms = arrival->now_ms};
	int64_t owner;
	int r = identities_find(&store, arrival->identity->provider, arrival->identity->subject, &owner, err);

	if (r == 0)
		return error_set(err, ERROR_CONFLICT, EALREADY, "somebody has signed in with that account meanwhile");
	if (r != -ENOENT)
		return r;
	r = users_add(&store, arrival->user, arrival->now_ms, err);
	if (r < 0)
		return r;
	arrival->identity->user = arrival->user->id;
	r = add(db, &change, err);
	return r == -EEXIST
		       ? error_set(err, ERROR_CONFLICT, EALREADY, "somebody has signed in with that account meanwhile")
		       : r;
}

int identities_add_user(struct store *store, struct user *user, struct identity *identity, int64_t now_ms,
			struct error *err)
{
	struct arrival arrival = {.user = user, .identity = identity, .now_ms = now_ms};

	return db_transaction(store->db, add_both, &arrival, err);
}

int identities_list(struct store *store, int64_t user, struct identity **ret_identities, size_t *ret_count,
		    struct error *err)
{
	struct identity *identities = NULL;
	size_t count = 0;
	struct statement *s;
	int r = db_query(store->db, &s, err,
			 "SELECT provider, subject, label, created_ms FROM identities WHERE user = ? ORDER BY "
			 "created_ms, provider",
			 "i", user);

	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0) {
		identities = xrealloc(identities, (count + 1) * sizeof(*identities));
		identities[count++] = (struct identity){.provider = statement_text_copy(s, 0),
							.subject = statement_text_copy(s, 1),
							.user = user,
							.label = statement_text_copy(s, 2),
							.created_ms = statement_integer(s, 3)};
	}
	statement_done(s);
	if (r < 0) {
		identities_free(identities, count);
		return r;
	}
	*ret_identities = identities;
	*ret_count = count;
	return 0;
}

static int remove_one(struct db *db, void *data, struct error *err)
{
	const struct change *change = data;
	int64_t ways = 0;
	int64_t changes = 0;
	int r = lock_user(db, change->user, err);

	if (r == 0)
		r = db_execute(db, &changes, err, "DELETE FROM identities WHERE user = ? AND provider = ?", "is",
			       change->user, change->provider);
	if (r == 0 && changes == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "no account of that provider is linked");
	if (r == 0)
		r = db_number(db, 0, &ways, err,
			      "SELECT (SELECT COUNT(*) FROM identities WHERE user = ?) + (SELECT COUNT(*) FROM users "
			      "WHERE id = ? "
			      "AND password_hash IS NOT NULL)",
			      "ii", change->user, change->user);
	if (r == 0 && ways == 0)
		return error_set(err, ERROR_CONFLICT, EPERM,
				 "it is your last way in; set a password or link another account first");
	return r;
}

int identities_remove(struct store *store, int64_t user, const char *provider, struct error *err)
{
	struct change change = {.user = user, .provider = provider};

	return db_transaction(store->db, remove_one, &change, err);
}
