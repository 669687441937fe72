/* The rules of leases against a world of our own: this process' network namespace is the host, another one is the rest of the world,
 * with public, private and metadata addresses that all answer. Nothing here touches the machine's own network. */
#include "../../../unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/network/netlink.h"
#include "agent/network/network.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/util.h"

#define RESOLVER "10.53.53.53"
#define PUBLIC	 "8.8.4.4"
#define WAIT_MS	 1500

static const struct network_settings settings = {.name = "tt",
						 .pool = "198.18.0.0/24",
						 .resolvers = RESOLVER,
						 .connections_per_second = 40,
						 .connections = 60,
						 .bandwidth = 4 << 20};

static const char *const world_addresses[] = {"203.0.113.1", PUBLIC, RESOLVER, "10.9.9.9", "172.16.5.5", "192.168.5.5", "169.254.169.254",
					      "100.64.5.5", "192.0.2.9", "127.0.0.9", "240.1.1.1"};
static const uint16_t ports[] = {80, 25, 53, 465, 587, 443};

struct member {
	pid_t pid;
	int control; /* a byte ends it */
};

static struct member world;
static struct network *network;

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static uint32_t ipv4(const char *text)
{
	struct in_addr address;

	assert_int_equal(inet_pton(AF_INET, text, &address), 1);
	return ntohl(address.s_addr);
}

/* No child outlives its parent, so that a test that fails leaves nothing. */
static pid_t fork_with_us(void)
{
	pid_t pid = fork();

	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* A process with a network namespace of its own that runs `work` in it and then waits to be ended. */
static struct member spawn(void (*work)(void))
{
	struct member member;
	int ready[2], control[2];
	char byte;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(control, O_CLOEXEC), 0);
	member.pid = fork_with_us();
	if (member.pid == 0) {
		if (unshare(CLONE_NEWNET) < 0)
			_exit(1);
		if (work != NULL)
			work();
		close(control[1]);
		if (write(ready[1], "x", 1) != 1 || read(control[0], &byte, 1) < 0)
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	close(control[0]);
	member.control = control[1];
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return member;
}

static void end_member(struct member *member)
{
	kill(member->pid, SIGKILL);
	waitpid(member->pid, NULL, 0);
	close(member->control);
}

static int listen_at(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 512) < 0)
		_exit(1);
	return fd;
}

/* Accepts on all ports, and sends whoever comes to 443 as much as they take. */
static void serve(void)
{
	struct pollfd polls[ARRAY_SIZE(ports)];
	static char block[65536];

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		polls[i] = (struct pollfd){.fd = listen_at(ports[i]), .events = POLLIN};
	for (;;) {
		poll(polls, ARRAY_SIZE(ports), -1);
		for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
			int fd = (polls[i].revents & POLLIN) ? accept(polls[i].fd, NULL, NULL) : -1;

			if (fd < 0)
				continue;
			if (ports[i] == 443 && fork_with_us() == 0) {
				while (write(fd, block, sizeof(block)) > 0)
					continue;
				_exit(0);
			}
			/* The others stay open, so that they count as open connections. */
		}
	}
}

static void be_the_world(void)
{
	pid_t server;

	run("ip link set lo up");
	server = fork_with_us();
	if (server == 0)
		serve();
}

/* Joins us ("host", 203.0.113.2) and the world by a pair, the world's end with all its addresses. */
static void connect_world(void)
{
	char command[256];

	run("ip link set lo up");
	snprintf(command, sizeof(command), "ip link add up0 type veth peer name out0 netns /proc/%d/ns/net", (int)world.pid);
	run(command);
	run("ip addr add 203.0.113.2/24 dev up0 && ip link set up0 up && ip addr add 192.168.77.1/24 dev lo");
	for (size_t i = 0; i < ARRAY_SIZE(world_addresses); i++) {
		snprintf(command, sizeof(command), "nsenter -t %d -n ip addr add %s/%s dev %s", (int)world.pid, world_addresses[i],
			 i == 0 ? "24" : "32", i == 0 ? "out0" : "lo");
		run(command);
	}
	snprintf(command, sizeof(command), "nsenter -t %d -n ip link set out0 up", (int)world.pid);
	run(command);
	run("ip route add default via 203.0.113.1");
}

