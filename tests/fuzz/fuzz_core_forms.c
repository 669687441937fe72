/* What an author hands in: the first byte chooses between script, Dockerfile, project form (JSON), README and image
 * reference. */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/util.h"
#include "core/dockerfile.h"
#include "core/markdown.h"
#include "core/names.h"
#include "core/project_form.h"
#include "core/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t lines_that_begin(const char *text, const char *with)
{
	size_t count = 0;

	for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		line += *line == '\n';
		count += strncmp(line, with, strlen(with)) == 0;
	}
	return count;
}

static void try_script(const char *text, size_t length)
{
	char *label = xstrndup(text, length);
	const struct dockerfile_source source = {.base = "debian:bookworm",
						 .script = text,
						 .script_length = length,
						 .title = label,
						 .summary = label,
						 .license = label,
						 .homepage = label,
						 .version = label};
	struct buf dockerfile = BUF_INIT;
	struct buf script = BUF_INIT;
	struct error err;

	if (dockerfile_from_script(&source, &dockerfile, &script, &err) == 0) {
		/* Nothing that an author writes may become an instruction of its own. */
		if (lines_that_begin(dockerfile.data, "FROM ") != 1 || lines_that_begin(dockerfile.data, "RUN ") != 1 ||
		    lines_that_begin(dockerfile.data, "COPY ") != 1)
			abort();
		if (script.data[script.length - 1] != '\n' || memchr(script.data, '\r', script.length) != NULL)
			abort();
	}
	buf_fini(&dockerfile);
	buf_fini(&script);
	free(label);
}

static void try_form(const char *text, size_t length)
{
	json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	struct field_errors errors = {0};
	struct project_form form;
	struct error err;

	if (project_form_read(json, length % 2 == 0, &form, &errors, &err) == 0) {
		if (!name_is_valid(form.name) || !category_is_valid(form.category))
			abort();
		project_form_fini(&form);
	} else {
		json_t *told = field_errors_json(&errors);

		if (json_array_size(json_object_get(told, "errors")) != errors.count || errors.count == 0)
			abort();
		json_decref(told);
	}
	json_decref(json);
}

static void try_readme(const char *text, size_t length)
{
	struct buf html = BUF_INIT;
	struct error err;

	if (markdown_to_html(text, length, &html, &err) == 0 && html.length > 0) {
		static const char *const never[] = {"<script", "<iframe",           "<style", "<object", "<svg",
						    "<form",   "href=\"javascript:"};

		for (size_t i = 0; i < ARRAY_SIZE(never); i++)
			if (strcasestr(html.data, never[i]) != NULL)
				abort();
	}
	buf_fini(&html);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	struct reference reference;
	struct error err;
	char *copy;

	if (size == 0)
		return 0;
	switch (data[0] % 5) {
	case 0:
		try_script(text, size - 1);
		break;
	case 1:
		dockerfile_check(text, size - 1, &err);
		break;
	case 2:
		try_form(text, size - 1);
		break;
	case 3:
		try_readme(text, size - 1);
		break;
	default:
		copy = xstrndup(text, size - 1);
		if (reference_parse(copy, &reference, &err) == 0 && *reference.path == '\0')
			abort();
		license_is_valid(copy);
		free(copy);
		break;
	}
	return 0;
}
