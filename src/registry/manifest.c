/* Manifests and blobs of one repository. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "registry/internal.h"
#include "registry/refusal.h"

#define ACCEPT                                                                                                          \
	"application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "                        \
	"application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json"
#define MANIFEST_MAX ((size_t)4 * 1024 * 1024)
#define SIZE_MOST (INT64_C(1) << 50)

void registry_manifest_fini(struct registry_manifest *manifest)
{
	buf_fini(&manifest->body);
	*manifest = (struct registry_manifest){0};
}

static int check_names(const char *repository, const char *reference, struct error *err)
{
	if (registry_repository_is_valid(repository) && (registry_digest_is_valid(reference) || registry_tag_is_valid(reference)))
		return 0;
	return error_set(err, ERROR_INVALID, EINVAL, "\"%.100s\", \"%.80s\": no repository and no tag or digest", repository, reference);
}

static void digest_of(const struct buf *body, char digest[REGISTRY_DIGEST_SIZE])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)(body->data != NULL ? body->data : ""), body->length);
	memcpy(digest, "sha256:", 7);
	str_hex(hash, sizeof(hash), digest + 7);
}

/* By what it is, or, when only its head came, by what the registry says. */
static int settle_digest(const struct answer *answer, const char *reference, bool whole, struct registry_manifest *manifest,
			 struct error *err)
{
	if (whole)
		digest_of(&manifest->body, manifest->digest);
	else if (answer->digest != NULL && registry_digest_is_valid(answer->digest))
		memcpy(manifest->digest, answer->digest, sizeof(manifest->digest));
	else if (registry_digest_is_valid(reference))
		memcpy(manifest->digest, reference, sizeof(manifest->digest));
	else
		return error_set(err, ERROR_MALFORMED, EPROTO, "the registry does not tell the digest of %.80s", reference);
	if (registry_digest_is_valid(reference) && !str_equal(manifest->digest, reference))
		return error_set(err, ERROR_MALFORMED, EBADMSG, "the registry's manifest is not the one asked for (%.80s)", reference);
	return 0;
}

static int ask_manifest(struct registry_client *client, const char *method, const char *repository, const char *reference,
			struct registry_manifest *manifest, struct error *err)
{
	auto_free char *url = xasprintf("%s/v2/%s/manifests/%s", client->base, repository, reference);
	auto_free char *scope = xasprintf("repository:%s:pull", repository);
	auto_free char *what = xasprintf("%s %.80s", repository, reference);
	struct question question = {.method = method, .url = url, .accept = ACCEPT};
	bool whole = strcmp(method, "GET") == 0;
	struct answer answer = {0};
	int r;

	*manifest = (struct registry_manifest){0};
	r = check_names(repository, reference, err);
	if (r == 0)
		r = registry_ask(client, &question, scope, &answer, err);
	if (r == 0 && answer.status != 200)
		r = refusal(&answer, what, err);
	if (r == 0 && answer.body.length > MANIFEST_MAX)
		r = error_set(err, ERROR_MALFORMED, EMSGSIZE, "the manifest of %s is too large", what);
	if (r == 0) {
		str_copy(manifest->type, sizeof(manifest->type), answer.type);
		if (whole)
			buf_append(&manifest->body, answer.body.data, answer.body.length);
		r = settle_digest(&answer, reference, whole, manifest, err);
	}
	if (r < 0)
		registry_manifest_fini(manifest);
	http_answer_fini(&answer);
	return r;
}

int registry_manifest_head(struct registry_client *client, const char *repository, const char *reference,
			   struct registry_manifest *ret_manifest, struct error *err)
{
	return ask_manifest(client, "HEAD", repository, reference, ret_manifest, err);
}

int registry_manifest_get(struct registry_client *client, const char *repository, const char *reference,
			  struct registry_manifest *ret_manifest, struct error *err)
{
	return ask_manifest(client, "GET", repository, reference, ret_manifest, err);
}

int registry_manifest_delete(struct registry_client *client, const char *repository, const char *digest, struct error *err)
{
	auto_free char *url = xasprintf("%s/v2/%s/manifests/%s", client->base, repository, digest);
	auto_free char *scope = xasprintf("repository:%s:delete", repository);
	auto_free char *what = xasprintf("deleting %s@%.80s", repository, digest);
	struct question question = {.method = "DELETE", .url = url};
	struct answer answer = {0};
	int r = check_names(repository, digest, err);

	if (r == 0 && !registry_digest_is_valid(digest))
		r = error_set(err, ERROR_INVALID, EINVAL, "only a digest can be deleted, not %.80s", digest);
	if (r == 0)
		r = registry_ask(client, &question, scope, &answer, err);
	if (r == 0 && answer.status != 202 && answer.status != 200 && answer.status != 204)
		r = refusal(&answer, what, err);
	http_answer_fini(&answer);
	return r;
}

