/* What the web process is told at its start. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"

struct web_options {
	const char *node;	/* our name among the web processes on the database; "" or NULL: the machine's name and the port */
	const char *listen;	/* "127.0.0.1:8080"; http/server.h */
	const char *metrics_listen; /* "127.0.0.1:9464"; "" or NULL: no metrics */
	const char *public_url; /* "" or NULL: what the browser asked for */
	const char *data;	/* folder for build logs and contexts; must exist */
	const char *credentials_key; /* file of the key for registries' passwords (vault.h); "" or NULL: one in `data`, made when missing */
	const char *database;	/* "sqlite:…", "mariadb://…" */
	const char *image_program; /* path of ttob-image; pictures are refused without it */
	const char *ui;		/* folder of the built pages; "" or NULL: none */
	const char *providers;	/* file of those one may sign in by (auth/providers.h); "" or NULL: none */
	unsigned workers;	/* threads for requests that touch the store */
	unsigned connections;
	bool trust_forwarded;

	struct engine_limits limits; /* of a sandbox */
	int64_t idle_ms;
	int64_t lifetime_ms;
	int64_t extend_ms;
	int64_t lifetime_max_ms;
	unsigned most; /* sandboxes at one time; 0: as memory allows */
	unsigned queue_max;
	unsigned terminals_max; /* shells in one sandbox, at most 16 */
	unsigned pool;		/* prepared sandboxes of each of the most tried projects */

	unsigned builds; /* at one time */
	struct engine_limits build_limits;
	uint64_t build_seconds;
	uint64_t build_output; /* bytes of log */
	int64_t smoke_ms;
	size_t context_max;	/* bytes of an archive that is sent */
	unsigned builds_most;	/* of one author in a day; 0: no limit */
	unsigned projects_most; /* of one author; 0: no limit */
	unsigned queued_most;	/* builds of one author that wait; 0: no limit */

	unsigned tries; /* of one address in ten minutes */
	unsigned registrations; /* of one address in an hour */
	unsigned signins;       /* of one address in ten minutes; a wrong password counts for three */
	unsigned guesses;       /* wrong passwords for one account from one address in ten minutes */
	bool limit_loopback;
	bool registration_closed; /* nobody makes an account by the API */
	size_t hash_memory;	  /* bytes for one password's hash; 0: as libsodium recommends */
	unsigned hash_queue;	  /* passwords that wait for theirs; 0: 64 */
	unsigned hash_threads;	  /* how many of these at one time; 0: one */
	int64_t audit_ms;	  /* how long the audit log is kept; 0: for good */
	bool accounts_only; /* guests may look, but not try */
	bool end_on_stop; /* web_stop ends all sandboxes */

	const char *registry_url; /* "" or NULL: nobody looks after it */
	const char *registry_authfile;
	const char *registry_ca_file;
	bool registry_insecure;
	const char *registry_folder;   /* whose disk is watched; "" or NULL: none */
	uint64_t registry_low;	       /* bytes: less than this is too little */
	unsigned registry_low_percent; /* and so is less than this part */
	uint64_t registry_floor;       /* bytes: with less than this builds wait */
	int64_t registry_collect_ms;   /* between two garbage collections; 0: only when asked */
	unsigned pulls;		       /* of images by strangers at one time; 0: nobody may */
	unsigned pull_requests;	       /* of one address in ten minutes */
	int64_t pull_patience_ms;      /* with a slow reader; 0: 30 s */
	int64_t registry_look_ms;      /* between two looks at it; 0: 5 s, or 1 s while it is away */
	int registry_control;	       /* descriptor by which `ttob up` is told to collect; 0: the registry is not its own */

	struct engine *(*engine_new)(struct loop *loop, const struct engine_events *events, void *events_data, void *data);
	void *engine_data;
};
