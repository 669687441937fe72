/* What every registry must do for us: contract_registry URL AUTHFILE WRONG-AUTHFILE CA-FILE. It holds suite/one with the tags a, b (the
 * same image) and c (another), suite/two with x, and nothing else; the caller made it (registries.py). */
#include "unit/test.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "registry/client.h"

static struct registry_options options;
static const char *wrong_authfile;

static struct registry_client *open_client(void)
{
	struct registry_client *client;
	struct error why = {0};

	if (registry_client_new(&options, &client, &why) < 0)
		fail_msg("%s", why.message);
	return client;
}

#define fine(call)                                                                                                     \
	do {                                                                                                           \
		struct error fine_err = {0};                                                                           \
		struct error *err = &fine_err;                                                                         \
		if ((call) < 0)                                                                                        \
			fail_msg("%s: %s", #call, fine_err.message);                                                   \
	} while (0)

static bool has(const struct registry_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (str_equal(names->items[i], name))
			return true;
	return false;
}

static void it_answers(void **state)
{
	struct registry_client *client = open_client();

	(void)state;
	fine(registry_ping(client, err));
	fine(registry_ping(client, err));
	registry_client_free(client);
}

static void a_wrong_password_is_told(void **state)
{
	struct registry_options wrong = options;
	struct registry_client *client;
	struct error why = {0};

	(void)state;
	wrong.authfile = wrong_authfile;
	assert_int_equal(registry_client_new(&wrong, &client, &why), 0);
	assert_true(registry_ping(client, &why) < 0);
	assert_int_equal(why.kind, ERROR_UNAUTHENTICATED);
	assert_non_null(strstr(why.message, "authfile"));
	registry_client_free(client);
	wrong.authfile = NULL;
	assert_int_equal(registry_client_new(&wrong, &client, &why), 0);
	assert_true(registry_ping(client, &why) < 0);
	assert_int_equal(why.kind, ERROR_UNAUTHENTICATED);
	registry_client_free(client);
}

static void an_unknown_certificate_is_refused(void **state)
{
	struct registry_options wrong = options;
	struct registry_client *client;
	struct error why = {0};

	(void)state;
	if (!str_starts_with(options.url, "https:"))
		return;
	wrong.ca_file = NULL;
	assert_int_equal(registry_client_new(&wrong, &client, &why), 0);
	assert_true(registry_ping(client, &why) < 0);
	assert_int_equal(why.kind, ERROR_UNAVAILABLE);
	assert_non_null(strstr(why.message, "ca_file"));
	registry_client_free(client);
}

static void lists_come_page_by_page(void **state)
{
	struct registry_client *client;
	struct registry_names names;

	(void)state;
	for (unsigned page = 0; page <= 2; page++) {
		options.page = page;
		client = open_client();
		fine(registry_catalog(client, &names, err));
		assert_int_equal(names.count, 2);
		assert_true(has(&names, "suite/one") && has(&names, "suite/two"));
		registry_names_free(&names);
		fine(registry_tags(client, "suite/one", &names, err));
		assert_int_equal(names.count, 3);
		assert_true(has(&names, "a") && has(&names, "b") && has(&names, "c"));
		registry_names_free(&names);
		fine(registry_tags(client, "suite/none", &names, err));
		assert_int_equal(names.count, 0);
		registry_client_free(client);
	}
	options.page = 0;
}

static void a_manifest_is_what_its_digest_says(void **state)
{
	struct registry_client *client = open_client();
	struct registry_manifest head, whole, again;

	(void)state;
	fine(registry_manifest_head(client, "suite/one", "a", &head, err));
	fine(registry_manifest_get(client, "suite/one", "a", &whole, err));
	assert_string_equal(head.digest, whole.digest);
	assert_true(whole.body.length > 0);
	assert_non_null(strstr(whole.type, "manifest"));
	fine(registry_manifest_get(client, "suite/one", whole.digest, &again, err));
	assert_int_equal(again.body.length, whole.body.length);
	registry_manifest_fini(&again);
	fine(registry_manifest_head(client, "suite/one", "b", &again, err));
	assert_string_equal(again.digest, whole.digest);
	registry_manifest_fini(&again);
	registry_manifest_fini(&head);
	registry_manifest_fini(&whole);
	registry_client_free(client);
}

struct reading {
	struct registry_client *client;
	crypto_hash_sha256_state hash;
	int64_t said;
	int64_t got;
	unsigned blobs;
	unsigned allowed; /* pieces until `take` has enough; 0: all */
};

static int begin(int64_t size, void *data)
{
	((struct reading *)data)->said = size;
	return 0;
}

static int take(const void *bytes, size_t length, void *data)
{
	struct reading *reading = data;

	crypto_hash_sha256_update(&reading->hash, bytes, length);
	reading->got += (int64_t)length;
	return reading->allowed == 1 ? -1 : 0;
}

static int read_blob(const struct registry_content *content, void *data)
{
	struct reading *reading = data;
	struct registry_sink sink = {begin, take, reading};
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[REGISTRY_DIGEST_SIZE];
	int64_t size = -1;

	crypto_hash_sha256_init(&reading->hash);
	reading->got = 0;
	fine(registry_blob_head(reading->client, "suite/one", content->digest, &size, err));
	assert_int_equal(size, content->size);
	fine(registry_blob_get(reading->client, "suite/one", content->digest, &sink, err));
	assert_int_equal(reading->got, content->size);
	assert_int_equal(reading->said, content->size);
	crypto_hash_sha256_final(&reading->hash, hash);
	str_hex(hash, sizeof(hash), hex);
	assert_string_equal(hex, content->digest + 7);
	reading->blobs++;
	return 0;
}

static int read_some(const struct registry_content *content, void *data)
{
	struct reading *reading = data;
	struct registry_sink sink = {begin, take, reading};
	struct error why = {0};

	reading->allowed = 1;
	assert_true(registry_blob_get(reading->client, "suite/one", content->digest, &sink, &why) < 0);
	assert_int_equal(why.kind, ERROR_CANCELLED);
	return 7;
}

static void blobs_come_as_they_are(void **state)
{
	struct reading reading = {.client = open_client()};
	struct registry_manifest manifest;
	struct error why = {0};
	int64_t size;

	(void)state;
	fine(registry_manifest_get(reading.client, "suite/one", "c", &manifest, err));
	fine(registry_manifest_each(&manifest, read_blob, &reading, err));
	assert_int_equal(reading.blobs, 2);
	assert_int_equal(registry_manifest_each(&manifest, read_some, &reading, NULL), 7);
	registry_manifest_fini(&manifest);
	assert_true(registry_blob_head(reading.client, "suite/one",
				       "sha256:0000000000000000000000000000000000000000000000000000000000000000", &size, &why) < 0);
	assert_int_equal(why.kind, ERROR_NOT_FOUND);
	registry_client_free(reading.client);
}

static void what_is_not_there_is_not_found(void **state)
{
	struct registry_client *client = open_client();
	struct registry_manifest manifest;
	struct error why = {0};

	(void)state;
	assert_true(registry_manifest_get(client, "suite/one", "z", &manifest, &why) < 0);
	assert_int_equal(why.kind, ERROR_NOT_FOUND);
	assert_true(registry_manifest_head(client, "suite/none", "a", &manifest, &why) < 0);
	assert_int_equal(why.kind, ERROR_NOT_FOUND);
	assert_true(registry_manifest_delete(client, "suite/one",
					     "sha256:0000000000000000000000000000000000000000000000000000000000000000", &why) < 0);
	assert_int_equal(why.kind, ERROR_NOT_FOUND);
	registry_client_free(client);
}

static void names_that_lead_elsewhere_are_not_asked(void **state)
{
	static const char *const repositories[] = {"", "../suite", "suite/../one", "suite/one?x", "SUITE/one", "/suite", "suite//one", "a b"};
	struct registry_client *client = open_client();
	struct registry_manifest manifest;
	struct registry_names names;
	struct error why = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(repositories); i++) {
		assert_true(registry_manifest_get(client, repositories[i], "a", &manifest, &why) < 0);
		assert_int_equal(why.kind, ERROR_INVALID);
		assert_true(registry_tags(client, repositories[i], &names, &why) < 0);
		assert_int_equal(why.kind, ERROR_INVALID);
	}
	assert_true(registry_manifest_get(client, "suite/one", "../a", &manifest, &why) < 0);
	assert_int_equal(why.kind, ERROR_INVALID);
	assert_true(registry_manifest_delete(client, "suite/one", "a", &why) < 0);
	assert_int_equal(why.kind, ERROR_INVALID);
	registry_client_free(client);
}

