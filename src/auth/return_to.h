/* Where a browser goes after it has signed in: never to another site. */
#pragma once

#include <stdbool.h>

#define RETURN_TO_MAX 1000

/* A path of this site, perhaps with a query and a fragment: printable ASCII that begins with one "/", no "\" anywhere;
 * its path, also when decoded once more than a browser would, holds no "//", no dot segments and no control characters;
 * not below /api/. */
bool return_to_is_safe(const char *path);
