/* Signing in by a provider, from the button to the page: a web process and an issuer, both on loopback, and a browser
 * that keeps cookies. */
#include "unit/auth/issuer.h"
#include "unit/web/fixture.h"

#include <stdio.h>
#include <sys/stat.h>

#include "auth/naming.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "store/audit.h"
#include "store/users.h"
#include "unit/http/client.h"

#define IDENTITIES "/api/v1/users/me/identities"

struct house {
	struct fixture *fixture;
	struct issuer *issuer;
	char *file;
};

struct browser {
	struct house *house;
	char session[80]; /* "ttob_session=…" */
	char auth[80];    /* "ttob_auth=…" */
	char state[80];   /* of the sign-in that has begun */
	char nonce[80];
	const char *headers; /* more, each with its line break */
};

static void write_providers(struct house *house, const char *more)
{
	FILE *file = fopen(house->file, "w");

	assert_non_null(file);
	fprintf(file,
		"[acme]\nname = ACME\nissuer = %s\nclient_id = client-1\nclient_secret = s\n%s\n[other]\nissuer = "
		"%s\nclient_id = client-1\n",
		house->issuer->url, more, house->issuer->url);
	fclose(file);
	chmod(house->file, 0600);
}

static void start(struct house *house, const char *more)
{
	house->file = xasprintf("%s/providers.conf", house->fixture->folder);
	house->fixture->options.providers = house->file;
	write_providers(house, more);
	fixture_start(house->fixture);
}

static int setup(void **state)
{
	struct house *house = xmalloc(sizeof(*house));

	house->fixture = fixture_new();
	log_setup("test", LOG_LEVEL_ERROR, false);
	house->issuer = issuer_new();
	*state = house;
	return 0;
}

static int setup_and_start(void **state)
{
	setup(state);
	start(*state, "");
	return 0;
}

static int teardown(void **state)
{
	struct house *house = *state;

	fixture_free(house->fixture);
	issuer_free(house->issuer);
	free(house->file);
	free(house);
	return 0;
}

/* ---- a browser
 * ------------------------------------------------------------------------------------------------------------ */

static void keep_cookie(const struct buf *head, const char *name, char out[80])
{
	char *line = xasprintf("Set-Cookie: %s=", name);
	const char *place = strstr(head->data, line);

	if (place != NULL)
		snprintf(out, 80, "%.*s", (int)strcspn(place + 12, ";"), place + 12);
	free(line);
}

/* Where a GET leads; malloc'd. */
static char *follow(struct browser *browser, const char *path)
{
	unsigned port = web_port(browser->house->fixture->web);
	char *text = xasprintf("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\nCookie: %s; %s\r\n%s\r\n",
			       path, port, browser->session, browser->auth,
			       browser->headers != NULL ? browser->headers : "");
	struct answer answer;
	char *place;

	client_ask(port, text, &answer);
	free(text);
	if (answer.status != 302)
		fail_msg("GET %s gave %d: %s", path, answer.status, answer.body.data);
	keep_cookie(&answer.head, "ttob_session", browser->session);
	keep_cookie(&answer.head, "ttob_auth", browser->auth);
	place = answer_header(&answer, "Location");
	answer_fini(&answer);
	assert_non_null(place);
	return place;
}

static void leads_to(struct browser *browser, const char *path, const char *wanted)
{
	char *place = follow(browser, path);

	if (strcmp(place, wanted) != 0)
		fail_msg("%s leads to %s, not %s", path, place, wanted);
	free(place);
}

static void take_parameter(const char *url, const char *name, char out[80])
{
	char *mark = xasprintf("&%s=", name);
	const char *place = strstr(url, mark);

	assert_non_null(place);
	place += strlen(mark);
	snprintf(out, 80, "%.*s", (int)strcspn(place, "&"), place);
	free(mark);
}

