/* How often strangers may knock (docs/threat-model.md, "Guessing passwords"). Each gives 0, or ERROR_RATE_LIMITED with
 * Retry-After set. People on this machine are let through unless [limit] loopback says otherwise. Any thread. */
#pragma once

#include <stdbool.h>

#include "http/request.h"

struct guard;
struct web_options;

struct guard *guard_new(const struct web_options *options);
void guard_free(struct guard *guard); /* takes NULL */

/* Whether limits by address hold for this request. */
bool guard_holds(const struct web_options *options, const struct request *request);
/* One more account from this address. */
int guard_registration(struct guard *guard, struct request *request, struct error *err);
/* Before a password is looked at. `login` is what was typed, whether somebody has that name or not; `familiar`: this
 * address has signed in to that account before. */
int guard_attempt(struct guard *guard, struct request *request, const char *login, bool familiar, struct error *err);
/* How it ended: a wrong one counts more, a right one begins again. */
void guard_failed(struct guard *guard, struct request *request);
void guard_passed(struct guard *guard, struct request *request, const char *login);
