/* A server on a free loopback port with the handlers that the tests ask for. */
#pragma once

#include "http/request.h"
#include "http/response.h"
#include "http/server.h"

struct server *fixture_start(const struct server_config *config, const struct route *routes, size_t count);
/* NULL config: the defaults. Stops and frees. */
void fixture_stop(struct server *server);

/* {"method", "path", "query": q, "length": body length, "name": {name} if the route has one} */
int handle_echo(struct request *request, struct error *err);
/* The JSON body back. */
int handle_json(struct request *request, struct error *err);
