#include "base/config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"

struct value {
	char *text;
	uint64_t number; /* parsed: number, bytes, seconds, or 0/1 */
};

struct config {
	const struct config_key *keys;
	struct value *values; /* one per key */
};

static int parse(enum config_type type, const char *text, uint64_t *ret_number)
{
	bool flag = false;
	int r;

	switch (type) {
	case CONFIG_BOOL:
		r = str_to_bool(text, &flag);
		*ret_number = flag;
		return r;
	case CONFIG_NUMBER:
		return str_to_u64(text, INT64_MAX, ret_number);
	case CONFIG_SIZE:
		return str_to_size(text, ret_number);
	case CONFIG_SECONDS:
		return str_to_seconds(text, ret_number);
	case CONFIG_STRING:
		break;
	}
	return 0;
}

static const char *wanted(enum config_type type)
{
	static const char *const names[] = {
		[CONFIG_STRING] = "text",
		[CONFIG_BOOL] = "yes or no",
		[CONFIG_NUMBER] = "a whole number",
		[CONFIG_SIZE] = "a size such as 512M",
		[CONFIG_SECONDS] = "a time such as 30s or 20m",
	};

	return names[type];
}

static int find(const struct config *config, const char *section, const char *key)
{
	for (int i = 0; config->keys[i].section != NULL; i++)
		if (strcmp(config->keys[i].section, section) == 0 && strcmp(config->keys[i].key, key) == 0)
			return i;
	return -1;
}

struct config *config_new(const struct config_key *keys)
{
	struct config *config = xmalloc(sizeof(*config));
	size_t count = 0;

	while (keys[count].section != NULL)
		count++;
	config->keys = keys;
	config->values = xcalloc(count, sizeof(struct value));
	for (size_t i = 0; i < count; i++) {
		config->values[i].text = xstrdup(keys[i].fallback);
		if (parse(keys[i].type, keys[i].fallback, &config->values[i].number) < 0) {
			log_error("bug: the default of [%s] %s does not parse", keys[i].section, keys[i].key);
			abort();
		}
	}
	return config;
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; config->keys[i].section != NULL; i++)
		free(config->values[i].text);
	free(config->values);
	free(config);
}

int config_set(struct config *config, const char *section, const char *key, const char *value, const char *where,
	       struct error *err)
{
	int i = find(config, section, key);
	uint64_t number = 0;

	if (i < 0)
		return error_set(err, ERROR_INVALID, EINVAL, "%s: unknown key [%s] %s", where, section, key);
	if (parse(config->keys[i].type, value, &number) < 0)
		return error_set(err, ERROR_INVALID, EINVAL, "%s: [%s] %s = %s: must be %s", where, section, key, value,
				 wanted(config->keys[i].type));
	free(config->values[i].text);
	config->values[i].text = xstrdup(value);
	config->values[i].number = number;
	return 0;
}

struct file_context {
	struct config *config;
	const char *path;
	struct error *err;
	FILE *file;
	int line; /* of the file, as Debian's inih does not tell its handler */
	bool failed;
};

static char *read_line(char *text, int size, void *stream)
{
	struct file_context *context = stream;

	context->line++;
	return fgets(text, size, context->file);
}

static int take_line(void *user, const char *section, const char *key, const char *value)
{
	struct file_context *context = user;
	auto_free char *where = NULL;

	if (context->failed)
		return 0; /* the first error is the one to tell */
	where = xasprintf("%s:%d", context->path, context->line);
	if (config_set(context->config, section, key, value, where, context->err) < 0) {
		context->failed = true;
		return 0;
	}
	return 1;
}

int config_load_file(struct config *config, const char *path, struct error *err)
{
	struct file_context context = {.config = config, .path = path, .err = err, .file = fopen(path, "re")};
	int line;

	if (context.file == NULL)
		return error_errno(err, errno, "cannot read the configuration %s", path);
	line = ini_parse_stream(read_line, &context, take_line, &context);
	fclose(context.file);
	if (context.failed)
		return -EINVAL;
	if (line > 0)
		return error_set(err, ERROR_MALFORMED, EINVAL, "%s:%d: neither a [section] nor key = value", path, line);
	return line < 0 ? error_set(err, ERROR_INTERNAL, EIO, "cannot read the configuration %s", path) : 0;
}

int config_load_environment(struct config *config, struct error *err)
{
	for (const struct config_key *key = config->keys; key->section != NULL; key++) {
		auto_free char *name = xasprintf("TTOB_%s_%s", key->section, key->key);
		const char *value;
		int r;

		for (char *p = name; *p != '\0'; p++)
			*p = (char)toupper((unsigned char)*p);
		value = getenv(name);
		if (value == NULL)
			continue;
		r = config_set(config, key->section, key->key, value, name, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct value *get(const struct config *config, const char *section, const char *key, bool text)
{
	int i = find(config, section, key);

	if (i < 0 || (!text && config->keys[i].type == CONFIG_STRING)) {
		log_error("bug: the configuration has no [%s] %s of that type", section, key);
		abort();
	}
	return &config->values[i];
}

const char *config_string(const struct config *config, const char *section, const char *key)
{
	return get(config, section, key, true)->text;
}

bool config_bool(const struct config *config, const char *section, const char *key)
{
	return get(config, section, key, false)->number != 0;
}

uint64_t config_number(const struct config *config, const char *section, const char *key)
{
	return get(config, section, key, false)->number;
}
