/* What kind of program a repository holds, and a first proposal of a project of it, which its author then edits. A guess: scripts are for
 * debian:bookworm with the repository at /src. */
#pragma once

#include <jansson.h>

#include "core/repository.h"

/* In the order in which they are looked for. */
enum found {
	FOUND_DOCKERFILE,
	FOUND_CARGO,
	FOUND_GO,
	FOUND_NODE,
	FOUND_PYTHON,
	FOUND_MESON,
	FOUND_CMAKE,
	FOUND_MAKE,
	FOUND_UNKNOWN,
	FOUND_KINDS
};

#define RECOGNISE_BASE "debian:bookworm"

const char *found_name(enum found found);
enum found recognise(const struct repository *repository);
/* {name, summary, readme, license, category, run, smoke, source}: each fit for a project form, or null where nothing was found. `ref` may be
 * NULL. A new reference. */
json_t *recognise_proposal(const struct repository *repository, const char *url, const char *ref);
