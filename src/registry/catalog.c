/* Lists: repositories and tags, page by page (distribution-spec, "Listing tags"; the catalogue is docker-registry's). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "registry/internal.h"
#include "registry/refusal.h"

#define PAGES_MAX  10000
#define NAMES_MAX  1000000

void registry_names_free(struct registry_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct registry_names){0};
}

static void add(struct registry_names *names, const char *name)
{
	if ((names->count & (names->count - 1)) == 0)
		names->items = xrealloc(names->items, (names->count > 0 ? names->count * 2 : 1) * sizeof(*names->items));
	names->items[names->count++] = xstrdup(name);
}

/* What of the page's strings may be such a name; odd ones are left out. */
static int add_page(const struct answer *answer, const char *member, bool (*is_valid)(const char *), struct registry_names *names,
		    struct error *err)
{
	json_t *json = registry_json(answer, member, err);
	json_t *item;
	size_t i;

	if (json == NULL)
		return -EPROTO;
	json_array_foreach (json_object_get(json, member), i, item) {
		const char *name = json_string_value(item);

		if (name != NULL && is_valid(name) && names->count < NAMES_MAX)
			add(names, name);
	}
	json_decref(json);
	return 0;
}

/* The address in `Link: </v2/_catalog?last=x&n=500>; rel="next"`, which must be of the same registry; NULL: there is none. */
static char *next_page(const struct registry_client *client, const struct answer *answer)
{
	const char *start = answer->link != NULL ? strchr(answer->link, '<') : NULL;
	const char *end = start != NULL ? strchr(start, '>') : NULL;
	auto_free char *target = NULL;
	size_t length = strlen(client->base);

	if (end == NULL || strcasestr(end, "next") == NULL)
		return NULL;
	target = xstrndup(start + 1, (size_t)(end - start - 1));
	for (const char *p = target; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return NULL;
	if (strncmp(target, client->base, length) == 0 && target[length] == '/')
		return steal(target);
	return str_starts_with(target, "/v2/") ? xasprintf("%s%s", client->base, target) : NULL;
}

static int read_pages(struct registry_client *client, const char *first, const char *scope, const char *member,
		      bool (*is_valid)(const char *), struct registry_names *names, struct error *err)
{
	auto_free char *url = xstrdup(first);
	struct answer answer = {0};
	int r = 0;

	for (unsigned page = 0; r == 0 && url != NULL; page++) {
		struct question question = {.method = "GET", .url = url};
		char *next = NULL;

		if (page >= PAGES_MAX) {
			r = error_set(err, ERROR_MALFORMED, ELOOP, "the registry's list has no end (%s)", member);
			break;
		}
		r = registry_ask(client, &question, scope, &answer, err);
		if (r == 0 && answer.status != 200)
			r = refusal(&answer, member, err);
		if (r == 0)
			r = add_page(&answer, member, is_valid, names, err);
		if (r == 0)
			next = next_page(client, &answer);
		if (next != NULL && str_equal(next, url))
			r = error_set(err, ERROR_MALFORMED, ELOOP, "the registry's list turns in a circle (%s)", member);
		free(url);
		url = next;
	}
	http_answer_fini(&answer);
	return r;
}

int registry_catalog(struct registry_client *client, struct registry_names *ret_names, struct error *err)
{
	auto_free char *url = xasprintf("%s/v2/_catalog?n=%u", client->base, client->page);
	int r;

	*ret_names = (struct registry_names){0};
	r = read_pages(client, url, "registry:catalog:*", "repositories", registry_repository_is_valid, ret_names, err);
	if (r < 0)
		registry_names_free(ret_names);
	return r;
}

int registry_tags(struct registry_client *client, const char *repository, struct registry_names *ret_names, struct error *err)
{
	auto_free char *url = xasprintf("%s/v2/%s/tags/list?n=%u", client->base, repository, client->page);
	auto_free char *scope = xasprintf("repository:%s:pull", repository);
	struct error failed = {0};
	int r;

	*ret_names = (struct registry_names){0};
	if (!registry_repository_is_valid(repository))
		return error_set(err, ERROR_INVALID, EINVAL, "\"%.100s\" is no repository's name", repository);
	r = read_pages(client, url, scope, "tags", registry_tag_is_valid, ret_names, &failed);
	if (r == 0)
		return 0;
	registry_names_free(ret_names);
	if (failed.kind == ERROR_NOT_FOUND)
		return 0;
	if (err != NULL)
		*err = failed;
	return r;
}
