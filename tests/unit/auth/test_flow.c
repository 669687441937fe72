/* From the authorization address to who it is, against an issuer of our own on loopback. */
#include "unit/auth/issuer.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "auth/oauth.h"
#include "auth/oidc.h"
#include "auth/providers.h"
#include "base/clock.h"
#include "base/util.h"

#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

struct flow {
	struct issuer *issuer;
	struct provider *provider;
};

static int setup(void **state)
{
	struct flow *flow = xmalloc(sizeof(*flow));

	assert_int_equal(fetch_init(NULL), 0);
	flow->issuer = issuer_new();
	flow->provider = provider_new("acme", &provider_oidc);
	flow->provider->issuer = xstrdup(flow->issuer->url);
	flow->provider->client_id = xstrdup("client-1");
	flow->provider->client_secret = xstrdup("s&cret:+1");
	flow->provider->scopes = xstrdup("openid email");
	flow->provider->plain = true;
	flow->provider->failure_ms = 0;
	*state = flow;
	return 0;
}

static int teardown(void **state)
{
	struct flow *flow = *state;

	provider_free(flow->provider);
	issuer_free(flow->issuer);
	free(flow);
	return 0;
}

/* Everything after the callback. */
static int sign_in(struct flow *flow, const char *nonce, struct profile *ret_profile, struct error *err)
{
	struct fetcher fetcher = provider_fetcher(flow->provider, NULL);
	struct endpoints endpoints = {0};
	struct grant grant = {0};
	int r = provider_endpoints(flow->provider, &fetcher, &endpoints, err);

	memset(ret_profile, 0, sizeof(*ret_profile));
	if (r == 0)
		r = oauth_exchange(flow->provider, &fetcher, &endpoints, "code-1", VERIFIER, "http://us/cb", &grant,
				   err);
	if (r == 0)
		r = flow->provider->kind->identify(flow->provider, &fetcher, &endpoints, &grant, nonce, ret_profile,
						   err);
	endpoints_fini(&endpoints);
	grant_fini(&grant);
	return r;
}

static void fails(struct flow *flow, enum error_kind kind, const char *reason)
{
	struct error err = {0};
	struct profile profile;

	assert_true(sign_in(flow, "n1", &profile, &err) < 0);
	if (err.kind != kind || strstr(err.message, reason) == NULL)
		fail_msg("failed because \"%s\" (%s), not because \"%s\"", err.message, error_kind_name(err.kind),
			 reason);
	profile_fini(&profile);
}

static void works(struct flow *flow, struct profile *profile)
{
	struct error err = {0};

	flow->issuer->nonce = "n1";
	if (sign_in(flow, "n1", profile, &err) < 0)
		fail_msg("%s", err.message);
}

static void works_again(struct flow *flow)
{
	struct profile profile;

	works(flow, &profile);
	profile_fini(&profile);
}

