/* What a registry and the operator's file say: names, challenges, refusals, manifests, credentials. */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"
#include "registry/challenge.h"
#include "registry/client.h"
#include "registry/credentials.h"
#include "registry/refusal.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void names_follow_the_grammar(void **state)
{
	static const char *const good[] = {"a", "taste/figlet", "a.b/c_d/e__f/g---h", "0/1"};
	static const char *const bad[] = {"", "/", "a/", "/a", "a//b", "A", "a/../b", "..", "a___b", "a._b", "a b", "a?b", "a%2fb", "-a", "a-", "한글"};
	char text[REGISTRY_REPOSITORY_MAX + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(registry_repository_is_valid(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(registry_repository_is_valid(bad[i]));
	memset(text, 'a', sizeof(text));
	text[REGISTRY_REPOSITORY_MAX] = '\0';
	assert_true(registry_repository_is_valid(text));
	text[REGISTRY_REPOSITORY_MAX] = 'a';
	text[REGISTRY_REPOSITORY_MAX + 1] = '\0';
	assert_false(registry_repository_is_valid(text));
	assert_true(registry_tag_is_valid("b7k_.-X"));
	assert_false(registry_tag_is_valid(".x") || registry_tag_is_valid("") || registry_tag_is_valid("a/b") || registry_tag_is_valid("a:b"));
	assert_true(registry_digest_is_valid(DIGEST));
	assert_false(registry_digest_is_valid("sha256:0123") || registry_digest_is_valid(DIGEST "0") || registry_digest_is_valid("sha512:" DIGEST));
}

static void addresses_are_encrypted_or_here(void **state)
{
	(void)state;
	assert_true(registry_url_is_valid("https://harbor.example.org", false));
	assert_true(registry_url_is_valid("https://harbor.example.org:8443/", false));
	assert_true(registry_url_is_valid("http://127.0.0.1:5000", false));
	assert_true(registry_url_is_valid("http://localhost:5000", false));
	assert_true(registry_url_is_valid("http://registry.example.org", true));
	assert_false(registry_url_is_valid("http://registry.example.org", false));
	assert_false(registry_url_is_valid("http://127.0.0.1.example.org", false));
	assert_false(registry_url_is_valid("ftp://127.0.0.1", true));
	assert_false(registry_url_is_valid("https://user:word@harbor.example.org", false));
	assert_false(registry_url_is_valid("https://harbor.example.org/deep", false));
	assert_false(registry_url_is_valid("", false) || registry_url_is_valid("file:///etc/passwd", true));
}

static void challenges_are_read(void **state)
{
	struct challenge challenge;
	char text[4096];

	(void)state;
	assert_int_equal(challenge_parse("Basic realm=\"x\"", &challenge), 0);
	assert_false(challenge.bearer);
	assert_int_equal(challenge_parse("bearer realm=\"https://a/t?x=\\\"1\",service=\"s v\", scope=\"repository:a/b:pull,push\",error=invalid_token",
					 &challenge),
			 0);
	assert_true(challenge.bearer);
	assert_string_equal(challenge.realm, "https://a/t?x=\"1");
	assert_string_equal(challenge.service, "s v");
	assert_string_equal(challenge.scope, "repository:a/b:pull,push");
	assert_int_equal(challenge_parse("", &challenge), -EINVAL);
	assert_int_equal(challenge_parse("Bearer", &challenge), -EINVAL);
	assert_int_equal(challenge_parse("Negotiate abc", &challenge), -EINVAL);
	assert_int_equal(challenge_parse("Bearer realm=\"open", &challenge), -EINVAL);
	assert_int_equal(challenge_parse("Bearer realm", &challenge), -EINVAL);
	memset(text, 'x', sizeof(text));
	memcpy(text, "Bearer realm=", 13);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(challenge_parse(text, &challenge), -EINVAL);
}

static struct error refused(unsigned status, const char *body, const char *retry_after)
{
	struct answer answer = {.status = status, .retry_after = xstrdup(retry_after)};
	struct error err = {0};

	buf_append_string(&answer.body, body);
	assert_true(refusal(&answer, "it", &err) < 0);
	http_answer_fini(&answer);
	return err;
}

static void refusals_say_what_to_do(void **state)
{
	struct error err;

	(void)state;
	err = refused(403, "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"adding 3 MiB of storage resource, which when updated to current usage will "
			   "exceed the configured upper limit\"}]}",
		      NULL);
	assert_int_equal(err.kind, ERROR_TOO_LARGE);
	assert_int_equal(err.code, -EDQUOT);
	assert_non_null(strstr(err.message, "quota"));
	err = refused(412, "{\"errors\":[{\"code\":\"PRECONDITION\",\"message\":\"Quota exceeded\"}]}", NULL);
	assert_int_equal(err.code, -EDQUOT);
	assert_int_equal(refused(403, "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\"}]}", NULL).kind, ERROR_FORBIDDEN);
	err = refused(429, "{}", "17");
	assert_int_equal(err.kind, ERROR_RATE_LIMITED);
	assert_non_null(strstr(err.message, "17 s"));
	assert_int_equal(refused(404, "not json \x01\xff", NULL).kind, ERROR_NOT_FOUND);
	assert_int_equal(refused(405, "", NULL).kind, ERROR_UNSUPPORTED);
	assert_int_equal(refused(503, "", NULL).kind, ERROR_UNAVAILABLE);
	assert_int_equal(refused(302, "", NULL).kind, ERROR_MALFORMED);
	assert_null(strchr(refused(500, "{\"errors\":[{\"code\":\"A\\nB\",\"message\":\"\\u001b[31m\"}]}", NULL).message, '\n'));
}

static int count(const struct registry_content *content, void *data)
{
	*(int64_t *)data += content->is_manifest ? 1000000 : content->size;
	return 0;
}

static int walk(const char *text, int64_t *ret_sum)
{
	struct registry_manifest manifest = {.digest = DIGEST};
	int r;

	*ret_sum = 0;
	buf_append_string(&manifest.body, text);
	r = registry_manifest_each(&manifest, count, ret_sum, NULL);
	registry_manifest_fini(&manifest);
	return r;
}

#define BLOB(size) "{\"digest\":\"" DIGEST "\",\"size\":" size "}"

static void manifests_tell_what_they_hold(void **state)
{
	int64_t sum;

	(void)state;
	assert_int_equal(walk("{\"config\":" BLOB("1") ",\"layers\":[" BLOB("20") "," BLOB("300") "]}", &sum), 0);
	assert_int_equal(sum, 321);
	assert_int_equal(walk("{\"manifests\":[" BLOB("5") "]}", &sum), 0);
	assert_int_equal(sum, 1000000);
	assert_true(walk("{\"config\":" BLOB("-1") ",\"layers\":[]}", &sum) < 0);
	assert_true(walk("{\"config\":{\"digest\":\"sha256:../../x\",\"size\":1}}", &sum) < 0);
	assert_true(walk("{\"config\":" BLOB("9223372036854775807") "}", &sum) < 0);
	assert_true(walk("{}", &sum) < 0);
	assert_true(walk("", &sum) < 0);
	assert_true(walk("[1]", &sum) < 0);
	assert_true(walk("{\"config\":" BLOB("1") ",\"layers\":[7]}", &sum) < 0);
}

static int read_auth(const char *text, char **ret_user)
{
	char path[] = "/tmp/ttob-auth-XXXXXX";
	int fd = mkstemp(path);
	int r;

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	close(fd);
	r = credentials_read(path, "127.0.0.1:5000", ret_user, NULL);
	unlink(path);
	return r;
}

static void credentials_are_those_of_the_host(void **state)
{
	char *user = NULL;

	(void)state;
	assert_int_equal(read_auth("{\"auths\":{\"127.0.0.1:50001\":{\"auth\":\"eDp5\"},\"127.0.0.1:5000\":{\"auth\":\"YTpiOmM=\"}}}", &user), 0);
	assert_string_equal(user, "a:b:c");
	credentials_free(user);
	assert_int_equal(read_auth("{\"auths\":{\"https://127.0.0.1:5000/v1/\":{\"auth\":\"YTpi\"}}}", &user), 0);
	assert_string_equal(user, "a:b");
	credentials_free(user);
	assert_int_equal(read_auth("{\"auths\":{\"127.0.0.1:5000/project\":{\"auth\":\"YTpi\"}}}", &user), 0);
	assert_null(user);
	assert_int_equal(read_auth("{}", &user), 0);
	assert_null(user);
	assert_true(read_auth("", &user) < 0);
	assert_true(read_auth("[]", &user) < 0);
	assert_true(read_auth("{\"auths\":{\"127.0.0.1:5000\":{}}}", &user) < 0);
	assert_true(read_auth("{\"auths\":{\"127.0.0.1:5000\":{\"auth\":\"***\"}}}", &user) < 0);
	assert_true(read_auth("{\"auths\":{\"127.0.0.1:5000\":{\"auth\":\"YWI=\"}}}", &user) < 0);
	assert_true(credentials_read("/nowhere", "x", &user, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_follow_the_grammar),	    cmocka_unit_test(addresses_are_encrypted_or_here),
		cmocka_unit_test(challenges_are_read),		    cmocka_unit_test(refusals_say_what_to_do),
		cmocka_unit_test(manifests_tell_what_they_hold), cmocka_unit_test(credentials_are_those_of_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
