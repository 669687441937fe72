#include "auth/providers.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

#define SECRET_MAX 1000

static const struct provider_kind *const kinds[] = {&provider_oidc, &provider_google, &provider_github};

/* One section as it stands in the file. */
struct section {
	char *id;
	char *kind;
	char *name;
	char *issuer;
	char *client_id;
	char *client_secret;
	char *client_secret_file;
	char *scopes;
	char *trust_email;
	char *ca_file;
};

static const struct {
	const char *name;
	size_t offset;
} keys[] = {
	{"kind", offsetof(struct section, kind)},
	{"name", offsetof(struct section, name)},
	{"issuer", offsetof(struct section, issuer)},
	{"client_id", offsetof(struct section, client_id)},
	{"client_secret", offsetof(struct section, client_secret)},
	{"client_secret_file", offsetof(struct section, client_secret_file)},
	{"scopes", offsetof(struct section, scopes)},
	{"trust_email", offsetof(struct section, trust_email)},
	{"ca_file", offsetof(struct section, ca_file)},
};

static char **value_of(struct section *section, size_t key)
{
	return (char **)(void *)((char *)section + keys[key].offset);
}

struct reader {
	const char *path;
	FILE *file;
	int line;
	struct section sections[PROVIDERS_MAX];
	size_t count;
	bool failed;
	struct error *err;
};

static void reader_fini(struct reader *reader)
{
	for (size_t i = 0; i < reader->count; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			free(*value_of(&reader->sections[i], k));
		free(reader->sections[i].id);
	}
	if (reader->file != NULL)
		fclose(reader->file);
}

static bool id_is_valid(const char *id)
{
	size_t length = strlen(id);

	return length > 0 && length <= PROVIDER_ID_MAX &&
	       strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == length && id[0] != '-';
}

static struct section *section_of(struct reader *reader, const char *id)
{
	for (size_t i = 0; i < reader->count; i++)
		if (strcmp(reader->sections[i].id, id) == 0)
			return &reader->sections[i];
	if (reader->count == PROVIDERS_MAX || !id_is_valid(id))
		return NULL;
	reader->sections[reader->count].id = xstrdup(id);
	return &reader->sections[reader->count++];
}

static char *read_line(char *text, int size, void *stream)
{
	struct reader *reader = stream;

	reader->line++;
	return fgets(text, size, reader->file);
}

static int take_line(void *user, const char *id, const char *name, const char *value)
{
	struct reader *reader = user;
	struct section *section;

	if (reader->failed)
		return 0; /* the first error is the one to tell */
	reader->failed = true;
	section = section_of(reader, id);
	if (section == NULL) {
		error_set(reader->err, ERROR_INVALID, EINVAL,
			  "%s:%d: [%s] must be 1–%d of a-z, 0-9 and \"-\", and there may be %d of them", reader->path,
			  reader->line, id, PROVIDER_ID_MAX, PROVIDERS_MAX);
		return 0;
	}
	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		if (strcmp(keys[k].name, name) != 0)
			continue;
		free(*value_of(section, k));
		*value_of(section, k) = xstrdup(value);
		reader->failed = false;
		return 1;
	}
	error_set(reader->err, ERROR_INVALID, EINVAL, "%s:%d: unknown key %s", reader->path, reader->line, name);
	return 0;
}

static FILE *open_private(const char *path, struct error *err)
{
	FILE *file = fopen(path, "re");
	struct stat about;

	if (file == NULL) {
		error_errno(err, errno, "%s", path);
		return NULL;
	}
	if (fstat(fileno(file), &about) < 0 || (about.st_mode & S_IRWXO) != 0) {
		error_set(err, ERROR_INVALID, EACCES,
			  "%s: holds secrets and is open to everybody; chmod 640 it and give it to the group ttob",
			  path);
		fclose(file);
		return NULL;
	}
	return file;
}

static int read_file(struct reader *reader, struct error *err)
{
	int line;

	reader->file = open_private(reader->path, err);
	if (reader->file == NULL)
		return err != NULL && err->code < 0 ? err->code : -EINVAL;
	line = ini_parse_stream(read_line, reader, take_line, reader);
	if (reader->failed)
		return -EINVAL;
	if (line != 0)
		return error_set(err, ERROR_INVALID, EINVAL, "%s:%d: is neither [section] nor key = value",
				 reader->path, line);
	return 0;
}

