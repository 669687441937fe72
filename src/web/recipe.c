#include "web/recipe.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"
#include "core/dockerfile.h"
#include "core/tar.h"

void recipe_fini(struct recipe *recipe)
{
	free(recipe->source);
	free(recipe->dockerfile);
	memset(recipe, 0, sizeof(*recipe));
}

/* ---- what was sent ---------------------------------------------------------------------------------------------------------- */

typedef int script_maker(const struct dockerfile_source *source, struct buf *ret_dockerfile, struct buf *ret_script, struct error *err);

static int from_script(script_maker *maker, const struct project_form *form, const struct project *about, struct buf *ret_dockerfile,
		       struct buf *ret_script, struct error *err)
{
	auto_free char *title = about != NULL ? xasprintf("%s/%s", about->owner, about->name) : NULL;
	const struct dockerfile_source source = {
		.base = form->base,
		.script = form->script,
		.script_length = strlen(form->script),
		.title = title,
		.summary = about != NULL ? about->summary : NULL,
		.license = about != NULL ? about->license : NULL,
		.homepage = about != NULL ? about->homepage : NULL,
	};

	return maker(&source, ret_dockerfile, ret_script, err);
}

static int make_dockerfile(const struct project_form *form, const struct project *about, struct buf *out, struct error *err)
{
	auto_buf struct buf script = BUF_INIT;

	switch (form->source_kind) {
	case SOURCE_SCRIPT:
		return from_script(dockerfile_from_script, form, about, out, &script, err);
	case SOURCE_GIT:
		return form->script != NULL ? from_script(dockerfile_from_repository, form, about, out, &script, err) : 0;
	case SOURCE_SANDBOX: /* made when it was saved (layer_context.h) */
		if (!form->archive)
			return error_set(err, ERROR_INVALID, EINVAL, "what a sandbox becomes is known when it is saved");
		/* fall through */
	case SOURCE_DOCKERFILE:
		if (form->dockerfile != NULL)
			buf_append_string(out, form->dockerfile);
		return 0;
	case SOURCE_IMAGE:
		buf_printf(out, "FROM %s\n", form->reference);
		return 0;
	}
	return error_set(err, ERROR_INVALID, EINVAL, "can't be published in this way");
}

static json_t *source_json(const struct project_form *form, bool archive)
{
	json_t *json = json_pack("{s:s,s:s*,s:s*,s:s*,s:s*,s:s*,s:s*,s:s*,s:s*,s:s*}", "kind", source_kind_name(form->source_kind), "base", form->base,
				 "script", form->script, "dockerfile", form->dockerfile, "reference", form->reference, "url", form->url, "ref",
				 form->ref, "folder", form->folder, "sandbox", form->sandbox, "credentials",
				 form->credentials);

	if (archive)
		json_object_set_new(json, "context", json_true());
	return json;
}

/* Another source is another image. */
static void digest_of(const struct recipe *recipe, char out[CONTEXT_DIGEST_SIZE])
{
	const char *const parts[] = {recipe->source, recipe->dockerfile};
	unsigned char digest[crypto_generichash_BYTES];
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof(digest));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		crypto_generichash_update(&state, (const unsigned char *)(parts[i] != NULL ? parts[i] : ""),
					  parts[i] != NULL ? strlen(parts[i]) + 1 : 1);
	crypto_generichash_final(&state, digest, sizeof(digest));
	str_hex(digest, sizeof(digest), out);
}

int recipe_make(const struct project_form *form, const struct project *about, bool archive, struct recipe *ret_recipe,
		struct field_errors *errors, struct error *err)
{
	struct recipe recipe = {.source_kind = source_kind_name(form->source_kind)};
	auto_buf struct buf dockerfile = BUF_INIT;
	json_t *source;
	int r = 0;

