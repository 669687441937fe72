/* How programs of each kind are built and run on debian:bookworm, with the repository at /src (recognise.h). */
#pragma once

#include "base/buf.h"
#include "core/recognise.h"

struct guess {
	struct buf script;
	char *program; /* the command that it installs, or NULL */
	char *run;     /* what a visitor starts with, or NULL: a shell */
	char *smoke;   /* or NULL */
};

void guess_make(const struct repository *repository, enum found found, struct guess *ret_guess);
void guess_fini(struct guess *guess);
