#include "../../test.h"

#include "agent/build/git_address.h"
#include "base/util.h"

static void test_addresses(void **state)
{
	static const char *const good[] = {"https://example.org/a/b.git", "https://example.org:8443/~user/x", "https://9.9.9.9/x",
					   "https://git.example.org/%7Euser/x"};
	static const char *const bad[] = {"", "http://example.org/x", "HTTPS://example.org/x", "ssh://example.org/x", "ext::sh -c id", "-x",
					  "https://", "https:///x", "https://example.org", "https://example.org/", "https://localhost/x",
					  "https://user@example.org/x", "https://example.org/x?y", "https://example.org/x#y",
					  "https://example.org/a b", "https://example.org/a\nb", "https://example.org/\xea\xb0\x80",
					  "https://example.org:/x", "https://example.org:0/x", "https://example.org:65536/x",
					  "https://example.org:123456789/x", "https://.example.org/x", "https://example.org./x",
					  "https://[::1]/x", "https://ex\\ample.org/x", "https://exa_mple.org/x"};
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (git_url_check(good[i], &err) < 0)
			fail_msg("%s: %s", good[i], err.message);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (git_url_check(bad[i], &err) == 0)
			fail_msg("%s was taken", bad[i]);
		assert_int_equal(err.kind, ERROR_INVALID);
	}
}

static void test_refs(void **state)
{
	static const char *const good[] = {"main", "v1.0", "topic/x", "refs/tags/v1", "0123456789abcdef0123456789abcdef01234567", "\xed\x95\x9c"};
	static const char *const bad[] = {"", "-x", "--upload-pack=id", "/a", "a/", "a//b", "a/.b", ".a", "a..b", "a.lock", "a.", "@", "a@{1}",
					  "a b", "a:b", "+a", "a~1", "a^", "a?", "a*", "a[", "a\\b", "a\nb", "a\x7f"};
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (git_ref_check(good[i], &err) < 0)
			fail_msg("%s: %s", good[i], err.message);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (git_ref_check(bad[i], &err) == 0)
			fail_msg("%s was taken", bad[i]);
}

static void test_causes(void **state)
{
	struct error err;

	(void)state;
	git_explain("fatal: couldn't find remote ref nosuch\n", "nosuch", &err);
	assert_string_equal(err.message, "the repository has no branch, tag or commit nosuch");
	git_explain("fatal: couldn't find remote ref HEAD\n", NULL, &err);
	assert_string_equal(err.message, "the repository is empty");
	git_explain("fatal: could not read Username for 'https://x': terminal prompts disabled\n", NULL, &err);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	git_explain("something else", NULL, &err);
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_refs),
		cmocka_unit_test(test_causes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
