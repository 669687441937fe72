#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/catalog.h"
#include "core/dockerfile.h"
#include "core/fields.h"
#include "core/markdown.h"
#include "core/names.h"
#include "core/project_form.h"
#include "core/reference.h"
#include "core/tar.h"
#include "web/context.h"

#define CONTEXT_FILES_MAX 2000
#define CONTEXT_DEPTH_MAX 16

enum conf_key {
	NAME, SUMMARY, SUMMARY_KO, CATEGORY, TAGS, LICENSE, HOMEPAGE, VERSION_COMMAND, RUN, SMOKE, NETWORK, PORTS, POPULARITY, MEMORY, KIND,
	BASE, CONF_KEYS
};

static const struct {
	const char *section;
	const char *name;
} conf_keys[CONF_KEYS] = {
	{"project", "name"},	    {"project", "summary"},	    {"project", "summary_ko"}, {"project", "category"},
	{"project", "tags"},	    {"project", "license"},	    {"project", "homepage"},   {"project", "version_command"},
	{"project", "run"},	    {"project", "smoke"},	    {"project", "network"},    {"project", "ports"},
	{"project", "popularity"}, {"project", "memory"},	    {"source", "kind"},	       {"source", "base"},
};

/* project.conf while it is read. */
struct conf {
	const char *path;
	FILE *file;
	int line;
	char *values[CONF_KEYS]; /* NULL: not given */
	struct error *err;
	bool failed;
};

static int fail(struct conf *conf, const char *format, const char *what)
{
	char message[256];

	if (!conf->failed) {
		snprintf(message, sizeof(message), format, what);
		error_set(conf->err, ERROR_INVALID, EINVAL, "%s:%d: %s", conf->path, conf->line, message);
	}
	conf->failed = true;
	return 0;
}

/* inih cuts what is too long or looks like a comment without a word; a command would change its meaning. */
static char *read_line(char *text, int size, void *stream)
{
	struct conf *conf = stream;
	char *line = fgets(text, size, conf->file);

	if (line == NULL)
		return NULL;
	conf->line++;
	if (strchr(line, '\n') == NULL && !feof(conf->file))
		fail(conf, "%s", "the line is longer than a configuration line may be");
	else if (line[0] != ';' && line[0] != '#' && (strstr(line, " ;") != NULL || strstr(line, "\t;") != NULL))
		fail(conf, "%s", "a semicolon after a space starts a comment; write \"a; b\" or \"a && b\"");
	return line;
}

static int take_value(void *user, const char *section, const char *name, const char *value)
{
	struct conf *conf = user;

	if (conf->failed)
		return 0;
	for (size_t i = 0; i < CONF_KEYS; i++) {
		if (strcmp(conf_keys[i].section, section) != 0 || strcmp(conf_keys[i].name, name) != 0)
			continue;
		if (conf->values[i] != NULL)
			return fail(conf, "%s is given twice", name);
		if (!str_is_utf8(value, strlen(value)))
			return fail(conf, "%s is not UTF-8", name);
		conf->values[i] = xstrdup(value);
		return 1;
	}
	return fail(conf, "unknown key %s", name);
}

static void conf_fini(struct conf *conf)
{
	for (size_t i = 0; i < CONF_KEYS; i++)
		free(conf->values[i]);
}

static int conf_read(struct conf *conf)
{
	int line;

	conf->file = fopen(conf->path, "re");
	if (conf->file == NULL)
		return error_errno(conf->err, errno, "cannot read %s", conf->path);
	line = ini_parse_stream(read_line, conf, take_value, conf);
	fclose(conf->file);
	if (conf->failed)
		return -EINVAL;
	return line != 0 ? error_set(conf->err, ERROR_MALFORMED, EINVAL, "%s:%d: neither a [section] nor key = value", conf->path, line) : 0;
}

/* ---- from values to a project ------------------------------------------------------------------------------------------ */

static const char *value_of(const struct conf *conf, enum conf_key key)
{
	return conf->values[key] != NULL ? conf->values[key] : "";
}

/* The value, NULL for an empty one. */
static char *optional(const struct conf *conf, enum conf_key key)
{
	return *value_of(conf, key) != '\0' ? xstrdup(conf->values[key]) : NULL;
}

/* "a, b" → "a,b". */
static char *without_spaces(const char *text)
{
	char *out = xstrdup(text);
	char *to = out;

	for (const char *from = text; *from != '\0'; from++)
		if (*from != ' ' && *from != '\t')
			*to++ = *from;
	*to = '\0';
	return out;
}

static void check_required(const struct conf *conf, struct field_errors *errors)
{
	static const enum conf_key required[] = {NAME, SUMMARY, CATEGORY, LICENSE, SMOKE, KIND};

	for (size_t i = 0; i < ARRAY_SIZE(required); i++)
		if (*value_of(conf, required[i]) == '\0')
			field_error(errors, conf_keys[required[i]].name, "is missing");
}

