#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct server *fixture_start(const struct server_config *config, const struct route *routes, size_t count)
{
	struct server_config defaults;
	struct server *server;
	struct error err = {0};

	if (config == NULL) {
		server_config_init(&defaults);
		config = &defaults;
	}
	defaults = *config;
	defaults.listen = "127.0.0.1:0";
	if (server_new(&defaults, &server, &err) < 0)
		fail_msg("%s", err.message);
	server_add(server, routes, count);
	if (server_start(server, &err) < 0)
		fail_msg("%s", err.message);
	return server;
}

void fixture_stop(struct server *server)
{
	server_stop(server, 2000);
	server_free(server);
}

int handle_echo(struct request *request, struct error *err)
{
	const char *q = request_query(request, "q");
	size_t length;

	(void)err;
	request_body(request, &length);
	respond_json(request, 200,
		     json_pack("{s:i,s:s,s:s*,s:I}", "method", (int)request_method(request), "path",
			       request_path(request), "q", q, "length", (json_int_t)length));
	return 0;
}

int handle_json(struct request *request, struct error *err)
{
	json_t *json;
	int r = request_json(request, &json, err);

	if (r < 0)
		return r;
	respond_json(request, 200, json);
	return 0;
}
