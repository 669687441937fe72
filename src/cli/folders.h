/* The data folder of `ttob up`, and the lock that keeps a second one away from it. */
#pragma once

#include <sys/types.h>

#include "base/error.h"

struct folders {
	char *data;   /* absolute */
	char *web;    /* data/web: the web process's own */
	char *state;  /* data/agent: the agent's, survives a reboot */
	char *run;    /* /run/ttob, or /run/ttob-<hash> for another data folder: does not survive one */
	char *socket; /* of the agent */
	int lock;
};

/* Makes them: `data` and `run` root's and readable, `web` of uid:gid alone. ERROR_CONFLICT when another `ttob up` holds the lock. */
int folders_open(const char *data, uid_t uid, gid_t gid, struct folders *ret_folders, struct error *err);
/* Gives the lock back and removes `run` when no sandbox is left in it. */
void folders_close(struct folders *folders);
