/* Names of accounts: they stand in addresses, image references and beside what people write, so no two look alike and
 * none looks like a page, a role or a registry. */
#pragma once

#include <stdbool.h>

#define USERNAME_MIN 3
#define USERNAME_MAX 32

/* What is wrong with it, for a person ("must …"); NULL: nothing. 3–32 of a-z, 0-9 and "-", beginning and ending with a
 * letter or digit, no "--", not reserved. */
const char *username_fault(const char *name);
/* Another page's, role's or registry's name. */
bool username_is_reserved(const char *name);
