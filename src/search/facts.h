/* What filters, sorts and ranks need of each project, in memory. Not safe by itself: search.c holds the lock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/projects.h"

/* The strings are owned, in one block. */
struct fact {
	int64_t id;
	int64_t updated_ms; /* as it was when the index took it */
	int64_t created_ms;
	int64_t likes;
	double trend;
	unsigned popularity;
	bool listed;
	const char *owner, *name, *category, *state;
	const char *tags; /* ",a,b," */
	const char *key;  /* the name as words_key has it */
};

struct facts;

struct facts *facts_new(void);
void facts_free(struct facts *facts); /* takes NULL */
size_t facts_count(const struct facts *facts);
struct fact *facts_find(const struct facts *facts, int64_t id); /* NULL: not there */
/* Copies the strings (key is made of name; tags as in struct project or with commas around); trend and likes of one
 * that is known stay. */
void facts_put(struct facts *facts, const struct fact *fact);
void facts_remove(struct facts *facts, int64_t id);
/* All, in no order: start with *cursor = 0; NULL at the end. */
struct fact *facts_next(const struct facts *facts, size_t *cursor);

/* Whether the project is in the list that is asked for; text aside. */
bool fact_matches(const struct fact *fact, const struct project_filter *filter);
/* <0: `a` comes first. The order is total. */
int fact_compare(const struct fact *a, const struct fact *b, enum project_sort sort);