/* ---- what is in it ---------------------------------------------------------------------------------------------------- */

struct visit {
	int (*each)(const struct registry_content *content, void *data);
	void *data;
};

/* 1: goes on; 0: it is no descriptor; else what `each` said. */
static int visit(const struct visit *visit, json_t *descriptor, bool is_manifest)
{
	struct registry_content content = {
		.digest = json_string_value(json_object_get(descriptor, "digest")),
		.size = json_integer_value(json_object_get(descriptor, "size")),
		.is_manifest = is_manifest,
	};
	int r;

	if (content.digest == NULL || !registry_digest_is_valid(content.digest) || content.size < 0 || content.size > SIZE_MOST)
		return 0;
	r = visit->each(&content, visit->data);
	return r == 0 ? 1 : r;
}

int registry_manifest_each(const struct registry_manifest *manifest,
			   int (*each)(const struct registry_content *content, void *data), void *data, struct error *err)
{
	json_t *json = json_loadb(manifest->body.data != NULL ? manifest->body.data : "", manifest->body.length, 0, NULL);
	const struct visit how = {each, data};
	json_t *config = json_object_get(json, "config");
	json_t *manifests = json_object_get(json, "manifests");
	json_t *item;
	size_t i;
	int r = config != NULL ? visit(&how, config, false) : json_is_array(manifests);

	json_array_foreach (json_object_get(json, "layers"), i, item)
		if (r == 1)
			r = visit(&how, item, false);
	json_array_foreach (manifests, i, item)
		if (r == 1)
			r = visit(&how, item, true);
	json_decref(json);
	if (r == 0)
		return error_set(err, ERROR_MALFORMED, EPROTO, "%s is no manifest that we know", manifest->digest);
	return r == 1 ? 0 : r;
}

/* ---- blobs ------------------------------------------------------------------------------------------------------------- */

static int ask_blob(struct registry_client *client, const char *method, const char *repository, const char *digest,
		    const struct registry_sink *sink, const char *range, struct answer *answer, struct error *err)
{
	auto_free char *url = xasprintf("%s/v2/%s/blobs/%s", client->base, repository, digest);
	auto_free char *scope = xasprintf("repository:%s:pull", repository);
	auto_free char *what = xasprintf("%s@%.80s", repository, digest);
	struct question question = {.method = method, .url = url, .accept = "*/*", .sink = sink, .range = range, .redirects = true};
	int r = check_names(repository, digest, err);

	if (r == 0 && !registry_digest_is_valid(digest))
		r = error_set(err, ERROR_INVALID, EINVAL, "%.80s is no digest", digest);
	if (r == 0)
		r = registry_ask(client, &question, scope, answer, err);
	if (r == 0 && answer->status != 200 && (range == NULL || answer->status != 206))
		r = refusal(answer, what, err);
	return r;
}

int registry_blob_head(struct registry_client *client, const char *repository, const char *digest, int64_t *ret_size,
		       struct error *err)
{
	struct answer answer = {0};
	int r = ask_blob(client, "HEAD", repository, digest, NULL, NULL, &answer, err);

	if (r == 0)
		*ret_size = answer.length;
	http_answer_fini(&answer);
	return r;
}

int registry_blob_get(struct registry_client *client, const char *repository, const char *digest, const struct registry_sink *sink,
		      struct error *err)
{
	struct answer answer = {0};
	int r = ask_blob(client, "GET", repository, digest, sink, NULL, &answer, err);

	http_answer_fini(&answer);
	return r;
}

int registry_blob_get_part(struct registry_client *client, const char *repository, const char *digest, int64_t first, int64_t last,
			   const struct registry_sink *sink, struct error *err)
{
	auto_free char *range = xasprintf("%lld-%lld", (long long)first, (long long)last);
	struct answer answer = {0};
	int r = ask_blob(client, "GET", repository, digest, sink, range, &answer, err);

	http_answer_fini(&answer);
	return r;
}
