#include "core/recognise.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "core/license_text.h"
#include "core/names.h"
#include "core/project_form.h"
#include "core/prose.h"
#include "core/guess.h"
#include "core/toml_text.h"

#define WORDS_READ 2000 /* bytes of the summary and the README that the category is guessed by */

static const struct {
	enum found found;
	const char *file;
} signs[] = {
	{FOUND_DOCKERFILE, "Dockerfile"}, {FOUND_CARGO, "Cargo.toml"},	  {FOUND_GO, "go.mod"},		{FOUND_NODE, "package.json"},
	{FOUND_PYTHON, "pyproject.toml"}, {FOUND_PYTHON, "setup.py"},	  {FOUND_PYTHON, "requirements.txt"}, {FOUND_MESON, "meson.build"},
	{FOUND_CMAKE, "CMakeLists.txt"},  {FOUND_MAKE, "configure"},	  {FOUND_MAKE, "configure.ac"},	{FOUND_MAKE, "Makefile"},
	{FOUND_MAKE, "GNUmakefile"},	  {FOUND_MAKE, "makefile"},
};

const char *found_name(enum found found)
{
	static const char *const names[FOUND_KINDS] = {
		[FOUND_DOCKERFILE] = "dockerfile", [FOUND_CARGO] = "cargo", [FOUND_GO] = "go",	   [FOUND_NODE] = "node",
		[FOUND_PYTHON] = "python",	   [FOUND_MESON] = "meson", [FOUND_CMAKE] = "cmake", [FOUND_MAKE] = "make",
		[FOUND_UNKNOWN] = "unknown",
	};

	return names[found];
}

enum found recognise(const struct repository *repository)
{
	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (repository_text(repository, signs[i].file) != NULL)
			return signs[i].found;
	return FOUND_UNKNOWN;
}

/* ---- texts about it ----------------------------------------------------------------------------------------------------------- */

/* What the manifests say: of package.json, Cargo.toml and pyproject.toml. The caller frees; NULL: nothing. */
static char *manifest_text(const struct repository *repository, const json_t *package, const char *key)
{
	static const struct {
		const char *file;
		const char *section;
	} tomls[] = {{"Cargo.toml", "package"}, {"pyproject.toml", "project"}, {"pyproject.toml", "tool.poetry"}};
	const char *text = json_string_value(json_object_get(package, key));
	char *value = text != NULL && *text != '\0' ? xstrdup(text) : NULL;

	for (size_t i = 0; value == NULL && i < ARRAY_SIZE(tomls); i++)
		if (repository_text(repository, tomls[i].file) != NULL)
			value = toml_text(repository_text(repository, tomls[i].file), tomls[i].section, key);
	return value;
}

/* A line of Markdown as plain text: links keep their words, marks go. */
static void append_plain(struct buf *out, const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)line[i];

		if (c == ']' && i + 1 < length && line[i + 1] == '(') {
			const char *stop = memchr(line + i, ')', length - i);

			i = stop != NULL ? (size_t)(stop - line) : length;
		} else if (c < 0x20 || c == 0x7f) {
			if (out->length > 0 && out->data[out->length - 1] != ' ')
				buf_append_char(out, ' ');
		} else if (strchr("*`[]", c) == NULL) {
			buf_append_char(out, (char)c);
		}
	}
}

/* Whether the line is prose: no heading, picture, badge, HTML, table, list or rule. */
static bool is_prose(const char *line, size_t length)
{
	return length > 0 && strchr("#!<=-_>|+~`:.", *line) == NULL && (length < 2 || memcmp(line, "[!", 2) != 0) &&
	       (length < 2 || memcmp(line, "* ", 2) != 0);
}

/* The first paragraph of prose. */
static char *first_paragraph(const char *readme)
{
	struct buf out = BUF_INIT;

	for (const char *line = readme; line != NULL && *line != '\0'; line = strchr(line, '\n'), line += line != NULL) {
		size_t length = strcspn(line, "\r\n");
		size_t after = line[length] == '\r' ? length + 1 : length;
		bool underlined = line[after] == '\n' && (line[after + 1] == '=' || strncmp(line + after + 1, "--", 2) == 0);

		if (is_prose(line, length) && !underlined && out.length < (size_t)4 * FORM_SUMMARY_MAX) {
			if (out.length > 0)
				buf_append_char(&out, ' ');
			append_plain(&out, line, length);
		} else if (out.length > 0) {
			break;
		}
	}
	return buf_steal(&out);
}

/* One line of at most FORM_SUMMARY_MAX characters, cut between words; NULL: nothing is left. Takes `text`. */
static char *as_summary(char *text)
{
	struct buf out = BUF_INIT;
	char *trimmed, *result;
	size_t characters = 0, space = 0;

	if (text == NULL)
		return NULL;
	append_plain(&out, text, strlen(text));
	free(text);
	text = buf_steal(&out);
	trimmed = str_trim(text);
	for (size_t i = 0; trimmed[i] != '\0'; i++) {
		characters += ((unsigned char)trimmed[i] & 0xc0) != 0x80;
		if (trimmed[i] == ' ')
			space = i;
		if (characters == FORM_SUMMARY_MAX && ((unsigned char)trimmed[i] & 0xc0) != 0x80) {
			trimmed[space > i / 2 ? space : i] = '\0';
			break;
		}
	}
	result = str_is_utf8(trimmed, strlen(trimmed)) ? prose_clean(trimmed) : xstrdup("");
	free(text);
	if (*result == '\0')
		free(steal(result));
	return result;
}

