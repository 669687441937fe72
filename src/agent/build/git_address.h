/* What git(1) may be given by a stranger. */
#pragma once

#include <stddef.h>

#include "base/error.h"

#define GIT_URL_MAX 500
#define GIT_REF_MAX 200

/* An https address with a host name and a path, of plain ASCII, without user or password in it, query or fragment. ERROR_INVALID. */
int git_url_check(const char *url, struct error *err);
/* A branch, tag or commit as git-check-ref-format(1) allows it, so that it can be no option and no refspec. ERROR_INVALID. */
int git_ref_check(const char *ref, struct error *err);
/* What git said when it could not fetch, as one sentence that says what to do. Gives a negative errno. */
int git_explain(const char *output, const char *ref, struct error *err);
