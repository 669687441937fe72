/* Samples, their percentiles, and how benchmarks print: a table for people, and one JSON object a line (after "JSON ")
 * for machines. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct samples {
	double *values;
	size_t count;
	size_t capacity;
};

void samples_add(struct samples *samples, double value);
/* p from 0 to 100; 0 when there are no samples. Sorts. */
double samples_percentile(struct samples *samples, double p);
double samples_mean(const struct samples *samples);
void samples_fini(struct samples *samples);

double now_seconds(void);

/* bench_json("terminal_echo", "terminals", 100.0, "p50_ms", 0.1, NULL): pairs of names and doubles. */
void bench_json(const char *name, ...) __attribute__((sentinel));

/* A positive number from the environment, or the default. */
double bench_option(const char *name, double fallback);
