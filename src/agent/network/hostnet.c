#include "agent/network/hostnet.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/route.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

#define FILE_MAX ((size_t)1 << 20)

static void take_route(struct hostnet *host, const char *line, uint32_t *best_metric)
{
	struct hostnet_route route = {.gateway = 0};
	unsigned destination, gateway, flags, metric, mask;

	_Static_assert(IF_NAMESIZE == 16, "the scan below");
	if (sscanf(line, "%15s %x %x %x %*d %*d %u %x", route.interface, &destination, &gateway, &flags, &metric, &mask) != 6 ||
	    (flags & RTF_UP) == 0)
		return;
	route.range = (struct network_range){.address = ntohl(destination), .length = (unsigned)__builtin_popcount(mask)};
	route.gateway = ntohl(gateway);
	if (route.range.length == 0) {
		if (metric < *best_metric) {
			*best_metric = metric;
			memcpy(host->uplink, route.interface, sizeof(host->uplink));
		}
		return;
	}
	if (host->route_count < HOSTNET_ROUTES_MAX)
		host->routes[host->route_count++] = route;
}

void hostnet_parse_routes(const char *text, struct hostnet *host)
{
	auto_free char *copy = xstrdup(text);
	uint32_t best_metric = UINT32_MAX;
	char *place = NULL;

	for (char *line = strtok_r(copy, "\n", &place); line != NULL; line = strtok_r(NULL, "\n", &place))
		take_route(host, line, &best_metric);
}

void hostnet_parse_resolvers(const char *text, struct hostnet *host)
{
	auto_free char *copy = xstrdup(text);
	char *place = NULL;

	for (char *line = strtok_r(copy, "\n", &place); line != NULL; line = strtok_r(NULL, "\n", &place)) {
		struct in_addr address;
		char name[INET_ADDRSTRLEN];

		if (sscanf(line, " nameserver %15s", name) != 1 || inet_pton(AF_INET, name, &address) != 1)
			continue;
		if ((ntohl(address.s_addr) >> 24) == 127 || host->resolver_count == HOSTNET_RESOLVERS_MAX)
			continue;
		host->resolvers[host->resolver_count++] = ntohl(address.s_addr);
	}
}

static uint32_t interface_mtu(const char *name)
{
	auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_mtu = 0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || *name == '\0' || ioctl(fd, SIOCGIFMTU, &request) < 0 || request.ifr_mtu < 576)
		return 1500;
	return request.ifr_mtu < 65535 ? (uint32_t)request.ifr_mtu : 65535;
}

void hostnet_read(struct hostnet *host)
{
	/* The second one has the real servers where the first names only systemd-resolved's loopback address. */
	static const char *const resolver_files[] = {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"};
	auto_buf struct buf routes = BUF_INIT;

	memset(host, 0, sizeof(*host));
	if (file_read(AT_FDCWD, "/proc/net/route", FILE_MAX, &routes) == 0 && routes.length > 0)
		hostnet_parse_routes(routes.data, host);
	host->mtu = interface_mtu(host->uplink);
	for (size_t i = 0; i < ARRAY_SIZE(resolver_files) && host->resolver_count == 0; i++) {
		auto_buf struct buf text = BUF_INIT;

		if (file_read(AT_FDCWD, resolver_files[i], FILE_MAX, &text) == 0 && text.length > 0)
			hostnet_parse_resolvers(text.data, host);
	}
}
