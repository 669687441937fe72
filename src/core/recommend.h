/* "Open sources you may like": places shared out among categories in proportion to a person's tries (largest
 * remainder), each category's places filled with its most tried projects that the person has not tried. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct recommend_share {
	const char *category;
	int64_t tries;   /* of this person */
	unsigned places; /* filled in */
};

/* Shares `places` out. Equal remainders: the category with more tries first, then by name. Nothing tried: all get 0. */
void recommend_share_out(struct recommend_share *shares, size_t count, unsigned places);

struct recommend_candidate {
	int64_t project;
	const char *category;
};

/* Picks at most `places` projects. `candidates`: most tried first, without what the person tried. A category that has
 * fewer projects than places leaves them to the best of the others; nothing tried yet: simply the first candidates. The
 * order is that of the shares, largest first. Gives how many are in `out`. */
size_t recommend_pick(struct recommend_share *shares, size_t share_count, const struct recommend_candidate *candidates,
		      size_t candidate_count, unsigned places, int64_t *out);
