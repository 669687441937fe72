/* A registry with a password on a free port, an agent without a socket, and images made on the spot. */
#pragma once

#include "../../../unit/test.h"

#include <sys/types.h>

#include "agent/agent.h"
#include "agent/image/image.h"
#include "base/buf.h"

struct fixture {
	char folder[64]; /* of everything, removed at the end */
	char host[32];   /* "127.0.0.1:port" of the registry */
	pid_t registry;
	struct config *config;
	struct agent agent;
	struct image_options options;
	struct image_store *store;
	const char *unpack_program;
};

int fixture_setup(void **state); /* cmocka's */
int fixture_teardown(void **state);

void registry_start(struct fixture *f);
void registry_stop(struct fixture *f);
void store_open(struct fixture *f);
void store_close(struct fixture *f);
/* A store of `f` as another process would have after this one was killed: nothing is told to the children. */
void store_reopen(struct fixture *f);

enum pack { PACK_GZIP, PACK_ZSTD, PACK_NONE };

struct made_layer {
	const struct buf *tar;
	enum pack pack;
};

/* Pushes an image of these tars, lowest first; `config` is the "config" of the configuration as JSON, or NULL. With
 * `docker` as Docker's schema 2 instead of OCI. */
void push_image(struct fixture *f, const char *name, const struct made_layer *layers, size_t count, const char *config,
		bool docker);
/* Runs a program to its end: 0, or the test fails. */
void run(const char *const *argv);

struct pulled {
	bool done;
	bool ok;
	struct error err;
	char digest[IMAGE_DIGEST_SIZE];
	const struct image *image;
	unsigned progress, last_done, last_total;
};

void pull_start(struct fixture *f, const char *reference, struct pulled *ret);
void pull_wait(struct fixture *f, struct pulled *pulled);
/* Both, and it has to succeed. */
const struct image *pull_ok(struct fixture *f, const char *reference);
/* Both, and it has to fail with this kind. */
void pull_fails(struct fixture *f, const char *reference, enum error_kind kind, const char *message_has);

/* Runs the loop until no child is left at work in the store. */
void settle(struct fixture *f);
unsigned count_names(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool is_there(const char *format, ...) __attribute__((format(printf, 1, 2)));
