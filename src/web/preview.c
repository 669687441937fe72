/* What a source becomes, before anything is published: its Dockerfile, and the bases to begin with. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/util.h"
#include "web/bases.h"
#include "web/internal.h"
#include "web/recipe.h"
#include "web/views.h"

static int get_bases(struct request *request, struct error *err)
{
	json_t *items = json_array();

	(void)err;
	for (const struct base_choice *choice = base_choices; choice->reference != NULL; choice++)
		json_array_append_new(items, json_pack("{s:s, s:s}", "reference", choice->reference, "label", choice->label));
	respond_json(request, 200, json_pack("{s:o}", "items", items));
	return 0;
}

static int preview(struct request *request, const struct project_form *form, struct error *err)
{
	struct field_errors errors = {0};
	struct recipe recipe = {0};

	if (recipe_make(form, NULL, false, &recipe, &errors, err) < 0)
		respond_problem(request, err, field_errors_json(&errors));
	else
		respond_json(request, 200, json_pack("{s:o}", "dockerfile", view_text(recipe.dockerfile)));
	recipe_fini(&recipe);
	return 0;
}

static int post_preview(struct request *request, struct error *err)
{
	static const char *const known[] = {"source", NULL};
	struct web *web = request_data(request);
	struct field_errors errors = {0};
	struct project_form form = {0};
	char key[LIMITER_ADDRESS_SIZE];
	json_t *json = NULL;
	unsigned seconds;
	int r;

	limiter_address(request_address(request), key);
	if (limiter_take(web->previews, key, clock_monotonic_ms(), &seconds) < 0) {
		respond_retry_after(request, seconds);
		return error_set(err, ERROR_RATE_LIMITED, EAGAIN, "too many at once; the next one is possible in %u s", seconds);
	}
	r = request_json(request, &json, err);
	if (r < 0)
		return r;
	body_members(json, known, &errors);
	if (project_form_read_source(json_object_get(json, "source"), false, &form, &errors, err) < 0 || errors.count > 0) {
		field_errors_result(&errors, err);
		respond_problem(request, err, field_errors_json(&errors));
	} else {
		r = preview(request, &form, err);
	}
	project_form_fini(&form);
	json_decref(json);
	return r;
}

const struct resource preview_resources[] = {
	{METHOD_GET, "/api/v1/bases", ROUTE_WORK, get_bases, false, 0},
	{METHOD_POST, "/api/v1/sources/preview", ROUTE_WORK, post_preview, false, 640 * 1024},
	{0},
};
