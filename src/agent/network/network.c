#include "agent/network/network.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/network/hostnet.h"
#include "agent/network/netlink.h"
#include "agent/network/rules.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

#define NAME_MAX_LENGTH 8
#define INTERFACE "eth0" /* inside */

struct network {
	char name[NAME_MAX_LENGTH + 1];
	struct network_range pool;
	uint32_t slots;	    /* 1 … slots-1 can be given; slot 0 is never used, so that an empty lease is one of zeroes */
	uint32_t next_slot; /* where to look next: an address is not used again at once */
	unsigned char *used;
	char uplink[IF_NAMESIZE];
	bool switched; /* the host does not forward otherwise, so the uplink's switch is ours */
	uint32_t mtu;
	int netlink;
	int own_netns;
	char *resolv_conf;
};

static uint32_t gateway_of(const struct network *network)
{
	return network->pool.address + 1;
}

static uint32_t address_of(const struct network *network, uint32_t slot)
{
	return network->pool.address + 1 + slot;
}

static void interface_of(const struct network *network, uint32_t slot, char out[IF_NAMESIZE])
{
	snprintf(out, IF_NAMESIZE, "%.8s-%u", network->name, slot & 0xffff);
}

static int set_control(const char *format, const char *interface, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), format, interface);
	return file_write_control(path, value);
}

