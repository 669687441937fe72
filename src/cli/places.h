/* Where the parts of an installation are: beside this program, where they were installed, or in the source tree it was built in. */
#pragma once

/* The absolute path of a program of ours ("ttob-agent"), malloc'd; its bare name when it isn't found (PATH decides then). */
char *places_program(const char *name);
/* The absolute path of a data folder: `installed` below our data directory ("catalog", "ui"), or `source` below the source tree ("catalog",
 * "ui/dist"); malloc'd, NULL when there is none. */
char *places_folder(const char *installed, const char *source);