static int set_up(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(file_write_control("/proc/sys/net/ipv4/ip_forward", "0"), 0); /* a new namespace has the machine's */
	world = spawn(be_the_world);
	connect_world();
	if (network_new(&settings, &network, &err) < 0)
		fail_msg("%s", err.message);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	network_free(network);
	end_member(&world);
	return 0;
}

struct lease {
	struct member member;
	struct network_lease lease;
};

static struct lease lease_new(void)
{
	struct lease lease = {.member = spawn(NULL)};
	struct error err = {0};

	if (network_attach(network, lease.member.pid, &lease.lease, &err) < 0)
		fail_msg("%s", err.message);
	return lease;
}

static void lease_end(struct lease *lease)
{
	network_detach(network, &lease->lease);
	end_member(&lease->member);
}

/* A socket that lives in a process' network namespace. */
static int socket_in(pid_t pid, int type)
{
	char path[64];
	auto_fd int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	auto_fd int theirs = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	theirs = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(setns(theirs, CLONE_NEWNET), 0);
	fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(setns(own, CLONE_NEWNET), 0);
	return fd;
}

/* A connection from a lease: its descriptor, or -errno (-ETIMEDOUT). */
static int connect_from(const struct lease *lease, const char *to, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(ipv4(to))};
	auto_fd int fd = socket_in(lease->member.pid, SOCK_STREAM);
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	int code = 0;
	socklen_t size = sizeof(code);

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno != EINPROGRESS)
		return -errno;
	if (poll(&poll_fd, 1, WAIT_MS) == 0)
		return -ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
	return code != 0 ? -code : steal_fd(&fd);
}

static void check_open(const struct lease *lease, const char *to, uint16_t port)
{
	int fd = connect_from(lease, to, port);

	if (fd < 0)
		fail_msg("%s port %u is closed: %s", to, port, strerror(-fd));
	close(fd);
}

static void check_closed(const struct lease *lease, const char *to, uint16_t port)
{
	int fd = connect_from(lease, to, port);

	if (fd >= 0)
		fail_msg("%s port %u is open", to, port);
}

static void test_what_is_open(void **state)
{
	struct lease lease = lease_new();

	(void)state;
	check_open(&lease, PUBLIC, 80);
	check_open(&lease, PUBLIC, 443);
	check_open(&lease, RESOLVER, 53);
	assert_string_equal(network_resolv_conf(network), "nameserver " RESOLVER "\n");
	lease_end(&lease);
}

static void test_what_is_closed(void **state)
{
	static const char *const closed[] = {"10.9.9.9",	"172.16.5.5", "192.168.5.5", "169.254.169.254", "100.64.5.5",
					     "240.1.1.1",	RESOLVER,     "203.0.113.1"};
	struct lease lease = lease_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
		check_closed(&lease, closed[i], 80);
	check_closed(&lease, "10.9.9.9", 53); /* another resolver in there */
	check_closed(&lease, PUBLIC, 25);
	check_closed(&lease, PUBLIC, 465);
	check_closed(&lease, PUBLIC, 587);
	lease_end(&lease);
}

/* Every address and port of the host: by its public one, by the gateway, by one on loopback. */
static void test_the_host_is_closed(void **state)
{
	static const char *const addresses[] = {"203.0.113.2", "198.18.0.1", "192.168.77.1", "127.0.0.1"};
	struct lease lease = lease_new();
	auto_fd int listener = listen_at(8080);
	auto_fd int dns = listen_at(53);
	struct pollfd polls[] = {{.fd = listener, .events = POLLIN}, {.fd = dns, .events = POLLIN}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		check_closed(&lease, addresses[i], 8080);
		check_closed(&lease, addresses[i], 53);
	}
	assert_int_equal(poll(polls, 2, 0), 0);
	lease_end(&lease);
}

static void listen_9000(void)
{
	listen_at(9000);
}

static void test_other_leases_are_closed(void **state)
{
	struct lease one = lease_new();
	struct lease two = {.member = spawn(listen_9000)};
	char address[32];
	struct error err;

	(void)state;
	assert_int_equal(network_attach(network, two.member.pid, &two.lease, &err), 0);
	snprintf(address, sizeof(address), "198.18.0.%u", two.lease.slot + 1);
	assert_true(one.lease.slot != two.lease.slot);
	check_open(&two, address, 9000); /* it does listen */
	check_closed(&one, address, 9000);
	lease_end(&one);
	lease_end(&two);
}

