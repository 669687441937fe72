/* The subcommands of ttob: one file each, joined by the table in main.c. */
#pragma once

#include "base/config.h"

struct command {
	const char *name;
	const char *arguments; /* shown behind the name in --help */
	const char *help;      /* one line */
	/* `config` holds the file, the environment and the flags. `arguments` (NULL-terminated, without the command's name) are what is
	 * left after the flags. Gives the exit status: 0 fine, 1 failed, 2 used wrongly. */
	int (*run)(struct config *config, char **arguments);
};

extern const struct command command_up;
extern const struct command command_web;
extern const struct command command_doctor;
extern const struct command command_admin;
extern const struct command command_catalog;
extern const struct command command_config;
