/* The insides of the builds' part, shared by its files. */
#pragma once

#include "agent/build/base_store.h"
#include "agent/build/build.h"
#include "agent/build/build_log.h"
#include "agent/build/dockerfile.h"
#include "agent/build/login.h"
#include "agent/image/registry.h"
#include "base/buf.h"
#include "base/list.h"

#define BUILD_WORKERS_MAX 32
#define BUILD_IDS 65536u

struct git;

struct builds {
	struct agent *agent;
	struct job_host *host;
	struct base_store *bases;
	struct registry registry;
	struct list running;
	struct git *git; /* what is being fetched; NULL: nothing */
	bool slots[BUILD_WORKERS_MAX]; /* taken */
	size_t workers;
	uint32_t base_ids; /* the bases' host ids; those of worker n come BUILD_IDS * (n + 1) later, then those of git */
	uint64_t image_max;
	char *disks; /* folder of the builds' disks */
	char *work;  /* folder of what is mounted for them */
};

struct build {
	struct builds *builds;
	struct list link;
	unsigned state;
	char *id;
	char *tag;
	char *work;
	struct build_limits limits;
	bool network;
	bool cancelled;
	const struct connection *owner;
	size_t slot;
	uint32_t ids;
	int64_t due_ms;
	int context;
	int disk;
	struct build_log *log;
	struct job *job;	       /* what runs now; NULL: nothing */
	struct base_request *base_request;
	struct login *login; /* NULL: none, or no more */
	bool own_text;	 /* it came with the request, not in the context */
	struct buf text; /* the Dockerfile */
	char *top;	 /* the one folder that holds the whole context; NULL: it lies open */
	struct dockerfile dockerfile;
	char *base_names[DOCKERFILE_BASES_MAX];
	size_t mounted; /* bases */
};

void build_begin(struct build *build); /* takes the build over: it frees itself at its end */
void build_cancel(struct build *build);
