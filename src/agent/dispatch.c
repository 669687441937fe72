#include "agent/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "ipc/client.h"

#define REQUESTS_MAX 8192 /* open ones of one peer */
#define ID_MAX 9007199254740991 /* exact in every JSON reader (RFC 8259 §6) */

struct connection {
	struct list link;
	struct agent *agent;
	struct channel *channel;
	bool greeted;
	struct list requests; /* open ones */
	size_t request_count;
};

struct request {
	struct list link;
	struct connection *connection; /* NULL once the peer is gone */
	struct agent *agent;
	json_int_t id;
	json_t *arguments;
	int fds[FD_PASS_MAX];
	size_t fd_count;
};

struct agent *request_agent(const struct request *request)
{
	return request->agent;
}

json_t *request_arguments(const struct request *request)
{
	return request->arguments;
}

const char *request_string(const struct request *request, const char *field)
{
	return json_string_value(json_object_get(request->arguments, field));
}

int64_t request_integer(const struct request *request, const char *field, int64_t fallback)
{
	json_t *value = json_object_get(request->arguments, field);

	return value != NULL ? (int64_t)json_integer_value(value) : fallback;
}

bool request_bool(const struct request *request, const char *field)
{
	return json_is_true(json_object_get(request->arguments, field));
}

int *request_fd(struct request *request, unsigned i)
{
	return &request->fds[i];
}

const struct connection *request_connection(const struct request *request)
{
	return request->connection;
}

static void request_free(struct request *request)
{
	if (request->connection != NULL)
		request->connection->request_count--;
	list_remove(&request->link);
	for (size_t i = 0; i < request->fd_count; i++)
		if (request->fds[i] >= 0)
			close(request->fds[i]);
	json_decref(request->arguments);
	free(request);
}

/* A message may quote foreign bytes, cut anywhere; JSON takes only whole UTF-8. */
static json_t *safe_string(const char *text)
{
	auto_free char *copy = xstrdup(text);

	if (!str_is_utf8(copy, strlen(copy)))
		for (char *p = copy; *p != '\0'; p++)
			if ((unsigned char)*p >= 0x80)
				*p = '?';
	return json_string(copy);
}

static int send_error(struct connection *connection, json_t *id, const struct error *err)
{
	json_t *body = json_pack("{s:O, s:{s:s, s:o}}", "id", id, "error", "kind", error_kind_name(err->kind), "message",
				 safe_string(err->message));
	int r = channel_send(connection->channel, body, NULL, 0);

	json_decref(body);
	return r;
}

void request_fail(struct request *request, const struct error *err)
{
	if (request->connection != NULL) {
		json_t *id = json_integer(request->id);

		send_error(request->connection, id, err);
		json_decref(id);
	}
	request_free(request);
}

void request_answer(struct request *request, json_t *result, const int *fds, size_t fd_count)
{
	json_t *body = json_pack("{s:I, s:o}", "id", request->id, "result", result != NULL ? result : json_object());
	struct error err;
	int r = 0;

	if (request->connection != NULL)
		r = channel_send(request->connection->channel, body, fds, fd_count);
	json_decref(body);
	if (r < 0 && r != -EPIPE && r != -ENOBUFS) {
		error_errno(&err, r, "the answer cannot be sent");
		request_fail(request, &err);
		return;
	}
	request_free(request);
}

static void connection_free(struct connection *connection)
{
	struct agent *agent = connection->agent;

	list_remove(&connection->link);
	list_for_each(node, &connection->requests)
	{
		container_of(node, struct request, link)->connection = NULL;
		list_remove(node);
	}
	channel_free(connection->channel);
	for (size_t i = 0; agent->parts[i] != NULL; i++)
		if (agent->parts[i]->connection_closed != NULL)
			agent->parts[i]->connection_closed(agent, connection);
	free(connection);
}

static const struct op *find_op(const struct agent *agent, const char *name)
{
	for (size_t i = 0; agent->parts[i] != NULL; i++)
		for (const struct op *op = agent->parts[i]->ops; op != NULL && op->name != NULL; op++)
			if (strcmp(op->name, name) == 0)
				return op;
	return NULL;
}

