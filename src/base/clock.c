#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t now_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void)
{
	return now_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_monotonic_us(void)
{
	return now_us(CLOCK_MONOTONIC);
}

int64_t clock_realtime_ms(void)
{
	return now_us(CLOCK_REALTIME) / 1000;
}

void clock_rfc3339(int64_t realtime_ms, char out[CLOCK_RFC3339_SIZE])
{
	time_t seconds = (time_t)(realtime_ms / 1000);
	struct tm tm;
	size_t used;

	gmtime_r(&seconds, &tm);
	used = strftime(out, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + used, CLOCK_RFC3339_SIZE - used, ".%03uZ", (unsigned)(realtime_ms % 1000) % 1000u);
}
