/* Whose page sent this: the Origin header (RFC 6454 §7) held against what this site is called. */
#pragma once

#include <stdbool.h>

/* `public_url`: "https://host[:port]" or NULL. With it, `origin` must be that scheme, host and port. Without it the
 * origin's host and port must be those of the Host header; and when the server listens on loopback only (`loopback`),
 * the host must also be localhost or an address, because any other name can be pointed here by a stranger's DNS. */
bool origin_is_ours(const char *origin, const char *host, const char *public_url, bool loopback);
