/* containers-auth.json(5): what a registry asks us for. */
#pragma once

#include "base/error.h"

/* "name:password" for the host ("127.0.0.1:5000") in *ret_user, NULL when the file has none for it. ERROR_INVALID for a file that is
 * none, or that keeps the password elsewhere (credsStore). */
int credentials_read(const char *authfile, const char *host, char **ret_user, struct error *err);
/* Wipes and frees it; takes NULL. */
void credentials_free(char *user);
