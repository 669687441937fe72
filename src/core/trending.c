#include "core/trending.h"

#include <math.h>

/* Weights below this are as good as nothing; it keeps log2 away from minus infinity. */
#define LEAST 1e-6

static double time_of(int64_t now_ms)
{
	return (double)now_ms / (double)TRENDING_HALF_LIFE_MS;
}

double trending_start(double tries, int64_t now_ms)
{
	return time_of(now_ms) + log2(tries > LEAST ? tries : LEAST);
}

/* log2(2^a + 2^b), without ever computing the powers, which overflow. */
double trending_add(double rank, int64_t now_ms)
{
	double one = time_of(now_ms);
	double high = fmax(rank, one);
	double low = fmin(rank, one);

	return high + log2(1.0 + exp2(low - high));
}

double trending_weight(double rank, int64_t now_ms)
{
	return exp2(rank - time_of(now_ms));
}