/* A lease that takes another address, or IPv6, gets nowhere with it. */
static void test_foreign_addresses(void **state)
{
	struct lease lease = lease_new();
	char command[256];

	(void)state;
	snprintf(command, sizeof(command),
		 "nsenter -t %d -n sh -c 'ip addr add 198.18.0.200/32 dev eth0; ip addr add 8.8.8.8/32 dev eth0; "
		 "! ip -6 addr show dev eth0 | grep -q inet6'",
		 (int)lease.member.pid);
	run(command);
	check_open(&lease, PUBLIC, 80);
	snprintf(command, sizeof(command), "nsenter -t %d -n ip route replace default via 198.18.0.1 src 198.18.0.200",
		 (int)lease.member.pid);
	run(command);
	check_closed(&lease, PUBLIC, 80);
	snprintf(command, sizeof(command), "nsenter -t %d -n ip route replace default via 198.18.0.1 src 8.8.8.8", (int)lease.member.pid);
	run(command);
	check_closed(&lease, PUBLIC, 80);
	lease_end(&lease);
}

static void test_open_connections_are_capped(void **state)
{
	struct lease lease = lease_new();
	int fds[128], r = 0;
	size_t count = 0;

	(void)state;
	while (count < ARRAY_SIZE(fds)) {
		r = connect_from(&lease, PUBLIC, 80);
		if (r < 0)
			break;
		fds[count++] = r;
	}
	assert_true(count <= settings.connections);
	assert_true(count >= settings.connections / 2);
	assert_true(r < 0);
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	lease_end(&lease);
}

/* Reads for so long; gives the bytes. */
static uint64_t read_for(int fd, int64_t ms)
{
	int64_t end = clock_monotonic_ms() + ms;
	static char data[65536];
	uint64_t total = 0;

	while (clock_monotonic_ms() < end) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		ssize_t n = poll(&poll_fd, 1, 100) > 0 ? read(fd, data, sizeof(data)) : 0;

		total += n > 0 ? (uint64_t)n : 0;
	}
	return total;
}

static void test_bandwidth_is_capped(void **state)
{
	struct lease lease = lease_new();
	auto_fd int fd = connect_from(&lease, PUBLIC, 443);
	uint64_t total;

	(void)state;
	assert_true(fd >= 0);
	read_for(fd, 2000); /* the burst, and what lies in buffers */
	total = read_for(fd, 4000);
	lease_end(&lease);
	assert_true(total > 1 << 20);
	assert_true(total < settings.bandwidth * 5);
}

static size_t count_interfaces(void)
{
	struct if_nameindex *all = if_nameindex();
	size_t count = 0;

	for (struct if_nameindex *one = all; one->if_name != NULL; one++)
		count += strncmp(one->if_name, "tt-", 3) == 0;
	if_freenameindex(all);
	return count;
}

static bool forwards(const char *interface)
{
	auto_free char *path = xasprintf("/proc/sys/net/ipv4/conf/%s/forwarding", interface);
	auto_buf struct buf text = BUF_INIT;

	assert_int_equal(file_read(AT_FDCWD, path, 16, &text), 0);
	return text.data[0] == '1';
}

static void test_all_is_given_back(void **state)
{
	struct network_lease empty = {.slot = 0};
	struct lease lease;

	(void)state;
	for (int i = 0; i < 300; i++) { /* more than the pool has */
		if (i % 100 == 0) {
			lease = lease_new();
			lease_end(&lease);
		}
	}
	network_detach(network, &empty);
	lease = lease_new();
	assert_int_equal(count_interfaces(), 1);
	/* The namespace goes first: the pair goes with it, and the address still comes back. */
	end_member(&lease.member);
	network_detach(network, &lease.lease);
	assert_int_equal(lease.lease.slot, 0);
	network_detach(network, &lease.lease);
	assert_int_equal(count_interfaces(), 0);
}

