#include "core/project_form.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "core/dockerfile.h"
#include "core/names.h"
#include "core/prose.h"
#include "core/reference.h"

#define URL_MAX 500
#define REF_MAX 200
#define FOLDER_MAX 200
#define FORM_BESIDE_MAX (64 * 1024) /* what the agent takes beside an archive */
#define CONTACT_MAX 254
#define LOGIN_NAME_MAX 255
#define LOGIN_PASSWORD_MAX 4096 /* some are tokens of clouds */

static const char *const kind_names[] = {
	[SOURCE_SCRIPT] = "script", [SOURCE_DOCKERFILE] = "dockerfile", [SOURCE_IMAGE] = "image",
	[SOURCE_GIT] = "git",	    [SOURCE_SANDBOX] = "sandbox",
};

const char *source_kind_name(enum source_kind kind)
{
	return kind_names[kind];
}

void project_form_fini(struct project_form *form)
{
	char *const strings[] = {form->name,	   form->summary, form->category, form->tags,	    form->license, form->readme,
				 form->homepage,   form->run,	  form->ports,	  form->smoke,	    form->base,	   form->script,
				 form->dockerfile, form->reference, form->url,	  form->ref,	    form->sandbox,  form->folder,
				 form->summary_ko, form->readme_ko, form->contact, form->size, form->username, form->password,
				 form->credentials};

	if (form->password != NULL)
		explicit_bzero(form->password, strlen(form->password));
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		free(strings[i]);
	*form = (struct project_form){0};
}

static int fault(struct field_errors *errors, const char *field, const char *message)
{
	field_error(errors, field, "%s", message);
	return -EINVAL;
}

