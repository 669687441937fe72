/* How often something may be done in a while, by key (an address, an account). Memory is bounded: of too many keys, the
 * one that was asked about the longest ago is forgotten. Any thread. */
#pragma once

#include <stdint.h>

struct limiter;

#define LIMITER_KEYS_MAX 20000 /* known at one time */

/* `most` in each window, which begins with a key's first. */
struct limiter *limiter_new(unsigned most, int64_t window_ms);
void limiter_free(struct limiter *limiter); /* takes NULL */
/* Counts one: 0, or -EAGAIN and the seconds until there is room again. */
int limiter_take(struct limiter *limiter, const char *key, int64_t now_ms, unsigned *ret_seconds);
/* Counts `n` more, room or not: for what turned out worse than it was counted for. */
void limiter_add(struct limiter *limiter, const char *key, unsigned n, int64_t now_ms);
/* Begins again for this key. */
void limiter_forget(struct limiter *limiter, const char *key);

#define LIMITER_ADDRESS_SIZE 48
/* What stands for the holder of an address: IPv4 itself, of IPv6 the first 64 bits, since one holder has all of the
 * rest. */
void limiter_address(const char *address, char out[LIMITER_ADDRESS_SIZE]);
