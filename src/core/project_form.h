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
	char *category;
	char *tags; /* "a,b,c", "" for none */
	char *license;
	char *readme;
	char *homepage;
	char *run;
	bool network;
	char *ports; /* "80,8080", "" for none */
	char *smoke;
	enum source_kind source_kind;
	char *base;   /* script */
	char *script; /* script */
	char *dockerfile;
	char *reference; /* image */
	char *url;       /* git */
	char *ref;       /* git */
	char *sandbox;
};

void project_form_fini(struct project_form *form);
/* Fills the form from the JSON object, or notes what is wrong in `errors` (and gives ERROR_INVALID). Unknown members
 * are refused. */
int project_form_read(const json_t *json, struct project_form *ret_form, struct field_errors *errors,
		      struct error *err);
/* Each is 0 or -EINVAL with the fault noted under `field`; for other readers of the same fields (project.conf). */
int check_summary(const char *field, const char *text, struct field_errors *errors);
int check_homepage(const char *field, const char *url, struct field_errors *errors);
int check_command(const char *field, const char *text, struct field_errors *errors);
int check_ports(const char *field, const char *list, struct field_errors *errors); /* "80,8080" */
int check_tags(const char *field, const char *list, struct field_errors *errors);  /* "a,b" */
