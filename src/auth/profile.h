/* Who a provider says somebody is. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

#define PROFILE_SUBJECT_MAX 255 /* OpenID Connect Core §2: sub */
#define PROFILE_EMAIL_MAX   254
#define PROFILE_NAME_MAX    80 /* bytes that are kept */

/* Strings are owned (profile_fini). */
struct profile {
	char *subject;  /* never changes and is never given to another, says the provider */
	char *username; /* what they call themselves there, or NULL; any text */
	char *name;     /* to show, or NULL; at most PROFILE_NAME_MAX */
	char *email;    /* or NULL */
	bool email_verified;
};

void profile_fini(struct profile *profile);

/* From the claims of an ID token and those of the userinfo endpoint (or NULL), which add what the token lacks; both say
 * the same `sub`, else ERROR_UNAUTHENTICATED. Standard claims: OpenID Connect Core §5.1. An e-mail address is verified
 * only by a true `email_verified` beside it. */
int profile_from_claims(const json_t *token, const json_t *userinfo, struct profile *ret_profile, struct error *err);

/* The address as it may be kept: one "@" with something on both sides, no spaces and controls, at most
 * PROFILE_EMAIL_MAX. */
bool profile_email_is_usable(const char *email);
