#include "../test.h"

#include "base/util.h"
#include "core/origins.h"

static void sites_are_taken(void **state)
{
	static const char *const good[] = {"https://example.org",   "https://example.org:8443", "https://a.b-c.example.org",
					   "https://*.example.org", "https://intranet",		"http://localhost",
					   "http://localhost:8080", "http://127.0.0.1:18080",	"https://xn--9d0b.kr"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!origin_is_embeddable(good[i]))
			fail_msg("refused: %s", good[i]);
}

static void nothing_else_is(void **state)
{
	static const char *const bad[] = {"",
					  "*",
					  "https:",
					  "https://",
					  "https://*",
					  "https://*.org",
					  "https://a.*.org",
					  "https://*.*.example.org",
					  "http://*.localhost",
					  "https://example.org/",
					  "https://example.org/path",
					  "https://example.org?x",
					  "https://example.org#x",
					  "https://user@example.org",
					  "https://example.org:",
					  "https://example.org:0",
					  "https://example.org:080",
					  "https://example.org:65536",
					  "https://example.org:80:80",
					  "https://Example.org",
					  "https://-a.example.org",
					  "https://a-.example.org",
					  "https://a..example.org",
					  "https://.example.org",
					  "https://example.org.",
					  "http://example.org",
					  "http://localhost.example.org",
					  "http://127.0.0.10",
					  "HTTPS://example.org",
					  "javascript:alert(1)",
					  "data:text/html,x",
					  "'self'",
					  "'unsafe-inline'",
					  "https://example.org; script-src *",
					  "https://example.org;script-src",
					  "https://example.org, default-src *",
					  "https://example.org\nx",
					  "https://example.org\r\nX: y",
					  " https://example.org",
					  "https://ex\xc3\xa4mple.org"};
	char large[300] = "https://";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (origin_is_embeddable(bad[i]))
			fail_msg("taken: %s", bad[i]);
	memset(large + 8, 'a', sizeof(large) - 9);
	assert_false(origin_is_embeddable(large));
	large[8 + 64] = '\0';
	assert_false(origin_is_embeddable(large)); /* one label of 64 */
	large[8 + 63] = '\0';
	assert_true(origin_is_embeddable(large));
}

static void frame_ancestors_hold_only_sites(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	origins_append_frame_ancestors(&out, NULL);
	assert_string_equal(out.data, "'self'");
	buf_clear(&out);
	origins_append_frame_ancestors(&out, "https://a.example http://localhost:1  *; script-src https://b.example;");
	assert_string_equal(out.data, "'self' https://a.example http://localhost:1");
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sites_are_taken),
		cmocka_unit_test(nothing_else_is),
		cmocka_unit_test(frame_ancestors_hold_only_sites),
	};

	return cmocka_run_group_tests_name("core: origins", tests, NULL, NULL);
}
