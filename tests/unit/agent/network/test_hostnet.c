#include "../../test.h"

#include "agent/network/hostnet.h"

static void test_routes(void **state)
{
	struct hostnet host = {.mtu = 0};

	(void)state;
	hostnet_parse_routes("Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
			     "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
			     "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
			     "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
			     "tun0\t0000000A\t01020304\t0003\t0\t0\t0\t000000FF\t0\t0\t0\n"
			     "down0\t0000000B\t00000000\t0000\t0\t0\t0\t000000FF\t0\t0\t0\n"
			     "rubbish\n\n",
			     &host);
	assert_string_equal(host.uplink, "eth0");
	assert_int_equal(host.route_count, 2);
	assert_int_equal(host.routes[0].range.address, 0xc0000200);
	assert_int_equal(host.routes[0].range.length, 24);
	assert_int_equal(host.routes[0].gateway, 0);
	assert_int_equal(host.routes[1].range.address, 0x0a000000);
	assert_true(host.routes[1].gateway != 0);
}

static void test_no_default_route(void **state)
{
	struct hostnet host = {.mtu = 0};

	(void)state;
	hostnet_parse_routes("", &host);
	assert_string_equal(host.uplink, "");
	assert_int_equal(host.route_count, 0);
}

static void test_resolvers(void **state)
{
	struct hostnet host = {.mtu = 0};

	(void)state;
	hostnet_parse_resolvers("# nameserver 1.1.1.1\nnameserver 127.0.0.53\nnameserver ::1\n nameserver\t10.255.255.53 \nsearch x\n"
				"nameserver not-one\nnameserver 9.9.9.9",
				&host);
	assert_int_equal(host.resolver_count, 2);
	assert_int_equal(host.resolvers[0], 0x0affff35);
	assert_int_equal(host.resolvers[1], 0x09090909);
	for (int i = 0; i < 20; i++)
		hostnet_parse_resolvers("nameserver 8.8.8.8\n", &host);
	assert_int_equal(host.resolver_count, HOSTNET_RESOLVERS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_routes), cmocka_unit_test(test_no_default_route),
					   cmocka_unit_test(test_resolvers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
