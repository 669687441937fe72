/* Time: a monotonic clock for waiting, and the wall clock for people. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);
int64_t clock_realtime_ms(void); /* since 1970, UTC */

#define CLOCK_RFC3339_SIZE 25
/* "2026-11-22T09:40:00.123Z" (RFC 3339) into `out`. */
void clock_rfc3339(int64_t realtime_ms, char out[CLOCK_RFC3339_SIZE]);