static void test_the_pool_is_finite(void **state)
{
	struct network_settings small = settings;
	struct network *other;
	struct lease leases[13];
	struct member more;
	struct network_lease lease;
	struct error err = {0};

	(void)state;
	small.name = "tu";
	small.pool = "198.18.9.0/28";
	if (network_new(&small, &other, &err) < 0)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < ARRAY_SIZE(leases); i++) {
		leases[i].member = spawn(NULL);
		assert_int_equal(network_attach(other, leases[i].member.pid, &leases[i].lease, &err), 0);
	}
	more = spawn(NULL);
	assert_true(network_attach(other, more.pid, &lease, &err) < 0);
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	network_detach(other, &leases[5].lease);
	assert_int_equal(network_attach(other, more.pid, &lease, &err), 0);
	network_detach(other, &lease);
	end_member(&more);
	for (size_t i = 0; i < ARRAY_SIZE(leases); i++) {
		network_detach(other, &leases[i].lease);
		end_member(&leases[i].member);
	}
	network_free(other);
}

/* An agent that ends while leases live leaves the rules; the next one adopts what it knows of and sweeps the rest. */
static void test_a_restart(void **state)
{
	struct lease kept = lease_new();
	struct lease lost = lease_new();
	struct network_lease gone = {.slot = 77};
	struct error err;

	(void)state;
	network_free(network);
	check_open(&kept, PUBLIC, 80);
	check_closed(&kept, "10.9.9.9", 80);
	assert_int_equal(network_new(&settings, &network, &err), 0);
	check_closed(&kept, "10.9.9.9", 80);
	assert_int_equal(network_adopt(network, &kept.lease, &err), 0);
	assert_int_equal(network_adopt(network, &gone, &err), -ENOENT);
	assert_int_equal(network_sweep(network), 1);
	check_open(&kept, PUBLIC, 80);
	assert_true(connect_from(&lost, PUBLIC, 80) < 0);
	lease_end(&kept);
	end_member(&lost.member);
	assert_true(forwards("up0"));
	network_free(network);
	assert_false(forwards("up0"));
	assert_false(forwards("all"));
	run("test -z \"$(nft list tables)\"");
	assert_int_equal(network_new(&settings, &network, &err), 0);
}

static void check_refused(const char *name, const char *pool, const char *resolvers, const char *words)
{
	struct network_settings bad = settings;
	struct network *other;
	struct error err = {0};

	bad.name = name;
	bad.pool = pool;
	bad.resolvers = resolvers;
	assert_true(network_new(&bad, &other, &err) < 0);
	assert_int_equal(err.kind, ERROR_INVALID);
	if (strstr(err.message, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.message, words);
}

static void test_bad_settings(void **state)
{
	(void)state;
	check_refused("", "198.18.9.0/24", "", "name");
	check_refused("too-long", "198.18.9.0/24", "", "name");
	check_refused("a\" }", "198.18.9.0/24", "", "name");
	check_refused("ninechars", "198.18.9.0/24", "", "name");
	check_refused("tv", "198.18.9.0/8", "", "pool");
	check_refused("tv", "198.18.9.1/24", "", "pool");
	check_refused("tv", "pool", "", "pool");
	check_refused("tv", "203.0.113.0/24", "", "up0");
	check_refused("tv", "198.18.9.0/24", "not-an-address", "resolvers");
	check_refused("tv", "198.18.9.0/24", "1.1.1.1; drop", "resolvers");
}

static void test_a_process_that_is_gone(void **state)
{
	struct member member = spawn(NULL);
	struct network_lease lease;
	struct error err;

	(void)state;
	end_member(&member);
	assert_true(network_attach(network, member.pid, &lease, &err) < 0);
	assert_int_equal(count_interfaces(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_open),
		cmocka_unit_test(test_what_is_closed),
		cmocka_unit_test(test_the_host_is_closed),
		cmocka_unit_test(test_other_leases_are_closed),
		cmocka_unit_test(test_foreign_addresses),
		cmocka_unit_test(test_open_connections_are_capped),
		cmocka_unit_test(test_bandwidth_is_capped),
		cmocka_unit_test(test_all_is_given_back),
		cmocka_unit_test(test_the_pool_is_finite),
		cmocka_unit_test(test_a_restart),
		cmocka_unit_test(test_bad_settings),
		cmocka_unit_test(test_a_process_that_is_gone),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