/* Off to the provider. */
static void begin(struct browser *browser, const char *query)
{
	char *path = xasprintf("/api/v1/auth/acme/login%s", query);
	char *url = follow(browser, path);
	char *there = xasprintf("%s/"
				"auth?response_type=code&client_id=client-1&redirect_uri=http%%3A%%2F%%2F127.0.0.1%%3A%"
				"u%%2Fapi%%2Fv1%%2F"
				"auth%%2Facme%%2Fcallback&",
				browser->house->issuer->url, web_port(browser->house->fixture->web));

	if (!str_starts_with(url, there))
		fail_msg("the browser was sent to %s", url);
	take_parameter(url, "state", browser->state);
	take_parameter(url, "nonce", browser->nonce);
	browser->house->issuer->nonce = browser->nonce;
	free(path);
	free(url);
	free(there);
}

/* The address that the provider sends the browser back to. */
static char *way_back(const struct browser *browser, const char *more)
{
	return xasprintf("/api/v1/auth/acme/callback?state=%s%s&iss=%s", browser->state, more,
			 browser->house->issuer->url);
}

static void come_back(struct browser *browser, const char *more, const char *wanted)
{
	char *path = way_back(browser, more);

	leads_to(browser, path, wanted);
	free(path);
}

static void sign_in(struct browser *browser)
{
	begin(browser, "");
	come_back(browser, "&code=c", "/");
}

static struct guest guest_of(const struct browser *browser)
{
	struct guest guest = {.fixture = browser->house->fixture};

	snprintf(guest.cookie, sizeof(guest.cookie), "%s", browser->session);
	return guest;
}

/* What GET /users/me says; a new reference. */
static json_t *me(const struct browser *browser)
{
	struct guest guest = guest_of(browser);

	return expect(&guest, "GET", "/api/v1/users/me", NULL, 200);
}

static void is_called(const struct browser *browser, const char *username)
{
	json_t *json = me(browser);

	assert_string_equal(text_of(json, "username"), username);
	json_decref(json);
}

static void is_nobody(const struct browser *browser)
{
	struct guest guest = guest_of(browser);

	json_decref(expect(&guest, "GET", "/api/v1/users/me", NULL, 401));
}

/* Somebody else's account at the provider. */
static void become(struct house *house, const char *subject, const char *username, const char *email, bool verified)
{
	issuer_claim(house->issuer, "sub", json_string(subject));
	issuer_claim(house->issuer, "preferred_username", json_string(username));
	issuer_claim(house->issuer, "name", json_string(username));
	issuer_claim(house->issuer, "email", json_string(email));
	issuer_claim(house->issuer, "email_verified", json_boolean(verified));
}

static struct browser register_with_password(struct house *house, const char *username, const char *email)
{
	struct guest guest = {.fixture = house->fixture};
	struct browser browser = {.house = house};
	char *body = xasprintf("{\"username\":\"%s\",\"email\":\"%s\",\"password\":\"correct horse battery\"}",
			       username, email);

	json_decref(expect(&guest, "POST", "/api/v1/users", body, 201));
	snprintf(browser.session, sizeof(browser.session), "%s", guest.cookie);
	free(body);
	return browser;
}

/* ---- signing in
 * ----------------------------------------------------------------------------------------------------------- */

static void lists_providers(void **state)
{
	struct house *house = *state;
	struct guest guest = {.fixture = house->fixture};
	json_t *json = expect(&guest, "GET", "/api/v1/auth/providers", NULL, 200);

	assert_string_equal(text_of(json, "items.0.id"), "acme");
	assert_string_equal(text_of(json, "items.0.name"), "ACME");
	assert_string_equal(text_of(json, "items.1.name"), "other");
	assert_int_equal(json_array_size(at(json, "items")), 2);
	assert_int_equal(json_object_size(at(json, "items.0")), 2); /* and no secret */
	json_decref(json);
	json_decref(expect(&guest, "GET", "/api/v1/auth/nobody/login", NULL, 404));
	json_decref(expect(&guest, "GET", "/api/v1/auth/nobody/callback?state=x", NULL, 404));
}

