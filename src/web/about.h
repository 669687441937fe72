/* What PATCH /projects/{owner}/{name} changes of a form's fields, and how often the project is built again. */
#pragma once

#include <jansson.h>

#include "core/project_form.h"
#include "store/projects.h"

struct about_change {
	struct project_form form;
	unsigned given;	      /* FORM_GIVEN_… */
	int64_t rebuild_days; /* -1: stays */
};

void about_change_fini(struct about_change *change);
/* Members in `others` are somebody else's. Faults are noted. */
void about_read(json_t *json, const char *const *others, struct about_change *ret_change, struct field_errors *errors);
bool about_is_empty(const struct about_change *change);
/* The project as it is to be; the change is empty after it. */
void about_apply(struct about_change *change, struct project *project);
