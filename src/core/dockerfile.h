/* An installation script and its base image become a Dockerfile that the author can see and take home. The script stays
 * one file, run by `sh -eux`: one RUN per line would lose cd, variables and here-documents. */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

#define SCRIPT_MAX (256 * 1024)

struct dockerfile_source {
	const char *base;   /* image reference */
	const char *script; /* with LF or CRLF */
	size_t script_length;
	const char *title; /* owner/name, for org.opencontainers.image.title; all labels may be NULL */
	const char *summary;
	const char *license;
	const char *homepage;
	const char *version;
};

/* The name of the script's file in the build context. */
#define DOCKERFILE_SCRIPT_NAME "install.sh"

/* Writes the Dockerfile, and the script as it goes into the context: LF line ends, one at the end. ERROR_INVALID:
 * empty, a NUL, not UTF-8, a base that is no image reference; ERROR_TOO_LARGE. */
int dockerfile_from_script(const struct dockerfile_source *source, struct buf *ret_dockerfile, struct buf *ret_script,
			   struct error *err);
/* The same for a script that works on a repository, which lies in the context's folder DOCKERFILE_FOLDER and in the image at /src. */
#define DOCKERFILE_FOLDER "src"
int dockerfile_from_repository(const struct dockerfile_source *source, struct buf *ret_dockerfile, struct buf *ret_script, struct error *err);
/* An uploaded Dockerfile: UTF-8, no NUL, at most SCRIPT_MAX, with a FROM. */
int dockerfile_check(const char *text, size_t length, struct error *err);
