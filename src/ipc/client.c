#include "ipc/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/util.h"

struct request {
	struct list link;
	json_int_t id;
	client_answer answer;
	void *data;
};

struct client {
	struct loop *loop;
	struct channel *channel;
	const struct client_handlers *handlers;
	void *data;
	struct list requests; /* oldest first */
	struct list refused;  /* could not be sent; told from the loop */
	struct loop_timer refuse_timer;
	json_int_t next_id;
};

static void fail_all(struct list *requests, const struct error *err)
{
	while (!list_is_empty(requests)) {
		struct request *request = container_of(requests->next, struct request, link);

		list_remove(&request->link);
		request->answer(err, NULL, NULL, 0, request->data);
		free(request);
	}
}

static void fail_unavailable(struct list *requests, const char *why)
{
	struct error err;

	error_set(&err, ERROR_UNAVAILABLE, ENOTCONN, "%s", why);
	fail_all(requests, &err);
}

static struct request *find(struct client *client, json_int_t id)
{
	list_for_each(node, &client->requests)
	{
		struct request *request = container_of(node, struct request, link);

		if (request->id == id)
			return request;
	}
	return NULL;
}

static void take_answer(struct client *client, json_t *body, int *fds, size_t fd_count)
{
	struct request *request = find(client, json_integer_value(json_object_get(body, "id")));
	json_t *error = json_object_get(body, "error");
	struct error err;

	if (request == NULL)
		return;
	list_remove(&request->link);
	if (error != NULL) {
		const char *message = json_string_value(json_object_get(error, "message"));

		error_set(&err, error_kind_from_name(json_string_value(json_object_get(error, "kind"))), EREMOTEIO, "%s",
			  message != NULL ? message : "the agent gave no reason");
		request->answer(&err, NULL, fds, fd_count, request->data);
	} else {
		request->answer(NULL, json_object_get(body, "result"), fds, fd_count, request->data);
	}
	free(request);
}

static void on_message(struct channel *channel, json_t *body, int *fds, size_t fd_count, void *data)
{
	struct client *client = data;
	const char *event = json_string_value(json_object_get(body, "event"));

	(void)channel;
	if (event != NULL)
		client->handlers->event(event, body, fds, fd_count, client->data);
	else
		take_answer(client, body, fds, fd_count);
}

static void on_closed(struct channel *channel, const struct error *err, void *data)
{
	struct client *client = data;

	(void)channel;
	fail_unavailable(&client->requests, "the agent went away");
	client->handlers->closed(err, client->data);
}

static void on_hello(const struct error *err, json_t *result, int *fds, size_t fd_count, void *data)
{
	/* A refused hello is followed by the end of the connection, which tells the owner. */
	(void)err;
	(void)result;
	(void)fds;
	(void)fd_count;
	(void)data;
}

static const struct channel_handlers channel_handlers = {.message = on_message, .closed = on_closed};

int client_new(struct loop *loop, int fd, const struct client_handlers *handlers, void *data, struct client **ret_client,
	       struct error *err)
{
	struct client *client = xmalloc(sizeof(*client));
	int r;

	client->loop = loop;
	client->handlers = handlers;
	client->data = data;
	list_init(&client->requests);
	list_init(&client->refused);
	r = channel_new(loop, fd, &channel_handlers, client, &client->channel, err);
	if (r < 0) {
		free(client);
		return r;
	}
	*ret_client = client;
	client_request(client, "hello", json_pack("{s:i}", "version", IPC_PROTOCOL_VERSION), NULL, 0, on_hello, NULL);
	return 0;
}

void client_free(struct client *client)
{
	if (client == NULL)
		return;
	loop_timer_stop(&client->refuse_timer);
	channel_free(client->channel);
	fail_unavailable(&client->requests, "the connection to the agent was closed");
	fail_unavailable(&client->refused, "the connection to the agent was closed");
	free(client);
}

static void tell_refused(void *data)
{
	struct client *client = data;

	fail_unavailable(&client->refused, "the request could not be sent to the agent");
}

void client_request(struct client *client, const char *op, json_t *arguments, const int *fds, size_t fd_count,
		    client_answer answer, void *data)
{
	struct request *request = xmalloc(sizeof(*request));

	*request = (struct request){.id = ++client->next_id, .answer = answer, .data = data};
	if (arguments == NULL)
		arguments = json_object();
	json_object_set_new(arguments, "id", json_integer(request->id));
	json_object_set_new(arguments, "op", json_string(op));
	if (channel_send(client->channel, arguments, fds, fd_count) == 0) {
		list_append(&client->requests, &request->link);
	} else {
		list_append(&client->refused, &request->link);
		loop_timer_start(client->loop, &client->refuse_timer, 0, tell_refused, client);
	}
	json_decref(arguments);
}
