#include "../../test.h"

#include <errno.h>

#include "agent/image/reference.h"
#include "agent/image/registry.h"
#include "base/cleanup.h"
#include "base/util.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_good(void **state)
{
	static const struct {
		const char *in, *full;
	} cases[] = {
		{"debian", "reg.test/debian:latest"},
		{"debian:bookworm", "reg.test/debian:bookworm"},
		{"taste/figlet:b1", "reg.test/taste/figlet:b1"},
		{"a/b/c/d", "reg.test/a/b/c/d:latest"},
		{"a__b/c---d/e.f/g_h:T.a-G_1", "reg.test/a__b/c---d/e.f/g_h:T.a-G_1"},
		{"localhost/x", "localhost/x:latest"},
		{"localhost:5000/x:1", "localhost:5000/x:1"},
		{"Host/x", "Host/x:latest"},
		{"h.example/x/y", "h.example/x/y:latest"},
		{"[::1]:5000/x", "[::1]:5000/x:latest"},
		{"x@sha256:" HEX, "reg.test/x@sha256:" HEX},
		{"h.example:443/x:tag@sha256:" HEX, "h.example:443/x@sha256:" HEX},
		{"library/0", "reg.test/library/0:latest"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct reference reference;
		struct error err = {0};
		char full[REFERENCE_MAX];

		if (reference_parse(cases[i].in, &reference, &err) < 0)
			fail_msg("%s", err.message);
		reference_print(&reference, "reg.test", full);
		assert_string_equal(full, cases[i].full);
		/* What was printed means the same. */
		assert_int_equal(reference_parse(full, &reference, &err), 0);
		reference_print(&reference, "other", full);
		assert_string_equal(full, cases[i].full);
	}
}

static void test_bad(void **state)
{
	static const char *const cases[] = {
		"",
		"-x",
		"--tls-verify=false",
		"x/-y",
		"x/y-",
		".x",
		"x.",
		"x..y",
		"x___y",
		"x._y",
		"X",
		"x/Y",
		"/x",
		"x/",
		"x//y",
		"x:",
		"x:.a",
		"x:-a",
		"x:a b",
		"x:a:b",
		"x@",
		"x@sha256:",
		"x@sha512:" HEX,
		"x@sha256:" HEX "0",
		"x@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		"@sha256:" HEX,
		":tag",
		"h.example:/x",
		"h.example:0/x",
		"h.example:65536/x",
		"h.example:12a/x",
		"-h.example/x",
		"h.example-/x",
		"h..example/x",
		".example/x",
		"[::1/x",
		"[]:1/x",
		"a\nb",
		"a b",
		"docker://x",
		"../x",
		"x/../y",
		"x\x80",
		"h.example/",
		"dir:/etc",
		"x:a/b",
		"h_x.example/y",
		"[x]/y",
		"x@sha256:" HEX "@sha256:" HEX,
	};
	char longest[REFERENCE_MAX + 10];
	struct reference reference;
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		err = (struct error){0};
		if (reference_parse(cases[i], &reference, &err) == 0)
			fail_msg("\"%s\" passed", cases[i]);
		assert_int_equal(err.kind, ERROR_INVALID);
		assert_int_equal(reference_parse(cases[i], &reference, NULL), -EINVAL);
	}
	memset(longest, 'x', sizeof(longest));
	for (size_t length = 1; length < sizeof(longest); length++) {
		longest[length] = '\0';
		assert_int_equal(reference_parse(longest, &reference, &err) == 0, length <= REFERENCE_REPOSITORY_MAX);
		longest[length] = 'x';
	}
}

static const struct config_key keys[] = {
	{"registry", "url", CONFIG_STRING, "", ""},      {"registry", "authfile", CONFIG_STRING, "", ""},
	{"registry", "insecure", CONFIG_BOOL, "no", ""}, {"build", "ca_file", CONFIG_STRING, "", ""},
	{NULL, NULL, CONFIG_STRING, NULL, NULL},
};

static int init(struct registry *registry, const char *url, const char *insecure, struct error *err)
{
	struct config *config = config_new(keys);
	int r;

	assert_int_equal(config_set(config, "registry", "url", url, "test", NULL), 0);
	assert_int_equal(config_set(config, "registry", "insecure", insecure, "test", NULL), 0);
	r = registry_init(registry, config, err);
	config_free(config);
	return r;
}

static void test_registry(void **state)
{
	static const char *const bad[] = {"",
					  "http://",
					  "ftp://x.y",
					  "http://x.y",
					  "http://127.0.0.1.evil.test",
					  "https://x.y/path",
					  "https://-x.y",
					  "https://registry",
					  "https://x.y:0",
					  "https://user@x.y",
					  "https://x.y z"};
	auto_free char *full = NULL;
	struct registry registry;
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (init(&registry, bad[i], "no", &err) == 0)
			fail_msg("\"%s\" passed", bad[i]);
	assert_int_equal(init(&registry, "http://x.y", "yes", &err), 0);
	assert_string_equal(registry_tls_option(&registry, "x.y/a:b"), "--tls-verify=false");
	registry_fini(&registry);
	assert_int_equal(init(&registry, "https://x.y:5000/", "no", &err), 0);
	assert_string_equal(registry.host, "x.y:5000");
	assert_string_equal(registry_tls_option(&registry, "x.y:5000/a:b"), "--tls-verify=true");
	registry_fini(&registry);
	assert_int_equal(init(&registry, "http://127.0.0.1:5000", "no", &err), 0);
	assert_int_equal(registry_reference(&registry, "a/b", &full, &err), 0);
	assert_string_equal(full, "127.0.0.1:5000/a/b:latest");
	assert_true(registry_owns(&registry, full));
	/* Others get neither the password nor plain http, however alike they look. */
	assert_false(registry_owns(&registry, "127.0.0.1:50001/a/b"));
	assert_false(registry_owns(&registry, "127.0.0.1:500/a/b"));
	assert_string_equal(registry_tls_option(&registry, "h.example/a:b"), "--tls-verify=true");
	registry_fini(&registry);
}

static void test_failures(void **state)
{
	static const struct {
		const char *written;
		enum error_kind kind;
	} cases[] = {
		{"time=\"x\" level=fatal msg=\"Error parsing: reading manifest b in h/x: manifest unknown: manifest "
		 "unknown\"\n",
		 ERROR_NOT_FOUND},
		{"level=fatal msg=\"reading manifest: unauthorized: authentication required\"", ERROR_UNAUTHENTICATED},
		{"level=fatal msg=\"pinging: Get \\\"https://h/v2/\\\": dial tcp: connection refused\"",
		 ERROR_UNAVAILABLE},
		{"level=fatal msg=\"net/http: TLS handshake timeout\"", ERROR_TIMEOUT},
		{"", ERROR_UNAVAILABLE},
		{"\n\n", ERROR_UNAVAILABLE},
		{"msg=\"", ERROR_UNAVAILABLE},
		{"msg=\"\\", ERROR_UNAVAILABLE},
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(registry_failure(cases[i].written, &err) < 0);
		assert_int_equal(err.kind, cases[i].kind);
		assert_null(strchr(err.message, '\n'));
	}
	registry_failure(cases[2].written, &err);
	assert_non_null(strstr(err.message, "Get \"https://h/v2/\": dial"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_registry),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
