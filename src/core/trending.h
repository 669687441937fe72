/* What is trending: tries that fade, half of their weight every three days. The score is kept as log2 of the sum of
 * 2^(t/half-life) over all tries at times t: it needs no refreshing, since time fades all projects alike, and the
 * database can sort by it. */
#pragma once

#include <stdint.h>

#define TRENDING_HALF_LIFE_MS (3 * 24 * 3600 * INT64_C(1000))

/* The rank of a project that starts with so many tries' worth at that time (0 or less: hardly any). */
double trending_start(double tries, int64_t now_ms);
/* The rank after one more try. */
double trending_add(double rank, int64_t now_ms);
/* How many tries' worth the rank is at that time. */
double trending_weight(double rank, int64_t now_ms);
