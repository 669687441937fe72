/* Foreign messages to the agent's socket: framing, JSON, the first hello, schemas. The operations are the real ones' tables with a
 * handler that only reads what it was promised. The input is one message per line; a first line that is empty says hello first. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/dispatch.h"
#include "agent/image/image.h"
#include "agent/limits.h"
#include "agent/sandbox/sandbox_ops.h"
#include "base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the real operations would reach, were they run. */
const struct image *image_find(struct image_store *store, const char *digest_or_reference)
{
	(void)store;
	(void)digest_or_reference;
	return NULL;
}

const struct image *image_ref(struct image_store *store, const struct image *image)
{
	(void)store;
	return image;
}

void image_unref(struct image_store *store, const struct image *image)
{
	(void)store;
	(void)image;
}

void agent_stop(struct agent *agent)
{
	(void)agent;
}

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void read_arguments(struct agent *agent, struct request *request)
{
	json_t *arguments = request_arguments(request);
	json_t *limits = json_object_get(arguments, "limits");
	const char *id = request_string(request, "sandbox");
	int64_t cols = request_integer(request, "cols", 80);

	(void)agent;
	must(id == NULL || id_is_valid(id));
	must(cols >= 1 && cols <= 1000);
	if (limits != NULL) {
		struct limits read = limits_from_json(limits);

		must(read.memory >= 16 << 20 && read.cpu >= 10 && read.pids >= 4 && read.disk >= 1 << 20);
	}
	request_answer(request, json_incref(arguments), NULL, 0);
}

static const struct op_field hello_fields[] = {{.name = "version", .type = FIELD_INTEGER, .max = UINT32_MAX}, {.name = NULL}};

static struct op *make_ops(void)
{
	size_t count = 0;
	struct op *ops;

	while (sandbox_ops[count].name != NULL)
		count++;
	ops = xcalloc(count + 2, sizeof(*ops));
	memcpy(ops, sandbox_ops, count * sizeof(*ops));
	ops[count] = (struct op){.name = "hello", .fields = hello_fields};
	for (size_t i = 0; i <= count; i++)
		ops[i].handler = read_arguments;
	return ops;
}

static void drain(int fd)
{
	char answer[4096];

	while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
		;
}

static void play(struct agent *agent, int fd, const char *data, size_t size)
{
	static const char hello[] = "{\"id\":1,\"op\":\"hello\",\"version\":1}";

	for (size_t at = 0; at <= size;) {
		const char *end = memchr(data + at, '\n', size - at);
		size_t length = end != NULL ? (size_t)(end - data) - at : size - at;
		const char *message = length == 0 && at == 0 ? hello : data + at;
		size_t message_length = length == 0 && at == 0 ? strlen(hello) : length;

		if (message_length > 0 && send(fd, message, message_length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		loop_once(agent->loop, 0);
		drain(fd);
		at += length + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct op *ops = make_ops();
	const struct agent_part part = {.name = "fuzz", .ops = ops};
	const struct agent_part *const parts[] = {&part, NULL};
	struct agent agent = {.parts = parts, .loop = loop_new()};
	struct error err;
	int ends[2];

	list_init(&agent.connections);
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	must(connection_new(&agent, ends[1], &err) == 0);
	play(&agent, ends[0], (const char *)data, size);
	close(ends[0]);
	for (int i = 0; i < 8 && !list_is_empty(&agent.connections); i++)
		loop_once(agent.loop, 0);
	must(list_is_empty(&agent.connections)); /* a peer that left is forgotten */
	loop_free(agent.loop);
	free(ops);
	return 0;
}