static void check_values(const struct conf *conf, const struct project *project, const char *folder, struct field_errors *errors)
{
	const char *slash = strrchr(folder, '/');

	check_required(conf, errors);
	if (!name_is_valid(project->name) || strcmp(project->name, slash != NULL ? slash + 1 : folder) != 0)
		field_error(errors, "name", "must be the folder's name: a-z, 0-9 and -");
	if (!category_is_valid(project->category))
		field_error(errors, "category", "is none of the catalogue's");
	if (!license_is_valid(project->license))
		field_error(errors, "license", "must be an SPDX expression");
	check_summary("summary", project->summary, errors);
	if (project->summary_ko != NULL)
		check_summary("summary_ko", project->summary_ko, errors);
	if (project->homepage != NULL)
		check_homepage("homepage", project->homepage, errors);
	check_command("smoke", project->smoke, errors);
	if (project->run != NULL)
		check_command("run", project->run, errors);
	if (project->version_command != NULL)
		check_command("version_command", project->version_command, errors);
	check_tags("tags", project->tags, errors);
	check_ports("ports", project->ports, errors);
}

static void read_numbers(const struct conf *conf, struct project *project, uint64_t *ret_memory, struct field_errors *errors)
{
	uint64_t popularity = 0;

	*ret_memory = 0;
	if (*value_of(conf, NETWORK) != '\0' && str_to_bool(conf->values[NETWORK], &project->network) < 0)
		field_error(errors, "network", "must be yes or no");
	if (*value_of(conf, POPULARITY) != '\0' && str_to_u64(conf->values[POPULARITY], 100, &popularity) < 0)
		field_error(errors, "popularity", "must be a number up to 100");
	if (*value_of(conf, MEMORY) != '\0' && str_to_u64(conf->values[MEMORY], 8192, ret_memory) < 0)
		field_error(errors, "memory", "must be a number of MiB up to 8192");
	project->popularity = (unsigned)popularity;
}

static void fill_project(const struct conf *conf, const char *owner, struct project *project)
{
	project->owner = xstrdup(owner);
	project->name = xstrdup(value_of(conf, NAME));
	project->summary = xstrdup(value_of(conf, SUMMARY));
	project->summary_ko = optional(conf, SUMMARY_KO);
	project->category = xstrdup(value_of(conf, CATEGORY));
	project->tags = without_spaces(value_of(conf, TAGS));
	project->license = xstrdup(value_of(conf, LICENSE));
	project->homepage = optional(conf, HOMEPAGE);
	project->version_command = optional(conf, VERSION_COMMAND);
	project->run = optional(conf, RUN);
	project->smoke = xstrdup(value_of(conf, SMOKE));
	project->ports = without_spaces(value_of(conf, PORTS));
	project->source_kind = xstrdup(value_of(conf, KIND));
}

/* A README beside project.conf; not there: NULL. */
static int read_readme(const char *folder, const char *name, char **ret_text, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s", folder, name);
	auto_buf struct buf text = BUF_INIT;
	int r = file_read(AT_FDCWD, path, MARKDOWN_MAX, &text);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_errno(err, r, "cannot read %s", path);
	if (!str_is_utf8(text.data != NULL ? text.data : "", text.length))
		return error_set(err, ERROR_INVALID, EINVAL, "%s: is not UTF-8", path);
	*ret_text = buf_steal(&text);
	return 0;
}

/* ---- the build context ---------------------------------------------------------------------------------------------------- */

struct walk {
	struct buf *tar;
	unsigned files;
	struct error *err;
};

static bool belongs_to_context(const char *name, bool top)
{
	return !top || (strcmp(name, "project.conf") != 0 && !str_starts_with(name, "README"));
}

static int add_tree(struct walk *walk, const char *folder, const char *prefix, unsigned depth);

static int add_file(struct walk *walk, const char *path, const char *name, const struct stat *st)
{
	auto_buf struct buf data = BUF_INIT;
	int r;

	if (++walk->files > CONTEXT_FILES_MAX || walk->tar->length + (size_t)st->st_size > CONTEXT_MAX)
		return error_set(walk->err, ERROR_TOO_LARGE, EFBIG, "%s: the context is too large", path);
	r = file_read(AT_FDCWD, path, CONTEXT_MAX, &data);
	if (r < 0)
		return error_errno(walk->err, r, "cannot read %s", path);
	return tar_add_file(walk->tar, name, (st->st_mode & 0100) != 0 ? 0755 : 0644, data.data != NULL ? data.data : "", data.length,
			    walk->err);
}

static int add_entry(struct walk *walk, const char *folder, const char *prefix, const char *entry, unsigned depth)
{
	auto_free char *path = xasprintf("%s/%s", folder, entry);
	auto_free char *name = xasprintf("%s%s", prefix, entry);
	auto_free char *below = xasprintf("%s/", name);
	struct stat st;

	if (lstat(path, &st) < 0)
		return error_errno(walk->err, errno, "cannot read %s", path);
	if (S_ISREG(st.st_mode))
		return add_file(walk, path, name, &st);
	if (S_ISDIR(st.st_mode) && depth < CONTEXT_DEPTH_MAX)
		return add_tree(walk, path, below, depth + 1);
	return error_set(walk->err, ERROR_INVALID, EINVAL, "%s: only files and folders may stand in a context", path);
}