static void makes_an_account_and_knows_it_again(void **state)
{
	struct house *house = *state;
	struct browser first = {.house = house}, second = {.house = house};
	json_t *json;

	begin(&first, "?return_to=/p/taste/figlet%3Ftab%3Dreadme");
	assert_int_equal(strlen(first.auth), strlen("ttob_auth=") + 43);
	come_back(&first, "&code=c", "/p/taste/figlet?tab=readme");
	json = me(&first);
	assert_string_equal(text_of(json, "username"), "ann");
	assert_string_equal(text_of(json, "display_name"), "Ann Example");
	assert_string_equal(text_of(json, "email"), "ann@example.org");
	assert_true(json_is_true(at(json, "email_verified")));
	assert_true(json_is_false(at(json, "has_password")));
	json_decref(json);
	sign_in(&second);
	is_called(&second, "ann");
	assert_string_not_equal(first.session, second.session);
	assert_int_equal(fixture_count(house->fixture, "SELECT COUNT(*) FROM users"), 1);
	assert_int_equal(
		fixture_count(house->fixture,
		      "SELECT COUNT(*) FROM audit WHERE action = 'session.made' AND actor = 'ann' AND detail = 'acme'"),
		2);
	assert_int_equal(fixture_count(house->fixture, "SELECT COUNT(*) FROM audit WHERE action = 'user.register' AND actor = 'ann' AND "
				      "detail = 'acme'"),
			 1);
}

static void never_leads_to_another_site(void **state)
{
	static const char *const evil[] = {"//evil.example",         "https://evil.example/", "/%5Cevil.example",
					   "/%252fevil.example",     "/%09/evil.example",     "javascript:alert(1)",
					   "/api/v1/auth/acme/login"};
	struct house *house = *state;

	for (size_t i = 0; i < ARRAY_SIZE(evil); i++) {
		struct browser browser = {.house = house};
		char *query = xasprintf("?return_to=%s", evil[i]);

		begin(&browser, query);
		come_back(&browser, "&code=c", "/");
		begin(&browser, query);
		come_back(&browser, "&error=access_denied", "/login?error=denied&provider=acme");
		free(query);
	}
}

static void keeps_what_a_guest_runs(void **state)
{
	struct house *house = *state;
	struct browser browser = {.house = house};
	struct guest guest = {.fixture = house->fixture};
	json_t *box = expect(&guest, "POST", "/api/v1/sandboxes", TRY, 201);
	json_t *json;

	snprintf(browser.session, sizeof(browser.session), "%s", guest.cookie);
	sign_in(&browser);
	assert_string_not_equal(browser.session, guest.cookie);
	guest = guest_of(&browser);
	json = expect(&guest, "GET", "/api/v1/session", NULL, 200);
	assert_string_equal(text_of(json, "user.username"), "ann");
	assert_string_equal(text_of(json, "sandbox.id"), text_of(box, "id"));
	json_decref(json);
	json_decref(box);
}

static void finds_free_names(void **state)
{
	static const struct {
		const char *username;
		const char *email;
		const char *wanted;
	} cases[] = {
		{"ann", "a@example.org", "ann"},          {"Ann", "b@example.org", "ann-2"},
		{"ANN", "c@example.org", "ann-3"},        {"admin", "dora@example.org", "dora"},
		{"안녕", "jo.hn_doe@x.org", "jo-hn-doe"}, {"jo", "e@example.org", "jo-1"},
		{"안녕", "안@example.org", "visitor"},    {"안녕", "안@example.org", "visitor-2"},
		{"--a__b..c--", "f@x.org", "a-b-c"},      {"<script>", "g@example.org", "script"},
	};
	struct house *house = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct browser browser = {.house = house};
		char subject[20];

		snprintf(subject, sizeof(subject), "s%zu", i);
		become(house, subject, cases[i].username, cases[i].email, false);
		issuer_claim(house->issuer, "name", json_string("이름"));
		sign_in(&browser);
		is_called(&browser, cases[i].wanted);
	}
}