	if (archive && form->source_kind != SOURCE_DOCKERFILE && form->source_kind != SOURCE_SANDBOX)
		r = error_set(err, ERROR_INVALID, EINVAL, "files can come along with a Dockerfile only");
	if (r == 0)
		r = make_dockerfile(form, about, &dockerfile, err);
	if (r < 0) {
		field_error(errors, "source", "%.150s", err->message);
		return r;
	}
	source = source_json(form, archive);
	recipe.source = json_dumps(source, JSON_COMPACT);
	json_decref(source);
	recipe.dockerfile = dockerfile.length > 0 ? buf_steal(&dockerfile) : NULL;
	digest_of(&recipe, recipe.digest);
	*ret_recipe = recipe;
	return 0;
}

/* ---- what it is built with -------------------------------------------------------------------------------------------------- */

static int memory_file(const struct buf *data, int *ret_fd, struct error *err)
{
	auto_fd int fd = memfd_create("context", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, data->data, data->length);

	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, r, "cannot hold a build's files in memory");
	*ret_fd = steal_fd(&fd);
	return 0;
}

static int add_script(struct buf *tar, json_t *source, struct error *err)
{
	auto_buf struct buf dockerfile = BUF_INIT;
	auto_buf struct buf script = BUF_INIT;
	const char *base = json_string_value(json_object_get(source, "base"));
	const char *text = json_string_value(json_object_get(source, "script"));
	struct project_form form = {.base = (char *)base, .script = (char *)text};
	int r = from_script(dockerfile_from_script, &form, NULL, &dockerfile, &script, err);

	return r < 0 ? r : tar_add_file(tar, DOCKERFILE_SCRIPT_NAME, 0644, script.data, script.length, err);
}

/* ERROR_NOT_FOUND: it can't be made of what the row says. */
static int make_context(const struct project *project, int *ret_fd, struct error *err)
{
	json_t *source = project->source != NULL ? json_loads(project->source, 0, NULL) : NULL;
	bool is_script = str_equal(project->source_kind, "script") && json_is_string(json_object_get(source, "script")) &&
			 json_is_string(json_object_get(source, "base"));
	bool can = project->dockerfile != NULL && !json_is_true(json_object_get(source, "context")) &&
		   (is_script || (str_equal(project->source_kind, "dockerfile") && json_is_string(json_object_get(source, "dockerfile"))) ||
		    str_equal(project->source_kind, "image"));
	auto_buf struct buf tar = BUF_INIT;
	int r = 0;

	if (!can)
		r = error_set(err, ERROR_NOT_FOUND, ENOENT, "the files of %s/%s are kept no longer; publish them again", project->owner,
			      project->name);
	if (r == 0)
		r = tar_add_file(&tar, "Dockerfile", 0644, project->dockerfile, strlen(project->dockerfile), err);
	if (r == 0 && is_script)
		r = add_script(&tar, source, err);
	json_decref(source);
	if (r < 0)
		return r;
	tar_finish(&tar);
	return memory_file(&tar, ret_fd, err);
}

int recipe_open(const char *data_folder, const struct project *project, int *ret_fd, struct error *err)
{
	int r;

	if (recipe_is_fetched(project)) {
		*ret_fd = -1;
		return 0;
	}
	r = context_open(data_folder, project, ret_fd, err);

	return r < 0 && err->kind == ERROR_NOT_FOUND ? make_context(project, ret_fd, err) : r;
}

bool recipe_is_fetched(const struct project *project)
{
	return str_equal(project->source_kind, "git");
}

void recipe_forget_commit(struct project *project)
{
	json_t *source = recipe_is_fetched(project) && project->source != NULL ? json_loads(project->source, 0, NULL) : NULL;

	if (source == NULL)
		return;
	json_object_del(source, "commit");
	free(project->source);
	project->source = json_dumps(source, JSON_COMPACT);
	json_decref(source);
}

bool recipe_is_beside(const struct project *project)
{
	json_t *source = project->source != NULL ? json_loads(project->source, 0, NULL) : NULL;
	bool beside = json_is_true(json_object_get(source, "context"));

	json_decref(source);
	return beside && project->dockerfile != NULL;
}
