#include "web/allowance.h"

#include <jansson.h>

#include "base/str.h"

#define MEMORY_MOST ((json_int_t)8 << 30)

struct engine_limits allowance_of(const struct project *project, const struct engine_limits *usual)
{
	json_t *source = project->source != NULL ? json_loads(project->source, 0, NULL) : NULL;
	json_int_t wanted = json_integer_value(json_object_get(source, "memory"));
	struct engine_limits limits = *usual;

	json_decref(source);
	if (str_equal(project->size_class, "small"))
		limits.memory /= 2;
	else if (str_equal(project->size_class, "large"))
		limits.memory *= 2;
	if (wanted > 0 && wanted <= MEMORY_MOST && (uint64_t)wanted > limits.memory)
		limits.memory = (uint64_t)wanted;
	return limits;
}