/* Without a server: the names that are tried last. */
static void names_are_always_valid(void **state)
{
	static const char *const texts[] = {
		"ann", "x", "", "admin", "a------------------------------------------------------b", "1", "@", "é"};
	char name[USERNAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct profile profile = {.username = (char *)texts[i]};

		for (unsigned attempt = 0; attempt < NAMING_ATTEMPTS; attempt++) {
			naming_choose(&profile, attempt, name);
			if (username_fault(name) != NULL)
				fail_msg("%s (attempt %u): %s", name, attempt, username_fault(name));
		}
	}
}

/* ---- whose account it is
 * -------------------------------------------------------------------------------------------------- */

static void unverified_addresses_join_nothing(void **state)
{
	struct house *house = *state;
	struct browser boss = register_with_password(house, "boss", "boss@example.org"), browser = {.house = house},
		       second = {.house = house};
	json_t *json;

	fixture_sql(house->fixture, "UPDATE users SET email_verified = 1");
	become(house, "evil-1", "evil", "boss@example.org", false);
	sign_in(&browser);
	json = me(&browser);
	assert_string_equal(text_of(json, "username"), "evil");
	assert_true(json_is_null(at(json, "email"))); /* not even beside the other's */
	json_decref(json);
	/* Nor the other way round: the address here is only said, not verified. */
	fixture_sql(house->fixture, "UPDATE users SET email_verified = 0");
	become(house, "real-1", "real", "boss@example.org", true);
	sign_in(&second);
	is_called(&second, "real");
	is_called(&boss, "boss");
	assert_int_equal(fixture_count(house->fixture, "SELECT COUNT(*) FROM users"), 3);
	assert_int_equal(
		fixture_count(house->fixture,
		      "SELECT COUNT(*) FROM identities i JOIN users u ON u.id = i.user WHERE u.username = 'boss'"),
		0);
}

static void verified_addresses_join(void **state)
{
	struct house *house = *state;
	struct browser browser = {.house = house};

	register_with_password(house, "boss", "Boss@Example.org");
	fixture_sql(house->fixture, "UPDATE users SET email_verified = 1");
	become(house, "boss-1", "someone", "boss@example.org", true);
	sign_in(&browser);
	is_called(&browser, "boss");
	assert_int_equal(fixture_count(house->fixture, "SELECT COUNT(*) FROM audit WHERE action = 'identity.link' AND target = 'boss'"),
			 1);
	/* The address has been given to somebody else over there: it does not open the account. */
	become(house, "boss-2", "someone", "boss@example.org", true);
	begin(&browser, "");
	come_back(&browser, "&code=c", "/login?error=email_taken&provider=acme");
	assert_int_equal(fixture_count(house->fixture, "SELECT COUNT(*) FROM users"), 1);
}

static void believes_addresses_only_where_told(void **state)
{
	struct house *house = *state;
	struct browser browser = {.house = house};
	json_t *json;

	start(house, "trust_email = no");
	register_with_password(house, "boss", "boss@example.org");
	fixture_sql(house->fixture, "UPDATE users SET email_verified = 1");
	become(house, "boss-1", "someone", "boss@example.org", true);
	sign_in(&browser);
	json = me(&browser);
	assert_string_equal(text_of(json, "username"), "someone");
	assert_true(json_is_null(at(json, "email")));
	json_decref(json);
}

static void refuses_the_suspended(void **state)
{
	struct house *house = *state;
	struct browser browser = {.house = house}, again = {.house = house};

	sign_in(&browser);
	fixture_sql(house->fixture, "UPDATE users SET state = 'suspended'");
	begin(&again, "");
	come_back(&again, "&code=c", "/login?error=suspended&provider=acme");
	is_nobody(&again);
	/* By the address neither. */
	fixture_sql(house->fixture, "DELETE FROM identities");
	begin(&again, "");
	come_back(&again, "&code=c", "/login?error=suspended&provider=acme");
	is_nobody(&again);
	assert_int_equal(fixture_count(house->fixture, "SELECT COUNT(*) FROM identities"), 0);
}

