/* What is published (POST /projects, project.conf): checked as a whole, every fault told by field. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "core/fields.h"
#include "core/markdown.h"

#define FORM_SUMMARY_MAX 140 /* characters are not counted: bytes of UTF-8 times 3 for Korean are allowed for */
#define FORM_README_MAX  MARKDOWN_MAX
#define FORM_COMMAND_MAX 4096
#define FORM_TAGS_MAX    10
#define FORM_PORTS_MAX   16

enum source_kind { SOURCE_SCRIPT, SOURCE_DOCKERFILE, SOURCE_IMAGE, SOURCE_GIT, SOURCE_SANDBOX };

const char *source_kind_name(enum source_kind kind);

/* All strings are owned by the struct; NULL: not given. */
struct project_form {
	char *name;
	char *summary;
	char *summary_ko;
	char *category;
	char *tags; /* "a,b,c", "" for none */
	char *license;
	char *readme;
	char *readme_ko;
	char *homepage;
	char *contact;
	char *run;
	bool network;
	char *ports; /* "80,8080", "" for none */
	char *smoke;
	char *size; /* small, medium, large; NULL: not given */
	bool archive; /* files come along with the source */
	enum source_kind source_kind;
	char *base;   /* script; git: NULL with the repository's own Dockerfile */
	char *script; /* script; git */
	char *dockerfile; /* NULL with `archive`: the archive's own */
	char *reference; /* image */
	char *username;	 /* image; NULL: it is public, or `keep_login` */
	char *password;
	bool keep_login; /* image: with the name and password that are kept already */
	char *credentials; /* image: what its name and password are kept as (web/logins.h); never read from a form */
	char *url;       /* git */
	char *ref;       /* git */
	char *folder;    /* git: what counts as the top, or NULL */
	char *sandbox;
};

void project_form_fini(struct project_form *form); /* wipes the password */
/* Fills the form from the JSON object, or notes what is wrong in `errors` (and gives ERROR_INVALID). Unknown members
 * are refused. */
int project_form_read(const json_t *json, bool archive, struct project_form *ret_form, struct field_errors *errors,
		      struct error *err);
/* The source alone, with the form's other fields left empty: {"kind": …}. `archive`: files come along with it. */
int project_form_read_source(const json_t *source, bool archive, struct project_form *ret_form, struct field_errors *errors,
			     struct error *err);
/* Some of the fields that may be changed later (all but name and source); those that are missing stay NULL. `ret_given` tells which
 * were there, FORM_GIVEN_…, as a null or an empty list takes a value away. Members in `others` (NULL-terminated) are passed over. */
enum {
	FORM_GIVEN_SUMMARY = 1 << 0,
	FORM_GIVEN_SUMMARY_KO = 1 << 1,
	FORM_GIVEN_CATEGORY = 1 << 2,
	FORM_GIVEN_TAGS = 1 << 3,
	FORM_GIVEN_LICENSE = 1 << 4,
	FORM_GIVEN_README = 1 << 5,
	FORM_GIVEN_README_KO = 1 << 6,
	FORM_GIVEN_HOMEPAGE = 1 << 7,
	FORM_GIVEN_CONTACT = 1 << 8,
	FORM_GIVEN_RUN = 1 << 9,
	FORM_GIVEN_NETWORK = 1 << 10,
	FORM_GIVEN_PORTS = 1 << 11,
	FORM_GIVEN_SMOKE = 1 << 12,
	FORM_GIVEN_SIZE = 1 << 13,
};
int project_form_read_change(const json_t *json, const char *const *others, struct project_form *ret_form, unsigned *ret_given,
			     struct field_errors *errors, struct error *err);
/* Each is 0 or -EINVAL with the fault noted under `field`; for other readers of the same fields (project.conf). */
int check_git_url(const char *field, const char *url, struct field_errors *errors);
int check_git_ref(const char *field, const char *ref, struct field_errors *errors);
int check_summary(const char *field, const char *text, struct field_errors *errors);
int check_homepage(const char *field, const char *url, struct field_errors *errors);
int check_command(const char *field, const char *text, struct field_errors *errors);
int check_ports(const char *field, const char *list, struct field_errors *errors); /* "80,8080" */
int check_tags(const char *field, const char *list, struct field_errors *errors);  /* "a,b" */
