#include "web/about.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/util.h"

#define REBUILD_DAYS_MAX 30

void about_change_fini(struct about_change *change)
{
	project_form_fini(&change->form);
	memset(change, 0, sizeof(*change));
}

void about_read(json_t *json, const char *const *others, struct about_change *ret_change, struct field_errors *errors)
{
	json_t *days = json_object_get(json, "rebuild_days");
	struct error err;

	memset(ret_change, 0, sizeof(*ret_change));
	ret_change->rebuild_days = -1;
	if (days != NULL && (!json_is_integer(days) || json_integer_value(days) < 0 || json_integer_value(days) > REBUILD_DAYS_MAX))
		field_error(errors, "rebuild_days", "must be a whole number from 0 (never) to %d", REBUILD_DAYS_MAX);
	else if (days != NULL)
		ret_change->rebuild_days = json_integer_value(days);
	project_form_read_change(json, others, &ret_change->form, &ret_change->given, errors, &err);
}

bool about_is_empty(const struct about_change *change)
{
	return change->given == 0 && change->rebuild_days < 0;
}

static void put(bool given, char **into, char **from)
{
	if (!given)
		return;
	free(*into);
	*into = steal(*from);
}

void about_apply(struct about_change *change, struct project *project)
{
	const unsigned given = change->given;
	struct project_form *form = &change->form;

	put(given & FORM_GIVEN_SUMMARY, &project->summary, &form->summary);
	put(given & FORM_GIVEN_SUMMARY_KO, &project->summary_ko, &form->summary_ko);
	put(given & FORM_GIVEN_CATEGORY, &project->category, &form->category);
	put(given & FORM_GIVEN_TAGS, &project->tags, &form->tags);
	put(given & FORM_GIVEN_LICENSE, &project->license, &form->license);
	put(given & FORM_GIVEN_README, &project->readme, &form->readme);
	put(given & FORM_GIVEN_README_KO, &project->readme_ko, &form->readme_ko);
	put(given & FORM_GIVEN_HOMEPAGE, &project->homepage, &form->homepage);
	put(given & FORM_GIVEN_CONTACT, &project->contact, &form->contact);
	put(given & FORM_GIVEN_RUN, &project->run, &form->run);
	put(given & FORM_GIVEN_PORTS, &project->ports, &form->ports);
	put(given & FORM_GIVEN_SMOKE, &project->smoke, &form->smoke);
	put(given & FORM_GIVEN_SIZE, &project->size_class, &form->size);
	if (given & FORM_GIVEN_NETWORK)
		project->network = form->network;
	if (change->rebuild_days >= 0)
		project->rebuild_days = change->rebuild_days;
	if (project->license == NULL)
		project->license = xstrdup("");
	about_change_fini(change);
}
