/* struct image_config in memory and as JSON: {entrypoint, cmd, env, user, working_dir, ports: ["80/tcp"]}. */
#pragma once

#include <jansson.h>

#include "agent/image/image.h"

void image_config_fini(struct image_config *config);

/* The strings of a JSON array that `keep` (may be NULL) likes, with NULL at the end. Not an array: an empty list. */
char **strings_from_json(const json_t *array, bool (*keep)(const char *s));
void strings_free(char **strings);
json_t *strings_to_json(char *const *strings);

/* "8080", "8080/tcp", "53/udp"; others are left out. `names` are NULL-terminated. */
void ports_parse(char *const *names, struct image_config *config);

json_t *image_config_to_json(const struct image_config *config);
/* Fields that are missing or of another type are empty. */
void image_config_from_json(const json_t *object, struct image_config *ret);
