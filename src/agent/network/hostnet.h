/* What the host's own IPv4 network looks like, read from /proc (proc(5), route in proc_net). */
#pragma once

#include <net/if.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/network/rules.h"

#define HOSTNET_ROUTES_MAX 256
#define HOSTNET_RESOLVERS_MAX 8

struct hostnet_route {
	struct network_range range;
	uint32_t gateway; /* 0: the host is in this network itself */
	char interface[IF_NAMESIZE];
};

struct hostnet {
	struct hostnet_route routes[HOSTNET_ROUTES_MAX];
	size_t route_count;
	char uplink[IF_NAMESIZE]; /* "" when there is no default route */
	uint32_t mtu;		  /* of the uplink */
	uint32_t resolvers[HOSTNET_RESOLVERS_MAX];
	size_t resolver_count;
};

/* Reads it all; what is missing stays empty. */
void hostnet_read(struct hostnet *host);
/* Lines of /proc/net/route, and of resolv.conf(5); for tests apart. Loopback resolvers are left out: no lease reaches them. */
void hostnet_parse_routes(const char *text, struct hostnet *host);
void hostnet_parse_resolvers(const char *text, struct hostnet *host);
