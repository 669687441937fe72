/* What a successor needs to know of a sandbox that runs: state.json in its folder. A folder without one is a leftover. */
#pragma once

#include "agent/sandbox/sandbox.h"

/* Replaces it in one step. It need not outlive the machine, so nothing waits for the disk. 0 or -errno. */
int store_write(const struct sandbox *sandbox);
/* Fills a new sandbox from the folder of `key`: NULL when there is none, or not one that can go on. No process is looked at yet. */
struct sandbox *store_read(struct sandboxes *sandboxes, const char *key);
