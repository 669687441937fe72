/* Where the web process keeps its things, from the settings. */
#pragma once

#include "base/config.h"

struct paths {
	char *data;	/* <data>/web: database, build logs, contexts */
	char *database; /* "sqlite:…" */
	const char *user; /* whom it belongs to; of the configuration */
	char *ui;	/* NULL: no pages were built */
	char *catalog;	/* NULL: none */
};

void paths_init(struct paths *paths, const struct config *config);
void paths_fini(struct paths *paths);
