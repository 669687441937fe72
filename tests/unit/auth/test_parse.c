/* Addresses, the operator's file, and the provider's answers. */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/fetch.h"
#include "auth/oidc.h"
#include "auth/profile.h"
#include "auth/providers.h"
#include "auth/return_to.h"
#include "base/util.h"

static void goes_back_to_pages_of_this_site(void **state)
{
	static const char *const fine[] = {
		"/",
		"/projects",
		"/p/taste/figlet?tab=readme#run",
		"/u/%ED%95%9C",
		"/projects?q=%2F%2Fevil.example",
		"/a.b/c..d/...",
		"/p/a@b:c",
	};
	static const char *const bad[] = {
		"",
		"projects",
		"//evil.example",
		"///evil.example",
		"/\\evil.example",
		"\\\\evil.example",
		"/a\\b",
		"https://evil.example/",
		"javascript:alert(1)",
		" /projects",
		"/\t/evil.example",
		"/pro\njects",
		"/pro\rjects",
		"/x y",
		"/한글",
		"/\x7f",
		"/%2fevil.example",
		"/%2Fevil.example",
		"/%5cevil.example",
		"/%5Cevil.example",
		"/%09/evil.example",
		"/%00",
		"/%0d%0aSet-Cookie:x=y",
		"/%",
		"/%2",
		"/%zz",
		"/..//evil.example",
		"/.//evil.example",
		"/a/../b",
		"/a/..",
		"/.",
		"/%2e%2e/b",
		"/a//b",
		"/api/v1/session",
		"/api/v1/auth/acme/login",
		"/%61pi/v1/session",
	};
	char long_one[RETURN_TO_MAX + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fine); i++)
		if (!return_to_is_safe(fine[i]))
			fail_msg("%s is refused", fine[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (return_to_is_safe(bad[i]))
			fail_msg("\"%s\" is let through", bad[i]);
	assert_false(return_to_is_safe(NULL));
	memset(long_one, 'a', sizeof(long_one));
	long_one[0] = '/';
	long_one[RETURN_TO_MAX + 1] = '\0';
	assert_false(return_to_is_safe(long_one));
	long_one[RETURN_TO_MAX] = '\0';
	assert_true(return_to_is_safe(long_one));
}

static void asks_safe_addresses_only(void **state)
{
	static const struct {
		const char *url;
		bool https;
		bool plain;
	} cases[] = {
		{"https://issuer.example", true, true},
		{"https://issuer.example:8443/path?x=y", true, true},
		{"https://127.0.0.1/", true, true},
		{"http://127.0.0.1:4000/", false, true},
		{"http://127.8.9.10/", false, true},
		{"http://localhost:4000", false, true},
		{"http://[::1]:4000", false, true},
		{"http://issuer.example", false, false},
		{"http://127.0.0.1.evil.example", false, false},
		{"http://localhost.evil.example", false, false},
		{"http://128.0.0.1", false, false},
		{"http://127.0.0.1@evil.example/", false, false},
		{"https://user:password@issuer.example", false, false},
		{"https://issuer.example/#part", false, false},
		{"file:///etc/passwd", false, false},
		{"ftp://127.0.0.1/", false, false},
		{"gopher://127.0.0.1:25/", false, false},
		{"//issuer.example", false, false},
		{"issuer.example", false, false},
		{"", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (fetch_may_ask(cases[i].url, false) != cases[i].https ||
		    fetch_may_ask(cases[i].url, true) != cases[i].plain)
			fail_msg("%s", cases[i].url);
	}
}

static int read_metadata(const char *text, struct error *err)
{
	struct endpoints endpoints;
	int r = oidc_parse_metadata(text, strlen(text), "https://i.example", false, &endpoints, err);

	if (r == 0)
		endpoints_fini(&endpoints);
	return r;
}

#define PLACES                                                                                                         \
	"\"authorization_endpoint\":\"https://i.example/a\",\"token_endpoint\":\"https://i.example/"                   \
	"t\",\"jwks_uri\":\"https://i.example/k\""

static void reads_metadata(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} bad[] = {
		{"", "JSON"},
		{"[]", "JSON object"},
		{"{\"issuer\":\"https://i.example\",\"issuer\":\"https://i.example\"," PLACES "}", "JSON"},
		{"{" PLACES "}", "calls itself nothing"},
		{"{\"issuer\":\"https://i.example/\"," PLACES "}", "calls itself https://i.example/;"},
		{"{\"issuer\":\"https://i.example\"}", "authorization_endpoint"},
		{"{\"issuer\":\"https://i.example\",\"authorization_endpoint\":\"http://i.example/a\"}",
		 "authorization_endpoint"},
		{"{\"issuer\":\"https://i.example\",\"authorization_endpoint\":\"javascript:x\"}",
		 "authorization_endpoint"},
		{"{\"issuer\":\"https://i.example\",\"authorization_endpoint\":5}", "authorization_endpoint"},
		{"{\"issuer\":\"https://i.example\",\"authorization_endpoint\":\"https://i.example/a\\r\\nX: y\"}",
		 "authorization_endpoint"},
		{"{\"issuer\":\"https://i.example\"," PLACES ",\"userinfo_endpoint\":\"http://127.0.0.1/u\"}",
		 "userinfo_endpoint"},
		{"{\"issuer\":\"https://i.example\"," PLACES ",\"response_types_supported\":[\"id_token\"]}",
		 "code flow"},
		{"{\"issuer\":\"https://i.example\"," PLACES ",\"code_challenge_methods_supported\":[\"plain\"]}",
		 "S256"},
	};

	(void)state;
	assert_int_equal(read_metadata("{\"issuer\":\"https://i.example\"," PLACES "}", NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = {0};

		if (read_metadata(bad[i].text, &err) == 0 || strstr(err.message, bad[i].why) == NULL)
			fail_msg("%s: %s", bad[i].text, err.message);
	}
}

static void reads_profiles(void **state)
{
	static const struct {
		const char *claims;
		const char *email; /* NULL: none */
		bool verified;
	} cases[] = {
		{"{\"sub\":\"1\",\"email\":\"a@b\",\"email_verified\":true}", "a@b", true},
		{"{\"sub\":\"1\",\"email\":\"a@b\",\"email_verified\":\"true\"}", "a@b", false},
		{"{\"sub\":\"1\",\"email\":\"a@b\",\"email_verified\":1}", "a@b", false},
		{"{\"sub\":\"1\",\"email\":\"a@b\"}", "a@b", false},
		{"{\"sub\":\"1\",\"email\":\"a@b@c\",\"email_verified\":true}", NULL, false},
		{"{\"sub\":\"1\",\"email\":\"@b\",\"email_verified\":true}", NULL, false},
		{"{\"sub\":\"1\",\"email\":\"a b@c\",\"email_verified\":true}", NULL, false},
		{"{\"sub\":\"1\",\"email\":\"a@b,c\",\"email_verified\":true}", NULL, false},
		{"{\"sub\":\"1\",\"email\":\"a\\n@b\",\"email_verified\":true}", NULL, false},
		{"{\"sub\":\"1\",\"email\":{},\"email_verified\":true}", NULL, false},
	};
	json_t *none = json_pack("{s:s}", "email", "a@b");
	struct profile profile;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *claims = json_loads(cases[i].claims, 0, NULL);

		assert_int_equal(profile_from_claims(claims, NULL, &profile, NULL), 0);
		if (cases[i].email == NULL)
			assert_null(profile.email);
		else
			assert_string_equal(profile.email, cases[i].email);
		assert_int_equal(profile.email_verified, cases[i].verified);
		profile_fini(&profile);
		json_decref(claims);
	}
	assert_true(profile_from_claims(none, NULL, &profile, NULL) < 0);
	json_decref(none);
}

/* ---- the operator's file
 * ---------------------------------------------------------------------------------------------- */

struct place {
	char folder[64];
	char *file;
	char *secret;
};

static int setup(void **state)
{
	struct place *place = xmalloc(sizeof(*place));

	strcpy(place->folder, "/tmp/ttob-providers-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	place->file = xasprintf("%s/providers.conf", place->folder);
	place->secret = xasprintf("%s/secret", place->folder);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	unlink(place->file);
	unlink(place->secret);
	rmdir(place->folder);
	free(place->file);
	free(place->secret);
	free(place);
	return 0;
}

static void write_text(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static void reads_the_operators_file(void **state)
{
	struct place *place = *state;
	char *text = xasprintf("; people of the house\n[house]\nname = 우리 집\nissuer = "
			       "https://login.example.org/realms/house\nclient_id = ttob\n"
			       "client_secret_file = %s\nscopes = openid\ntrust_email = no\n"
			       "[google]\nkind = google\nclient_id = 1.apps\nclient_secret = x\n[github]\nkind = "
			       "github\nclient_id = y\n",
			       place->secret);
	struct providers *providers;
	struct provider *house;
	struct error err = {0};

	write_text(place->secret, "  top secret \n", 0600);
	write_text(place->file, text, 0640);
	if (providers_load(place->file, &providers, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(providers->count, 3);
	house = providers_find(providers, "house");
	assert_ptr_equal(providers->items[0], house);
	assert_string_equal(house->label, "우리 집");
	assert_string_equal(house->client_secret, "top secret");
	assert_string_equal(house->scopes, "openid");
	assert_false(house->trust_email);
	assert_false(house->plain);
	assert_string_equal(providers_find(providers, "google")->issuer, "https://accounts.google.com");
	assert_string_equal(providers_find(providers, "google")->label, "Google");
	assert_true(providers_find(providers, "google")->trust_email);
	assert_string_equal(providers_find(providers, "github")->issuer, "https://github.com");
	assert_null(providers_find(providers, "nobody"));
	providers_free(providers);
	assert_int_equal(providers_load("", &providers, &err), 0);
	assert_int_equal(providers->count, 0);
	providers_free(providers);
	free(text);
}

static void says_what_is_wrong_with_it(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} bad[] = {
		{"[a]\nclient_id = x\n", "issuer"},
		{"[a]\nissuer = http://login.example.org\nclient_id = x\n", "issuer"},
		{"[a]\nissuer = https://i.example?x\nclient_id = x\n", "issuer"},
		{"[a]\nissuer = https://i.example\n", "client_id"},
		{"[a]\nkind = saml\n", "kind must be"},
		{"[A]\nkind = oidc\n", "must be 1–30"},
		{"[../x]\nkind = oidc\n", "must be 1–30"},
		{"kind = oidc\n", "must be 1–30"},
		{"[a]\nclient_idd = x\n", ":2: unknown key client_idd"},
		{"[a]\nwhat is this\n", ":2: is neither"},
		{"[a]\nissuer = https://i.example\nclient_id = x\ntrust_email = perhaps\n", "trust_email"},
		{"[a]\nissuer = https://i.example\nclient_id = x\nclient_secret_file = /nowhere/at/all\n",
		 "/nowhere/at/all"},
		{"[a]\nissuer = https://i.example\nclient_id = x\nclient_secret = SECRET\nclient_secret_file = "
		 "/nowhere\n",
		 "one of them"},
	};
	struct place *place = *state;
	struct providers *providers;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = {0};

		write_text(place->file, bad[i].text, 0600);
		if (providers_load(place->file, &providers, &err) == 0 || strstr(err.message, bad[i].why) == NULL)
			fail_msg("%s: %s", bad[i].text, err.message);
		assert_null(strstr(err.message, "SECRET"));
	}
}

static void keeps_its_secrets(void **state)
{
	struct place *place = *state;
	struct providers *providers;
	struct error err = {0};

	write_text(place->file, "[a]\nissuer = https://i.example\nclient_id = x\n", 0644);
	assert_true(providers_load(place->file, &providers, &err) < 0);
	assert_non_null(strstr(err.message, "open to everybody"));
	assert_true(providers_load("/nowhere/at/all", &providers, &err) < 0);
	assert_non_null(strstr(err.message, "/nowhere/at/all"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_back_to_pages_of_this_site),
		cmocka_unit_test(asks_safe_addresses_only),
		cmocka_unit_test(reads_metadata),
		cmocka_unit_test(reads_profiles),
		cmocka_unit_test_setup_teardown(reads_the_operators_file, setup, teardown),
		cmocka_unit_test_setup_teardown(says_what_is_wrong_with_it, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_its_secrets, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
