/* Scope-bound ownership: `auto_free char *s`, `auto_fd int fd = -1`, and steal() to hand the value over. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define cleanup(f) __attribute__((__cleanup__(f)))

static inline void free_pointer(void *p)
{
	free(*(void **)p);
}

static inline void close_fd_pointer(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define auto_free cleanup(free_pointer)
#define auto_fd cleanup(close_fd_pointer)

/* Gives the pointer's value and leaves NULL, so that the caller's cleanup does nothing. */
#define steal(p)                                                                                                       \
	__extension__({                                                                                                \
		__typeof__(p) *steal_from = &(p);                                                                      \
		__typeof__(p) steal_value = *steal_from;                                                               \
		*steal_from = NULL;                                                                                    \
		steal_value;                                                                                           \
	})

/* The same for a descriptor: leaves -1. */
static inline int steal_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}
