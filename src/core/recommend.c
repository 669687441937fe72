#include "core/recommend.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/util.h"

/* More tries first, then by name, so that the same history always gives the same page. */
static int by_tries(const void *a, const void *b)
{
	const struct recommend_share *x = a;
	const struct recommend_share *y = b;

	if (x->tries != y->tries)
		return x->tries > y->tries ? -1 : 1;
	return strcmp(x->category, y->category);
}

/* The share that has the largest remainder and did not get a place for it yet; the sorted order settles equal ones. */
static size_t largest_remainder(const struct recommend_share *shares, size_t count, const bool *given, int64_t all,
				unsigned places)
{
	size_t best = count;
	int64_t best_remainder = -1;

	for (size_t i = 0; i < count; i++) {
		int64_t remainder = (int64_t)places * shares[i].tries % all;

		if (!given[i] && remainder > best_remainder) {
			best = i;
			best_remainder = remainder;
		}
	}
	return best;
}

void recommend_share_out(struct recommend_share *shares, size_t count, unsigned places)
{
	auto_free bool *given = xcalloc(count, sizeof(*given));
	unsigned left = places;
	int64_t all = 0;

	if (count > 0)
		qsort(shares, count, sizeof(*shares), by_tries);
	for (size_t i = 0; i < count; i++) {
		shares[i].places = 0;
		all += shares[i].tries;
	}
	if (all <= 0)
		return;
	for (size_t i = 0; i < count; i++) {
		shares[i].places = (unsigned)((int64_t)places * shares[i].tries / all);
		left -= shares[i].places;
	}
	for (; left > 0; left--) {
		size_t i = largest_remainder(shares, count, given, all, places);

		if (i == count)
			return;
		given[i] = true;
		shares[i].places++;
	}
}

/* Takes up to `places` candidates that are not taken yet, of one category or (NULL) of any. */
static size_t take(const struct recommend_candidate *candidates, size_t count, bool *taken, const char *category,
		   size_t places, int64_t *out)
{
	size_t got = 0;

	for (size_t i = 0; i < count && got < places; i++) {
		if (taken[i] || (category != NULL && strcmp(candidates[i].category, category) != 0))
			continue;
		taken[i] = true;
		out[got++] = candidates[i].project;
	}
	return got;
}

size_t recommend_pick(struct recommend_share *shares, size_t share_count, const struct recommend_candidate *candidates,
		      size_t candidate_count, unsigned places, int64_t *out)
{
	auto_free bool *taken = xcalloc(candidate_count, sizeof(*taken));
	size_t got = 0;

	recommend_share_out(shares, share_count, places);
	for (size_t i = 0; i < share_count; i++)
		got += take(candidates, candidate_count, taken, shares[i].category, shares[i].places, out + got);
	return got + take(candidates, candidate_count, taken, NULL, places - got, out + got);
}
