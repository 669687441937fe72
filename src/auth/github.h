/* GitHub: OAuth 2.0 without OpenID Connect; its API says who it is. Here for tests and fuzzers; others use the table in
 * provider.h. */
#pragma once

#include "auth/provider.h"

/* GET /user and GET /user/emails. The subject is the numeric id: names there change hands. The address is the primary
 * one, or none; verified as GitHub says. */
int github_parse_user(const char *data, size_t length, struct profile *ret_profile, struct error *err);
int github_parse_emails(const char *data, size_t length, struct profile *profile, struct error *err);
