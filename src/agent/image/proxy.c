#include "agent/image/proxy.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/child.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

#define REPLY_MAX ((size_t)64 * 1024) /* skopeo's own limit is 32 KiB */

/* What the next reply answers. skopeo answers in order, one at a time. */
enum step { STEP_INITIALIZE, STEP_OPEN, STEP_IDLE, STEP_BLOB, STEP_FINISH, STEP_OVER };

struct proxy {
	struct agent *agent;
	const struct proxy_handlers *handlers;
	void *data;
	struct child *child;
	struct loop_io io;
	int socket;
	enum step step;
	char *reference;
	json_int_t image;
	bool wanted; /* a blob is to be fetched as soon as the image is open */
	struct descriptor blob;
	struct error failure;     /* why it is over */
	struct loop_timer failed; /* tells the handler from the loop, never from within proxy_fetch */
};

static void fail(struct proxy *proxy);

static void send_request(struct proxy *proxy, const char *method, json_t *arguments, enum step step)
{
	json_t *request = json_pack("{s:s, s:o}", "method", method, "args", arguments);
	auto_free char *text = json_dumps(request, JSON_COMPACT);
	int r = fd_send(proxy->socket, text, strlen(text), NULL, 0);

	json_decref(request);
	proxy->step = step;
	if (r < 0) {
		error_errno(&proxy->failure, r, "cannot ask skopeo");
		fail(proxy);
	}
}

static void ask_blob(struct proxy *proxy)
{
	proxy->wanted = false;
	send_request(proxy, "GetBlob",
		     json_pack("[I, s, I]", proxy->image, proxy->blob.digest, (json_int_t)proxy->blob.size), STEP_BLOB);
}

static void tell_failure(void *data)
{
	struct proxy *proxy = data;
	struct error err = proxy->failure;
	bool waiting = proxy->wanted, sending = proxy->step == STEP_FINISH;

	proxy->wanted = false;
	proxy->step = STEP_OVER;
	if (sending)
		proxy->handlers->sent(&err, proxy->data);
	else if (waiting)
		proxy->handlers->blob(-1, &err, proxy->data);
}

/* Nothing more can come; whoever waits hears of it on the next turn of the loop. */
static void fail(struct proxy *proxy)
{
	loop_remove(&proxy->io);
	if (proxy->step == STEP_BLOB)
		proxy->wanted = true;
	if (proxy->step != STEP_FINISH)
		proxy->step = STEP_OVER;
	loop_timer_start(proxy->agent->loop, &proxy->failed, 0, tell_failure, proxy);
}

static void handle_blob(struct proxy *proxy, const json_t *reply, int fd)
{
	json_int_t pipe = json_integer_value(json_object_get(reply, "pipeid"));

	if (fd < 0 || pipe <= 0) {
		if (fd >= 0)
			close(fd);
		error_set(&proxy->failure, ERROR_UNAVAILABLE, EPROTO, "skopeo sent no pipe");
		fail(proxy);
		return;
	}
	/* The answer comes when all is read (docs: the proxy keeps its end open until it is asked). */
	send_request(proxy, "FinishPipe", json_pack("[I]", pipe), STEP_FINISH);
	proxy->handlers->blob(fd, NULL, proxy->data);
}

static void handle_refusal(struct proxy *proxy, const json_t *reply)
{
	const char *why = json_string_value(json_object_get(reply, "error"));
	enum step step = proxy->step;
	struct error err;

	registry_failure(why != NULL ? why : "", &err);
	if (step == STEP_FINISH) {
		proxy->step = STEP_IDLE;
		proxy->handlers->sent(&err, proxy->data);
	} else if (step == STEP_BLOB) {
		proxy->step = STEP_IDLE;
		proxy->handlers->blob(-1, &err, proxy->data);
	} else {
		proxy->failure = err;
		fail(proxy);
	}
}

