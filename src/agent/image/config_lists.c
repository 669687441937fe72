#include "agent/image/config_lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

#define PORTS_MAX 256

void strings_free(char **strings)
{
	for (size_t i = 0; strings != NULL && strings[i] != NULL; i++)
		free(strings[i]);
	free(strings);
}

void image_config_fini(struct image_config *config)
{
	strings_free(config->entrypoint);
	strings_free(config->cmd);
	strings_free(config->env);
	free(config->user);
	free(config->working_dir);
	free(config->ports);
	*config = (struct image_config){0};
}

char **strings_from_json(const json_t *array, bool (*keep)(const char *s))
{
	char **strings = xcalloc(json_array_size(array) + 1, sizeof(char *));
	size_t i, count = 0;
	json_t *value;

	json_array_foreach(array, i, value)
	{
		const char *s = json_string_value(value);

		if (s != NULL && (keep == NULL || keep(s)))
			strings[count++] = xstrdup(s);
	}
	return strings;
}

json_t *strings_to_json(char *const *strings)
{
	json_t *array = json_array();

	for (size_t i = 0; strings[i] != NULL; i++)
		json_array_append_new(array, json_string(strings[i]));
	return array;
}

static bool parse_port(const char *name, struct image_port *ret)
{
	size_t digits = strspn(name, "0123456789");
	char number[6] = "";
	uint64_t port;

	if (digits == 0 || digits >= sizeof(number))
		return false;
	memcpy(number, name, digits);
	if (str_to_u64(number, 65535, &port) < 0 || port == 0)
		return false;
	*ret = (struct image_port){.port = (uint16_t)port, .udp = str_equal(name + digits, "/udp")};
	return ret->udp || name[digits] == '\0' || str_equal(name + digits, "/tcp");
}

void ports_parse(char *const *names, struct image_config *config)
{
	config->ports = xcalloc(PORTS_MAX, sizeof(*config->ports));
	config->port_count = 0;
	for (size_t i = 0; names[i] != NULL && config->port_count < PORTS_MAX; i++)
		if (parse_port(names[i], &config->ports[config->port_count]))
			config->port_count++;
}

static json_t *ports_to_json(const struct image_config *config)
{
	json_t *array = json_array();

	for (size_t i = 0; i < config->port_count; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%u/%s", config->ports[i].port, config->ports[i].udp ? "udp" : "tcp");
		json_array_append_new(array, json_string(name));
	}
	return array;
}

json_t *image_config_to_json(const struct image_config *config)
{
	return json_pack("{s:o, s:o, s:o, s:s, s:s, s:o}", "entrypoint", strings_to_json(config->entrypoint), "cmd",
			 strings_to_json(config->cmd), "env", strings_to_json(config->env), "user", config->user,
			 "working_dir", config->working_dir, "ports", ports_to_json(config));
}

static char *string_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return xstrdup(s != NULL ? s : "");
}

void image_config_from_json(const json_t *object, struct image_config *ret)
{
	char **ports = strings_from_json(json_object_get(object, "ports"), NULL);

	*ret = (struct image_config){
		.entrypoint = strings_from_json(json_object_get(object, "entrypoint"), NULL),
		.cmd = strings_from_json(json_object_get(object, "cmd"), NULL),
		.env = strings_from_json(json_object_get(object, "env"), NULL),
		.user = string_of(object, "user"),
		.working_dir = string_of(object, "working_dir"),
	};
	ports_parse(ports, ret);
	strings_free(ports);
}
