#include "cli/sweep.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "ipc/client.h"
#include "ipc/socket.h"

struct sweep {
	struct loop *loop;
	struct client *client;
	struct loop_timer timer; /* the limit; and the way to tell the end from the loop */
	void (*done)(unsigned count, void *data);
	void *data;
	unsigned open; /* stops not answered yet */
	unsigned count;
};

static void tell_end(void *data)
{
	struct sweep *sweep = data;
	void (*done)(unsigned count, void *data) = sweep->done;

	sweep->done = NULL;
	if (done != NULL)
		done(sweep->count, sweep->data);
}

static void end_soon(struct sweep *sweep)
{
	if (sweep->done != NULL)
		loop_timer_start(sweep->loop, &sweep->timer, 0, tell_end, sweep);
}

static void on_stopped(const struct error *err, json_t *result, int *fds, size_t fd_count, void *data)
{
	struct sweep *sweep = data;

	(void)err;
	(void)result;
	(void)fds;
	(void)fd_count;
	if (--sweep->open == 0)
		end_soon(sweep);
}

static void on_listed(const struct error *err, json_t *result, int *fds, size_t fd_count, void *data)
{
	struct sweep *sweep = data;
	json_t *item;
	size_t i;

	(void)fds;
	(void)fd_count;
	if (err == NULL) {
		json_array_foreach(json_object_get(result, "sandboxes"), i, item)
		{
			const char *id = json_string_value(json_object_get(item, "sandbox"));

			if (id == NULL)
				continue;
			sweep->open++;
			sweep->count++;
			client_request(sweep->client, "sandbox.stop", json_pack("{s:s,s:s}", "sandbox", id, "reason", "stopped"),
				       NULL, 0, on_stopped, sweep);
		}
	}
	if (sweep->open == 0)
		end_soon(sweep);
}

static void on_event(const char *name, json_t *body, int *fds, size_t fd_count, void *data)
{
	(void)name;
	(void)body;
	(void)fds;
	(void)fd_count;
	(void)data;
}

static void on_closed(const struct error *err, void *data)
{
	(void)err;
	end_soon(data);
}

static const struct client_handlers handlers = {.event = on_event, .closed = on_closed};

struct sweep *sweep_start(struct loop *loop, const char *socket_path, int64_t limit_ms, void (*done)(unsigned count, void *data),
			  void *data)
{
	struct sweep *sweep = xmalloc(sizeof(*sweep));
	auto_fd int fd = -1;

	sweep->loop = loop;
	sweep->done = done;
	sweep->data = data;
	if (socket_connect(socket_path, &fd, NULL) < 0 ||
	    client_new(loop, steal_fd(&fd), &handlers, sweep, &sweep->client, NULL) < 0) {
		end_soon(sweep);
		return sweep;
	}
	loop_timer_start(loop, &sweep->timer, limit_ms, tell_end, sweep);
	client_request(sweep->client, "sandbox.list", NULL, NULL, 0, on_listed, sweep);
	return sweep;
}

void sweep_free(struct sweep *sweep)
{
	if (sweep == NULL)
		return;
	sweep->done = NULL;
	client_free(sweep->client); /* answers what is open, which starts no timer any more */
	loop_timer_stop(&sweep->timer);
	free(sweep);
}