static char *find_summary(const struct repository *repository, const json_t *package)
{
	char *summary = as_summary(manifest_text(repository, package, "description"));
	const char *readme = repository_text_like(repository, "readme");

	return summary != NULL || readme == NULL ? summary : as_summary(first_paragraph(readme));
}

static char *find_license(const struct repository *repository, const json_t *package)
{
	static const char *const files[] = {"license", "licence", "copying", "unlicense"};
	char *told = manifest_text(repository, package, "license");
	const char *id = NULL;

	if (told != NULL && license_is_valid(told))
		return told;
	free(told);
	for (size_t i = 0; id == NULL && i < ARRAY_SIZE(files); i++)
		if (repository_text_like(repository, files[i]) != NULL)
			id = license_of_text(repository_text_like(repository, files[i]));
	return xstrdup(id);
}

/* "https://host/some/Thing.git/" → "thing" */
static void find_name(const char *url, char name[NAME_MAX_LENGTH + 1])
{
	auto_free char *copy = xstrdup(url);
	size_t length = strlen(copy);
	const char *last;

	while (length > 0 && copy[length - 1] == '/')
		copy[--length] = '\0';
	if (str_ends_with(copy, ".git"))
		copy[length - 4] = '\0';
	last = strrchr(copy, '/');
	if (name_from_text(last != NULL ? last + 1 : copy, name) < 0 || !name_is_valid(name))
		str_copy(name, NAME_MAX_LENGTH + 1, "project");
}

/* ---- category ------------------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *category;
	const char *words; /* with a blank before and behind each */
} vocabularies[] = {
	{"editor", " editor editors vim emacs neovim ide wysiwyg markdown-editor "},
	{"database", " database databases sql nosql sqlite postgresql mysql mariadb redis kv key-value query queries storage-engine orm "},
	{"ai", " ai ml llm llms machine-learning learning neural inference model models gpt ocr speech transformer transformers embeddings "},
	{"language", " language languages compiler interpreter repl programming scripting runtime lisp scheme lua parser toolchain "},
	{"cloud", " cloud kubernetes docker container containers terraform ansible orchestration cluster deployment devops aws etcd "},
	{"web", " web http https server websocket website browser proxy html css frontend static-site cms api rest webserver "},
	{"fun", " game games fun ascii art animation toy joke screensaver puzzle tetris snake chess "},
	{"system", " system terminal shell command-line cli file files process monitor log logs linux unix tool utility search backup "},
};

static bool is_word(const char *words, const char *word, size_t length)
{
	for (const char *at = strchr(words, ' '); at != NULL && at[1] != '\0'; at = strchr(at + 1, ' '))
		if (strncasecmp(at + 1, word, length) == 0 && at[1 + length] == ' ')
			return true;
	return false;
}

static void count_words(const char *text, size_t weight, size_t counts[ARRAY_SIZE(vocabularies)])
{
	for (size_t at = 0; text != NULL && text[at] != '\0' && at < WORDS_READ;) {
		size_t length = 0;

		while (isalnum((unsigned char)text[at + length]) || (length > 0 && text[at + length] == '-'))
			length++;
		for (size_t i = 0; length > 1 && i < ARRAY_SIZE(vocabularies); i++)
			counts[i] += is_word(vocabularies[i].words, text + at, length) ? weight : 0;
		at += length > 0 ? length : 1;
	}
}

static const char *find_category(const struct repository *repository, const char *name, const char *summary)
{
	size_t counts[ARRAY_SIZE(vocabularies)] = {0};
	size_t best = ARRAY_SIZE(vocabularies) - 1;

	count_words(name, 3, counts);
	count_words(summary, 3, counts);
	count_words(repository_text_like(repository, "readme"), 1, counts);
	for (size_t i = ARRAY_SIZE(vocabularies); i-- > 0;)
		if (counts[i] > 0 && counts[i] >= counts[best])
			best = i;
	return vocabularies[best].category;
}

/* ---- the proposal ----------------------------------------------------------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
	json_t *json = text != NULL ? json_string(text) : NULL;

	return json != NULL ? json : json_null();
}

static json_t *find_readme(const struct repository *repository)
{
	const char *readme = repository_text_like(repository, "readme");

	return text_or_null(readme != NULL && strlen(readme) <= FORM_README_MAX && *readme != '\0' ? readme : NULL);
}

/* Only what the form would take. */
static const char *if_command(const char *command)
{
	struct field_errors errors = {0};

	return command != NULL && check_command("run", command, &errors) == 0 ? command : NULL;
}

json_t *recognise_proposal(const struct repository *repository, const char *url, const char *ref)
{
	const char *manifest = repository_text(repository, "package.json");
	json_t *package = manifest != NULL ? json_loads(manifest, 0, NULL) : NULL;
	enum found found = recognise(repository);
	auto_free char *summary = find_summary(repository, package);
	auto_free char *license = find_license(repository, package);
	json_t *source = json_pack("{s:s, s:s, s:s*}", "kind", "git", "url", url, "ref", ref);
	char name[NAME_MAX_LENGTH + 1];
	struct guess guess;
	json_t *proposal;

	find_name(url, name);
	guess_make(repository, found, &guess);
	if (found != FOUND_DOCKERFILE) {
		json_object_set_new(source, "base", json_string(RECOGNISE_BASE));
		json_object_set_new(source, "script", json_string(guess.script.data));
	}
	proposal = json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "name", name, "summary", text_or_null(summary), "readme",
			     find_readme(repository), "license", text_or_null(license), "category", find_category(repository, name, summary),
			     "run", text_or_null(if_command(guess.program != NULL ? guess.program : guess.run)), "smoke",
			     text_or_null(if_command(guess.smoke)), "source", source);
	guess_fini(&guess);
	json_decref(package);
	return proposal;
}