static void handle_reply(struct proxy *proxy, const json_t *reply, int fd)
{
	if (!json_is_true(json_object_get(reply, "success"))) {
		if (fd >= 0)
			close(fd);
		handle_refusal(proxy, reply);
		return;
	}
	if (proxy->step == STEP_BLOB) {
		handle_blob(proxy, reply, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	switch (proxy->step) {
	case STEP_INITIALIZE: {
		auto_free char *image = xasprintf("docker://%s", proxy->reference);

		send_request(proxy, "OpenImage", json_pack("[s]", image), STEP_OPEN);
		break;
	}
	case STEP_OPEN:
		proxy->image = json_integer_value(json_object_get(reply, "value"));
		proxy->step = STEP_IDLE;
		if (proxy->wanted)
			ask_blob(proxy);
		break;
	case STEP_FINISH:
		proxy->step = STEP_IDLE;
		proxy->handlers->sent(NULL, proxy->data);
		break;
	case STEP_BLOB:
	case STEP_IDLE:
	case STEP_OVER:
		break;
	}
}

static void on_socket(struct loop_io *io, uint32_t events)
{
	struct proxy *proxy = container_of(io, struct proxy, io);
	auto_free char *text = xmalloc(REPLY_MAX);
	int fds[FD_PASS_MAX];
	size_t count = 0;
	ssize_t n = fd_receive(proxy->socket, text, REPLY_MAX, fds, &count);
	json_t *reply;

	(void)events;
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		/* Its standard error says why; that comes with its end. */
		loop_remove(&proxy->io);
		if (n < 0 && proxy->child != NULL)
			child_kill(proxy->child, SIGKILL);
		return;
	}
	for (size_t i = 1; i < count; i++)
		close(fds[i]);
	reply = json_loadb(text, (size_t)n, 0, NULL);
	handle_reply(proxy, reply, count > 0 ? fds[0] : -1);
	json_decref(reply);
}

static void on_exited(struct child *child, const struct child_result *result, void *data)
{
	struct proxy *proxy = data;

	(void)child;
	proxy->child = NULL;
	if (proxy->step == STEP_OVER)
		return;
	registry_failure(result->errors, &proxy->failure);
	fail(proxy);
}

static int start_child(struct proxy *proxy, const struct registry *registry, int socket, struct error *err)
{
	bool own = registry_owns(registry, proxy->reference);
	char **environment = registry_environment(registry);
	auto_fd int auth = -1;
	const char *argv[] = {"skopeo",     "experimental-image-proxy",
			      "--sockfd=3", registry_tls_option(registry, proxy->reference),
			      NULL,         NULL};
	struct child_fd fds[2] = {{socket, 3}};
	struct child_options options = {.argv = argv,
					.environment = (const char *const *)environment,
					.fds = fds,
					.fd_count = 1,
					.prepare = registry_become_nobody};
	int r = own ? registry_auth_open(registry, &auth, err) : 0;

	argv[4] = "--no-creds";
	if (auth >= 0) {
		argv[4] = "--authfile=/proc/self/fd/4";
		fds[options.fd_count++] = (struct child_fd){auth, 4};
	}
	if (r == 0)
		r = child_start(proxy->agent, &options, on_exited, proxy, &proxy->child, err);
	registry_environment_free(environment);
	return r;
}

int proxy_start(struct agent *agent, const struct registry *registry, const char *full_reference,
		const struct proxy_handlers *handlers, void *data, struct proxy **ret_proxy, struct error *err)
{
	struct proxy *proxy = xmalloc(sizeof(*proxy));
	int pair[2] = {-1, -1};
	int r;

	*proxy = (struct proxy){.agent = agent, .handlers = handlers, .data = data, .socket = -1};
	proxy->reference = xstrdup(full_reference);
	r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0
		    ? error_errno(err, errno, "cannot make a socket")
		    : 0;
	proxy->socket = pair[0];
	if (r == 0)
		r = start_child(proxy, registry, pair[1], err);
	if (pair[1] >= 0)
		close(pair[1]);
	if (r == 0) {
		fd_set_nonblock(proxy->socket, true);
		r = loop_add(agent->loop, &proxy->io, proxy->socket, EPOLLIN, on_socket);
		if (r < 0)
			error_errno(err, r, "cannot watch skopeo");
	}
	if (r < 0) {
		proxy_stop(proxy);
		return r;
	}
	send_request(proxy, "Initialize", json_array(), STEP_INITIALIZE);
	*ret_proxy = proxy;
	return 0;
}

void proxy_fetch(struct proxy *proxy, const struct descriptor *blob)
{
	proxy->blob = *blob;
	proxy->wanted = true;
	if (proxy->step == STEP_IDLE)
		ask_blob(proxy);
	else if (proxy->step == STEP_OVER)
		fail(proxy);
}

void proxy_stop(struct proxy *proxy)
{
	if (proxy == NULL)
		return;
	loop_remove(&proxy->io);
	loop_timer_stop(&proxy->failed);
	child_abandon(proxy->child);
	if (proxy->socket >= 0)
		close(proxy->socket);
	free(proxy->reference);
	free(proxy);
}