/* Text that stands on one line of a page or of a terminal: control characters would forge what is around it. */
static bool is_one_line(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

int check_summary(const char *field, const char *text, struct field_errors *errors)
{
	if (*text == '\0')
		return fault(errors, field, "say in one line what it is");
	if (strlen(text) > (size_t)FORM_SUMMARY_MAX * 3)
		return fault(errors, field, "must be shorter: one line");
	if (!is_one_line(text) || !str_is_utf8(text, strlen(text)))
		return fault(errors, field, "must be one line of text");
	if (!prose_is_clean(text))
		return fault(errors, field, "must not have characters that turn the direction of text");
	return 0;
}

int check_homepage(const char *field, const char *url, struct field_errors *errors)
{
	const char *host = NULL;

	if (strncasecmp(url, "https://", 8) == 0)
		host = url + 8;
	else if (strncasecmp(url, "http://", 7) == 0)
		host = url + 7;
	if (host == NULL || strcspn(host, "/?#") == 0)
		return fault(errors, field, "must be an address that begins with https:// or http://");
	if (strlen(url) > URL_MAX || strpbrk(url, " \"<>\\^`{|}") != NULL || !is_one_line(url) ||
	    !str_is_utf8(url, strlen(url)))
		return fault(errors, field, "must be a plain address of at most 500 characters");
	return 0;
}

int check_command(const char *field, const char *text, struct field_errors *errors)
{
	if (strlen(text) > FORM_COMMAND_MAX)
		return fault(errors, field, "must be at most 4096 bytes");
	if (!str_is_utf8(text, strlen(text)))
		return fault(errors, field, "must be UTF-8 text");
	for (const char *p = text; *p != '\0'; p++)
		if (((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f)
			return fault(errors, field, "must not have control characters");
	return 0;
}

/* Calls `check` for each part between commas; gives the number of parts, or -EINVAL. */
static int check_list(const char *list, int (*check)(const char *item))
{
	auto_free char *copy = xstrdup(list);
	char *rest = copy;
	char *item;
	int n = 0;

	if (*list == '\0')
		return 0;
	while ((item = strsep(&rest, ",")) != NULL) {
		if (check(item) < 0)
			return -EINVAL;
		n++;
	}
	return n;
}

static int check_port(const char *item)
{
	uint64_t port;

	return str_to_u64(item, 65535, &port) == 0 && port > 0 ? 0 : -EINVAL;
}

static int check_tag(const char *item)
{
	return tag_is_valid(item) ? 0 : -EINVAL;
}

int check_ports(const char *field, const char *list, struct field_errors *errors)
{
	int n = check_list(list, check_port);

	if (n < 0)
		return fault(errors, field, "must be numbers from 1 to 65535");
	return n > FORM_PORTS_MAX ? fault(errors, field, "at most 16") : 0;
}

int check_tags(const char *field, const char *list, struct field_errors *errors)
{
	int n = check_list(list, check_tag);

	if (n < 0)
		return fault(errors, field, "may have a-z, 0-9, '-', '+' and '.', at most 30 characters each");
	return n > FORM_TAGS_MAX ? fault(errors, field, "at most 10") : 0;
}

static void refuse_unknown(const json_t *object, const char *const *known, const char *prefix, struct field_errors *errors)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		char name[48];
		size_t i = 0;

		while (known[i] != NULL && strcmp(known[i], key) != 0)
			i++;
		if (known[i] != NULL)
			continue;
		snprintf(name, sizeof(name), "%s%.40s", prefix, key);
		for (size_t length = strlen(name); length > 0 && !str_is_utf8(name, length);)
			name[--length] = '\0';
		field_error(errors, name, "there is no such field");
	}
}

/* A string member; NULL when it is missing, null, or (with a fault noted) of another type. */
static char *take_string(const json_t *object, const char *key, const char *field, struct field_errors *errors)
{
	const json_t *value = json_object_get(object, key);

	if (value == NULL || json_is_null(value))
		return NULL;
	if (!json_is_string(value)) {
		field_error(errors, field, "must be text");
		return NULL;
	}
	return xstrdup(json_string_value(value));
}

static char *need_string(const json_t *object, const char *key, const char *field, struct field_errors *errors)
{
	size_t before = errors->count;
	char *text = take_string(object, key, field, errors);

	if (text == NULL && errors->count == before)
		field_error(errors, field, "is needed");
	return text;
}

/* An array of strings or whole numbers becomes "a,b,c". */
static char *take_list(const json_t *object, const char *key, bool numbers, struct field_errors *errors)
{
	const json_t *array = json_object_get(object, key);
	struct buf list = BUF_INIT;
	const json_t *item;
	size_t i;

	if (array != NULL && !json_is_null(array) && (!json_is_array(array) || json_array_size(array) > 100))
		field_error(errors, key, numbers ? "must be a short list of numbers" : "must be a short list of words");
	json_array_foreach(array, i, item)
	{
		if (numbers ? !json_is_integer(item) : !json_is_string(item) || strchr(json_string_value(item), ',')) {
			field_error(errors, key, numbers ? "must be a list of numbers" : "must be a list of words");
			break;
		}
		if (i > 0)
			buf_append_char(&list, ',');
		if (numbers)
			buf_printf(&list, "%lld", (long long)json_integer_value(item));
		else
			buf_append_string(&list, json_string_value(item));
	}
	return buf_steal(&list);
}

static bool has_value(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return value != NULL && !json_is_null(value);
}

static void read_base_and_script(const json_t *source, struct project_form *form, struct field_errors *errors)
{
	struct reference base;
	struct error err;

	form->base = need_string(source, "base", "source.base", errors);
	form->script = need_string(source, "script", "source.script", errors);
	if (form->base != NULL && reference_parse(form->base, &base, &err) < 0)
		field_error(errors, "source.base", "%s", err.message);
	if (form->script != NULL && strlen(form->script) > SCRIPT_MAX)
		field_error(errors, "source.script", "must be at most %d KiB", SCRIPT_MAX / 1024);
	else if (form->script != NULL && form->script[strspn(form->script, " \t\r\n")] == '\0')
		field_error(errors, "source.script", "is empty");
}

static void read_script(const json_t *source, struct project_form *form, struct field_errors *errors)
{
	static const char *const known[] = {"kind", "base", "script", NULL};

	refuse_unknown(source, known, "source.", errors);
	read_base_and_script(source, form, errors);
}

static void read_dockerfile(const json_t *source, struct project_form *form, struct field_errors *errors)
{
	static const char *const known[] = {"kind", "dockerfile", NULL};
	struct error err;

	refuse_unknown(source, known, "source.", errors);
	form->dockerfile = form->archive ? take_string(source, "dockerfile", "source.dockerfile", errors)
					 : need_string(source, "dockerfile", "source.dockerfile", errors);
	if (form->archive && form->dockerfile != NULL && strlen(form->dockerfile) > FORM_BESIDE_MAX)
		field_error(errors, "source.dockerfile", "must be at most %d KiB beside an archive", FORM_BESIDE_MAX / 1024);
	if (form->dockerfile != NULL && dockerfile_check(form->dockerfile, strlen(form->dockerfile), &err) < 0)
		field_error(errors, "source.dockerfile", "%s", err.message);
}

/* RFC 7617: the name has no colon, and neither has control characters. */
static void check_login(const struct project_form *form, struct field_errors *errors)
{
	const char *name = form->username, *password = form->password;

	if (name != NULL && (*name == '\0' || strlen(name) > LOGIN_NAME_MAX || strchr(name, ':') != NULL || !is_one_line(name)))
		field_error(errors, "source.username", "must be 1 to %d characters without a colon", LOGIN_NAME_MAX);
	if (password != NULL && (*password == '\0' || strlen(password) > LOGIN_PASSWORD_MAX || !is_one_line(password)))
		field_error(errors, "source.password", "must be 1 to %d characters on one line", LOGIN_PASSWORD_MAX);
	if (password != NULL && name == NULL)
		field_error(errors, "source.username", "is needed with a password");
	if (name != NULL && password == NULL && !form->keep_login)
		field_error(errors, "source.password", "is needed with a user name");
	if (password != NULL && form->keep_login)
		field_error(errors, "source.has_credentials", "can't stand beside a new password");
}

/* The name and password of an image that is not public, or that those that are here already count on. */
static void read_login(const json_t *source, struct project_form *form, struct field_errors *errors)
{
	const json_t *keep = json_object_get(source, "has_credentials");

	form->username = take_string(source, "username", "source.username", errors);
	form->password = take_string(source, "password", "source.password", errors);
	form->keep_login = json_is_true(keep);
	if (keep != NULL && !json_is_null(keep) && !json_is_boolean(keep))
		field_error(errors, "source.has_credentials", "must be true or false");
	check_login(form, errors);
}

static void read_image(const json_t *source, struct project_form *form, struct field_errors *errors)
{
	static const char *const known[] = {"kind", "reference", "username", "password", "has_credentials", NULL};
	struct reference reference;
	struct error err;

	refuse_unknown(source, known, "source.", errors);
	form->reference = need_string(source, "reference", "source.reference", errors);
	read_login(source, form, errors);
	if (form->reference == NULL)
		return;
	if (reference_parse(form->reference, &reference, &err) < 0)
		field_error(errors, "source.reference", "%s", err.message);
	else if (reference.host[0] == '\0' && (form->password != NULL || form->keep_login))
		field_error(errors, "source.reference", "must begin with the name of its registry: the password goes to no other");
}

/* git itself must never take the ref for an option or a range. */
static bool ref_is_fit(const char *ref)
{
	return *ref != '\0' && *ref != '-' && strlen(ref) <= REF_MAX && strstr(ref, "..") == NULL &&
	       strpbrk(ref, " ~^:?*[\\@{") == NULL && is_one_line(ref);
}

int check_git_url(const char *field, const char *url, struct field_errors *errors)
{
	const char *host = url + strlen("https://");

	if (strlen(url) > URL_MAX)
		return fault(errors, field, "must be at most 500 characters");
	if (strncmp(url, "https://", 8) != 0)
		return fault(errors, field, "must begin with https://");
	for (const char *p = url; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || strchr("\\\"'`<>^{|}@?#", *p) != NULL)
			return fault(errors, field, "must be plain: https://HOST/PATH without user, query or other signs");
	if (strcspn(host, "/") == 0 || strlen(host + strcspn(host, "/")) < 2)
		return fault(errors, field, "names no repository");
	return 0;
}

int check_git_ref(const char *field, const char *ref, struct field_errors *errors)
{
	return ref_is_fit(ref) ? 0 : fault(errors, field, "must be the name of a branch or tag, or a commit");
}

/* A folder of the repository: "a/b". */
static bool folder_is_fit(const char *folder)
{
	for (const char *part = folder;; part++) {
		size_t length = strcspn(part, "/");

		if (length == 0 || (length <= 2 && strspn(part, ".") == length))
			return false;
		part += length;
		if (*part == '\0')
			break;
	}
	return strlen(folder) <= FOLDER_MAX && is_one_line(folder) && str_is_utf8(folder, strlen(folder));
}

/* A form's empty field is one that was not filled in. Takes `text`. */
static char *not_empty(char *text)
{
	if (text != NULL && *text != '\0')
		return text;
	free(text);
	return NULL;
}

/* The repository's own Dockerfile, or the author's base and script. */
static void read_git(const json_t *source, struct project_form *form, struct field_errors *errors)
{
	static const char *const known[] = {"kind", "url", "ref", "folder", "base", "script", NULL};

	refuse_unknown(source, known, "source.", errors);
	form->url = need_string(source, "url", "source.url", errors);
	form->ref = not_empty(take_string(source, "ref", "source.ref", errors));
	form->folder = not_empty(take_string(source, "folder", "source.folder", errors));
	if (form->url != NULL)
		check_git_url("source.url", form->url, errors);
	if (form->ref != NULL)
		check_git_ref("source.ref", form->ref, errors);
	if (form->folder != NULL && !folder_is_fit(form->folder))
		field_error(errors, "source.folder", "must be a folder of the repository, such as docker/demo");
	if (has_value(source, "base") || has_value(source, "script"))
		read_base_and_script(source, form, errors);
}

static void read_sandbox(const json_t *source, struct project_form *form, struct field_errors *errors)
{
	static const char *const known[] = {"kind", "sandbox", NULL};

	refuse_unknown(source, known, "source.", errors);
	form->sandbox = need_string(source, "sandbox", "source.sandbox", errors);
}

static void read_source(const json_t *source, struct project_form *form, struct field_errors *errors)
{
	static void (*const readers[])(const json_t *, struct project_form *, struct field_errors *) = {
		[SOURCE_SCRIPT] = read_script, [SOURCE_DOCKERFILE] = read_dockerfile, [SOURCE_IMAGE] = read_image,
		[SOURCE_GIT] = read_git,       [SOURCE_SANDBOX] = read_sandbox,
	};
	const char *kind = json_string_value(json_object_get(source, "kind"));

	if (!json_is_object(source)) {
		field_error(errors, "source", "is needed: where the program comes from");
		return;
	}
	for (size_t i = 0; kind != NULL && i < ARRAY_SIZE(kind_names); i++) {
		if (strcmp(kind_names[i], kind) == 0) {
			form->source_kind = (enum source_kind)i;
			readers[i](source, form, errors);
			return;
		}
	}
	field_error(errors, "source.kind", "must be script, dockerfile, image, git or sandbox");
}

/* An address of mail, or of a page where the author can be reached. */
static void check_contact(const char *contact, struct field_errors *errors)
{
	const char *at = strchr(contact, '@');

	if (strncasecmp(contact, "https://", 8) == 0 || strncasecmp(contact, "http://", 7) == 0)
		check_homepage("contact", contact, errors);
	else if (at == NULL || at == contact || at[1] == '\0' || strchr(at + 1, '@') != NULL || strpbrk(contact, " \t\"<>\\,;:") != NULL ||
		 !is_one_line(contact) || !str_is_utf8(contact, strlen(contact)))
		field_error(errors, "contact", "must be an address of mail or of a page");
	if (strlen(contact) > CONTACT_MAX)
		field_error(errors, "contact", "must be at most %d characters", CONTACT_MAX);
}

static void check_readme(const char *field, const char *readme, struct field_errors *errors)
{
	if (readme != NULL && strlen(readme) > FORM_README_MAX)
		field_error(errors, field, "must be at most %d KiB", FORM_README_MAX / 1024);
}

static void check_about(const struct project_form *form, struct field_errors *errors)
{
	if (form->name != NULL && !name_is_valid(form->name))
		field_error(errors, "name", "1 to 40 of a-z, 0-9, and single '-', '.', '_' between them");
	if (form->summary != NULL)
		check_summary("summary", form->summary, errors);
	if (form->summary_ko != NULL)
		check_summary("summary_ko", form->summary_ko, errors);
	if (form->category != NULL && !category_is_valid(form->category))
		field_error(errors, "category", "must be language, system, database, web, cloud, ai, editor or fun");
	if (form->license != NULL && !license_is_valid(form->license))
		field_error(errors, "license", "must be an SPDX expression such as MIT or GPL-2.0-or-later");
	check_readme("readme", form->readme, errors);
	check_readme("readme_ko", form->readme_ko, errors);
	if (form->homepage != NULL)
		check_homepage("homepage", form->homepage, errors);
	if (form->contact != NULL)
		check_contact(form->contact, errors);
	if (form->run != NULL)
		check_command("run", form->run, errors);
	if (form->smoke != NULL)
		check_command("smoke", form->smoke, errors);
	if (form->size != NULL && strcmp(form->size, "small") != 0 && strcmp(form->size, "medium") != 0 && strcmp(form->size, "large") != 0)
		field_error(errors, "size", "must be small, medium or large");
	check_tags("tags", form->tags, errors);
	check_ports("ports", form->ports, errors);
}

static char *take_filled(const json_t *object, const char *key, struct field_errors *errors)
{
	return not_empty(take_string(object, key, key, errors));
}

/* All but name, summary, category and source, which a new project needs. */
static void read_optional(const json_t *json, struct project_form *form, struct field_errors *errors)
{
	const json_t *network = json_object_get(json, "network");

	form->summary_ko = take_filled(json, "summary_ko", errors);
	form->license = take_filled(json, "license", errors);
	form->readme = take_filled(json, "readme", errors);
	form->readme_ko = take_filled(json, "readme_ko", errors);
	form->homepage = take_filled(json, "homepage", errors);
	form->contact = take_filled(json, "contact", errors);
	form->run = take_filled(json, "run", errors);
	form->smoke = take_filled(json, "smoke", errors);
	form->size = take_filled(json, "size", errors);
	form->tags = take_list(json, "tags", false, errors);
	form->ports = take_list(json, "ports", true, errors);
	form->network = json_is_true(network);
	if (network != NULL && !json_is_boolean(network) && !json_is_null(network))
		field_error(errors, "network", "must be true or false");
}

static int finish(struct project_form *form, struct project_form *ret_form, const struct field_errors *errors, struct error *err)
{
	int r = field_errors_result(errors, err);

	if (r < 0)
		project_form_fini(form);
	else
		*ret_form = *form;
	return r;
}

int project_form_read(const json_t *json, bool archive, struct project_form *ret_form, struct field_errors *errors, struct error *err)
{
	static const char *const known[] = {"name",   "summary",  "summary_ko", "category", "tags",  "license", "readme", "readme_ko",
					    "homepage", "contact", "run",	"network",  "ports", "smoke",	"size",	  "source",
					    NULL};
	struct project_form form = {.archive = archive};

	refuse_unknown(json, known, "", errors);
	form.name = need_string(json, "name", "name", errors);
	form.summary = need_string(json, "summary", "summary", errors);
	form.category = need_string(json, "category", "category", errors);
	read_optional(json, &form, errors);
	read_source(json_object_get(json, "source"), &form, errors);
	check_about(&form, errors);
	return finish(&form, ret_form, errors, err);
}

int project_form_read_source(const json_t *source, bool archive, struct project_form *ret_form, struct field_errors *errors,
			     struct error *err)
{
	struct project_form form = {.archive = archive};

	read_source(source, &form, errors);
	return finish(&form, ret_form, errors, err);
}

static bool is_among(const char *const *list, const char *key)
{
	for (size_t i = 0; list[i] != NULL; i++)
		if (strcmp(list[i], key) == 0)
			return true;
	return false;
}

int project_form_read_change(const json_t *json, const char *const *others, struct project_form *ret_form, unsigned *ret_given,
			     struct field_errors *errors, struct error *err)
{
	/* In the order of FORM_GIVEN_…. */
	static const char *const fields[] = {"summary", "summary_ko", "category", "tags",    "license", "readme", "readme_ko",
					     "homepage", "contact",   "run",	  "network", "ports",	"smoke",  "size"};
	struct project_form form = {0};
	const char *key;
	json_t *value;

	*ret_given = 0;
	json_object_foreach((json_t *)json, key, value)
	{
		size_t i = 0;

		while (i < ARRAY_SIZE(fields) && strcmp(fields[i], key) != 0)
			i++;
		if (i < ARRAY_SIZE(fields))
			*ret_given |= 1u << i;
		else if (!is_among(others, key)) {
			const char *const none[] = {NULL};
			json_t *unknown = json_pack("{s:O}", key, value);

			refuse_unknown(unknown, none, "", errors);
			json_decref(unknown);
		}
	}
	if ((*ret_given & FORM_GIVEN_SUMMARY) != 0)
		form.summary = need_string(json, "summary", "summary", errors);
	if ((*ret_given & FORM_GIVEN_CATEGORY) != 0)
		form.category = need_string(json, "category", "category", errors);
	read_optional(json, &form, errors);
	check_about(&form, errors);
	return finish(&form, ret_form, errors, err);
}
