#include "web/publish_body.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "http/upload.h"
#include "web/internal.h"
#include "web/picture.h"

#define PROJECT_MAX ((size_t)1 << 20)

void publish_body_fini(struct publish_body *body)
{
	json_decref(body->json);
	buf_fini(&body->logo);
	context_writer_free(body->archive);
	memset(body, 0, sizeof(*body));
}

struct form {
	const struct web_options *options;
	struct buf project;
	struct buf logo;
	struct context_writer *archive; /* NULL: none came */
	/* How much of each came: a second part of the same name begins at 0 again. */
	uint64_t project_size;
	uint64_t archive_size;
	uint64_t logo_size;
};

static int take_bytes(struct buf *buf, size_t max, const char *name, const void *data, size_t length, struct error *err)
{
	if (buf->length + length > max)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "the part \"%s\" may have %zu bytes at most", name, max);
	buf_append(buf, data, length);
	return 0;
}

static int take_archive(struct form *form, const void *data, size_t length, struct error *err)
{
	int r = form->archive == NULL ? context_writer_new(form->options->data, &form->archive, err) : 0;

	if (r == 0 && form->archive_size + length > form->options->context_max)
		r = error_set(err, ERROR_TOO_LARGE, EFBIG, "the archive may have %zu bytes at most", form->options->context_max);
	return r == 0 ? context_writer_add(form->archive, data, length, err) : r;
}

static int take_part(const char *name, const void *data, size_t length, uint64_t offset, void *taker_data, struct error *err)
{
	struct form *form = taker_data;
	uint64_t *size = strcmp(name, "project") == 0	? &form->project_size
			 : strcmp(name, "context") == 0 ? &form->archive_size
			 : strcmp(name, "logo") == 0	? &form->logo_size
							: NULL;
	int r;

	if (size == NULL)
		return error_set(err, ERROR_INVALID, EINVAL, "there is no part \"%.40s\": parts are project, context and logo", name);
	if (offset != *size)
		return error_set(err, ERROR_MALFORMED, EBADMSG, "the part \"%s\" came twice", name);
	if (size == &form->project_size)
		r = take_bytes(&form->project, PROJECT_MAX, name, data, length, err);
	else if (size == &form->logo_size)
		r = take_bytes(&form->logo, PICTURE_INPUT_MAX, name, data, length, err);
	else
		r = take_archive(form, data, length, err);
	*size += length;
	return r;
}

static int read_project(const struct buf *text, json_t **ret_json, struct error *err)
{
	json_error_t why;
	json_t *json;

	if (text->length == 0)
		return error_set(err, ERROR_MALFORMED, EBADMSG, "the form needs a part \"project\": a JSON object");
	if (!str_is_utf8(text->data, text->length))
		return error_set(err, ERROR_MALFORMED, EBADMSG, "the part \"project\" is not UTF-8 text");
	json = json_loadb(text->data, text->length, JSON_REJECT_DUPLICATES, &why);
	if (!json_is_object(json)) {
		json_decref(json);
		return error_set(err, ERROR_MALFORMED, EBADMSG, "the part \"project\" is not a JSON object: line %d: %s", why.line, why.text);
	}
	*ret_json = json;
	return 0;
}

static int read_form(struct request *request, struct form *form, struct publish_body *body, struct error *err)
{
	int r = request_read_parts(request, take_part, form, err);

	if (r == 0)
		r = read_project(&form->project, &body->json, err);
	if (r == 0 && form->archive != NULL)
		r = context_writer_check(form->archive, err);
	body->archive = steal(form->archive);
	body->logo = form->logo;
	form->logo = (struct buf)BUF_INIT;
	return r;
}

int publish_body_read(struct request *request, struct publish_body *ret_body, struct error *err)
{
	const struct web *web = request_data(request);
	struct form form = {.options = web->options};
	struct publish_body body = {0};
	int r = request_has_parts(request) ? read_form(request, &form, &body, err) : request_json(request, &body.json, err);

	buf_fini(&form.project);
	buf_fini(&form.logo);
	if (r < 0)
		publish_body_fini(&body);
	else
		*ret_body = body;
	return r;
}
