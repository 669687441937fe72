/* From a reference to one image's manifest, by `skopeo inspect --raw`: the bytes themselves, so that their digest can
 * be checked. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/image/pull.h"
#include "agent/image/reference.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"

static void inspect(struct pull *pull, const char *full);

static void fail_with(struct pull *pull, struct error err)
{
	pull_fail(pull, &err);
}

/* The registry is away, but what the reference meant last is here. */
static bool use_what_is_here(struct pull *pull, const struct error *err)
{
	struct stored_image *image = map_get(pull->store->by_reference, pull->full);

	if (image == NULL || (err->kind != ERROR_UNAVAILABLE && err->kind != ERROR_TIMEOUT))
		return false;
	log_event(LOG_LEVEL_WARNING, "the registry is away; using the image as it was pulled before", "reference",
		  pull->full, "error", err->message, NULL);
	memcpy(pull->digest, image->image.digest, sizeof(pull->digest));
	pull_known(pull);
	return true;
}

/* The same repository, by digest. */
static void inspect_digest(struct pull *pull, const char *digest)
{
	struct reference reference;
	char full[REFERENCE_MAX];

	(void)reference_parse(pull->full, &reference, NULL);
	memcpy(reference.digest, digest, sizeof(reference.digest));
	reference_print(&reference, "", full);
	inspect(pull, full);
}

/* What was asked for by digest has to have it. pull->digest is what the last question named. */
static int check_digest(const struct pull *pull, const char *digest, struct error *err)
{
	const char *asked = strchr(pull->full, '@');

	if (pull->digest[0] != '\0')
		asked = pull->digest;
	else if (asked != NULL)
		asked++;
	if (asked != NULL && !str_equal(asked, digest))
		return error_set(err, ERROR_MALFORMED, EBADMSG,
				 "the registry sent a manifest with the digest %.19s instead of %.19s", digest, asked);
	return 0;
}

static void on_manifest(struct pull *pull, const char *text, size_t length)
{
	char digest[DIGEST_SIZE];
	struct descriptor chosen;
	struct error err = {0};
	int r;

	digest_of(text, length, digest);
	r = check_digest(pull, digest, &err);
	if (r == 0)
		r = manifest_choose(text, length, manifest_architecture(), &chosen, &err);
	if (r > 0 && pull->digest[0] != '\0')
		r = error_set(&err, ERROR_UNSUPPORTED, ENOTSUP, "the image's index names another index");
	if (r < 0) {
		pull_fail(pull, &err);
		return;
	}
	memcpy(pull->digest, r > 0 ? chosen.digest : digest, sizeof(pull->digest));
	if (map_get(pull->store->images, pull->digest) != NULL)
		pull_known(pull);
	else if (r > 0)
		inspect_digest(pull, pull->digest);
	else if (manifest_parse(text, length, &pull->manifest, &err) < 0)
		pull_fail(pull, &err);
	else
		pull_known(pull);
}

static void on_inspected(struct child *child, const struct child_result *result, void *data)
{
	struct pull *pull = data;
	struct error err;

	(void)child;
	pull->child = NULL;
	if (result->exit_code == 0) {
		on_manifest(pull, result->output, result->output_length);
		return;
	}
	registry_failure(result->errors, &err);
	if (!use_what_is_here(pull, &err))
		pull_fail(pull, &err);
}

static void inspect(struct pull *pull, const char *full)
{
	const struct registry *registry = &pull->store->registry;
	auto_free char *image = xasprintf("docker://%s", full);
	auto_fd int auth = -1;
	char **environment;
	struct error err;
	struct child_fd fd;
	const char *argv[] = {"skopeo",     "inspect", "--raw", registry_tls_option(registry, full),
			      "--no-creds", image,     NULL};
	struct child_options options = {.argv = argv,
					.output_max = MANIFEST_MAX + 1,
					.prepare = registry_become_nobody};
	int r = registry_owns(registry, full) ? registry_auth_open(registry, &auth, &err) : 0;

	if (auth >= 0) {
		argv[4] = "--authfile=/proc/self/fd/3";
		fd = (struct child_fd){auth, 3};
		options.fds = &fd;
		options.fd_count = 1;
	}
	environment = registry_environment(registry);
	options.environment = (const char *const *)environment;
	if (r == 0)
		r = child_start(pull->store->agent, &options, on_inspected, pull, &pull->child, &err);
	registry_environment_free(environment);
	if (r < 0)
		fail_with(pull, err);
}

void pull_resolve(struct pull *pull)
{
	inspect(pull, pull->full);
}
