#include "http/router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"

struct segment {
	char *literal; /* the whole segment, or what stands before the parameter */
	char *suffix;  /* what stands behind it */
	char *name;    /* of the parameter; NULL: literal only */
};

struct entry {
	struct route route;
	struct segment segments[TARGET_SEGMENTS_MAX];
	size_t count;
};

struct router {
	struct entry *entries;
	size_t count;
};

static void bug(const char *pattern, const char *what)
{
	log_error("bug: route %s: %s", pattern, what);
	abort();
}

struct router *router_new(void)
{
	return xmalloc(sizeof(struct router));
}

static void segment_fini(struct segment *segment)
{
	free(segment->literal);
	free(segment->suffix);
	free(segment->name);
}

void router_free(struct router *router)
{
	if (router == NULL)
		return;
	for (size_t i = 0; i < router->count; i++)
		for (size_t k = 0; k < router->entries[i].count; k++)
			segment_fini(&router->entries[i].segments[k]);
	free(router->entries);
	free(router);
}

static void compile_segment(struct segment *segment, const char *text, size_t length, const char *pattern)
{
	const char *open = memchr(text, '{', length);
	const char *close = open != NULL ? memchr(open, '}', length - (size_t)(open - text)) : NULL;

	if (open == NULL) {
		segment->literal = xstrndup(text, length);
		return;
	}
	if (close == NULL || close == open + 1)
		bug(pattern, "a parameter without an end or a name");
	segment->literal = xstrndup(text, (size_t)(open - text));
	segment->name = xstrndup(open + 1, (size_t)(close - open - 1));
	segment->suffix = xstrndup(close + 1, length - (size_t)(close + 1 - text));
}

static void compile(struct entry *entry)
{
	const char *at = entry->route.pattern;
	size_t params = 0;

	if (*at++ != '/')
		bug(entry->route.pattern, "must begin with a slash");
	while (*at != '\0') {
		size_t length = strcspn(at, "/");

		if (entry->count == TARGET_SEGMENTS_MAX)
			bug(entry->route.pattern, "too many segments");
		compile_segment(&entry->segments[entry->count], at, length, entry->route.pattern);
		params += entry->segments[entry->count].name != NULL;
		entry->count++;
		at += length;
		if (*at == '/' && *++at == '\0' && entry->count < TARGET_SEGMENTS_MAX) /* a slash at the end is a part of the address */
			compile_segment(&entry->segments[entry->count++], at, 0, entry->route.pattern);
	}
	if (params > ROUTE_PARAMS_MAX)
		bug(entry->route.pattern, "too many parameters");
}

void router_add(struct router *router, const struct route *route)
{
	struct entry *entry;

	if (route->methods == 0 || route->handler == NULL)
		bug(route->pattern, "no method or handler");
	for (size_t i = 0; i < router->count; i++)
		if (strcmp(router->entries[i].route.pattern, route->pattern) == 0 &&
		    (router->entries[i].route.methods & route->methods) != 0)
			bug(route->pattern, "is there twice");
	router->entries = xrealloc(router->entries, (router->count + 1) * sizeof(*router->entries));
	entry = &router->entries[router->count++];
	memset(entry, 0, sizeof(*entry));
	entry->route = *route;
	compile(entry);
}

/* 0: no; else how literal the fit is, so that the most literal route wins, from the left. */
static unsigned fit(const struct entry *entry, const struct target *target)
{
	unsigned score = 1;

	if (entry->count != target->segment_count)
		return 0;
	for (size_t i = 0; i < entry->count; i++) {
		const struct segment *segment = &entry->segments[i];
		const char *value = target->segments[i];
		size_t before = strlen(segment->literal);
		size_t behind;
		size_t length;

		if (segment->name == NULL) {
			if (strcmp(segment->literal, value) != 0)
				return 0;
			score = score << 1 | 1;
			continue;
		}
		behind = strlen(segment->suffix);
		length = strlen(value);
		if (length <= before + behind || strncmp(value, segment->literal, before) != 0 ||
		    strcmp(value + length - behind, segment->suffix) != 0)
			return 0;
		score = score << 1;
	}
	return score;
}

static void take_params(const struct entry *entry, const struct target *target, struct route_match *match)
{
	size_t total = 0;
	char *out;

	for (size_t i = 0; i < entry->count; i++)
		total += strlen(target->segments[i]) + 1;
	out = match->memory = xmalloc(total);
	for (size_t i = 0; i < entry->count; i++) {
		const struct segment *segment = &entry->segments[i];
		size_t before = strlen(segment->literal);
		size_t length;

		if (segment->name == NULL)
			continue;
		length = strlen(target->segments[i]) - before - strlen(segment->suffix);
		memcpy(out, target->segments[i] + before, length);
		out[length] = '\0';
		match->names[match->count] = segment->name;
		match->values[match->count++] = out;
		out += length + 1;
	}
}

void router_match(const struct router *router, unsigned method, const struct target *target,
		  struct route_match *ret_match)
{
	const struct entry *best = NULL;
	unsigned best_score = 0;

	memset(ret_match, 0, sizeof(*ret_match));
	for (size_t i = 0; i < router->count; i++) {
		const struct entry *entry = &router->entries[i];
		unsigned score = fit(entry, target);

		if (score == 0)
			continue;
		ret_match->allowed |= entry->route.methods;
		if ((entry->route.methods & method) != 0 && score > best_score) {
			best = entry;
			best_score = score;
		}
	}
	if (best == NULL)
		return;
	ret_match->route = &best->route;
	take_params(best, target, ret_match);
}

void route_match_fini(struct route_match *match)
{
	free(match->memory);
	memset(match, 0, sizeof(*match));
}

void router_allow(unsigned methods, char *out)
{
	static const struct {
		unsigned method;
		const char *names;
	} table[] = {
		{METHOD_GET, "GET, HEAD, "}, {METHOD_POST, "POST, "},     {METHOD_PUT, "PUT, "},
		{METHOD_PATCH, "PATCH, "},   {METHOD_DELETE, "DELETE, "},
	};
	char *end = out;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if ((methods & table[i].method) != 0)
			end = stpcpy(end, table[i].names);
	strcpy(end, "OPTIONS");
}
