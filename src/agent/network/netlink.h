/* The few rtnetlink(7) requests that a lease needs. Each blocks until the kernel acknowledges and gives 0 or -errno. */
#pragma once

#include <stdint.h>

int netlink_open(void); /* in the calling thread's network namespace; the socket stays in it. A descriptor, or -errno */

/* A veth(4) pair: `name` here, `peer_name` in the network namespace `peer_netns` (a descriptor). Both down. */
int netlink_add_veth(int netlink, const char *name, const char *peer_name, int peer_netns, uint32_t mtu);
int netlink_delete(int netlink, const char *name); /* of a pair: both ends */
int netlink_find(int netlink, const char *name, int *ret_index);
int netlink_up(int netlink, int index);

/* Addresses in host byte order, each alone in its network (/32). */
int netlink_add_address(int netlink, int index, uint32_t address);
int netlink_add_link_route(int netlink, int index, uint32_t destination);
int netlink_add_default_route(int netlink, int index, uint32_t gateway);
