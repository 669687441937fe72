#include "agent/network/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "base/cleanup.h"
#include "base/util.h"

#define REQUEST_MAX 1024
#define ANSWER_MAX 16384

struct message {
	_Alignas(struct nlmsghdr) char data[REQUEST_MAX];
};

static struct nlmsghdr *header(struct message *message)
{
	return (struct nlmsghdr *)(void *)message->data;
}

/* Starts a request and gives its zeroed body. */
static void *start(struct message *message, uint16_t type, uint16_t flags, size_t body)
{
	memset(message, 0, sizeof(*message));
	*header(message) = (struct nlmsghdr){.nlmsg_len = (uint32_t)NLMSG_LENGTH(body),
					     .nlmsg_type = type,
					     .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags)};
	return NLMSG_DATA(header(message));
}

/* All attributes are ours and small, so they always fit. */
static struct rtattr *add(struct message *message, uint16_t type, const void *data, size_t length)
{
	struct nlmsghdr *h = header(message);
	struct rtattr *attribute = (struct rtattr *)(void *)(message->data + NLMSG_ALIGN(h->nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(length);
	if (length > 0)
		memcpy(RTA_DATA(attribute), data, length);
	h->nlmsg_len = (uint32_t)(NLMSG_ALIGN(h->nlmsg_len) + RTA_ALIGN(attribute->rta_len));
	return attribute;
}

static void add_u32(struct message *message, uint16_t type, uint32_t value)
{
	add(message, type, &value, sizeof(value));
}

static void add_ipv4(struct message *message, uint16_t type, uint32_t address)
{
	add_u32(message, type, htonl(address));
}

static void add_string(struct message *message, uint16_t type, const char *s)
{
	add(message, type, s, strlen(s) + 1);
}

/* Nested attributes: what is added until `end` lies inside. */
static struct rtattr *begin(struct message *message, uint16_t type)
{
	return add(message, type, NULL, 0);
}

static void end(struct message *message, struct rtattr *nest)
{
	nest->rta_len = (uint16_t)(message->data + header(message)->nlmsg_len - (char *)nest);
}

static ssize_t receive(int netlink, void *answer, size_t size)
{
	ssize_t n;

	do
		n = recv(netlink, answer, size, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Sends and waits for the acknowledgement; a link that comes before it gives its index. */
static int request(int netlink, struct message *message, int *ret_index)
{
	_Alignas(struct nlmsghdr) char answer[ANSWER_MAX];

	if (send(netlink, message->data, header(message)->nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t n = receive(netlink, answer, sizeof(answer));

		if (n < 0)
			return (int)n;
		for (struct nlmsghdr *h = (struct nlmsghdr *)(void *)answer; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(h))->error;
			if (h->nlmsg_type == RTM_NEWLINK && ret_index != NULL)
				*ret_index = ((struct ifinfomsg *)NLMSG_DATA(h))->ifi_index;
		}
	}
}

int netlink_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

int netlink_add_veth(int netlink, const char *name, const char *peer_name, int peer_netns, uint32_t mtu)
{
	struct message message;
	struct rtattr *info, *data, *peer;

	start(&message, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	add_string(&message, IFLA_IFNAME, name);
	add_u32(&message, IFLA_MTU, mtu);
	info = begin(&message, IFLA_LINKINFO);
	add_string(&message, IFLA_INFO_KIND, "veth");
	data = begin(&message, IFLA_INFO_DATA);
	peer = begin(&message, VETH_INFO_PEER);
	header(&message)->nlmsg_len += sizeof(struct ifinfomsg); /* the peer's, all zero */
	add_string(&message, IFLA_IFNAME, peer_name);
	add_u32(&message, IFLA_MTU, mtu);
	add_u32(&message, IFLA_NET_NS_FD, (uint32_t)peer_netns);
	end(&message, peer);
	end(&message, data);
	end(&message, info);
	return request(netlink, &message, NULL);
}

int netlink_delete(int netlink, const char *name)
{
	struct message message;

	start(&message, RTM_DELLINK, 0, sizeof(struct ifinfomsg));
	add_string(&message, IFLA_IFNAME, name);
	return request(netlink, &message, NULL);
}

int netlink_find(int netlink, const char *name, int *ret_index)
{
	struct message message;

	start(&message, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	add_string(&message, IFLA_IFNAME, name);
	return request(netlink, &message, ret_index);
}

int netlink_up(int netlink, int index)
{
	struct message message;
	struct ifinfomsg *body = start(&message, RTM_NEWLINK, 0, sizeof(*body));

	body->ifi_index = index;
	body->ifi_flags = IFF_UP;
	body->ifi_change = IFF_UP;
	return request(netlink, &message, NULL);
}

int netlink_add_address(int netlink, int index, uint32_t address)
{
	struct message message;
	struct ifaddrmsg *body = start(&message, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(*body));

	body->ifa_family = AF_INET;
	body->ifa_prefixlen = 32;
	body->ifa_index = (unsigned)index;
	add_ipv4(&message, IFA_LOCAL, address);
	add_ipv4(&message, IFA_ADDRESS, address);
	return request(netlink, &message, NULL);
}

static struct rtmsg *start_route(struct message *message, unsigned char scope, unsigned char length)
{
	struct rtmsg *body = start(message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(*body));

	*body = (struct rtmsg){.rtm_family = AF_INET,
			       .rtm_table = RT_TABLE_MAIN,
			       .rtm_protocol = RTPROT_STATIC,
			       .rtm_scope = scope,
			       .rtm_type = RTN_UNICAST,
			       .rtm_dst_len = length};
	return body;
}

int netlink_add_link_route(int netlink, int index, uint32_t destination)
{
	struct message message;

	start_route(&message, RT_SCOPE_LINK, 32);
	add_ipv4(&message, RTA_DST, destination);
	add_u32(&message, RTA_OIF, (uint32_t)index);
	return request(netlink, &message, NULL);
}

int netlink_add_default_route(int netlink, int index, uint32_t gateway)
{
	struct message message;

	start_route(&message, RT_SCOPE_UNIVERSE, 0);
	add_ipv4(&message, RTA_GATEWAY, gateway);
	add_u32(&message, RTA_OIF, (uint32_t)index);
	return request(netlink, &message, NULL);
}
