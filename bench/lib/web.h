/* A web process of a benchmark's own, with an engine in memory: a child that serves on a free port until it gets SIGTERM or its parent
 * ends. */
#pragma once

#include <sys/types.h>

#include "http.h"
#include "web/options.h"

/* Fills `site`. `listen` and `engine_new` of the options are set here. Exits with a message when the process does not start. */
pid_t web_serve(const struct web_options *options, struct site *site);
/* SIGTERM, and waits for its end. */
void web_end(pid_t web);
