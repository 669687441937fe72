/* Numbers and names for administrators, across the other things that are kept. */
#pragma once

#include "store/store.h"

struct overview {
	int64_t users;
	int64_t builds_queued;
	int64_t builds_running;
	int64_t reports_open;
};

int overview_get(struct store *store, struct overview *ret_overview, struct error *err);
/* How many projects somebody owns, of every visibility. */
int overview_projects_of(struct store *store, const char *username, int64_t *ret_count, struct error *err);
/* The user name of a person, malloc'd; NULL: a guest. */
int overview_name_of(struct store *store, const char *person, char **ret_username, struct error *err);
