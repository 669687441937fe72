/* What authors see of their project, day by day (UTC). It names nobody, and stays when a person's own history goes. */
#pragma once

#include "store/store.h"

#define STATISTICS_DAY_MS INT64_C(86400000)

struct statistics_counts {
	int64_t tries;    /* every start */
	int64_t visitors; /* people; each once a day */
	int64_t used_ms;  /* that sandboxes ran, on the day of their start */
	int64_t likes;    /* given on that day and not taken back */
};

/* Adds to the day of `at_ms`. For use inside a transaction. A project that is gone is fine. */
int statistics_add(struct db *db, int64_t project, int64_t at_ms, const struct statistics_counts *more,
		   struct error *err);

/* The `days` days up to that of `now_ms`, oldest first, into `out`; days on which nothing happened are zero. */
int statistics_get(struct store *store, int64_t project, int64_t now_ms, size_t days, struct statistics_counts *out,
		   struct error *err);