static void what_is_deleted_is_gone_with_its_tags(void **state)
{
	struct registry_client *client = open_client();
	struct registry_manifest manifest;
	struct registry_names names;
	struct error why = {0};

	(void)state;
	fine(registry_manifest_head(client, "suite/one", "a", &manifest, err));
	fine(registry_manifest_delete(client, "suite/one", manifest.digest, err));
	registry_manifest_fini(&manifest);
	assert_true(registry_manifest_get(client, "suite/one", "a", &manifest, &why) < 0);
	assert_int_equal(why.kind, ERROR_NOT_FOUND);
	fine(registry_tags(client, "suite/one", &names, err));
	assert_int_equal(names.count, 1);
	assert_string_equal(names.items[0], "c");
	registry_names_free(&names);
	fine(registry_manifest_head(client, "suite/one", "c", &manifest, err));
	registry_manifest_fini(&manifest);
	registry_client_free(client);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_answers),
		cmocka_unit_test(a_wrong_password_is_told),
		cmocka_unit_test(an_unknown_certificate_is_refused),
		cmocka_unit_test(lists_come_page_by_page),
		cmocka_unit_test(a_manifest_is_what_its_digest_says),
		cmocka_unit_test(blobs_come_as_they_are),
		cmocka_unit_test(what_is_not_there_is_not_found),
		cmocka_unit_test(names_that_lead_elsewhere_are_not_asked),
		cmocka_unit_test(what_is_deleted_is_gone_with_its_tags),
	};

	if (argc != 5) {
		fprintf(stderr, "usage: contract_registry URL AUTHFILE WRONG-AUTHFILE CA-FILE\n");
		return 2;
	}
	log_setup("test", LOG_LEVEL_ERROR + 1, false);
	options = (struct registry_options){.url = argv[1], .authfile = argv[2], .ca_file = argv[4]};
	wrong_authfile = argv[3];
	if (registry_start(NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
