/* Two clients and a program do what the input says to a relay: raw bytes, masked frames, output, reading, leaving, the
 * end. What must hold whatever they do is checked by the sanitizers and by the relay's own state tables. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/util.h"
#include "terminal/relay.h"
#include "terminal/websocket.h"

#define STEPS_MAX 400

enum step { RAW, FRAME, PRINT, READ, TAKE, TURN, SECOND, LEAVE, CONTROL, END, STEPS };

struct scene {
	struct loop *loop;
	struct relay *relay;
	struct terminal *terminal;
	int program;
	int clients[2];
};

static void swallow(int fd)
{
	char waste[65536];

	while (recv(fd, waste, sizeof(waste), MSG_DONTWAIT) > 0)
		;
}

static void push(int fd, const void *data, size_t length)
{
	/* What doesn't fit is lost: also a case. */
	if (length > 0 && send(fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EBADF)
		abort();
}

static void attach(struct scene *scene, int which, uint64_t offset)
{
	int pair[2];

	if (scene->terminal == NULL)
		return;
	if (scene->clients[which] >= 0)
		close(scene->clients[which]);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	scene->clients[which] = pair[0];
	terminal_attach(scene->terminal, pair[1], NULL, 0, offset, NULL, NULL);
}

/* `first`, then the payload behind an honest masked header. */
static void push_frame(int fd, char first, const uint8_t *data, size_t length)
{
	static const char mask[4] = {0x11, 0x22, 0x33, 0x44};
	char header[WEBSOCKET_HEADER_MAX];
	struct buf frame = BUF_INIT;
	size_t n = websocket_header(WEBSOCKET_OPCODE_BINARY, length, header);

	header[0] = first;
	header[1] |= (char)0x80;
	buf_append(&frame, header, n);
	buf_append(&frame, mask, sizeof(mask));
	for (size_t i = 0; i < length; i++)
		buf_append_char(&frame, (char)(data[i] ^ mask[i % 4]));
	push(fd, frame.data, frame.length);
	buf_fini(&frame);
}

static void print(struct scene *scene, const uint8_t *data, size_t length, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		push(scene->program, data, length);
}

static void step(struct scene *scene, uint8_t op, const uint8_t *data, size_t length)
{
	int client = scene->clients[op >> 7];

	switch ((op & 0x7f) % STEPS) {
	case RAW:
		push(client, data, length);
		break;
	case FRAME:
		if (length > 0)
			push_frame(client, (char)data[0], data + 1, length - 1);
		break;
	case PRINT:
		print(scene, data, length, length > 0 ? 1u + data[0] * 8u : 0);
		break;
	case READ:
		swallow(scene->program);
		break;
	case TAKE:
		swallow(client);
		break;
	case SECOND:
		attach(scene, 1, length > 1 ? data[0] * 256u + data[1] : 0);
		break;
	case LEAVE:
		shutdown(client, length % 2 == 0 ? SHUT_WR : SHUT_RDWR);
		break;
	case CONTROL:
		if (scene->terminal != NULL)
			terminal_control(scene->terminal, "{\"usage\": {}}");
		break;
	case END:
		if (scene->terminal != NULL)
			terminal_end(scene->terminal, "stopped", (int)length - 1);
		scene->terminal = NULL;
		break;
	default:
		break;
	}
	loop_once(scene->loop, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct relay_limits limits = {.ring = 8192, .window = 4096};
	static const struct relay_events events = {0};
	struct scene scene = {.loop = loop_new(), .clients = {-1, -1}};
	int pair[2];

	scene.relay = relay_new(scene.loop, &limits, &events);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	scene.program = pair[1];
	if (terminal_new(scene.relay, pair[0], 80, 24, NULL, &scene.terminal, NULL) < 0)
		abort();
	attach(&scene, 0, 0);
	attach(&scene, 1, 0);
	/* Each step: what, how many bytes (two bytes), the bytes. */
	for (int i = 0; size >= 3 && i < STEPS_MAX; i++) {
		uint8_t op = data[0];
		size_t length = min_size((size_t)data[1] | (size_t)(data[2] & 0x1f) << 8, size - 3);

		step(&scene, op, data + 3, length);
		data += 3 + length;
		size -= 3 + length;
	}
	for (int i = 0; i < 4; i++)
		loop_once(scene.loop, 0);
	relay_free(scene.relay);
	loop_free(scene.loop);
	close(scene.program);
	close(scene.clients[0]);
	close(scene.clients[1]);
	return 0;
}
