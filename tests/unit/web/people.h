/* People with accounts and projects of their own, straight into the fixture's database. */
#pragma once

#include "unit/web/fixture.h"

/* A new account that is signed in; `role` "user" or "admin". */
struct guest person(struct fixture *fixture, const char *username, const char *role);
/* Signs in once more, as with another browser. */
struct guest person_again(struct fixture *fixture, const char *username);
/* A project that is ready. Gives its id. */
int64_t people_project(struct fixture *fixture, const char *owner, const char *name, const char *category);
