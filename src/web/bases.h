/* The images that a Dockerfile stands on, as far as they can be told by its FROM lines: those that we make ourselves have to be there first. */
#pragma once

#include <stddef.h>

/* One to begin with: those that this house makes or that people ask for. */
struct base_choice {
	const char *reference;
	const char *label;
};
extern const struct base_choice base_choices[]; /* ends with a NULL reference */
/* NULL: it is not among them. */
const struct base_choice *base_choice_of(const char *reference);

#define BASES_MAX 8
#define BASE_REFERENCE_MAX 255

struct bases {
	char references[BASES_MAX][BASE_REFERENCE_MAX + 1];
	size_t count;
};

/* Each once; stages of the file itself, scratch, and references with variables are left out. `dockerfile` may be NULL. */
void bases_find(const char *dockerfile, struct bases *ret_bases);
