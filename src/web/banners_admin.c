/* /admin/banners: banners as administrators make them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "core/fields.h"
#include "core/moment.h"
#include "core/project_form.h"
#include "web/banners.h"
#include "web/feedback.h"
#include "web/internal.h"
#include "web/picture.h"
#include "web/views.h"

#define TEXT_MAX   140 /* characters */
#define WEIGHT_MAX 100

static json_t *view_banner(const struct banner *banner)
{
	json_t *json = json_pack("{s:s,s:s,s:o,s:s,s:o}", "id", banner->id, "text", banner->text, "text_ko", view_text(banner->text_ko), "link",
				 banner->link, "i18n", view_banner_i18n(banner));

	json_object_set_new(json, "image", view_banner_image(banner));
	json_object_set_new(json, "starts_at", view_time(banner->starts_ms));
	json_object_set_new(json, "ends_at", view_time(banner->ends_ms));
	json_object_set_new(json, "weight", json_integer(banner->weight));
	json_object_set_new(json, "enabled", json_boolean(banner->enabled));
	json_object_set_new(json, "created_at", view_time(banner->created_ms));
	json_object_set_new(json, "views", json_integer(banner->views));
	json_object_set_new(json, "clicks", json_integer(banner->clicks));
	return json;
}

/* ---- the form ------------------------------------------------------------------------------------------------------------ */

