/* /v2/: `docker pull HOST/owner/name[:version]` of public projects (OCI distribution-spec 1.1, the part "Pull"; docs/adr/0018-pulling.md).
 * Nothing is pushed here: builds do that, behind our back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "store/projects.h"
#include "store/versions.h"
#include "web/guard.h"
#include "web/internal.h"
#include "web/keeper.h"
#include "web/pulling.h"

#define TAGS_MOST 1000
#define LATEST	  "latest"

/* ---- answers -------------------------------------------------------------------------------------------------------------- */

static void mark(struct request *request)
{
	respond_header(request, "Docker-Distribution-Api-Version", "registry/2.0");
}

/* Turns an error of ours into one of the registry's protocol. */
static int answer(struct request *request, int r, const struct error *err)
{
	if (r < 0)
		pull_refuse_error(request, err);
	return 0;
}

static int refuse_name(struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such public project");
}

int pull_unknown(struct request *request, struct error *err)
{
	mark(request);
	return answer(request, refuse_name(err), err);
}

static int refuse_write(struct request *request, struct error *err)
{
	(void)err;
	mark(request);
	respond_header(request, "Allow", "GET, HEAD, OPTIONS");
	pull_refuse(request, 405, "UNSUPPORTED", "nothing can be pushed or deleted here; projects are published on the pages");
	return 0;
}

/* ---- who may ----------------------------------------------------------------------------------------------------------------- */

/* What holds for all: there is a registry, and the address has not asked too often. */
static int begin(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	char key[LIMITER_ADDRESS_SIZE];
	unsigned seconds;

	mark(request);
	if (web->puller == NULL)
		return error_set(err, ERROR_NOT_FOUND, ENOTSUP, "no images are handed out here");
	limiter_address(request_address(request), key);
	if (!guard_holds(web->options, request) || limiter_take(web->pulls, key, clock_monotonic_ms(), &seconds) == 0)
		return 0;
	respond_retry_after(request, seconds);
	return error_set(err, ERROR_RATE_LIMITED, EAGAIN, "too much was pulled from your address; go on in %u s", seconds);
}

static bool is_public(const struct project *project)
{
	return (str_equal(project->visibility, "listed") || str_equal(project->visibility, "unlisted")) &&
	       str_equal(project->state, "ready") && project->deleted_ms == 0;
}

/* The public project of the path. */
static int find_project(struct request *request, struct project *project, struct error *err)
{
	int r = projects_get_short(request_local(request), request_param(request, "owner"), request_param(request, "name"), project, err);

	if (r < 0 && err->kind != ERROR_NOT_FOUND)
		return r;
	/* Names are found whatever their case in some databases; a registry's are not. */
	if (r == 0 && is_public(project) && str_equal(project->owner, request_param(request, "owner")) &&
	    str_equal(project->name, request_param(request, "name")))
		return 0;
	return refuse_name(err);
}

/* ---- where the images lie ------------------------------------------------------------------------------------------------------ */

/* "owner/name@sha256:…" or "owner/name:tag": both parts; -EINVAL for one that our registry can't have. */
static int split_reference(const char *reference, char **ret_repository, const char **ret_reference)
{
	const char *at = strchr(reference, '@');
	const char *sign = at != NULL ? at : strrchr(reference, ':');
	char *repository;

	if (sign == NULL || sign == reference)
		return -EINVAL;
	repository = xstrndup(reference, (size_t)(sign - reference));
	if (!registry_repository_is_valid(repository) || !(registry_digest_is_valid(sign + 1) || registry_tag_is_valid(sign + 1))) {
		free(repository);
		return -EINVAL;
	}
	*ret_repository = repository;
	*ret_reference = sign + 1;
	return 0;
}

static void add_version(struct pull *pull, const struct version *version)
{
	auto_free char *repository = NULL;
	const char *reference;

	if (split_reference(version->reference, &repository, &reference) < 0)
		return;
	pull_add_source(pull, repository, reference);
	if (registry_digest_is_valid(version->image) && !str_equal(version->image, reference))
		pull_add_source(pull, repository, version->image);
}

/* A version's tag: its label, with "_" for what a tag can't hold ("1:2.3+b1" is pulled as 1_2.3_b1). `tag` holds REGISTRY_TAG_MAX + 1. */
static void tag_of(const char *label, char *tag)
{
	str_copy(tag, REGISTRY_TAG_MAX + 1, label);
	for (char *p = tag; *p != '\0'; p++)
		if (strchr("+~:", *p) != NULL)
			*p = '_';
}

