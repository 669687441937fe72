/* What search.c and keeper.c share.
 *
 * The keeper's thread is the only one that writes index files, facts and vocabulary. Locks, in the order in which they
 * may be taken: `lock`, then `facts_lock`. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "search/facts.h"
#include "search/index.h"
#include "search/search.h"
#include "search/vocabulary.h"
#include "store/store.h"

/* A connection for one question at a time. */
struct reader {
	struct reader *next;
	struct index_file *file;
	unsigned generation;
};

struct search {
	char *folder;
	char *database;
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t wake;   /* the keeper has something to do */
	pthread_cond_t synced; /* the keeper has done something */
	bool stopping;
	bool broken;            /* a reader says so */
	bool usable;            /* facts and file are whole, if maybe not of this second */
	bool large;             /* so much has changed that nobody waits for it */
	uint64_t wanted, done;  /* changes that were told, and looked for */
	uint64_t seen;          /* changes that were taken up */
	char *path;             /* of the file that readers open; NULL: none */
	unsigned generation;    /* of `path` */
	struct reader *readers; /* idle ones */

	pthread_rwlock_t facts_lock;
	struct facts *facts;
	struct vocabulary *vocabulary;
};

/* The keeper's thread. */
void *keeper_run(void *search);
