/* Names in a registry (OCI distribution-spec 1.1, "Workflow categories"). What a registry tells is foreign: it is checked before it
 * becomes a part of an address. */
#pragma once

#include <stdbool.h>

#define REGISTRY_REPOSITORY_MAX 255
#define REGISTRY_TAG_MAX	128
#define REGISTRY_DIGEST_SIZE	72 /* "sha256:" and 64 hexadecimal digits, with the NUL */

bool registry_repository_is_valid(const char *name); /* "taste/figlet" */
bool registry_tag_is_valid(const char *tag);
bool registry_digest_is_valid(const char *digest);
