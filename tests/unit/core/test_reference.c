#include "core/reference.h"

#include <stdio.h>

#include "../test.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void expect(const char *text, const char *host, const char *path, const char *tag, const char *digest)
{
	struct reference reference;
	struct error err = {0};

	if (reference_parse(text, &reference, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	assert_string_equal(reference.host, host);
	assert_string_equal(reference.path, path);
	assert_string_equal(reference.tag, tag);
	assert_string_equal(reference.digest, digest);
}

static void takes_what_the_grammar_allows(void **state)
{
	(void)state;
	expect("debian", "", "debian", "", "");
	expect("debian:bookworm", "", "debian", "bookworm", "");
	expect("taste/figlet:b1", "", "taste/figlet", "b1", "");
	expect("registry.example/a/b", "registry.example", "a/b", "", "");
	expect("localhost/a", "localhost", "a", "", "");
	expect("localhost:5000/a:T_1.2-x", "localhost:5000", "a", "T_1.2-x", "");
	expect("h.example:443/a__b/c--d.e@" DIGEST, "h.example:443", "a__b/c--d.e", "", DIGEST);
	expect("a:1@" DIGEST, "", "a", "1", DIGEST);
}

static void refuses_the_rest(void **state)
{
	static const char *const bad[] = {"",	   ":",		 "a:",	      "A",	    "-a",	 "--help",   "a b",
					  "/a",	   "a/",	 "a//b",      "a..b",	    "a___b",	 "_a",	     "a@sha256:12",
					  "a@",	   "a:t@x",	 "a:-t",      "h.x:/a",	    "h.x:123456/a", "-h.x/a", "h..x/a",
					  "h.x/",  "a:t:u",	 "a\n",	      "../a",	    "a b:t",	 "\xff",     "dir:/etc",
					  "oci:/tmp/x", "a@" DIGEST "0", "docker://a", "a;b", "$(id)"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct reference reference;
		struct error err = {0};

		if (reference_parse(bad[i], &reference, &err) == 0)
			fail_msg("took \"%s\"", bad[i]);
		assert_int_equal(err.kind, ERROR_INVALID);
	}
}

static void refuses_what_is_too_long(void **state)
{
	char text[2000];
	struct reference reference;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_true(reference_parse(text, &reference, NULL) < 0);
	text[300] = '\0';
	assert_true(reference_parse(text, &reference, NULL) < 0);
	memcpy(text, "a:", 2);
	text[2 + 129] = '\0';
	assert_true(reference_parse(text, &reference, NULL) < 0);
	text[2 + 128] = '\0';
	assert_int_equal(reference_parse(text, &reference, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_the_grammar_allows),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(refuses_what_is_too_long),
	};

	return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