/* Sorted by name, so that the digest is the same everywhere. */
static int add_tree(struct walk *walk, const char *folder, const char *prefix, unsigned depth)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);
	int r = count < 0 ? error_errno(walk->err, errno, "cannot read %s", folder) : 0;

	for (int i = 0; i < count; i++) {
		const char *entry = entries[i]->d_name;

		if (r == 0 && entry[0] != '.' && belongs_to_context(entry, depth == 0))
			r = add_entry(walk, folder, prefix, entry, depth);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int make_script_context(const struct conf *conf, const char *folder, struct project *project, struct buf *tar, struct error *err)
{
	auto_free char *path = xasprintf("%s/install.sh", folder);
	auto_free char *title = xasprintf("%s/%s", project->owner, project->name);
	auto_buf struct buf script = BUF_INIT;
	auto_buf struct buf dockerfile = BUF_INIT;
	auto_buf struct buf cleaned = BUF_INIT;
	struct dockerfile_source source = {.base = value_of(conf, BASE),
					   .title = title,
					   .summary = project->summary,
					   .license = project->license,
					   .homepage = project->homepage};
	int r = file_read(AT_FDCWD, path, SCRIPT_MAX, &script);

	if (r < 0)
		return error_errno(err, r, "cannot read %s", path);
	source.script = script.data != NULL ? script.data : "";
	source.script_length = script.length;
	r = dockerfile_from_script(&source, &dockerfile, &cleaned, err);
	if (r < 0)
		return error_wrap(err, "%s", path);
	r = tar_add_file(tar, "Dockerfile", 0644, dockerfile.data, dockerfile.length, err);
	if (r == 0)
		r = tar_add_file(tar, DOCKERFILE_SCRIPT_NAME, 0644, cleaned.data, cleaned.length, err);
	project->dockerfile = buf_steal(&dockerfile);
	return r;
}

static int make_folder_context(const char *folder, struct project *project, struct buf *tar, struct error *err)
{
	auto_free char *path = xasprintf("%s/Dockerfile", folder);
	auto_buf struct buf dockerfile = BUF_INIT;
	struct walk walk = {.tar = tar, .err = err};
	int r = file_read(AT_FDCWD, path, SCRIPT_MAX, &dockerfile);

	if (r < 0)
		return error_errno(err, r, "cannot read %s", path);
	r = dockerfile_check(dockerfile.data != NULL ? dockerfile.data : "", dockerfile.length, err);
	if (r < 0)
		return error_wrap(err, "%s", path);
	project->dockerfile = buf_steal(&dockerfile);
	return add_tree(&walk, folder, "", 0);
}

static int make_context(const struct conf *conf, const char *folder, uint64_t memory, struct project *project, struct buf *tar,
			struct error *err)
{
	json_t *source = json_pack("{s:s}", "kind", project->source_kind);
	int r;

	if (strcmp(project->source_kind, "script") == 0)
		r = make_script_context(conf, folder, project, tar, err);
	else if (strcmp(project->source_kind, "dockerfile") == 0)
		r = make_folder_context(folder, project, tar, err);
	else
		r = error_set(err, ERROR_INVALID, EINVAL, "%s: kind must be script or dockerfile", conf->path);
	if (*value_of(conf, BASE) != '\0')
		json_object_set_new(source, "base", json_string(conf->values[BASE]));
	if (memory > 0)
		json_object_set_new(source, "memory", json_integer((json_int_t)(memory << 20)));
	project->source = json_dumps(source, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(source);
	if (r == 0)
		tar_finish(tar);
	return r;
}

int catalog_read(const char *folder, const char *owner, struct project *ret_project, struct buf *ret_context, struct error *err)
{
	auto_free char *path = xasprintf("%s/project.conf", folder);
	struct conf conf = {.path = path, .err = err};
	struct field_errors errors = {0};
	struct project project = {0};
	char digest[CONTEXT_DIGEST_SIZE];
	uint64_t memory = 0;
	int r = conf_read(&conf);

	if (r == 0) {
		fill_project(&conf, owner, &project);
		read_numbers(&conf, &project, &memory, &errors);
		check_values(&conf, &project, folder, &errors);
		r = field_errors_result(&errors, err);
		if (r < 0)
			error_wrap(err, "%s", path);
	}
	if (r == 0)
		r = read_readme(folder, "README.md", &project.readme, err);
	if (r == 0)
		r = read_readme(folder, "README.ko.md", &project.readme_ko, err);
	if (r == 0)
		r = make_context(&conf, folder, memory, &project, ret_context, err);
	conf_fini(&conf);
	if (r < 0) {
		project_fini(&project);
		return r;
	}
	context_digest(ret_context, project.smoke, project.version_command, project.network, digest);
	project.digest = xstrdup(digest);
	*ret_project = project;
	return 0;
}
