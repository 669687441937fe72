#include "core/repository.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "base/util.h"
#include "core/tar_reader.h"

#define TEXTS_MAX 24

/* At the top only; a prefix ends with "*". */
static const char *const wanted[] = {
	"README*",	"LICENSE*",    "LICENCE*",	 "COPYING*", "UNLICENSE*", "Dockerfile", "package.json", "package-lock.json",
	"requirements.txt", "pyproject.toml", "setup.py", "setup.cfg", "Makefile", "GNUmakefile", "makefile", "CMakeLists.txt",
	"meson.build",	"Cargo.toml",  "Cargo.lock",	 "go.mod",   "configure",  "configure.ac", "autogen.sh", "main.py",
	"app.py",
};

static bool is_wanted(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		size_t length = strlen(wanted[i]);

		if (wanted[i][length - 1] == '*' ? strncasecmp(wanted[i], name, length - 1) == 0 : strcmp(wanted[i], name) == 0)
			return strchr(name, '/') == NULL;
	}
	return false;
}

/* A whole text, or its beginning up to the end of a character. NULL: not UTF-8. */
static char *take_text(const char *data, size_t length)
{
	size_t cut = length <= REPOSITORY_TEXT_MAX ? length : REPOSITORY_TEXT_MAX;

	if (cut >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark is no text */
		data += 3;
		length -= 3;
		cut = length <= REPOSITORY_TEXT_MAX ? length : REPOSITORY_TEXT_MAX;
	}
	while (cut < length && cut > 0 && ((unsigned char)data[cut] & 0xc0) == 0x80)
		cut--;
	return str_is_utf8(data, cut) ? xstrndup(data, cut) : NULL;
}

static void keep_name(struct repository *repository, const char *name, bool folder)
{
	if (repository->name_count == REPOSITORY_SHOWN_MAX || !str_is_utf8(name, strlen(name)))
		return;
	repository->names = xrealloc(repository->names, (repository->name_count + 1) * sizeof(*repository->names));
	repository->names[repository->name_count++] = xasprintf("%s%s", name, folder ? "/" : "");
}

static void keep_text(struct repository *repository, const char *name, const char *data, size_t length)
{
	char *text;

	if (repository->text_count == TEXTS_MAX || !is_wanted(name) || !str_is_utf8(name, strlen(name)))
		return;
	text = take_text(data, length);
	if (text == NULL)
		return;
	repository->texts = xrealloc(repository->texts, (repository->text_count + 1) * sizeof(*repository->texts));
	repository->texts[repository->text_count++] = (struct repository_text){xstrdup(name), text};
}

/* The name below the folder; NULL: elsewhere. */
static const char *below(const char *name, const char *folder)
{
	size_t length = folder != NULL ? strlen(folder) : 0;

	if (length == 0)
		return name;
	return strncmp(name, folder, length) == 0 && name[length] == '/' ? name + length + 1 : NULL;
}

int repository_read(const void *tar, size_t length, const char *folder, struct repository *ret_repository, struct error *err)
{
	struct repository repository = {0};
	struct tar_reader reader;
	struct tar_entry entry;
	int r;

	tar_reader_init(&reader, tar, length);
	while ((r = tar_reader_next(&reader, &entry, err)) > 0) {
		const char *name = below(entry.name, folder);

		if (name == NULL || *name == '\0')
			continue;
		repository.file_count += entry.type == TAR_FILE;
		keep_name(&repository, name, entry.type == TAR_FOLDER);
		if (entry.type == TAR_FILE)
			keep_text(&repository, name, entry.data, entry.length);
	}
	tar_reader_fini(&reader);
	if (r < 0) {
		repository_fini(&repository);
		return r;
	}
	*ret_repository = repository;
	return 0;
}

void repository_fini(struct repository *repository)
{
	for (size_t i = 0; i < repository->name_count; i++)
		free(repository->names[i]);
	for (size_t i = 0; i < repository->text_count; i++) {
		free(repository->texts[i].name);
		free(repository->texts[i].text);
	}
	free(repository->names);
	free(repository->texts);
	*repository = (struct repository){0};
}

const char *repository_text(const struct repository *repository, const char *name)
{
	for (size_t i = 0; i < repository->text_count; i++)
		if (strcmp(repository->texts[i].name, name) == 0)
			return repository->texts[i].text;
	return NULL;
}

const char *repository_text_like(const struct repository *repository, const char *prefix)
{
	for (size_t i = 0; i < repository->text_count; i++)
		if (strncasecmp(repository->texts[i].name, prefix, strlen(prefix)) == 0)
			return repository->texts[i].text;
	return NULL;
}