static void takes_no_new_ones_when_closed(void **state)
{
	struct house *house = *state;
	struct browser browser = {.house = house};

	house->fixture->options.registration_closed = true;
	start(house, "");
	begin(&browser, "");
	come_back(&browser, "&code=c", "/login?error=no_account&provider=acme");
	assert_int_equal(fixture_count(house->fixture, "SELECT COUNT(*) FROM users"), 0);
}

/* ---- linking
 * -------------------------------------------------------------------------------------------------------------- */

#define FROM_HERE "Sec-Fetch-Site: same-origin\r\n"

static void links_and_unlinks(void **state)
{
	struct house *house = *state;
	struct browser browser = register_with_password(house, "ann", "ann@example.org"), other = {.house = house};
	struct guest guest;
	json_t *json;

	browser.headers = FROM_HERE;
	begin(&browser, "?link=1&return_to=/settings");
	come_back(&browser, "&code=c", "/settings");
	guest = guest_of(&browser);
	json = expect(&guest, "GET", IDENTITIES, NULL, 200);
	assert_string_equal(text_of(json, "items.0.provider"), "acme");
	assert_string_equal(text_of(json, "items.0.name"), "ACME");
	assert_string_equal(text_of(json, "items.0.label"), "ann@example.org");
	json_decref(json);
	json = me(&browser);
	assert_true(json_is_true(at(json, "email_verified"))); /* both sides say it, one has verified it */
	json_decref(json);
	sign_in(&other);
	is_called(&other, "ann");
	/* Once more changes nothing. */
	begin(&browser, "?link=1&return_to=/settings");
	come_back(&browser, "&code=c", "/settings");
	json_decref(expect(&guest, "DELETE", IDENTITIES "/acme", NULL, 204));
	json_decref(expect(&guest, "DELETE", IDENTITIES "/acme", NULL, 404));
	json = expect(&guest, "GET", IDENTITIES, NULL, 200);
	assert_int_equal(json_array_size(at(json, "items")), 0);
	json_decref(json);
	assert_int_equal(fixture_count(house->fixture, "SELECT COUNT(*) FROM audit WHERE action IN ('identity.link', 'identity.unlink') "
				      "AND actor = 'ann'"),
			 2);
}

static void keeps_the_last_way_in(void **state)
{
	struct house *house = *state;
	struct browser browser = {.house = house};
	struct guest guest, nobody = {.fixture = house->fixture};
	json_t *json;

	sign_in(&browser);
	guest = guest_of(&browser);
	json = expect(&guest, "DELETE", IDENTITIES "/acme", NULL, 409);
	assert_string_equal(text_of(json, "code"), "last_way_in");
	json_decref(json);
	json_decref(expect(&nobody, "GET", IDENTITIES, NULL, 401));
	json_decref(expect(&nobody, "DELETE", IDENTITIES "/acme", NULL, 401));
	guest.origin = "https://evil.example";
	json_decref(expect(&guest, "DELETE", IDENTITIES "/acme", NULL, 403));
}

static void links_to_one_account_only(void **state)
{
	struct house *house = *state;
	struct browser owner = {.house = house}, browser = register_with_password(house, "bob", "bob@example.org");

	sign_in(&owner);
	browser.headers = FROM_HERE;
	begin(&browser, "?link=1&return_to=/settings");
	come_back(&browser, "&code=c", "/settings?error=already_linked&provider=acme");
	/* And one account of a provider. */
	become(house, "bob-1", "bob", "bob@example.org", true);
	begin(&browser, "?link=1&return_to=/settings");
	come_back(&browser, "&code=c", "/settings");
	become(house, "bob-2", "bob", "bob@example.org", true);
	begin(&browser, "?link=1&return_to=/settings");
	come_back(&browser, "&code=c", "/settings?error=already_linked&provider=acme");
	is_called(&browser, "bob");
}

