#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/util.h"
#include "core/dockerfile.h"
#include "core/names.h"
#include "core/project_form.h"
#include "core/recognise.h"
#include "core/tar.h"
#include "core/tar_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_names(const char *tar, size_t length)
{
	struct tar_reader reader;
	struct tar_entry entry;

	tar_reader_init(&reader, tar, length);
	while (tar_reader_next(&reader, &entry, NULL) > 0) {
		if (entry.name[0] == '/' || strncmp(entry.name, "../", 3) == 0 || strstr(entry.name, "/../") != NULL ||
		    str_ends_with(entry.name, "/..") || str_equal(entry.name, ".."))
			abort();
		if (entry.data < tar || entry.data + entry.length > tar + length)
			abort();
	}
	tar_reader_fini(&reader);
}

static void must(bool good)
{
	if (!good)
		abort();
}

/* Whatever lies in a repository: what is proposed is what the form takes. */
static void check_proposal(const struct repository *repository)
{
	json_t *proposal = recognise_proposal(repository, "https://example.org/a/thing", NULL);
	const char *summary = json_string_value(json_object_get(proposal, "summary"));
	const char *readme = json_string_value(json_object_get(proposal, "readme"));
	const char *license = json_string_value(json_object_get(proposal, "license"));
	const char *run = json_string_value(json_object_get(proposal, "run"));
	const char *smoke = json_string_value(json_object_get(proposal, "smoke"));
	const char *script = json_string_value(json_object_get(json_object_get(proposal, "source"), "script"));
	struct field_errors errors = {0};

	must(proposal != NULL && name_is_valid(json_string_value(json_object_get(proposal, "name"))));
	must(category_is_valid(json_string_value(json_object_get(proposal, "category"))));
	must(summary == NULL || check_summary("summary", summary, &errors) == 0);
	must(readme == NULL || strlen(readme) <= FORM_README_MAX);
	must(license == NULL || license_is_valid(license));
	must(run == NULL || check_command("run", run, &errors) == 0);
	must(smoke == NULL || check_command("smoke", smoke, &errors) == 0);
	if (script != NULL) {
		const struct dockerfile_source source = {.base = RECOGNISE_BASE, .script = script, .script_length = strlen(script)};
		struct buf dockerfile = BUF_INIT, file = BUF_INIT;

		must(dockerfile_from_script(&source, &dockerfile, &file, NULL) == 0);
		buf_fini(&dockerfile);
		buf_fini(&file);
	}
	json_decref(proposal);
}

static void check(const char *tar, size_t length)
{
	struct repository repository;

	check_names(tar, length);
	if (repository_read(tar, length, NULL, &repository, NULL) < 0)
		return;
	check_proposal(&repository);
	repository_fini(&repository);
}

/* "name\0text\0name\0text…" as a tar, so that what reads the texts is reached without sums. */
static void check_made(const char *data, size_t size)
{
	struct buf tar = BUF_INIT;

	while (size > 0) {
		size_t name = strnlen(data, size);
		size_t text = name < size ? strnlen(data + name + 1, size - name - 1) : 0;

		if (name < size)
			tar_add_file(&tar, data, 0644, data + name + 1, text, NULL);
		if (name + 1 + text >= size)
			break;
		data += name + 1 + text + 1;
		size -= name + 1 + text + 1;
	}
	tar_finish(&tar);
	check(tar.data, tar.length);
	buf_fini(&tar);
}

/* The first byte: a tar as it is, or files to make one of. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	if (size == 0)
		return 0;
	copy = xmalloc(size);
	memcpy(copy, data + 1, size - 1);
	copy[size - 1] = '\0';
	if (data[0] % 2 == 0)
		check(copy, size - 1);
	else
		check_made(copy, size - 1);
	free(copy);
	return 0;
}