static int add_current(struct store *store, int64_t project, struct pull *pull, struct error *err)
{
	struct version version = {0};
	int r = versions_get(store, project, NULL, &version, err);

	if (r == 0)
		add_version(pull, &version);
	version_fini(&version);
	return r;
}

/* The newest version of that tag, or all for NULL. */
static int add_versions(struct store *store, int64_t project, const char *wanted, struct pull *pull, struct error *err)
{
	struct version *versions = NULL;
	size_t count = 0;
	int r;

	if (wanted != NULL && str_equal(wanted, LATEST))
		return add_current(store, project, pull, err);
	r = versions_list(store, project, &versions, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		char tag[REGISTRY_TAG_MAX + 1];

		tag_of(versions[i].label, tag);
		if (wanted != NULL && !str_equal(wanted, tag))
			continue;
		add_version(pull, &versions[i]);
		if (wanted != NULL)
			break;
	}
	versions_free(versions, count);
	return r;
}

/* ---- manifests and blobs ---------------------------------------------------------------------------------------------------------- */

/* One part only ("bytes=0-99", "bytes=100-", "bytes=-5"); anything else means the whole, as RFC 9110 §14.2 lets us. */
static struct pull_range parse_range(const char *text)
{
	const struct pull_range none = {.first = -1, .last = -1};
	struct pull_range range = {.given = true, .first = -1, .last = -1};
	auto_free char *copy = NULL;
	char *dash;
	uint64_t n;

	if (text == NULL || !str_starts_with(text, "bytes="))
		return none;
	copy = xstrdup(text + 6);
	dash = strchr(copy, '-');
	if (dash == NULL)
		return none;
	*dash++ = '\0';
	if (*copy != '\0') {
		if (str_to_u64(copy, INT64_MAX, &n) < 0)
			return none;
		range.first = (int64_t)n;
	}
	if (*dash != '\0') {
		if (str_to_u64(dash, INT64_MAX, &n) < 0)
			return none;
		range.last = (int64_t)n;
	}
	if ((range.first < 0 && range.last < 0) || (range.first >= 0 && range.last >= 0 && range.last < range.first))
		return none;
	return range;
}

static bool is_same(const char *condition, const char *digest)
{
	auto_free char *tag = xasprintf("\"%s\"", digest);

	return condition == NULL || str_equal(condition, tag);
}

/* Takes the pull. */
static void hand_over(struct request *request, struct pull *pull)
{
	struct web *web = request_data(request);

	if (guard_holds(web->options, request))
		limiter_address(request_address(request), pull->address);
	pull->head = request_is_head(request);
	pull->request = request_defer(request);
	puller_take(web->puller, pull);
}

static int find_manifest(struct request *request, struct pull *pull, struct error *err)
{
	const char *reference = request_param(request, "reference");
	bool by_digest = registry_digest_is_valid(reference);
	struct project project = {0};
	int r = begin(request, err);

	if (r == 0)
		r = find_project(request, &project, err);
	if (r == 0 && by_digest)
		str_copy(pull->digest, sizeof(pull->digest), reference);
	if (r == 0 && (by_digest || registry_tag_is_valid(reference))) {
		r = add_versions(request_local(request), project.id, by_digest ? NULL : reference, pull, err);
		if (r < 0 && err->kind == ERROR_NOT_FOUND)
			r = 0;
	}
	project_fini(&project);
	return r;
}

static int get_manifest(struct request *request, struct error *err)
{
	struct pull *pull = pull_new();
	int r = find_manifest(request, pull, err);

	if (r == 0 && pull->count > 0) {
		hand_over(request, pull);
		return 0;
	}
	pull_free(pull);
	if (r < 0)
		return answer(request, r, err);
	pull_refuse(request, 404, "MANIFEST_UNKNOWN", "this project has no such version");
	return 0;
}

static int get_blob(struct request *request, struct error *err)
{
	const char *digest = request_param(request, "digest");
	struct project project = {0};
	struct pull *pull;
	int r = begin(request, err);

	if (r == 0)
		r = find_project(request, &project, err);
	if (r < 0)
		return answer(request, r, err);
	if (!registry_digest_is_valid(digest)) {
		project_fini(&project);
		pull_refuse(request, 400, "DIGEST_INVALID", "a digest is sha256: and 64 digits");
		return 0;
	}
	pull = pull_new();
	pull->blob = true;
	str_copy(pull->digest, sizeof(pull->digest), digest);
	if (is_same(request_header(request, "If-Range"), digest))
		pull->range = parse_range(request_header(request, "Range"));
	r = add_versions(request_local(request), project.id, NULL, pull, err);
	project_fini(&project);
	if (r == 0) {
		hand_over(request, pull);
		return 0;
	}
	pull_free(pull);
	return answer(request, r, err);
}

