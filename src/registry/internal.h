/* What the client's files share. */
#pragma once

#include <jansson.h>

#include "base/map.h"
#include "registry/http.h"

struct registry_client {
	struct http http;
	char *base; /* "https://host:port", no slash at the end */
	char *host; /* "host:port" */
	unsigned page;
	char *authfile; /* NULL: none */
	char *user;	/* "name:password", NULL: none for this registry */
	bool basic;	/* it asked for Basic once */
	struct map *tokens; /* by scope: struct token */
};

/* Asks with whatever authentication it takes. `scope`: what a token must be good for ("repository:a/b:pull"; "" for none). `url` is whole.
 * Any status but 401 is given; a 401 after our credentials becomes an error. */
int registry_ask(struct registry_client *client, const struct question *question, const char *scope, struct answer *answer,
	       struct error *err);
/* The answer's body as a JSON object; ERROR_MALFORMED. */
json_t *registry_json(const struct answer *answer, const char *what, struct error *err);