static int check_hello(const char *op, json_t *body, struct error *err)
{
	if (strcmp(op, "hello") != 0)
		return error_set(err, ERROR_INVALID, EPROTO, "the first request must be hello");
	if (json_integer_value(json_object_get(body, "version")) != IPC_PROTOCOL_VERSION)
		return error_set(err, ERROR_UNSUPPORTED, EPROTO, "this agent speaks version %d of the protocol",
				 IPC_PROTOCOL_VERSION);
	return 0;
}

/* What is wrong with the request itself, before any handler sees it. */
static int check_request(struct connection *connection, json_t *body, size_t fd_count, const struct op **ret_op,
			 struct error *err)
{
	const char *name = json_string_value(json_object_get(body, "op"));
	const struct op *op;
	int r;

	if (name == NULL)
		return error_set(err, ERROR_INVALID, EINVAL, "the field \"op\" is missing");
	if (!connection->greeted) {
		r = check_hello(name, body, err);
		if (r < 0)
			return r;
	}
	op = find_op(connection->agent, name);
	if (op == NULL)
		return error_set(err, ERROR_UNSUPPORTED, EOPNOTSUPP, "unknown operation \"%.64s\"", name);
	r = schema_check(op->fields, body, true, err);
	if (r < 0)
		return r;
	if (fd_count != op->fds)
		return error_set(err, ERROR_INVALID, EINVAL, "%s takes %u descriptors, not %zu", name, op->fds, fd_count);
	if (connection->request_count >= REQUESTS_MAX)
		return error_set(err, ERROR_RATE_LIMITED, EBUSY, "too many open requests");
	*ret_op = op;
	return 0;
}

static void on_message(struct channel *channel, json_t *body, int *fds, size_t fd_count, void *data)
{
	struct connection *connection = data;
	json_t *id = json_object_get(body, "id");
	const struct op *op = NULL;
	struct request *request;
	struct error err;

	(void)channel;
	if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) > ID_MAX) {
		log_warning("a peer sent a request without an id; it is disconnected");
		connection_free(connection);
		return;
	}
	if (check_request(connection, body, fd_count, &op, &err) < 0) {
		send_error(connection, id, &err);
		if (!connection->greeted)
			connection_free(connection);
		return;
	}
	connection->greeted = true;
	request = xmalloc(sizeof(*request));
	request->connection = connection;
	request->agent = connection->agent;
	request->id = json_integer_value(id);
	request->arguments = json_incref(body);
	for (size_t i = 0; i < fd_count; i++)
		request->fds[i] = steal_fd(&fds[i]);
	request->fd_count = fd_count;
	list_append(&connection->requests, &request->link);
	connection->request_count++;
	op->handler(connection->agent, request);
}

static void on_closed(struct channel *channel, const struct error *err, void *data)
{
	(void)channel;
	if (err->kind != ERROR_NONE)
		log_warning("a peer's connection ended: %s", err->message);
	connection_free(data);
}

static const struct channel_handlers handlers = {.message = on_message, .closed = on_closed};

int connection_new(struct agent *agent, int fd, struct error *err)
{
	struct connection *connection = xmalloc(sizeof(*connection));
	int r;

	connection->agent = agent;
	list_init(&connection->link);
	list_init(&connection->requests);
	r = channel_new(agent->loop, fd, &handlers, connection, &connection->channel, err);
	if (r < 0) {
		free(connection);
		return r;
	}
	list_append(&agent->connections, &connection->link);
	return 0;
}

void connections_close(struct agent *agent)
{
	while (!list_is_empty(&agent->connections))
		connection_free(container_of(agent->connections.next, struct connection, link));
}

bool peer_is_allowed(int fd, int64_t user)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid() || (user >= 0 && peer.uid == (uid_t)user);
}

void agent_event(struct agent *agent, const char *name, json_t *body)
{
	json_object_set_new(body, "event", json_string(name));
	list_for_each(node, &agent->connections)
	{
		struct connection *connection = container_of(node, struct connection, link);

		if (connection->greeted)
			channel_send(connection->channel, body, NULL, 0);
	}
	json_decref(body);
}