static bool host_forwards(void)
{
	auto_buf struct buf text = BUF_INIT;

	return file_read(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", 16, &text) == 0 && text.length > 0 && text.data[0] == '1';
}

/* Whether any interface but the uplink takes part in forwarding: then somebody else needs the uplink's switch too. */
static bool others_forward(const char *uplink)
{
	DIR *dir = opendir("/proc/sys/net/ipv4/conf");
	struct dirent *entry;
	bool found = false;

	while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
		auto_free char *path = xasprintf("/proc/sys/net/ipv4/conf/%s/forwarding", entry->d_name);
		auto_buf struct buf text = BUF_INIT;

		if (entry->d_name[0] != '.' && strcmp(entry->d_name, uplink) != 0)
			found = file_read(AT_FDCWD, path, 16, &text) == 0 && text.length > 0 && text.data[0] == '1';
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

/* Again with each lease: somebody else may have switched it off, or the interface come anew. */
static int forward_uplink(const struct network *network)
{
	return *network->uplink != '\0' ? set_control("/proc/sys/net/ipv4/conf/%s/forwarding", network->uplink, "1") : 0;
}

static int check_name(const char *name, struct error *err)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");

	if (n == 0 || n > NAME_MAX_LENGTH || name[n] != '\0')
		return error_set(err, ERROR_INVALID, EINVAL, "[network] name: must be 1 to 8 of a-z and 0-9, not '%.40s'", name);
	return 0;
}

static int read_pool(struct network *network, const char *text, const struct hostnet *host, struct error *err)
{
	size_t prefix = strlen(network->name);

	if (network_range_parse(text, &network->pool) < 0 || network->pool.length < 16 || network->pool.length > 28)
		return error_set(err, ERROR_INVALID, EINVAL,
				 "[network] pool: must be an IPv4 range from /16 to /28 such as 198.18.0.0/16, not '%.40s'", text);
	for (size_t i = 0; i < host->route_count; i++) {
		const struct hostnet_route *route = &host->routes[i];

		if (strncmp(route->interface, network->name, prefix) == 0 && route->interface[prefix] == '-')
			continue; /* leases of an earlier agent */
		if (network_range_overlaps(&route->range, &network->pool))
			return error_set(err, ERROR_INVALID, EADDRINUSE,
					 "[network] pool %s overlaps a route of this host through %s; choose another range", text,
					 route->interface);
	}
	network->slots = (1u << (32 - network->pool.length)) - 2; /* not the gateway, not the broadcast address */
	network->used = xcalloc(network->slots, 1);
	network->next_slot = 1;
	return 0;
}

static int read_resolvers(const char *text, struct hostnet *host, struct error *err)
{
	auto_free char *copy = xstrdup(text);
	char *place = NULL;

	if (text == NULL || *text == '\0')
		return 0;
	host->resolver_count = 0;
	for (char *word = strtok_r(copy, ", ", &place); word != NULL; word = strtok_r(NULL, ", ", &place)) {
		struct in_addr address;

		if (inet_pton(AF_INET, word, &address) != 1 || host->resolver_count == HOSTNET_RESOLVERS_MAX)
			return error_set(err, ERROR_INVALID, EINVAL,
					 "[network] resolvers: must be at most %d IPv4 addresses; '%.40s' is wrong",
					 HOSTNET_RESOLVERS_MAX, word);
		host->resolvers[host->resolver_count++] = ntohl(address.s_addr);
	}
	return 0;
}

static void write_resolv_conf(struct network *network, const struct hostnet *host)
{
	auto_buf struct buf text = BUF_INIT;

	for (size_t i = 0; i < host->resolver_count; i++) {
		uint32_t a = host->resolvers[i];

		buf_printf(&text, "nameserver %u.%u.%u.%u\n", a >> 24, (a >> 16) & 255, (a >> 8) & 255, a & 255);
	}
	network->resolv_conf = buf_steal(&text);
}

static int put_rules(struct network *network, const struct network_settings *settings, const struct hostnet *host,
		     bool dry, struct error *err)
{
	struct network_range links[HOSTNET_ROUTES_MAX];
	auto_buf struct buf script = BUF_INIT;
	struct network_rules rules = {
		.name = network->name,
		.pool = network->pool,
		.uplink = network->uplink,
		.guard_uplink = network->switched,
		.links = links,
		.resolvers = host->resolvers,
		.resolver_count = host->resolver_count,
		.connections_per_second = settings->connections_per_second,
		.connections = settings->connections,
		.bandwidth = settings->bandwidth,
	};

	for (size_t i = 0; i < host->route_count; i++)
		if (host->routes[i].gateway == 0 && !network_range_overlaps(&host->routes[i].range, &network->pool))
			links[rules.link_count++] = host->routes[i].range;
	network_rules_write(&rules, &script);
	return network_rules_run(&script, dry, err);
}

static int open_network(struct network *network, const struct network_settings *settings, bool dry, struct error *err)
{
	auto_free struct hostnet *host = xmalloc(sizeof(*host));
	int r = check_name(settings->name, err);

	if (r < 0)
		return r;
	hostnet_read(host);
	snprintf(network->name, sizeof(network->name), "%s", settings->name);
	memcpy(network->uplink, host->uplink, sizeof(network->uplink));
	network->mtu = host->mtu;
	network->switched = !host_forwards();
	r = read_pool(network, settings->pool, host, err);
	if (r == 0)
		r = read_resolvers(settings->resolvers, host, err);
	if (r < 0)
		return r;
	if (settings->connections_per_second == 0 || settings->connections == 0 || settings->bandwidth < 1024)
		return error_set(err, ERROR_INVALID, EINVAL, "[network] caps: must be above zero, bandwidth at least 1K");
	write_resolv_conf(network, host);
	network->own_netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (network->own_netns < 0)
		return error_errno(err, errno, "cannot open our network namespace");
	network->netlink = netlink_open();
	if (network->netlink < 0)
		return error_errno(err, network->netlink, "cannot open rtnetlink");
	r = put_rules(network, settings, host, dry, err);
	if (r < 0 || dry)
		return r;
	r = forward_uplink(network);
	if (r < 0)
		return error_errno(err, r, "cannot forward packets that come in at %s", network->uplink);
	return 0;
}

static void close_network(struct network *network)
{
	if (network->netlink >= 0)
		close(network->netlink);
	if (network->own_netns >= 0)
		close(network->own_netns);
	free(network->used);
	free(network->resolv_conf);
	free(network);
}

static int make_network(const struct network_settings *settings, bool dry, struct network **ret_network, struct error *err)
{
	struct network *network = xmalloc(sizeof(*network));
	int r;

	network->netlink = -1;
	network->own_netns = -1;
	r = open_network(network, settings, dry, err);
	if (r < 0 || dry)
		close_network(network);
	else
		*ret_network = network;
	return r;
}

int network_new(const struct network_settings *settings, struct network **ret_network, struct error *err)
{
	return make_network(settings, false, ret_network, err);
}

int network_check(const struct network_settings *settings, struct error *err)
{
	return make_network(settings, true, NULL, err);
}

/* The slot that an interface's name stands for; 0: not one of ours. */
static uint32_t slot_of(const struct network *network, const char *interface)
{
	size_t prefix = strlen(network->name);
	uint64_t slot;

	if (strncmp(interface, network->name, prefix) != 0 || interface[prefix] != '-' ||
	    str_to_u64(interface + prefix + 1, network->slots - 1, &slot) < 0)
		return 0;
	return (uint32_t)slot;
}

/* Our interfaces that are there; with `unused` those that no lease holds are deleted. */
static size_t count_interfaces(struct network *network, bool unused)
{
	struct if_nameindex *all = if_nameindex();
	size_t count = 0;

	for (struct if_nameindex *one = all; one != NULL && one->if_name != NULL; one++) {
		uint32_t slot = slot_of(network, one->if_name);

		if (slot == 0 || (unused && network->used[slot]))
			continue;
		if (!unused || netlink_delete(network->netlink, one->if_name) == 0)
			count++;
	}
	if (all != NULL)
		if_freenameindex(all);
	return count;
}

size_t network_sweep(struct network *network)
{
	return count_interfaces(network, true);
}

void network_free(struct network *network)
{
	auto_buf struct buf script = BUF_INIT;

	if (network == NULL)
		return;
	if (count_interfaces(network, false) == 0) {
		if (network->switched && *network->uplink != '\0' && !others_forward(network->uplink))
			set_control("/proc/sys/net/ipv4/conf/%s/forwarding", network->uplink, "0");
		network_rules_remove(network->name, &script);
		network_rules_run(&script, false, NULL);
	}
	close_network(network);
}

/* The outer end. Nothing passes before it is up, and by then its switches are set. */
static int set_up_outside(struct network *network, uint32_t slot)
{
	char name[IF_NAMESIZE];
	int index = 0, r;

	interface_of(network, slot, name);
	/* Fails where the host has no IPv6 at all, and then there is nothing to switch off; the rules drop it in any case. */
	set_control("/proc/sys/net/ipv6/conf/%s/disable_ipv6", name, "1");
	r = set_control("/proc/sys/net/ipv4/conf/%s/forwarding", name, "1");
	if (r == 0)
		r = set_control("/proc/sys/net/ipv4/conf/%s/arp_ignore", name, "1"); /* only the gateway answers */
	if (r == 0)
		r = set_control("/proc/sys/net/ipv4/conf/%s/send_redirects", name, "0");
	if (r == 0)
		r = netlink_find(network->netlink, name, &index);
	if (r == 0)
		r = netlink_up(network->netlink, index);
	/* No peer address here: arp_ignore would compare with it and the gateway never answer. */
	if (r == 0)
		r = netlink_add_address(network->netlink, index, gateway_of(network));
	return r == 0 ? netlink_add_link_route(network->netlink, index, address_of(network, slot)) : r;
}

static int set_up_inside(struct network *network, int netlink, uint32_t slot)
{
	int index = 0;
	int r = netlink_find(netlink, "lo", &index);

	if (r == 0)
		r = netlink_up(netlink, index);
	if (r == 0)
		r = netlink_find(netlink, INTERFACE, &index);
	if (r == 0)
		r = netlink_up(netlink, index);
	if (r == 0)
		r = netlink_add_address(netlink, index, address_of(network, slot));
	if (r == 0)
		r = netlink_add_link_route(netlink, index, gateway_of(network));
	return r == 0 ? netlink_add_default_route(netlink, index, gateway_of(network)) : r;
}

/* Goes into the namespace for as long as it takes to open a socket there and to switch IPv6 off. */
static int open_inside(struct network *network, int netns)
{
	int netlink;

	if (setns(netns, CLONE_NEWNET) < 0)
		return -errno;
	netlink = netlink_open();
	set_control("/proc/sys/net/ipv6/conf/%s/disable_ipv6", "all", "1");
	set_control("/proc/sys/net/ipv6/conf/%s/disable_ipv6", "default", "1");
	if (setns(network->own_netns, CLONE_NEWNET) < 0)
		abort(); /* the agent must never go on in a stranger's network */
	return netlink;
}

/* A free slot whose interface is made; 0: none. */
static uint32_t add_pair(struct network *network, int netns, int *ret_r)
{
	*ret_r = -EADDRNOTAVAIL;
	for (uint32_t i = 1; i < network->slots; i++) {
		uint32_t slot = network->next_slot;
		char name[IF_NAMESIZE];

		network->next_slot = slot + 1 < network->slots ? slot + 1 : 1;
		if (network->used[slot])
			continue;
		interface_of(network, slot, name);
		*ret_r = netlink_add_veth(network->netlink, name, INTERFACE, netns, network->mtu);
		if (*ret_r == 0)
			return slot;
		if (*ret_r != -EEXIST)
			return 0;
		*ret_r = -EADDRNOTAVAIL; /* an earlier agent's, not adopted yet */
	}
	return 0;
}

int network_attach(struct network *network, pid_t pid, struct network_lease *ret_lease, struct error *err)
{
	char path[64];
	struct network_lease lease;
	auto_fd int netns = -1;
	auto_fd int inside = -1;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return error_errno(err, errno, "cannot open the network namespace of process %d", (int)pid);
	inside = open_inside(network, netns);
	if (inside < 0)
		return error_errno(err, inside, "cannot enter the network namespace of process %d", (int)pid);
	lease.slot = add_pair(network, netns, &r);
	if (r == -EADDRNOTAVAIL)
		return error_set(err, ERROR_UNAVAILABLE, r, "no network address is free; widen [network] pool or try later");
	if (r < 0)
		return error_errno(err, r, "cannot make a veth pair");
	network->used[lease.slot] = 1;
	r = forward_uplink(network);
	if (r == 0)
		r = set_up_outside(network, lease.slot);
	if (r == 0)
		r = set_up_inside(network, inside, lease.slot);
	if (r < 0) {
		network_detach(network, &lease);
		return error_errno(err, r, "cannot set up the network of process %d", (int)pid);
	}
	*ret_lease = lease;
	return 0;
}

void network_detach(struct network *network, struct network_lease *lease)
{
	char name[IF_NAMESIZE];

	if (lease->slot == 0 || lease->slot >= network->slots)
		return;
	interface_of(network, lease->slot, name);
	netlink_delete(network->netlink, name);
	network->used[lease->slot] = 0;
	lease->slot = 0;
}

int network_adopt(struct network *network, const struct network_lease *lease, struct error *err)
{
	char name[IF_NAMESIZE];
	int index;

	if (lease->slot == 0 || lease->slot >= network->slots)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "no such lease");
	interface_of(network, lease->slot, name);
	if (netlink_find(network->netlink, name, &index) < 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "the interface %s is gone", name);
	network->used[lease->slot] = 1;
	return 0;
}

const char *network_resolv_conf(const struct network *network)
{
	return network->resolv_conf;
}