/* A page elsewhere has the browser link an account of its own to the victim's. */
static void does_not_link_for_other_sites(void **state)
{
	static const char *const headers[] = {
		"",
		"Sec-Fetch-Site: cross-site\r\n",
		"Sec-Fetch-Site: same-site\r\n",
		"Sec-Fetch-Site: none\r\n",
		"Referer: https://evil.example/x\r\n",
		"Sec-Fetch-Site: cross-site\r\nReferer: http://127.0.0.1/\r\n",
		"Referer: nonsense\r\n",
	};
	struct house *house = *state;
	struct browser browser = register_with_password(house, "ann", "ann@example.org"),
		       nobody = {.house = house, .headers = FROM_HERE};
	char *ours = xasprintf("Referer: http://127.0.0.1:%u/settings\r\n", web_port(house->fixture->web));

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		browser.headers = headers[i];
		leads_to(&browser, "/api/v1/auth/acme/login?link=1", "/settings?error=expired&provider=acme");
	}
	leads_to(&nobody, "/api/v1/auth/acme/login?link=1", "/settings?error=expired&provider=acme");
	assert_int_equal(fixture_count(house->fixture, "SELECT COUNT(*) FROM auth_states"), 0);
	/* Browsers that don't say it by the one header say it by the other. */
	browser.headers = ours;
	begin(&browser, "?link=1");
	come_back(&browser, "&code=c", "/");
	free(ours);
}

/* Who began to link has signed out, or somebody else sits there now. */
static void links_only_for_who_began(void **state)
{
	struct house *house = *state;
	struct browser ann = register_with_password(house, "ann", "ann@example.org"),
		       bob = register_with_password(house, "bob", "bob@example.org");
	char *path;

	ann.headers = FROM_HERE;
	begin(&ann, "?link=1");
	path = way_back(&ann, "&code=c");
	snprintf(ann.session, sizeof(ann.session), "%s", bob.session);
	leads_to(&ann, path, "/settings?error=expired&provider=acme");
	free(path);
	begin(&ann, "?link=1");
	path = way_back(&ann, "&code=c");
	snprintf(ann.session, sizeof(ann.session), "x=y");
	leads_to(&ann, path, "/settings?error=expired&provider=acme");
	free(path);
	assert_int_equal(fixture_count(house->fixture, "SELECT COUNT(*) FROM identities"), 0);
}

/* ---- what goes wrong
 * ------------------------------------------------------------------------------------------------------ */

static void a_state_is_good_once_and_for_one_browser(void **state)
{
	struct house *house = *state;
	struct browser browser = {.house = house}, victim = {.house = house}, none = {.house = house};
	char *path;

	/* Somebody's unfinished sign-in, put into another browser (login CSRF). */
	begin(&browser, "");
	begin(&victim, "");
	path = way_back(&browser, "&code=c");
	leads_to(&victim, path, "/login?error=expired&provider=acme");
	is_nobody(&victim);
	leads_to(&none, path, "/login?error=expired&provider=acme");
	is_nobody(&none);
	/* In its own browser it still works, and then never again. */
	house->issuer->nonce = browser.nonce;
	leads_to(&browser, path, "/");
	leads_to(&browser, path, "/login?error=expired&provider=acme");
	free(path);
	leads_to(&browser, "/api/v1/auth/acme/callback", "/login?error=expired&provider=acme");
	leads_to(&browser, "/api/v1/auth/acme/callback?state=&code=", "/login?error=expired&provider=acme");
	leads_to(&browser, "/api/v1/auth/acme/callback?error=access_denied", "/login?error=expired&provider=acme");
	/* At another provider neither. */
	begin(&browser, "");
	path = xasprintf("/api/v1/auth/other/callback?state=%s&code=c&iss=%s", browser.state, house->issuer->url);
	leads_to(&browser, path, "/login?error=expired&provider=other");
	free(path);
}

static void a_state_ends_and_outlives_a_restart(void **state)
{
	struct house *house = *state;
	struct browser browser = {.house = house};
	char *path;

	begin(&browser, "?return_to=/projects");
	path = way_back(&browser, "&code=c");
	fixture_stop(house->fixture);
	fixture_start(house->fixture);
	leads_to(&browser, path, "/projects");
	free(path);
	begin(&browser, "");
	fixture_sql(house->fixture, "UPDATE auth_states SET expires_ms = expires_ms - 600001");
	come_back(&browser, "&code=c", "/login?error=expired&provider=acme");
}

