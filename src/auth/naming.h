/* A user name for somebody who comes from a provider and has none here. */
#pragma once

#include "auth/profile.h"
#include "core/username.h"

/* The `attempt`-th choice, from 0: of what they call themselves there, of their address, of their name, then with a
 * number, and in the end with a random word. Always one that username_fault accepts; whether it is free is for the
 * caller to find out. */
void naming_choose(const struct profile *profile, unsigned attempt, char out[USERNAME_MAX + 1]);

#define NAMING_ATTEMPTS 30
