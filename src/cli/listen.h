/* The listening address as people write it ("127.0.0.1:8080", "[::1]:8080", ":8080", "unix:/run/ttob/web.sock"). */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Whether it is free: binds it and lets it go. ERROR_CONFLICT with a message that says so when it is taken. */
int listen_check(const char *address, struct error *err);
/* Whether somebody accepts connections there. */
bool listen_answers(const char *address);
/* The address for a browser on this machine ("http://127.0.0.1:8080"); malloc'd. */
char *listen_url(const char *address);
