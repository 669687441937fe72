/* OpenID Connect: any issuer by discovery (OpenID Connect Discovery 1.0). Here for tests and fuzzers; others use the
 * tables in provider.h. */
#pragma once

#include "auth/provider.h"

/* The issuer's metadata: it must name that issuer, the code flow, and addresses that may be asked. */
int oidc_parse_metadata(const char *data, size_t length, const char *issuer, bool plain,
			struct endpoints *ret_endpoints, struct error *err);
