/* The small parsers: targets, routes, negotiation, origins. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "http/negotiate.h"
#include "http/origin.h"
#include "http/router.h"
#include "http/target.h"

static void takes_targets_apart(void **state)
{
	struct target target;
	struct error err = {0};

	(void)state;
	assert_int_equal(target_parse("/a%20b/c/?x=1&y&=z&x=2&%61=%2B+&&", &target, &err), 0);
	assert_string_equal(target.path, "/a b/c/");
	assert_int_equal(target.segment_count, 3);
	assert_string_equal(target.segments[0], "a b");
	assert_string_equal(target.segments[2], "");
	assert_string_equal(target_query(&target, "x"), "1");
	assert_string_equal(target_query(&target, "y"), "");
	assert_string_equal(target_query(&target, ""), "z");
	assert_string_equal(target_query(&target, "a"), "+ ");
	assert_null(target_query(&target, "b"));
	target_fini(&target);
	assert_int_equal(target_parse("/", &target, &err), 0);
	assert_int_equal(target.segment_count, 0);
	target_fini(&target);
	assert_int_equal(target_parse("/?", &target, &err), 0);
	assert_string_equal(target.path, "/");
	target_fini(&target);
	assert_int_equal(target_parse("https://h", &target, &err), 0);
	assert_string_equal(target.path, "/");
	target_fini(&target);
	{
		/* On the heap, so that a read past its end is seen. */
		char *shortest = xstrdup("http://");

		assert_int_equal(target_parse(shortest, &target, &err), 0);
		assert_string_equal(target.path, "/");
		target_fini(&target);
		free(shortest);
	}
	assert_int_equal(target_parse("/a?b=%EA%B0%80%0A", &target, &err), 0);
	assert_string_equal(target_query(&target, "b"), "가\n");
	target_fini(&target);
	assert_true(target_parse(NULL, &target, &err) < 0);
	assert_true(target_parse("", &target, &err) < 0);
	assert_true(target_parse("/%e", &target, &err) < 0);
	assert_true(target_parse("/a%", &target, &err) < 0);
	assert_int_equal(err.kind, ERROR_MALFORMED);
}

static int nothing(struct request *request, struct error *err)
{
	(void)request;
	(void)err;
	return 0;
}

static const struct route routes[] = {
	{METHOD_GET, "/", ROUTE_WORK, nothing, "root", 0, 0, NULL},
	{METHOD_GET, "/p/{owner}/{name}", ROUTE_WORK, nothing, "one", 0, 0, NULL},
	{METHOD_GET, "/p/{owner}/list", ROUTE_WORK, nothing, "list", 0, 0, NULL},
	{METHOD_POST, "/p/{owner}/{name}", ROUTE_WORK, nothing, "post", 0, 0, NULL},
	{METHOD_GET, "/badge/{owner}/{name}.svg", ROUTE_WORK, nothing, "badge", 0, 0, NULL},
	{METHOD_GET, "/{a}/x", ROUTE_WORK, nothing, "ax", 0, 0, NULL},
	{METHOD_GET, "/p/{b}", ROUTE_WORK, nothing, "pb", 0, 0, NULL},
};

static void finds_routes(void **state)
{
	static const struct {
		const char *path;
		unsigned method;
		const char *found; /* NULL: none */
		unsigned allowed;
		const char *first;
	} table[] = {
		{"/", METHOD_GET, "root", METHOD_GET, NULL},
		{"/p/a/b", METHOD_GET, "one", METHOD_GET | METHOD_POST, "a"},
		{"/p/a/b", METHOD_POST, "post", METHOD_GET | METHOD_POST, "a"},
		{"/p/a/b", METHOD_DELETE, NULL, METHOD_GET | METHOD_POST, NULL},
		{"/p/a/list", METHOD_GET, "list", METHOD_GET | METHOD_POST, "a"},
		{"/p/a/list", METHOD_POST, "post", METHOD_GET | METHOD_POST, "a"},
		{"/p/a/", METHOD_GET, NULL, 0, NULL},
		{"/p/x", METHOD_GET, "pb", METHOD_GET, "x"},
		{"/q/x", METHOD_GET, "ax", METHOD_GET, "q"},
		{"/badge/a/b.svg", METHOD_GET, "badge", METHOD_GET, "a"},
		{"/badge/a/.svg", METHOD_GET, NULL, 0, NULL},
		{"/badge/a/b.png", METHOD_GET, NULL, 0, NULL},
		{"/badge/a/svg", METHOD_GET, NULL, 0, NULL},
		{"/P/a/b", METHOD_GET, NULL, 0, NULL},
		{"/p/a/b/c", METHOD_GET, NULL, 0, NULL},
	};
	struct router *router = router_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		router_add(router, &routes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct route_match match;
		struct target target;

		assert_int_equal(target_parse(table[i].path, &target, NULL), 0);
		router_match(router, table[i].method, &target, &match);
		if ((match.route == NULL) != (table[i].found == NULL) ||
		    (match.route != NULL && strcmp(match.route->data, table[i].found) != 0))
			fail_msg("%s: %s", table[i].path, match.route != NULL ? (char *)match.route->data : "nothing");
		assert_int_equal(match.allowed, table[i].allowed);
		if (table[i].first != NULL)
			assert_string_equal(match.values[0], table[i].first);
		route_match_fini(&match);
		target_fini(&target);
	}
	router_free(router);
	router_free(NULL);
}

