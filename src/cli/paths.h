/* Where the web process keeps its things, from the settings. */
#pragma once

#include "base/config.h"

struct paths {
	char *data;	/* <data>/web: database, build logs, contexts */
	char *database; /* address for store_open; may hold a password: not for logs */
	const char *user; /* whom it belongs to; of the configuration */
	char *ui;	/* NULL: no pages were built */
	char *catalog;	/* NULL: none */
	char *image;	/* the program ttob-image */
};

/* Reads the database's password file, too, when there is one. After an error `paths` is as after paths_fini. */
int paths_init(struct paths *paths, const struct config *config, struct error *err);
/* Makes the web's folder if there is none, and lets root become, for good, whom it belongs to: what root writes, the web process
 * could not read. */
int paths_enter(const struct paths *paths, struct error *err);
void paths_fini(struct paths *paths); /* wipes the password */
