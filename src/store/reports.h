/* What people report to the administrators. One report of a person about a project or comment is open at a time:
 * another one says it anew. */
#pragma once

#include "store/store.h"

struct report {
	char id[STORE_ID_LENGTH + 1];
	int64_t project;
	char *full_name;                   /* "owner/name" */
	char comment[STORE_ID_LENGTH + 1]; /* "": it is about the project */
	char *person;
	char *reporter; /* user name, or NULL: a guest, or withdrawn */
	char *reason;   /* spam, abuse, illegal, broken, other */
	char *body;
	char *state; /* open, closed */
	char *note;  /* an administrator's, or NULL */
	int64_t created_ms;
	int64_t closed_ms;
};

void report_fini(struct report *report);

struct report_list {
	struct report *items;
	size_t count;
	int64_t total;
};

void report_list_fini(struct report_list *list);

/* Takes project, comment, person, reporter, reason and body of `report`; fills in the id, of a new one (*ret_new) or of
 * the person's open one, which says this from now on. ERROR_NOT_FOUND: what it is about is gone. */
int reports_add(struct store *store, struct report *report, int64_t now_ms, bool *ret_new, struct error *err);
/* ERROR_NOT_FOUND. */
int reports_get(struct store *store, const char *id, struct report *ret_report, struct error *err);
/* Newest first; `state` NULL: all. */
int reports_list(struct store *store, const char *state, struct page page, struct report_list *ret_list,
		 struct error *err);
/* open or closed; `note` NULL: as it was. ERROR_NOT_FOUND; ERROR_CONFLICT: the person has another open one of the same.
 */
int reports_set_state(struct store *store, const char *id, const char *state, const char *note, int64_t now_ms,
		      struct error *err);
/* Open ones: of all (project 0), or about a project and its comments. */
int reports_count_open(struct store *store, int64_t project, int64_t *ret_count, struct error *err);
