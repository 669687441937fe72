/* What a registry says: challenges, errors, manifests. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "registry/challenge.h"
#include "registry/client.h"
#include "registry/refusal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int look(const struct registry_content *content, void *data)
{
	(void)data;
	return registry_digest_is_valid(content->digest) && content->size >= 0 ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, size);
	struct registry_manifest manifest = {.digest = ""};
	struct answer answer = {.status = size > 0 ? 400u + data[0] : 0};
	struct challenge challenge;
	struct error err;

	challenge_parse(text, &challenge);
	registry_repository_is_valid(text);
	registry_tag_is_valid(text);
	buf_append(&manifest.body, data, size);
	registry_manifest_each(&manifest, look, NULL, &err);
	registry_manifest_fini(&manifest);
	buf_append(&answer.body, data, size);
	refusal(&answer, "x", &err);
	http_answer_fini(&answer);
	return 0;
}
