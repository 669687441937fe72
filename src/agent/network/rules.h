/* The nftables ruleset of the leases, as text for nft(8). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* An IPv4 range in host byte order. */
struct network_range {
	uint32_t address;
	unsigned length; /* of the prefix: 0–32 */
};

/* "10.0.0.0/8", "192.0.2.1": 0 or -EINVAL (also when bits are set behind the prefix). */
int network_range_parse(const char *text, struct network_range *ret_range);
bool network_range_overlaps(const struct network_range *a, const struct network_range *b);

struct network_rules {
	const char *name; /* table, and "<name>-" is the prefix of the interfaces */
	struct network_range pool;
	const char *uplink; /* "": the host has no default route */
	bool guard_uplink;  /* the host does not forward otherwise: what comes in at the uplink must not leave there again */
	const struct network_range *links; /* networks that the host is directly in: closed, these are its neighbours */
	size_t link_count;
	const uint32_t *resolvers;
	size_t resolver_count;
	uint64_t connections_per_second;
	uint64_t connections;
	uint64_t bandwidth; /* bytes a second */
};

/* A script that replaces the table in one transaction. */
void network_rules_write(const struct network_rules *rules, struct buf *out);
/* The script that takes the table away; fine when there is none. */
void network_rules_remove(const char *name, struct buf *out);
/* Feeds a script to nft(8) and waits; with `dry` the kernel's part is left out. ERROR_UNAVAILABLE with nft's own words. */
int network_rules_run(const struct buf *script, bool dry, struct error *err);
