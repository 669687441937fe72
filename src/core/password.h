/* Which passwords are good enough (NIST SP 800-63B §5.1.1.2: length and a list of the common ones, no rules of
 * composition). A password is kept to the byte as it was typed. */
#pragma once

#include <stddef.h>

#define PASSWORD_MIN       8 /* Unicode characters */
#define PASSWORD_MAX       256
#define PASSWORD_MAX_BYTES 1024

/* What is wrong with a new one, for a person ("must …"); NULL: nothing. `username` and `email` (each may be NULL) are
 * whose it would be. */
const char *password_fault(const char *password, const char *username, const char *email);

/* common-passwords.txt: lower case, sorted by byte. */
extern const char *const common_passwords[];
extern const size_t common_passwords_count;
