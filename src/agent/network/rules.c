#include "agent/network/rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

/* Never reached through NAT: this network, private, shared, loopback, link-local, protocol assignments, private, benchmark,
 * multicast, reserved and broadcast (RFC 6890). */
static const char *const closed_ranges = "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, "
					 "192.0.0.0/24, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/4, 240.0.0.0/4";

int network_range_parse(const char *text, struct network_range *ret_range)
{
	char address[INET_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct in_addr parsed;
	uint64_t length = 32;

	if (n >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, n);
	address[n] = '\0';
	if (inet_pton(AF_INET, address, &parsed) != 1 || (slash != NULL && str_to_u64(slash + 1, 32, &length) < 0))
		return -EINVAL;
	*ret_range = (struct network_range){.address = ntohl(parsed.s_addr), .length = (unsigned)length};
	return length < 32 && (ret_range->address & (UINT32_MAX >> length)) != 0 ? -EINVAL : 0;
}

bool network_range_overlaps(const struct network_range *a, const struct network_range *b)
{
	unsigned length = a->length < b->length ? a->length : b->length;

	return length == 0 || (a->address >> (32 - length)) == (b->address >> (32 - length));
}

static void write_address(struct buf *out, uint32_t address)
{
	buf_printf(out, "%u.%u.%u.%u", address >> 24, (address >> 16) & 255, (address >> 8) & 255, address & 255);
}

static void write_sets(const struct network_rules *rules, struct buf *out)
{
	static const char *const meters[] = {"rate", "sent", "received"};

	for (size_t i = 0; i < ARRAY_SIZE(meters); i++)
		buf_printf(out, "  set %s { type ipv4_addr; size 65536; flags dynamic,timeout; timeout 1m; }\n", meters[i]);
	/* No timeout here: the kernel drops an element when its last connection is over. */
	buf_append_string(out, "  set open { type ipv4_addr; size 65536; flags dynamic; }\n");
	buf_printf(out, "  set closed { type ipv4_addr; flags interval; auto-merge; elements = { %s", closed_ranges);
	for (size_t i = 0; i < rules->link_count; i++) {
		buf_append_string(out, ", ");
		write_address(out, rules->links[i].address);
		buf_printf(out, "/%u", rules->links[i].length);
	}
	buf_append_string(out, " } }\n  set resolvers { type ipv4_addr;");
	for (size_t i = 0; i < rules->resolver_count; i++) {
		buf_append_string(out, i == 0 ? " elements = { " : ", ");
		write_address(out, rules->resolvers[i]);
	}
	buf_append_string(out, rules->resolver_count > 0 ? " }; }\n" : " }\n");
}

/* What a lease may begin counts here; all that it sends counts as bytes. */
static void write_admit(const struct network_rules *rules, struct buf *out)
{
	unsigned long long second = rules->connections_per_second, count = rules->connections, bytes = rules->bandwidth;

	buf_printf(out,
		   "  chain admit {\n"
		   "    ct state invalid drop\n"
		   "    ct state new update @rate { ip saddr limit rate over %llu/second burst %llu packets } drop\n"
		   "    ct state new add @open { ip saddr ct count over %llu } drop\n"
		   "    update @sent { ip saddr limit rate over %llu bytes/second burst %llu bytes } drop\n"
		   "    accept\n"
		   "  }\n",
		   second, second * 2, count, bytes, bytes / 2 + 65536);
}

static void write_out(const struct network_rules *rules, struct buf *out)
{
	buf_append_string(out, "  chain from_lease {\n"
			       "    meta nfproto != ipv4 drop\n"
			       "    ip saddr != ");
	write_address(out, rules->pool.address);
	buf_printf(out,
		   "/%u drop\n"
		   "    fib saddr . iif oif missing drop\n" /* no address but its own */
		   "    oifname \"%s-*\" reject with icmpx admin-prohibited\n"
		   "    ct state established,related jump admit\n"
		   "    ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 jump admit\n"
		   "    ip daddr @closed reject with icmpx admin-prohibited\n"
		   "    tcp dport { 25, 465, 587, 2525 } reject with icmpx admin-prohibited\n"
		   "    meta l4proto { tcp, udp, icmp } jump admit\n"
		   "    drop\n"
		   "  }\n",
		   rules->pool.length, rules->name);
}

static void write_chains(const struct network_rules *rules, struct buf *out)
{
	unsigned long long bytes = rules->bandwidth;

	buf_printf(out,
		   "  chain to_lease {\n"
		   "    ct state != { established, related } drop\n"
		   "    update @received { ip daddr limit rate over %llu bytes/second burst %llu bytes } drop\n"
		   "    accept\n"
		   "  }\n",
		   bytes, bytes / 2 + 65536);
	/* The host itself: nothing, but a resolver that runs on it. */
	buf_printf(out,
		   "  chain input {\n"
		   "    type filter hook input priority filter - 5; policy accept;\n"
		   "    iifname != \"%s-*\" accept\n"
		   "    meta nfproto != ipv4 drop\n"
		   "    fib saddr . iif oif missing drop\n"
		   "    ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 jump admit\n"
		   "    ct state established,related accept\n"
		   "    reject with icmpx admin-prohibited\n"
		   "  }\n",
		   rules->name);
	buf_printf(out,
		   "  chain forward {\n"
		   "    type filter hook forward priority filter - 5; policy accept;\n"
		   "    iifname \"%s-*\" tcp flags syn tcp option maxseg size set rt mtu\n"
		   "    oifname \"%s-*\" tcp flags syn tcp option maxseg size set rt mtu\n"
		   "    iifname \"%s-*\" jump from_lease\n"
		   "    oifname \"%s-*\" jump to_lease\n",
		   rules->name, rules->name, rules->name, rules->name);
	if (rules->guard_uplink && *rules->uplink != '\0')
		buf_printf(out, "    iifname \"%s\" oifname \"%s\" drop\n", rules->uplink, rules->uplink);
	buf_append_string(out, "  }\n"
			       "  chain postrouting {\n"
			       "    type nat hook postrouting priority srcnat; policy accept;\n"
			       "    ip saddr ");
	write_address(out, rules->pool.address);
	buf_printf(out, "/%u oifname != \"%s-*\" masquerade\n  }\n", rules->pool.length, rules->name);
}

void network_rules_remove(const char *name, struct buf *out)
{
	/* Made first, so that taking it away can't fail; nft runs a script as one transaction. */
	buf_printf(out, "table inet %s\ndelete table inet %s\n", name, name);
}

void network_rules_write(const struct network_rules *rules, struct buf *out)
{
	network_rules_remove(rules->name, out);
	buf_printf(out, "table inet %s {\n", rules->name);
	write_sets(rules, out);
	write_admit(rules, out);
	write_out(rules, out);
	write_chains(rules, out);
	buf_append_string(out, "}\n");
}

static int spawn_nft(int input, int errors, bool dry, pid_t *ret_pid)
{
	char *const argv[] = {(char *)"nft", dry ? (char *)"-cf" : (char *)"-f", (char *)"-", NULL};
	static char *const environment[] = {(char *)"PATH=/usr/sbin:/sbin:/usr/bin:/bin", (char *)"LANG=C.UTF-8", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int r;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, errors, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	r = posix_spawnp(ret_pid, "nft", &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

int network_rules_run(const struct buf *script, bool dry, struct error *err)
{
	auto_fd int input = memfd_create("nft", MFD_CLOEXEC);
	auto_fd int errors = memfd_create("nft-errors", MFD_CLOEXEC);
	auto_buf struct buf text = BUF_INIT;
	pid_t pid;
	int status, r;

	if (input < 0 || errors < 0)
		return error_errno(err, errno, "cannot hand rules to nft");
	r = fd_write_all(input, script->data, script->length);
	if (r == 0 && lseek(input, 0, SEEK_SET) < 0)
		r = -errno;
	if (r == 0)
		r = spawn_nft(input, errors, dry, &pid);
	if (r < 0)
		return error_set(err, ERROR_UNAVAILABLE, r, "cannot run nft (package nftables): %s", strerror(-r));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "cannot wait for nft");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	lseek(errors, 0, SEEK_SET);
	fd_read_all(errors, 4096, &text);
	return error_set(err, ERROR_UNAVAILABLE, EIO, "nft refused the network rules: %.200s", text.data != NULL ? text.data : "");
}
