/* The web process: HTTP server, control loop and store as one. Several may live in one process (tests do that). */
#pragma once

#include "base/error.h"
#include "web/options.h"

struct web;

/* Brings the database up to date, loads what was open and binds the port. `options` and its strings are borrowed for the web's life. */
int web_new(const struct web_options *options, struct web **ret_web, struct error *err);
int web_start(struct web *web, struct error *err);
unsigned web_port(const struct web *web);
unsigned web_metrics_port(const struct web *web); /* 0: there are no metrics */
/* Tells terminals and streams good-bye and answers what is open; blocks until that is done. */
void web_stop(struct web *web);
void web_free(struct web *web); /* takes NULL */