static void two_tabs_do_not_mind_each_other(void **state)
{
	struct house *house = *state;
	struct browser browser = {.house = house};
	char *first, *nonce;

	begin(&browser, "?return_to=/projects");
	first = way_back(&browser, "&code=c");
	nonce = xstrdup(browser.nonce);
	begin(&browser, "?return_to=/about");
	come_back(&browser, "&code=c", "/about");
	house->issuer->nonce = nonce;
	leads_to(&browser, first, "/projects");
	is_called(&browser, "ann");
	free(first);
	free(nonce);
}

static void says_what_the_provider_says(void **state)
{
	static const struct {
		const char *error;
		const char *code;
	} cases[] = {
		{"access_denied", "denied"},
		{"login_required", "denied"},
		{"server_error", "provider_down"},
		{"temporarily_unavailable", "provider_down"},
		{"invalid_scope", "provider_error"},
		{"%3Cscript%3E", "provider_error"},
		{"", "provider_error"},
	};
	struct house *house = *state;
	struct browser browser = {.house = house};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *more = xasprintf("&error=%s&error_description=%%0d%%0aX:%%20y", cases[i].error);
		char *wanted =
			xasprintf("/login?error=%s&provider=acme&return_to=%%2Fprojects%%3Fq%%3D1", cases[i].code);

		begin(&browser, "?return_to=/projects%3Fq=1");
		come_back(&browser, more, wanted);
		free(more);
		free(wanted);
	}
	is_nobody(&browser);
}

static void every_failure_ends_on_a_page(void **state)
{
	struct house *house = *state;
	struct browser browser = {.house = house};
	struct issuer *issuer = house->issuer;
	char *path;

	begin(&browser, "");
	come_back(&browser, "", "/login?error=provider_error&provider=acme"); /* neither code nor error */
	begin(&browser, "");
	path = xasprintf("/api/v1/auth/acme/callback?state=%s&code=c&iss=https://evil.example", browser.state);
	leads_to(&browser, path, "/login?error=bad_token&provider=acme");
	free(path);
	begin(&browser, "");
	path = xasprintf("/api/v1/auth/acme/callback?state=%s&code=c",
			 browser.state); /* it has promised to say who it is */
	leads_to(&browser, path, "/login?error=bad_token&provider=acme");
	free(path);
	begin(&browser, "");
	issuer->nonce = "another";
	come_back(&browser, "&code=c", "/login?error=bad_token&provider=acme");
	begin(&browser, "");
	issuer->id_token = "eyJhbGciOiJub25lIn0.e30.e30";
	come_back(&browser, "&code=c", "/login?error=bad_token&provider=acme");
	begin(&browser, "");
	issuer->token = "{\"error\":\"invalid_grant\"}";
	issuer->token_status = 400;
	come_back(&browser, "&code=c", "/login?error=bad_token&provider=acme");
	begin(&browser, "");
	issuer->token_status = 200;
	issuer->token = "nonsense";
	come_back(&browser, "&code=c", "/login?error=provider_error&provider=acme");
	begin(&browser, "");
	issuer->token_status = 503;
	come_back(&browser, "&code=c", "/login?error=provider_down&provider=acme");
	begin(&browser, "");
	issuer_stop(issuer);
	come_back(&browser, "&code=c", "/login?error=provider_down&provider=acme");
	is_nobody(&browser);
}

static void a_provider_that_is_down_is_told_at_once(void **state)
{
	struct house *house = *state;
	struct browser browser = {.house = house};
	struct browser linker = register_with_password(house, "ann", "ann@example.org");

	issuer_stop(house->issuer);
	leads_to(&browser, "/api/v1/auth/acme/login?return_to=/projects",
		 "/login?error=provider_down&provider=acme&return_to=%2Fprojects");
	linker.headers = FROM_HERE;
	leads_to(&linker, "/api/v1/auth/acme/login?link=1", "/settings?error=provider_down&provider=acme");
}