/* Characters, not bytes: Korean has three of them each. */
static size_t characters(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static bool is_one_line(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static void read_text(json_t *json, const char *field, bool needed, char **text, struct field_errors *errors)
{
	json_t *value = json_object_get(json, field);
	const char *string = json_string_value(value);

	if (value == NULL)
		return;
	if (!needed && json_is_null(value)) {
		free(*text);
		*text = NULL;
	} else if (string == NULL || strlen(string) != json_string_length(value) || *string == '\0' || characters(string) > TEXT_MAX ||
		   !is_one_line(string)) {
		field_error(errors, field, "must be one line of 1 to %d characters", TEXT_MAX);
	} else {
		free(*text);
		*text = xstrdup(string);
	}
}

static void read_link(json_t *json, struct banner *banner, struct field_errors *errors)
{
	json_t *value = json_object_get(json, "link");
	const char *link = json_string_value(value);

	if (value == NULL)
		return;
	if (link == NULL || strlen(link) != json_string_length(value)) {
		field_error(errors, "link", "must be an address that begins with https:// or http://");
	} else if (check_homepage("link", link, errors) == 0) {
		free(banner->link);
		banner->link = xstrdup(link);
	}
}

static void read_moment(json_t *json, const char *field, int64_t *ms, struct field_errors *errors)
{
	json_t *value = json_object_get(json, field);

	if (value == NULL)
		return;
	if (json_is_null(value))
		*ms = 0;
	else if (!json_is_string(value) || moment_parse(json_string_value(value), ms) < 0)
		field_error(errors, field, "must be a time like 2026-11-22T09:40:00Z, or null");
}

/* Overlays what the body has on `banner`. */
static int read_form(json_t *json, struct banner *banner, struct field_errors *errors, struct error *err)
{
	static const char *const known[] = {"text", "text_ko", "link", "starts_at", "ends_at", "weight", "enabled", NULL};
	json_t *weight = json_object_get(json, "weight"), *enabled = json_object_get(json, "enabled");

	body_members(json, known, errors);
	read_text(json, "text", true, &banner->text, errors);
	read_text(json, "text_ko", false, &banner->text_ko, errors);
	read_link(json, banner, errors);
	read_moment(json, "starts_at", &banner->starts_ms, errors);
	read_moment(json, "ends_at", &banner->ends_ms, errors);
	if (weight != NULL && (!json_is_integer(weight) || json_integer_value(weight) < 1 || json_integer_value(weight) > WEIGHT_MAX))
		field_error(errors, "weight", "must be a whole number from 1 to %d", WEIGHT_MAX);
	else if (weight != NULL)
		banner->weight = (unsigned)json_integer_value(weight);
	if (enabled != NULL && !json_is_boolean(enabled))
		field_error(errors, "enabled", "must be true or false");
	else if (enabled != NULL)
		banner->enabled = json_is_true(enabled);
	if (banner->text == NULL && json_object_get(json, "text") == NULL)
		field_error(errors, "text", "is needed");
	if (banner->link == NULL && json_object_get(json, "link") == NULL)
		field_error(errors, "link", "is needed");
	if (banner->ends_ms != 0 && banner->ends_ms <= banner->starts_ms)
		field_error(errors, "ends_at", "must be later than starts_at");
	return field_errors_result(errors, err);
}

/* ---- handlers ------------------------------------------------------------------------------------------------------------ */

static int get_list(struct request *request, struct error *err)
{
	struct banner_list list = {0};
	json_t *items = json_array();
	struct session session;
	struct page page = {1, 1};
	int r = feedback_admin_page(request, &session, &page, err);

	if (r == 0)
		r = banners_list(request_local(request), page, &list, err);
	for (size_t i = 0; r == 0 && i < list.count; i++)
		json_array_append_new(items, view_banner(&list.items[i]));
	r = feedback_answer(request, r, items, page, list.total);
	banner_list_fini(&list);
	return r;
}

/* Answers with the banner as it is kept now. */
static int respond_banner(struct request *request, unsigned status, const char *id, struct error *err)
{
	struct banner banner = {0};
	int r = banners_get(request_local(request), id, &banner, err);

	if (r == 0)
		respond_json(request, status, view_banner(&banner));
	banner_fini(&banner);
	return r;
}

static int add(struct request *request, const struct session *session, struct banner *banner, struct error *err)
{
	int r = banners_add(request_local(request), banner, clock_realtime_ms(), err);

	if (r == 0)
		r = visitor_audit(request, session, "banner.add", banner->id, banner->link, err);
	return r == 0 ? respond_banner(request, 201, banner->id, err) : r;
}

static int change(struct request *request, const struct session *session, struct banner *banner, struct error *err)
{
	int r = banners_update(request_local(request), banner, err);

	if (r == 0)
		r = visitor_audit(request, session, "banner.change", banner->id, banner->link, err);
	return r == 0 ? respond_banner(request, 200, banner->id, err) : r;
}

static int take_form(struct request *request, struct banner *banner,
		     int (*then)(struct request *, const struct session *, struct banner *, struct error *), const struct session *session,
		     struct error *err)
{
	struct field_errors errors = {0};
	json_t *json = NULL;
	int r = request_json(request, &json, err);

	if (r < 0)
		return r;
	if (read_form(json, banner, &errors, err) < 0)
		respond_problem(request, err, field_errors_json(&errors));
	else
		r = then(request, session, banner, err);
	json_decref(json);
	return r;
}

static int post_banner(struct request *request, struct error *err)
{
	struct banner banner = {.weight = 1, .enabled = true};
	struct session session;
	int r = visitor_admin(request, &session, err);

	if (r == 0)
		r = take_form(request, &banner, add, &session, err);
	banner_fini(&banner);
	return r;
}

static int patch_banner(struct request *request, struct error *err)
{
	struct banner banner = {0};
	struct session session;
	int r = visitor_admin(request, &session, err);

	if (r == 0)
		r = banners_get(request_local(request), request_param(request, "id"), &banner, err);
	if (r == 0)
		r = take_form(request, &banner, change, &session, err);
	banner_fini(&banner);
	return r;
}

static int get_one(struct request *request, struct error *err)
{
	struct session session;
	int r = visitor_admin(request, &session, err);

	return r == 0 ? respond_banner(request, 200, request_param(request, "id"), err) : r;
}

static int delete_banner(struct request *request, struct error *err)
{
	const char *id = request_param(request, "id");
	struct session session;
	int r = visitor_admin(request, &session, err);

	if (r == 0)
		r = banners_delete(request_local(request), id, err);
	if (r == 0)
		r = visitor_audit(request, &session, "banner.delete", id, NULL, err);
	if (r == 0)
		respond_empty(request, 204);
	return r;
}

/* ---- its picture ---------------------------------------------------------------------------------------------------------- */

static int keep_image(struct request *request, const struct session *session, const struct banner_image *image, struct error *err)
{
	const char *id = request_param(request, "id");
	int r = banners_set_image(request_local(request), id, image, err);

	return r == 0 ? visitor_audit(request, session, "banner.image", id, image->hash, err) : r;
}

static int put_image(struct request *request, struct error *err)
{
	const struct web *web = request_data(request);
	struct banner known = {0};
	struct picture picture = {0};
	struct session session;
	size_t length;
	const char *data = request_body(request, &length);
	int r = visitor_admin(request, &session, err);

	if (r == 0) /* before any work is done for it */
		r = banners_get(request_local(request), request_param(request, "id"), &known, err);
	banner_fini(&known);
	if (r == 0)
		r = picture_make(web->options->image_program, data, length, BANNER_WIDTH_MAX, BANNER_HEIGHT_MAX, &picture, err);
	if (r == 0)
		r = keep_image(request, &session,
			       &(struct banner_image){picture.data.data, picture.data.length, picture.type, picture.hash, picture.width,
						      picture.height},
			       err);
	if (r == 0)
		r = respond_banner(request, 200, request_param(request, "id"), err);
	picture_fini(&picture);
	return r;
}

static int delete_image(struct request *request, struct error *err)
{
	struct session session;
	int r = visitor_admin(request, &session, err);

	if (r == 0)
		r = keep_image(request, &session, &(struct banner_image){0}, err);
	if (r == 0)
		respond_empty(request, 204);
	return r;
}

const struct resource banner_admin_resources[] = {
	{METHOD_GET, "/api/v1/admin/banners", ROUTE_WORK, get_list, false, 0},
	{METHOD_POST, "/api/v1/admin/banners", ROUTE_WORK, post_banner, false, 16 * 1024},
	{METHOD_GET, "/api/v1/admin/banners/{id}", ROUTE_WORK, get_one, false, 0},
	{METHOD_PATCH, "/api/v1/admin/banners/{id}", ROUTE_WORK, patch_banner, false, 16 * 1024},
	{METHOD_DELETE, "/api/v1/admin/banners/{id}", ROUTE_WORK, delete_banner, false, 1024},
	{METHOD_PUT, "/api/v1/admin/banners/{id}/image", ROUTE_WORK, put_image, RESOURCE_ANY_TYPE, PICTURE_INPUT_MAX},
	{METHOD_DELETE, "/api/v1/admin/banners/{id}/image", ROUTE_WORK, delete_image, false, 1024},
	{0},
};
