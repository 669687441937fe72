/* A bounded pool of threads for handlers that may block. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct workers;
struct request;

struct workers_setup {
	unsigned threads;
	unsigned queue_max;
	void (*run)(struct request *request, void *local);
	void *(*start)(void *data);
	void (*end)(void *local, void *data);
	void *data;
};

int workers_new(const struct workers_setup *setup, struct workers **ret_workers, struct error *err);
/* False: the queue is full, or the pool is stopping. */
bool workers_submit(struct workers *workers, struct request *request);
unsigned workers_waiting(struct workers *workers);
/* Lets the running handlers end; what still waits is given to `drop`. */
void workers_stop(struct workers *workers, void (*drop)(struct request *request));
void workers_free(struct workers *workers); /* stopped; takes NULL */