static void limits_beginnings(void **state)
{
	struct house *house = *state;
	struct browser browser = {.house = house};
	char *last = NULL;

	house->fixture->options.limit_loopback = true;
	start(house, "");
	for (int i = 0; i < 31; i++) {
		free(last);
		last = follow(&browser, "/api/v1/auth/acme/login");
	}
	assert_string_equal(last, "/login?error=too_many&provider=acme");
	free(last);
}

struct comer {
	struct browser *browser;
	const char *path;
	char *place;
};

static void *come_in_thread(void *data)
{
	struct comer *comer = data;

	comer->place = follow(comer->browser, comer->path);
	return NULL;
}

/* Somebody new with two windows: one account, and both are signed in to it. */
static void comes_twice_at_once(void **state)
{
	enum { COMERS = 4 };
	struct house *house = *state;
	struct browser browsers[COMERS];
	struct comer comers[COMERS];
	pthread_t threads[COMERS];

	issuer_claim(house->issuer, "sub", json_string("new-1"));
	for (int i = 0; i < COMERS; i++) {
		browsers[i] = (struct browser){.house = house};
		begin(&browsers[i], "");
		comers[i] = (struct comer){.browser = &browsers[i], .path = way_back(&browsers[i], "&code=c")};
	}
	/* One token for all: their nonces are made the same. */
	house->issuer->nonce = "same";
	fixture_sql(house->fixture, "UPDATE auth_states SET nonce = 'same'");
	for (int i = 0; i < COMERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_in_thread, &comers[i]), 0);
	for (int i = 0; i < COMERS; i++) {
		pthread_join(threads[i], NULL);
		assert_string_equal(comers[i].place, "/");
		is_called(&browsers[i], "ann");
		free(comers[i].place);
		free((char *)comers[i].path);
	}
	assert_int_equal(fixture_count(house->fixture, "SELECT COUNT(*) FROM users"), 1);
	assert_int_equal(fixture_count(house->fixture, "SELECT COUNT(*) FROM identities"), 1);
}

static void keeps_secrets_out_of_the_database(void **state)
{
	struct house *house = *state;
	struct browser browser = {.house = house};
	char *sql;

	begin(&browser, "");
	sql = xasprintf("SELECT COUNT(*) FROM auth_states WHERE state_hash = '%s' OR browser_hash = '%s'",
			browser.state, browser.auth + strlen("ttob_auth="));
	assert_int_equal(fixture_count(house->fixture, sql), 0);
	assert_int_equal(fixture_count(house->fixture, "SELECT COUNT(*) FROM auth_states"), 1);
	free(sql);
}

int main(void)
{
#define TEST(name)      cmocka_unit_test_setup_teardown(name, setup_and_start, teardown)
#define UNSTARTED(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(lists_providers),
		TEST(makes_an_account_and_knows_it_again),
		TEST(never_leads_to_another_site),
		TEST(keeps_what_a_guest_runs),
		TEST(finds_free_names),
		cmocka_unit_test(names_are_always_valid),
		TEST(unverified_addresses_join_nothing),
		TEST(verified_addresses_join),
		UNSTARTED(believes_addresses_only_where_told),
		TEST(refuses_the_suspended),
		UNSTARTED(takes_no_new_ones_when_closed),
		TEST(links_and_unlinks),
		TEST(keeps_the_last_way_in),
		TEST(links_to_one_account_only),
		TEST(does_not_link_for_other_sites),
		TEST(links_only_for_who_began),
		TEST(a_state_is_good_once_and_for_one_browser),
		TEST(a_state_ends_and_outlives_a_restart),
		TEST(two_tabs_do_not_mind_each_other),
		TEST(says_what_the_provider_says),
		TEST(every_failure_ends_on_a_page),
		TEST(a_provider_that_is_down_is_told_at_once),
		UNSTARTED(limits_beginnings),
		TEST(comes_twice_at_once),
		TEST(keeps_secrets_out_of_the_database),
	};

	return cmocka_run_group_tests_name("web: auth", tests, NULL, NULL);
}