/* ---- tags --------------------------------------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The page of the sorted names that come after `last`; `*ret_more`: others follow. */
static json_t *choose_tags(const char **names, size_t count, const char *last, uint64_t most, bool *ret_more)
{
	json_t *tags = json_array();

	*ret_more = false;
	for (size_t i = 0; i < count; i++) {
		if ((last != NULL && strcmp(names[i], last) <= 0) || (i > 0 && str_equal(names[i], names[i - 1])))
			continue;
		if (json_array_size(tags) == most) {
			*ret_more = most > 0;
			break;
		}
		json_array_append_new(tags, json_string(names[i]));
	}
	return tags;
}

static void link_next(struct request *request, const struct project *project, const json_t *tags, uint64_t most)
{
	const char *last = json_string_value(json_array_get(tags, json_array_size(tags) - 1));
	auto_free char *link = xasprintf("</v2/%s/%s/tags/list?n=%llu&last=%s>; rel=\"next\"", project->owner, project->name,
					 (unsigned long long)most, last);

	respond_header(request, "Link", link);
}

static int answer_tags(struct request *request, const struct project *project, uint64_t most, struct error *err)
{
	auto_free char *full_name = xasprintf("%s/%s", project->owner, project->name);
	struct version *versions = NULL;
	char(*tags_of)[REGISTRY_TAG_MAX + 1];
	const char **names;
	size_t count = 0, used = 0;
	json_t *tags;
	bool more;
	int r = versions_list(request_local(request), project->id, &versions, &count, err);

	if (r < 0)
		return r;
	names = xcalloc(count + 1, sizeof(*names));
	tags_of = xcalloc(count + 1, sizeof(*tags_of));
	if (project->version != NULL)
		names[used++] = LATEST;
	for (size_t i = 0; i < count; i++) {
		tag_of(versions[i].label, tags_of[i]);
		if (registry_tag_is_valid(tags_of[i]))
			names[used++] = tags_of[i];
	}
	qsort(names, used, sizeof(*names), by_name);
	tags = choose_tags(names, used, request_query(request, "last"), most, &more);
	if (more)
		link_next(request, project, tags, most);
	respond_json(request, 200, json_pack("{s:s,s:o}", "name", full_name, "tags", tags));
	free(names);
	free(tags_of);
	versions_free(versions, count);
	return 0;
}

static int get_tags(struct request *request, struct error *err)
{
	struct project project = {0};
	uint64_t most = TAGS_MOST;
	int r = begin(request, err);

	if (r == 0)
		r = find_project(request, &project, err);
	if (r == 0)
		r = request_query_number(request, "n", 0, INT64_MAX, TAGS_MOST, &most, err);
	if (r == 0)
		r = answer_tags(request, &project, most < TAGS_MOST ? most : TAGS_MOST, err);
	project_fini(&project);
	return answer(request, r, err);
}

static int get_root(struct request *request, struct error *err)
{
	struct web *web = request_data(request);

	mark(request);
	if (web->puller == NULL)
		return answer(request, error_set(err, ERROR_NOT_FOUND, ENOTSUP, "no images are handed out here"), err);
	respond_json(request, 200, json_object());
	return 0;
}

#define WRITES (METHOD_POST | METHOD_PUT | METHOD_PATCH | METHOD_DELETE)

const struct resource pull_resources[] = {
	{METHOD_GET, "/v2/", ROUTE_IMMEDIATE, get_root, false, 0},
	{METHOD_GET, "/v2/{owner}/{name}/manifests/{reference}", ROUTE_WORK, get_manifest, false, 0},
	{METHOD_GET, "/v2/{owner}/{name}/blobs/{digest}", ROUTE_WORK, get_blob, false, 0},
	{METHOD_GET, "/v2/{owner}/{name}/tags/list", ROUTE_WORK, get_tags, false, 0},
	{WRITES, "/v2/{owner}/{name}/manifests/{reference}", ROUTE_IMMEDIATE, refuse_write, RESOURCE_ANY_TYPE, 0},
	{WRITES, "/v2/{owner}/{name}/blobs/{digest}", ROUTE_IMMEDIATE, refuse_write, RESOURCE_ANY_TYPE, 0},
	{METHOD_POST, "/v2/{owner}/{name}/blobs/uploads/", ROUTE_IMMEDIATE, refuse_write, RESOURCE_ANY_TYPE, 0},
	{WRITES, "/v2/{owner}/{name}/blobs/uploads/{upload}", ROUTE_IMMEDIATE, refuse_write, RESOURCE_ANY_TYPE, 0},
	{0},
};
