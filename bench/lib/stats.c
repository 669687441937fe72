#include "stats.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/util.h"

void samples_add(struct samples *samples, double value)
{
	if (samples->count == samples->capacity) {
		samples->capacity = max_size(samples->capacity * 2, 256);
		samples->values = xrealloc(samples->values, samples->capacity * sizeof(*samples->values));
	}
	samples->values[samples->count++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

double samples_percentile(struct samples *samples, double p)
{
	size_t at;

	if (samples->count == 0)
		return 0;
	qsort(samples->values, samples->count, sizeof(*samples->values), compare);
	at = (size_t)(p / 100 * (double)(samples->count - 1) + 0.5);
	return samples->values[at];
}

double samples_mean(const struct samples *samples)
{
	double sum = 0;

	for (size_t i = 0; i < samples->count; i++)
		sum += samples->values[i];
	return samples->count > 0 ? sum / (double)samples->count : 0;
}

void samples_fini(struct samples *samples)
{
	free(samples->values);
	*samples = (struct samples){0};
}

double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void bench_json(const char *name, ...)
{
	va_list args;
	const char *key;

	printf("JSON {\"bench\": \"%s\"", name);
	va_start(args, name);
	while ((key = va_arg(args, const char *)) != NULL)
		printf(", \"%s\": %.6g", key, va_arg(args, double));
	va_end(args);
	printf("}\n");
	fflush(stdout);
}

double bench_option(const char *name, double fallback)
{
	const char *text = getenv(name);
	double value = text != NULL ? strtod(text, NULL) : 0;

	return value > 0 ? value : fallback;
}
