#include "agent/limits.h"

const struct op_field limits_fields[] = {
	{.name = "memory", .type = FIELD_INTEGER, .min = 16ull << 20, .max = 1ull << 40},
	{.name = "cpu", .type = FIELD_INTEGER, .min = 10, .max = 1024 * 1000},
	{.name = "pids", .type = FIELD_INTEGER, .min = 4, .max = 1 << 20},
	{.name = "disk", .type = FIELD_INTEGER, .min = 1ull << 20, .max = 1ull << 40},
	{.name = NULL},
};

static uint64_t get(json_t *object, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(object, name));
}

struct limits limits_from_json(json_t *object)
{
	return (struct limits){
		.memory = get(object, "memory"),
		.cpu = (uint32_t)get(object, "cpu"),
		.pids = (uint32_t)get(object, "pids"),
		.disk = get(object, "disk"),
	};
}

json_t *limits_to_json(const struct limits *limits)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "memory", (json_int_t)limits->memory, "cpu", (json_int_t)limits->cpu, "pids",
			 (json_int_t)limits->pids, "disk", (json_int_t)limits->disk);
}

bool limits_equal(const struct limits *a, const struct limits *b)
{
	return a->memory == b->memory && a->cpu == b->cpu && a->pids == b->pids && a->disk == b->disk;
}
