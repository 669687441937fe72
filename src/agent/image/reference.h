/* Image references: [host[:port]/]repository[:tag][@digest], by the grammar of OCI distribution-spec and its
 * `reference` library. Nothing that passes can be taken for an option or a path. */
#pragma once

#include "agent/image/digest.h"
#include "base/error.h"

#define REFERENCE_HOST_MAX       255
#define REFERENCE_REPOSITORY_MAX 255
#define REFERENCE_TAG_MAX        128
#define REFERENCE_MAX            (REFERENCE_HOST_MAX + REFERENCE_REPOSITORY_MAX + REFERENCE_TAG_MAX + DIGEST_SIZE + 4)

struct reference {
	char host[REFERENCE_HOST_MAX + 1]; /* "" when there is none */
	char repository[REFERENCE_REPOSITORY_MAX + 1];
	char tag[REFERENCE_TAG_MAX + 1]; /* "" when there is none */
	char digest[DIGEST_SIZE];        /* "" when there is none; sha256 only */
};

/* 0, or -EINVAL with ERROR_INVALID. */
int reference_parse(const char *s, struct reference *ret, struct error *err);
/* The digest wins over the tag, "latest" stands for neither. A reference without a host gets `host`. */
void reference_print(const struct reference *reference, const char *host, char out[REFERENCE_MAX]);
