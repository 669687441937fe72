/* What a registry means by an answer that is none of those hoped for: its status and its "errors" (distribution-spec, "Error codes"). */
#pragma once

#include "registry/http.h"

/* Fills `err`, gives the negative errno. `what` was asked, for people: "the tags of taste/figlet". */
int refusal(const struct answer *answer, const char *what, struct error *err);