/* RFC 7636 appendix B. */
static void makes_challenges(void **state)
{
	char challenge[OAUTH_CHALLENGE_SIZE];

	(void)state;
	oauth_challenge(VERIFIER, challenge);
	assert_string_equal(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

static void builds_addresses(void **state)
{
	struct flow *flow = *state;
	struct endpoints endpoints = {.authorization = (char *)"https://issuer.example/authorize"};
	char *url = oauth_authorization_url(flow->provider, &endpoints,
					    "https://us.example/api/v1/auth/acme/callback?a=b&c", "st/te", "nonce",
					    VERIFIER);

	assert_string_equal(
		url, "https://issuer.example/authorize?response_type=code&client_id=client-1&redirect_uri="
		     "https%3A%2F%2Fus.example%2Fapi%2Fv1%2Fauth%2Facme%2Fcallback%3Fa%3Db%26c&scope=openid%20email&"
		     "state=st%2Fte&nonce=nonce&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&"
		     "code_challenge_method=S256");
	free(url);
	endpoints.authorization = (char *)"https://issuer.example/authorize?tenant=1";
	url = oauth_authorization_url(flow->provider, &endpoints, "https://us.example/", "s", "n", VERIFIER);
	assert_ptr_equal(strstr(url, "https://issuer.example/authorize?tenant=1&response_type=code&"), url);
	free(url);
}

static void finds_out_who_it_is(void **state)
{
	struct flow *flow = *state;
	struct profile profile;

	works(flow, &profile);
	assert_string_equal(profile.subject, "subject-1");
	assert_string_equal(profile.email, "ann@example.org");
	assert_true(profile.email_verified);
	assert_string_equal(profile.username, "ann");
	assert_string_equal(profile.name, "Ann Example");
	profile_fini(&profile);
	assert_string_equal(flow->issuer->form.data,
			    "grant_type=authorization_code&code=code-1&redirect_uri=http%3A%2F%2Fus%2Fcb&"
			    "code_verifier=" VERIFIER);
	assert_string_equal(flow->issuer->authorization,
			    "Basic Y2xpZW50LTE6cyUyNmNyZXQlM0ElMkIx"); /* client-1:s%26cret%3A%2B1 */
	assert_int_equal(flow->issuer->userinfo_asked, 0);             /* the token said it all */
}

static void sends_the_secret_as_the_issuer_wants_it(void **state)
{
	struct flow *flow = *state;
	char *metadata = xasprintf("{\"issuer\":\"%s\",\"authorization_endpoint\":\"%s/auth\",\"token_endpoint\":\"%s/"
				   "token\",\"jwks_uri\":"
				   "\"%s/jwks\",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]}",
				   flow->issuer->url, flow->issuer->url, flow->issuer->url, flow->issuer->url);

	flow->issuer->metadata = metadata;
	works_again(flow);
	assert_string_equal(flow->issuer->authorization, "");
	assert_non_null(strstr(flow->issuer->form.data, "&client_id=client-1&client_secret=s%26cret%3A%2B1"));
	/* Without a secret: a public client. */
	free(flow->provider->client_secret);
	flow->provider->client_secret = NULL;
	works_again(flow);
	assert_non_null(strstr(flow->issuer->form.data, "&client_id=client-1"));
	assert_null(strstr(flow->issuer->form.data, "secret"));
	free(metadata);
}

static void asks_userinfo_for_the_rest(void **state)
{
	struct flow *flow = *state;
	struct profile profile;

	json_object_del(flow->issuer->claims, "email");
	json_object_del(flow->issuer->claims, "email_verified");
	flow->issuer->userinfo = "{\"sub\":\"subject-1\",\"email\":\"ann@example.net\",\"email_verified\":false}";
	works(flow, &profile);
	assert_string_equal(profile.email, "ann@example.net");
	assert_false(profile.email_verified);
	profile_fini(&profile);
	/* A mark in the token says nothing of an address that comes from elsewhere. */
	issuer_claim(flow->issuer, "email_verified", json_true());
	works(flow, &profile);
	assert_false(profile.email_verified);
	profile_fini(&profile);
	flow->issuer->userinfo = "{\"sub\":\"subject-2\",\"email\":\"boss@example.org\",\"email_verified\":true}";
	fails(flow, ERROR_UNAUTHENTICATED, "another sub");
	flow->issuer->userinfo = "{\"email\":\"boss@example.org\",\"email_verified\":true}";
	fails(flow, ERROR_UNAUTHENTICATED, "another sub");
	flow->issuer->userinfo = "[]";
	fails(flow, ERROR_MALFORMED, "userinfo");
	flow->issuer->userinfo = NULL;
	flow->issuer->userinfo_status = 503;
	fails(flow, ERROR_UNAVAILABLE, "503");
}

static void follows_new_keys_with_measure(void **state)
{
	struct flow *flow = *state;

	works_again(flow);
	assert_int_equal(flow->issuer->keys_asked, 1);
	works_again(flow);
	assert_int_equal(flow->issuer->keys_asked, 1);
	assert_int_equal(flow->issuer->metadata_asked, 1);
	issuer_rotate(flow->issuer, "key-2");
	works_again(flow);
	assert_int_equal(flow->issuer->keys_asked, 2);
	/* The next unknown key is not asked for at once again. */
	flow->issuer->kid = "key-3";
	fails(flow, ERROR_UNAUTHENTICATED, "does not publish");
	fails(flow, ERROR_UNAUTHENTICATED, "does not publish");
	assert_int_equal(flow->issuer->keys_asked, 2);
	flow->provider->keys_again_ms = 0;
	fails(flow, ERROR_UNAUTHENTICATED, "does not publish");
	assert_int_equal(flow->issuer->keys_asked, 3);
	flow->issuer->kid = "key-2";
	works_again(flow);
	/* Old ones are asked for again in any case. */
	flow->provider->keep_ms = 0;
	works_again(flow);
	assert_int_equal(flow->issuer->keys_asked, 4);
	assert_int_equal(flow->issuer->metadata_asked, 2);
}

static void refuses_what_does_not_hold(void **state)
{
	struct flow *flow = *state;

	flow->issuer->nonce = "n2";
	fails(flow, ERROR_UNAUTHENTICATED, "nonce");
	flow->issuer->nonce = "n1";
	issuer_claim(flow->issuer, "iss", json_string("http://127.0.0.1:1"));
	fails(flow, ERROR_UNAUTHENTICATED, "another issuer");
	issuer_claim(flow->issuer, "iss", json_string(flow->issuer->url));
	issuer_claim(flow->issuer, "aud", json_string("client-2"));
	fails(flow, ERROR_UNAUTHENTICATED, "another client");
	flow->issuer->id_token = "a.b.c";
	fails(flow, ERROR_UNAUTHENTICATED, "compact form");
	flow->issuer->token = "{\"access_token\":\"at-1\",\"token_type\":\"Bearer\"}";
	fails(flow, ERROR_UNAUTHENTICATED, "no ID token");
}

static void tells_apart_what_goes_wrong(void **state)
{
	struct flow *flow = *state;

	flow->issuer->token = "{\"error\":\"invalid_grant\",\"error_description\":\"the code is used\"}";
	flow->issuer->token_status = 400;
	fails(flow, ERROR_UNAUTHENTICATED, "400 invalid_grant: the code is used");
	flow->issuer->token_status = 200; /* as GitHub does */
	fails(flow, ERROR_UNAUTHENTICATED, "invalid_grant");
	flow->issuer->token = "<html>";
	fails(flow, ERROR_MALFORMED, "token endpoint");
	flow->issuer->token_status = 502;
	fails(flow, ERROR_UNAVAILABLE, "502");
	flow->issuer->token = "{\"access_token\":\"a\\u0007b\"}";
	flow->issuer->token_status = 200;
	fails(flow, ERROR_UNAUTHENTICATED, "answered 200");
	flow->issuer->token = NULL;
	flow->issuer->token_status = 0;
	flow->issuer->keys = "{}";
	fails(flow, ERROR_MALFORMED, "JSON Web Key Set");
	flow->issuer->keys = "nonsense";
	fails(flow, ERROR_MALFORMED, "no JSON");
}

static void stands_a_provider_that_is_down(void **state)
{
	struct flow *flow = *state;

	flow->issuer->metadata_status = 500;
	fails(flow, ERROR_UNAVAILABLE, "answered 500");
	flow->issuer->metadata_status = 0;
	flow->issuer->flood = FETCH_ANSWER_MAX + 1;
	fails(flow, ERROR_UNAVAILABLE, "");
	flow->issuer->flood = 0;
	/* Redirects are not followed, wherever they lead. */
	flow->issuer->redirect = "file:///etc/passwd";
	fails(flow, ERROR_UNAVAILABLE, "answered 302");
	flow->issuer->redirect = flow->issuer->url;
	fails(flow, ERROR_UNAVAILABLE, "answered 302");
	flow->issuer->redirect = NULL;
	works_again(flow);
	/* What is known of it outlives a short absence; who needs more is told. */
	issuer_stop(flow->issuer);
	fails(flow, ERROR_UNAVAILABLE, "");
}

static void does_not_ask_the_dead_twice_at_once(void **state)
{
	struct flow *flow = *state;

	flow->provider->failure_ms = 60000;
	flow->issuer->metadata_status = 503;
	fails(flow, ERROR_UNAVAILABLE, "answered 503");
	fails(flow, ERROR_UNAVAILABLE, "answered 503");
	assert_int_equal(flow->issuer->metadata_asked, 1);
}

static void gives_up_in_time(void **state)
{
	struct flow *flow = *state;
	atomic_bool stopping = true;
	struct fetcher late = {.deadline_ms = clock_monotonic_ms() - 1, .plain = true};
	struct fetcher stopped = {.deadline_ms = clock_monotonic_ms() + 10000, .plain = true, .stopping = &stopping};
	struct endpoints endpoints;
	struct error err = {0};

	assert_int_equal(provider_endpoints(flow->provider, &late, &endpoints, &err), -ETIMEDOUT);
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	assert_true(provider_endpoints(flow->provider, &stopped, &endpoints, &err) < 0);
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	assert_int_equal(flow->issuer->metadata_asked, 0);
}

static void keeps_to_https(void **state)
{
	struct flow *flow = *state;

	flow->provider->plain = false;
	fails(flow, ERROR_INVALID, "https");
	assert_int_equal(flow->issuer->metadata_asked, 0);
}

static void asks_github(void **state)
{
	struct flow *flow = *state;
	struct profile profile;

	flow->provider->kind = &provider_github;
	flow->issuer->token = "{\"access_token\":\"at-1\",\"token_type\":\"bearer\",\"scope\":\"user:email\"}";
	flow->issuer->userinfo =
		"{\"login\":\"octo-cat\",\"id\":583231,\"name\":null,\"email\":\"public@example.org\"}";
	flow->issuer->emails = "[{\"email\":\"old@example.org\",\"primary\":false,\"verified\":true},"
			       "{\"email\":\"octo@example.org\",\"primary\":true,\"verified\":true}]";
	works(flow, &profile);
	assert_string_equal(profile.subject, "583231");
	assert_string_equal(profile.username, "octo-cat");
	assert_null(profile.name);
	assert_string_equal(profile.email, "octo@example.org");
	assert_true(profile.email_verified);
	profile_fini(&profile);
	assert_non_null(strstr(flow->issuer->form.data, "client_secret=s%26cret"));
	flow->issuer->emails = "[{\"email\":\"octo@example.org\",\"primary\":true,\"verified\":false}]";
	works(flow, &profile);
	assert_false(profile.email_verified);
	profile_fini(&profile);
	flow->issuer->emails = "{}";
	fails(flow, ERROR_MALFORMED, "e-mail addresses");
	flow->issuer->userinfo = "{\"login\":\"octo-cat\",\"id\":\"583231\"}";
	fails(flow, ERROR_MALFORMED, "no id");
	flow->issuer->userinfo_status = 401;
	fails(flow, ERROR_UNAUTHENTICATED, "its own token");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(makes_challenges),
		TEST(builds_addresses),
		TEST(finds_out_who_it_is),
		TEST(sends_the_secret_as_the_issuer_wants_it),
		TEST(asks_userinfo_for_the_rest),
		TEST(follows_new_keys_with_measure),
		TEST(refuses_what_does_not_hold),
		TEST(tells_apart_what_goes_wrong),
		TEST(stands_a_provider_that_is_down),
		TEST(does_not_ask_the_dead_twice_at_once),
		TEST(gives_up_in_time),
		TEST(keeps_to_https),
		TEST(asks_github),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
