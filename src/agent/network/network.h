/* The network of builds and of sandboxes with `network: true`: for each a veth pair with an address of its own behind NAT, and one
 * nftables table with the rules of the threat model. Open is the public internet over IPv4 and port 53 of the resolvers. Closed are
 * the host itself (every address and service of it), loopback, private, link-local (cloud metadata), shared, multicast and reserved
 * ranges, other leases, SMTP, and all of IPv6. Rates of new connections, open connections and bytes are capped for each lease.
 *
 * The rules live in the kernel and speak of an address range and an interface name pattern, so attaching changes no rule: it costs
 * a few rtnetlink messages (rtnetlink(7)) and no child process. They are in force before the first interface exists. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct network;

struct network_settings {
	const char *name;      /* prefix of interfaces and name of the nftables table: 1 to 8 of a-z0-9 ("ttob") */
	const char *pool;      /* IPv4 range for the leases, /16 to /28; its first address is the gateway ("198.18.0.0/16") */
	const char *resolvers; /* IPv4 addresses, comma or space between; NULL or "": those of the host */
	uint64_t connections_per_second; /* new ones, each lease */
	uint64_t connections;		 /* open at one time, each lease */
	uint64_t bandwidth;		 /* bytes a second, each lease and each direction */
};

/* One attached network namespace. Plain data: copy it, keep it in a state file, hand it to network_adopt after a restart. */
struct network_lease {
	uint32_t slot; /* index into the pool; 0: nothing attached */
};

/* Puts the rules in force (replaced in one step when an earlier agent left them) and switches forwarding on for the interface of the
 * default route only. Leases of an earlier agent keep working; see network_adopt and network_sweep.
 * ERROR_INVALID: settings, or a pool that overlaps a route of the host (the message names it). ERROR_UNAVAILABLE: no nft(8), or the
 * kernel refuses the rules. */
int network_new(const struct network_settings *settings, struct network **ret_network, struct error *err);
/* Whether network_new would work, without changing anything: the same errors. */
int network_check(const struct network_settings *settings, struct error *err);
/* Takes NULL. Takes the rules away too, unless interfaces are still there: then they stay in force to guard these. */
void network_free(struct network *network);

/* Gives the network namespace of a process (as /proc/<pid>/ns/net; the caller keeps the process from ending meanwhile) an interface
 * `eth0` with an address, its route, and loopback up. Blocks for about a millisecond. ERROR_UNAVAILABLE: no free address. */
int network_attach(struct network *network, pid_t pid, struct network_lease *ret_lease, struct error *err);
/* Deletes the interface pair and gives the address back; *lease becomes empty. Fine when it is empty, or when the namespace is gone. */
void network_detach(struct network *network, struct network_lease *lease);

/* After a restart: says that the lease is still in use. -ENOENT (ERROR_NOT_FOUND) when its interface is gone. */
int network_adopt(struct network *network, const struct network_lease *lease, struct error *err);
/* Deletes the interfaces of an earlier agent that nobody adopted. Gives how many. */
size_t network_sweep(struct network *network);

/* The text of /etc/resolv.conf for a namespace that is attached (borrowed for the network's life). */
const char *network_resolv_conf(const struct network *network);
