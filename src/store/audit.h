/* What administrators did, and what matters for the safety of accounts: who, when, from where. Never what was typed. */
#pragma once

#include "store/store.h"

struct audit_entry {
	int64_t id;
	int64_t at_ms;
	char *actor; /* user name; "-": nobody who is signed in; "operator": the command line */
	char *address;
	char *action; /* "user.suspend", "project.hide", "session.failed" … */
	char *target; /* user name, "owner/name", id; "" for none */
	char *detail; /* or NULL */
};

struct audit_list {
	struct audit_entry *items;
	size_t count;
	int64_t total;
};

void audit_list_fini(struct audit_list *list);

/* `detail` may be NULL; strings that are too long are cut. */
int audit_add(struct store *store, int64_t now_ms, const char *actor, const char *address, const char *action,
	      const char *target, const char *detail, struct error *err);
/* Newest first. `actor` and `action` (its start: "user.") narrow it; each may be NULL. */
int audit_list(struct store *store, const char *actor, const char *action, struct page page, struct audit_list *ret_list,
	       struct error *err);
/* Entries before that time go. */
int audit_purge(struct store *store, int64_t before_ms, struct error *err);
