#include "search/facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "search/words.h"

/* A hash table from ids, open addressing; removed places stay marked until it grows. */
struct place {
	struct fact *fact; /* NULL: free, or gone */
	bool used;
};

struct facts {
	struct place *places;
	size_t capacity; /* a power of two */
	size_t used;     /* gone ones included */
	size_t count;
};

#define FIRST_CAPACITY 64

struct facts *facts_new(void)
{
	struct facts *facts = xmalloc(sizeof(*facts));

	facts->capacity = FIRST_CAPACITY;
	facts->places = xcalloc(facts->capacity, sizeof(*facts->places));
	return facts;
}

void facts_free(struct facts *facts)
{
	if (facts == NULL)
		return;
	for (size_t i = 0; i < facts->capacity; i++)
		free(facts->places[i].fact);
	free(facts->places);
	free(facts);
}

size_t facts_count(const struct facts *facts)
{
	return facts->count;
}

static struct place *place_of(const struct facts *facts, int64_t id)
{
	size_t at = (size_t)((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (facts->capacity - 1);

	while (facts->places[at].used && (facts->places[at].fact == NULL || facts->places[at].fact->id != id))
		at = (at + 1) & (facts->capacity - 1);
	return &facts->places[at];
}

struct fact *facts_find(const struct facts *facts, int64_t id)
{
	return place_of(facts, id)->fact;
}

static void grow(struct facts *facts)
{
	struct place *old = facts->places;
	size_t capacity = facts->capacity;

	facts->capacity = facts->count * 4 > capacity ? capacity * 2 : capacity;
	facts->places = xcalloc(facts->capacity, sizeof(*facts->places));
	facts->used = facts->count;
	for (size_t i = 0; i < capacity; i++)
		if (old[i].fact != NULL)
			*place_of(facts, old[i].fact->id) = (struct place){old[i].fact, true};
	free(old);
}

static const char *put_string(char **at, const char *text)
{
	const char *begin = *at;

	*at = stpcpy(*at, text) + 1;
	return begin;
}

static struct fact *copy_of(const struct fact *from)
{
	const char *tags = from->tags != NULL ? from->tags : "";
	char key[WORD_BYTES_MAX];
	struct fact *fact;
	char *at;

	words_key(from->name, strlen(from->name), key, sizeof(key));
	fact = xmalloc(sizeof(*fact) + strlen(from->owner) + strlen(from->name) + strlen(from->category) +
		       strlen(from->state) + strlen(tags) + strlen(key) + 8);
	*fact = *from;
	at = (char *)(fact + 1);
	fact->owner = put_string(&at, from->owner);
	fact->name = put_string(&at, from->name);
	fact->category = put_string(&at, from->category);
	fact->state = put_string(&at, from->state);
	fact->key = put_string(&at, key);
	fact->tags = at;
	if (tags[0] == ',')
		strcpy(at, tags);
	else
		stpcpy(stpcpy(stpcpy(at, ","), tags), ",");
	return fact;
}

void facts_put(struct facts *facts, const struct fact *fact)
{
	struct fact *copy = copy_of(fact);
	struct place *place;

	if ((facts->used + 1) * 2 > facts->capacity)
		grow(facts);
	place = place_of(facts, fact->id);
	if (place->fact != NULL) {
		copy->trend = place->fact->trend;
		copy->likes = place->fact->likes;
		free(place->fact);
	} else {
		facts->count++;
		facts->used += !place->used;
	}
	*place = (struct place){copy, true};
}

void facts_remove(struct facts *facts, int64_t id)
{
	struct place *place = place_of(facts, id);

	if (place->fact == NULL)
		return;
	free(place->fact);
	place->fact = NULL;
	facts->count--;
}

struct fact *facts_next(const struct facts *facts, size_t *cursor)
{
	while (*cursor < facts->capacity) {
		struct fact *fact = facts->places[(*cursor)++].fact;

		if (fact != NULL)
			return fact;
	}
	return NULL;
}

static bool has_tag(const char *tags, const char *tag)
{
	size_t length = strlen(tag);

	for (const char *at = tags; *tag != '\0' && (at = strchr(at, ',')) != NULL;) {
		at++;
		if (strncasecmp(at, tag, length) == 0 && at[length] == ',')
			return true;
	}
	return false;
}

bool fact_matches(const struct fact *fact, const struct project_filter *filter)
{
	return fact->listed && (filter->category == NULL || strcmp(fact->category, filter->category) == 0) &&
	       (filter->owner == NULL || strcmp(fact->owner, filter->owner) == 0) &&
	       (filter->state == NULL || strcmp(fact->state, filter->state) == 0) &&
	       (filter->tag == NULL || has_tag(fact->tags, filter->tag));
}

static int by_name(const struct fact *a, const struct fact *b)
{
	int r = strcmp(a->name, b->name);

	return r != 0 ? r : strcmp(a->owner, b->owner);
}

static int by_trend(const struct fact *a, const struct fact *b)
{
	if (a->trend != b->trend)
		return a->trend > b->trend ? -1 : 1;
	if (a->popularity != b->popularity)
		return a->popularity > b->popularity ? -1 : 1;
	return by_name(a, b);
}

int fact_compare(const struct fact *a, const struct fact *b, enum project_sort sort)
{
	switch (sort) {
	case PROJECT_SORT_NEW:
		if (a->created_ms != b->created_ms)
			return a->created_ms > b->created_ms ? -1 : 1;
		return a->id > b->id ? -1 : a->id < b->id;
	case PROJECT_SORT_LIKES:
		if (a->likes != b->likes)
			return a->likes > b->likes ? -1 : 1;
		return by_trend(a, b);
	case PROJECT_SORT_NAME:
		return by_name(a, b);
	default:
		return by_trend(a, b);
	}
}
