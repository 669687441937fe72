#include "web/feedback.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/prose.h"
#include "web/guard.h"
#include "web/views.h"

int feedback_limit(struct request *request, struct limiter *limiter, const struct session *session, struct error *err)
{
	const struct web *web = request_data(request);
	char key[64];
	unsigned seconds;

	if (session->user == 0 && !guard_holds(web->options, request))
		return 0;
	if (session->user != 0)
		snprintf(key, sizeof(key), "user %lld", (long long)session->user);
	else
		limiter_address(request_address(request), key);
	if (limiter_take(limiter, key, clock_monotonic_ms(), &seconds) == 0)
		return 0;
	respond_retry_after(request, seconds);
	return error_set(err, ERROR_RATE_LIMITED, EAGAIN, "that was too often; the next one is possible in %u s",
			 seconds);
}

int feedback_page(struct request *request, struct page *ret_page, struct error *err)
{
	uint64_t page, per_page;
	int r = request_query_number(request, "page", 1, 1000000, 1, &page, err);

	if (r == 0)
		r = request_query_number(request, "per_page", 1, 100, 20, &per_page, err);
	if (r == 0)
		*ret_page = (struct page){(unsigned)page, (unsigned)per_page};
	return r;
}

int feedback_admin_page(struct request *request, struct session *ret_session, struct page *ret_page, struct error *err)
{
	int r = visitor_admin(request, ret_session, err);

	return r < 0 ? r : feedback_page(request, ret_page, err);
}

int feedback_answer(struct request *request, int r, json_t *items, struct page page, int64_t total)
{
	if (r == 0)
		respond_json(request, 200, view_page(items, page, total));
	else
		json_decref(items);
	return r;
}

const char *feedback_filter(struct request *request, const char *name)
{
	const char *value = request_query(request, name);

	return value != NULL && *value != '\0' ? value : NULL;
}

char *feedback_text(json_t *json, const char *field, size_t least, size_t most, struct field_errors *errors)
{
	json_t *value = json_object_get(json, field);
	auto_free char *text = NULL;
	size_t length;

	if ((value == NULL || json_is_null(value)) && least == 0)
		return NULL;
	if (!json_is_string(value)) {
		field_error(errors, field, "must be a text");
		return NULL;
	}
	text = prose_clean(json_string_value(value));
	length = prose_length(text);
	if (length < least)
		field_error(errors, field, "is empty");
	else if (length > most)
		field_error(errors, field, "has %zu characters; at most %zu fit", length, most);
	else
		return steal(text);
	return NULL;
}

int feedback_refuse(struct request *request, int r, const struct field_errors *errors, struct error *err)
{
	if (errors->count == 0)
		return r;
	field_errors_result(errors, err);
	respond_problem(request, err, field_errors_json(errors));
	return 0;
}
