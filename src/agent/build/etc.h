/* The /etc of a job: the few files that tar, skopeo and buildah read, made anew for each so that nothing of the host's shows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct etc_options {
	const char *resolv_conf; /* text; NULL: a copy of the host's, and of its hosts file */
	bool registries;	 /* a copy of the host's registries.conf(5) and what it includes */
	size_t bases;		 /* stores below /base/0, /base/1, … that buildah may read */
};

/* Makes the folder and its files, 0755 and 0644: there is nothing secret in them. */
int etc_make(const char *folder, const struct etc_options *options, struct error *err);