static int read_secret(const char *path, char **ret_secret, struct error *err)
{
	FILE *file = open_private(path, err);
	char text[SECRET_MAX + 2] = "";
	size_t length;

	if (file == NULL)
		return -EACCES;
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	if (length > SECRET_MAX || strlen(text) != length || *str_trim(text) == '\0')
		return error_set(err, ERROR_INVALID, EINVAL, "%s: must hold the secret and nothing else", path);
	*ret_secret = xstrdup(str_trim(text));
	return 0;
}

static const struct provider_kind *kind_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	return NULL;
}

static char *value_or(const char *value, const char *fallback)
{
	return xstrdup(value != NULL && *value != '\0' ? value : fallback);
}

/* What stands in the section, into the provider. */
static int fill(struct provider *provider, const struct section *section, struct error *err)
{
	const struct provider_kind *kind = provider->kind;

	provider->label = value_or(section->name, kind->label != NULL ? kind->label : provider->id);
	provider->issuer = value_or(section->issuer, kind->issuer);
	provider->client_id = value_or(section->client_id, NULL);
	provider->client_secret = value_or(section->client_secret, NULL);
	provider->scopes = value_or(section->scopes, kind->scopes);
	provider->ca_file = value_or(section->ca_file, NULL);
	if (provider->issuer == NULL || !fetch_may_ask(provider->issuer, true) || strchr(provider->issuer, '?') != NULL)
		return error_set(err, ERROR_INVALID, EINVAL,
				 "issuer must be its https address (http only on this machine's loopback)");
	provider->plain = str_starts_with(provider->issuer, "http://");
	if (provider->client_id == NULL)
		return error_set(err, ERROR_INVALID, EINVAL, "client_id is missing");
	if (section->trust_email != NULL && str_to_bool(section->trust_email, &provider->trust_email) < 0)
		return error_set(err, ERROR_INVALID, EINVAL, "trust_email must be yes or no");
	if (!str_is_utf8(provider->label, strlen(provider->label)))
		return error_set(err, ERROR_INVALID, EINVAL, "name must be UTF-8");
	if (section->client_secret_file == NULL)
		return 0;
	if (provider->client_secret != NULL)
		return error_set(err, ERROR_INVALID, EINVAL, "client_secret and client_secret_file: one of them");
	return read_secret(section->client_secret_file, &provider->client_secret, err);
}

static int add(struct providers *providers, const struct section *section, struct error *err)
{
	const struct provider_kind *kind = kind_of(section->kind != NULL ? section->kind : "oidc");
	struct provider *provider;

	if (kind == NULL)
		return error_set(err, ERROR_INVALID, EINVAL, "kind must be oidc, google or github");
	provider = provider_new(section->id, kind);
	providers->items[providers->count++] = provider;
	return fill(provider, section, err);
}

int providers_load(const char *path, struct providers **ret_providers, struct error *err)
{
	struct providers *providers = xmalloc(sizeof(*providers));
	struct reader reader = {.path = path, .err = err};
	int r = fetch_init(err);

	if (r == 0 && path != NULL && *path != '\0')
		r = read_file(&reader, err);
	for (size_t i = 0; r == 0 && i < reader.count; i++) {
		r = add(providers, &reader.sections[i], err);
		if (r < 0)
			error_wrap(err, "%s: [%s]", path, reader.sections[i].id);
	}
	reader_fini(&reader);
	if (r < 0) {
		providers_free(providers);
		return r;
	}
	*ret_providers = providers;
	return 0;
}

void providers_free(struct providers *providers)
{
	if (providers == NULL)
		return;
	for (size_t i = 0; i < providers->count; i++)
		provider_free(providers->items[i]);
	free(providers);
}

struct provider *providers_find(struct providers *providers, const char *id)
{
	for (size_t i = 0; i < providers->count; i++)
		if (strcmp(providers->items[i]->id, id) == 0)
			return providers->items[i];
	return NULL;
}