static void cuts_parameters_out(void **state)
{
	struct router *router = router_new();
	struct route_match match;
	struct target target;

	(void)state;
	router_add(router, &routes[4]);
	assert_int_equal(target_parse("/badge/a.svg/b.svg.svg", &target, NULL), 0);
	router_match(router, METHOD_GET, &target, &match);
	assert_int_equal(match.count, 2);
	assert_string_equal(match.names[1], "name");
	assert_string_equal(match.values[0], "a.svg");
	assert_string_equal(match.values[1], "b.svg");
	route_match_fini(&match);
	target_fini(&target);
	router_free(router);
}

static void weighs_codings(void **state)
{
	static const struct {
		const char *header;
		const char *coding;
		unsigned quality;
	} table[] = {
		{NULL, "br", 0},
		{NULL, "identity", 1},
		{"", "br", 0},
		{"br", "br", 1000},
		{"gzip, br", "br", 1000},
		{"BR", "br", 1000},
		{"br;q=0.5", "br", 500},
		{"br; q=0.123", "br", 123},
		{"br;q=0", "br", 0},
		{"br;q=0.000", "br", 0},
		{"*", "br", 1000},
		{"*;q=0.3", "br", 300},
		{"br;q=0, *", "br", 0},
		{"x-br", "br", 0},
		{"brx", "br", 0},
		{"br;q=2", "br", 0},
		{"br;q=1.9", "br", 1000},
		{"br;q=", "br", 0},
		{"br;q=-1", "br", 0},
		{",,,br,,", "br", 1000},
		{"br;level=1;q=0.2", "br", 200},
		{"*;q=0", "identity", 0},
		{"br ; q=0.7 , x", "br", 700},
		{";q=1", "br", 0},
		{"gzip;q=0.0001", "gzip", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (accept_encoding_quality(table[i].header, table[i].coding) != table[i].quality)
			fail_msg("%s for %s: %u", table[i].header, table[i].coding,
				 accept_encoding_quality(table[i].header, table[i].coding));
}

static void compares_entity_tags(void **state)
{
	(void)state;
	assert_true(etag_matches("\"a\"", "\"a\""));
	assert_true(etag_matches("\"b\" , W/\"a\"", "\"a\""));
	assert_true(etag_matches("\"b,\\\",\"a\"", "\"a\""));
	assert_true(etag_matches(" *", "\"a\""));
	assert_false(etag_matches(NULL, "\"a\""));
	assert_false(etag_matches("", "\"a\""));
	assert_false(etag_matches("a", "\"a\""));
	assert_false(etag_matches("\"aa\"", "\"a\""));
	assert_false(etag_matches("\"a", "\"a\""));
	assert_false(etag_matches("w/\"a\"", "\"a\""));
	assert_false(etag_matches("\"b\" \"a\"", "\"a\""));
}

static void finds_tokens(void **state)
{
	(void)state;
	assert_true(header_has_token("keep-alive, Upgrade", "upgrade", false));
	assert_false(header_has_token("keep-alive, Upgrade", "upgrade", true));
	assert_false(header_has_token("upgrades", "upgrade", false));
	assert_false(header_has_token(NULL, "upgrade", false));
	assert_false(header_has_token(", ,", "upgrade", false));
	assert_true(media_type_is("Application/JSON ; charset=utf-8", "application/json"));
	assert_false(media_type_is("application/json-patch+json", "application/json"));
	assert_false(media_type_is(NULL, "application/json"));
}

static void knows_its_own_origin(void **state)
{
	static const struct {
		const char *origin;
		const char *host;
		const char *public_url;
		bool loopback;
		bool ours;
	} table[] = {
		{"http://127.0.0.1:8080", "127.0.0.1:8080", NULL, true, true},
		{"http://localhost:8080", "localhost:8080", NULL, true, true},
		{"http://LOCALHOST:8080", "localhost:8080", NULL, true, true},
		{"http://[::1]:8080", "[::1]:8080", NULL, true, true},
		{"http://localhost", "localhost:80", NULL, true, true},
		{"https://a.example", "a.example", NULL, false, true},
		{"https://a.example", "a.example:443", NULL, false, true},
		{"http://a.example", "a.example", NULL, true, false}, /* somebody's DNS says 127.0.0.1 */
		{"http://127.0.0.1.evil.example", "127.0.0.1.evil.example", NULL, true, false},
		{"http://127.0.0.1:8081", "127.0.0.1:8080", NULL, true, false},
		{"http://evil.example", "a.example", NULL, false, false},
		{"http://a.example.evil.example", "a.example", NULL, false, false},
		{"http://a.example@evil.example", "a.example", NULL, false, false},
		{"http://a.example/", "a.example", NULL, false, false},
		{"null", "a.example", NULL, false, false},
		{"", "", NULL, false, false},
		{"http://", "", NULL, false, false},
		{"http://:80", ":80", NULL, false, false},
		{"file://a.example", "a.example", NULL, false, false},
		{"http://a.example", NULL, NULL, false, false},
		{NULL, "a.example", NULL, false, false},
		{"https://a.example", "inner:80", "https://a.example", true, true},
		{"http://a.example", "a.example", "https://a.example", false, false},
		{"https://a.example:8443", "a.example", "https://a.example", false, false},
		{"https://b.example", "b.example", "https://a.example", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (origin_is_ours(table[i].origin, table[i].host, table[i].public_url, table[i].loopback) !=
		    table[i].ours)
			fail_msg("origin %s, host %s, public %s", table[i].origin, table[i].host, table[i].public_url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_targets_apart),  cmocka_unit_test(finds_routes),
		cmocka_unit_test(cuts_parameters_out),  cmocka_unit_test(weighs_codings),
		cmocka_unit_test(compares_entity_tags), cmocka_unit_test(finds_tokens),
		cmocka_unit_test(knows_its_own_origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
