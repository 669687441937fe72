#include "core/project_form.h"

#include <stdio.h>

#include "../test.h"

#define GOOD                                                                                                           \
	"\"name\":\"figlet\",\"summary\":\"Big letters\",\"category\":\"fun\","                                        \
	"\"source\":{\"kind\":\"script\",\"base\":\"debian:bookworm\",\"script\":\"apt-get install figlet\"}"

static int read_text(const char *text, struct project_form *form, struct field_errors *errors)
{
	json_t *json = json_loads(text, 0, NULL);
	int r;

	assert_non_null(json);
	memset(errors, 0, sizeof(*errors));
	r = project_form_read(json, false, form, errors, NULL);
	json_decref(json);
	return r;
}

static void a_good_form_is_read(void **state)
{
	struct project_form form;
	struct field_errors errors;

	(void)state;
	assert_int_equal(read_text("{" GOOD ",\"tags\":[\"a\",\"c++\"],\"ports\":[80,8080],\"network\":true,\"license\":\"MIT\"}",
				   &form, &errors), 0);
	assert_string_equal(form.name, "figlet");
	assert_string_equal(form.tags, "a,c++");
	assert_string_equal(form.ports, "80,8080");
	assert_true(form.network);
	assert_int_equal(form.source_kind, SOURCE_SCRIPT);
	assert_string_equal(form.base, "debian:bookworm");
	project_form_fini(&form);
}

static void expect_fault(const char *text, const char *field)
{
	struct project_form form;
	struct field_errors errors;
	bool named = false;
	json_t *json;

	if (read_text(text, &form, &errors) == 0)
		fail_msg("took %s", text);
	for (size_t i = 0; i < errors.count; i++)
		named = named || strcmp(errors.items[i].field, field) == 0;
	if (!named)
		fail_msg("%s not named for %s", field, text);
	json = field_errors_json(&errors);
	assert_int_equal(json_array_size(json_object_get(json, "errors")), errors.count);
	json_decref(json);
}

static void every_fault_is_told_by_field(void **state)
{
	(void)state;
	expect_fault("{}", "name");
	expect_fault("{}", "summary");
	expect_fault("{}", "source");
	expect_fault("{" GOOD ",\"name2\":1}", "name2");
	expect_fault("{" GOOD ",\"network\":\"yes\"}", "network");
	expect_fault("{" GOOD ",\"tags\":\"a\"}", "tags");
	expect_fault("{" GOOD ",\"tags\":[\"a,b\"]}", "tags");
	expect_fault("{" GOOD ",\"tags\":[\"Ü\"]}", "tags");
	expect_fault("{" GOOD ",\"ports\":[0]}", "ports");
	expect_fault("{" GOOD ",\"ports\":[65536]}", "ports");
	expect_fault("{" GOOD ",\"ports\":[\"80\"]}", "ports");
	expect_fault("{" GOOD ",\"license\":\"<b>\"}", "license");
	expect_fault("{" GOOD ",\"homepage\":\"javascript:alert(1)\"}", "homepage");
	expect_fault("{" GOOD ",\"homepage\":\"https://\"}", "homepage");
	expect_fault("{" GOOD ",\"homepage\":\"https://a/\\\"onclick=\"}", "homepage");
	expect_fault("{" GOOD ",\"run\":5}", "run");
	expect_fault("{" GOOD ",\"run\":\"\\u001b[2J\"}", "run");
	expect_fault("{\"name\":\"a/b\"}", "name");
	expect_fault("{\"summary\":\"two\\nlines\"}", "summary");
	expect_fault("{\"category\":\"none\"}", "category");
}

static void expect_source_fault(const char *source, const char *field)
{
	char text[1024];

	snprintf(text, sizeof(text), "{\"name\":\"a\",\"summary\":\"b\",\"category\":\"fun\",\"source\":%s}", source);
	expect_fault(text, field);
}

static void sources_are_checked_by_kind(void **state)
{
	(void)state;
	expect_source_fault("5", "source");
	expect_source_fault("{\"kind\":\"magic\"}", "source.kind");
	expect_source_fault("{\"kind\":\"script\",\"base\":\"A B\",\"script\":\"x\"}", "source.base");
	expect_source_fault("{\"kind\":\"script\",\"base\":\"a\",\"script\":\" \\n\"}", "source.script");
	expect_source_fault("{\"kind\":\"script\",\"base\":\"a\",\"script\":\"x\",\"user\":\"root\"}", "source.user");
	expect_source_fault("{\"kind\":\"dockerfile\",\"dockerfile\":\"RUN x\"}", "source.dockerfile");
	expect_source_fault("{\"kind\":\"image\",\"reference\":\"--help\"}", "source.reference");
	expect_source_fault("{\"kind\":\"git\",\"url\":\"file:///etc\"}", "source.url");
	expect_source_fault("{\"kind\":\"git\",\"url\":\"ext::sh\"}", "source.url");
	expect_source_fault("{\"kind\":\"git\",\"url\":\"https://a/b\",\"ref\":\"--upload-pack=x\"}", "source.ref");
	expect_source_fault("{\"kind\":\"sandbox\"}", "source.sandbox");
}

static void huge_and_hostile_members_are_bounded(void **state)
{
	char key[5000];
	json_t *json = json_object();
	struct project_form form;
	struct field_errors errors = {0};

	(void)state;
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	memcpy(key + 39, "\xed\x95\x9c", 3); /* the cut falls into a character */
	json_object_set_new(json, key, json_true());
	for (int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "u%d", i);
		json_object_set_new(json, name, json_true());
	}
	assert_true(project_form_read(json, false, &form, &errors, NULL) < 0);
	assert_int_equal(errors.count, FIELD_ERRORS_MAX);
	json_decref(json);
	json = field_errors_json(&errors);
	assert_non_null(json);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_form_is_read),
		cmocka_unit_test(every_fault_is_told_by_field),
		cmocka_unit_test(sources_are_checked_by_kind),
		cmocka_unit_test(huge_and_hostile_members_are_bounded),
	};

	return cmocka_run_group_tests_name("project_form", tests, NULL, NULL);
}
