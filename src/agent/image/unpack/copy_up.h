/* Copies from a layer below into the one that is written, as overlayfs does on a first write. */
#pragma once

#include "base/error.h"

/* Makes the folder `name` in `parent` with the mode, owner, time and attributes of the open folder `below`. 0 or
 * -errno. */
int copy_up_folder(int below, int parent, const char *name, struct error *err);
/* Gives the open folder `to` what the open folder `below` has: mode, owner, time, attributes. 0 or -errno. */
int copy_up_attributes(int below, int to, struct error *err);
/* Copies a file, link or fifo, with its attributes. 0 or -errno. */
int copy_up_file(int from_parent, const char *from_name, int to_parent, const char *to_name, struct error *err);
