#include "search/distance.h"

#include <stdbool.h>
#include <string.h>

#include "base/util.h"

enum slip slip_between(const char *typed, size_t typed_length, const char *word, size_t word_length)
{
	size_t same = 0, most = min_size(typed_length, word_length);
	const char *t, *w;
	size_t tn, wn;
	bool whole, prefix;

	while (same < most && typed[same] == word[same])
		same++;
	t = typed + same;
	w = word + same;
	tn = typed_length - same;
	wn = word_length - same;
	if (tn == 0 && wn == 0)
		return SLIP_SAME;
	/* What is typed is gone on with behind the first difference, in each of the ways that it may have come about.
	 */
	prefix = tn == 0;
	whole = tn == 0 && wn == 1;
	if (tn > 0 && wn >= tn - 1 && memcmp(t + 1, w, tn - 1) == 0) { /* one too many */
		prefix = true;
		whole = whole || wn == tn - 1;
	}
	if (wn > tn && memcmp(t, w + 1, tn) == 0) { /* one too few */
		prefix = true;
		whole = whole || wn == tn + 1;
	}
	if (tn > 0 && wn >= tn && memcmp(t + 1, w + 1, tn - 1) == 0) { /* another one */
		prefix = true;
		whole = whole || wn == tn;
	}
	if (tn > 1 && wn >= tn && t[0] == w[1] && t[1] == w[0] && memcmp(t + 2, w + 2, tn - 2) == 0) { /* swapped */
		prefix = true;
		whole = whole || wn == tn;
	}
	return whole ? SLIP_WHOLE : prefix ? SLIP_PREFIX : SLIP_NONE;
}
