/* Image references: [host[:port]/]path[:tag][@sha256:…] (distribution reference grammar), strictly parsed. */
#pragma once

#include "base/error.h"

#define REFERENCE_MAX 400

struct reference {
	char host[256];  /* "docker.example:5000", "" when none is named */
	char path[256];  /* "library/alpine" */
	char tag[129];   /* "" when none */
	char digest[72]; /* "sha256:<64 hex>", "" when none */
};

/* ERROR_INVALID that says what is wrong. */
int reference_parse(const char *text, struct reference *ret_reference, struct error *err);
