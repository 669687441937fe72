#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/util.h"

static void on_hangup(struct terminal *terminal, void *data)
{
	(void)terminal;
	((struct bench *)data)->hangups++;
}

static void on_active(struct terminal *terminal, void *data)
{
	(void)terminal;
	((struct bench *)data)->actives++;
}

static void on_clients(struct terminal *terminal, unsigned count, void *data)
{
	(void)terminal;
	((struct bench *)data)->clients = count;
}

static void die(const char *what)
{
	perror(what);
	abort();
}

static void open_pty(int *master, int *slave)
{
	struct termios termios;
	char name[64];

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master < 0 || grantpt(*master) < 0 || unlockpt(*master) < 0 || ptsname_r(*master, name, sizeof(name)) != 0)
		die("pty");
	*slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (*slave < 0 || tcgetattr(*slave, &termios) < 0)
		die("pty slave");
	cfmakeraw(&termios);
	tcsetattr(*slave, TCSANOW, &termios);
}

void bench_init(struct bench *bench, const struct relay_limits *limits, bool pty)
{
	static const struct relay_events events = {on_hangup, on_active, on_clients};
	static const struct relay_limits none = {0};
	int pair[2];

	*bench = (struct bench){.loop = loop_new()};
	bench->relay = relay_new(bench->loop, limits != NULL ? limits : &none, &events);
	if (pty)
		open_pty(&pair[0], &pair[1]);
	else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		die("socketpair");
	bench->program = pair[1];
	if (terminal_new(bench->relay, pair[0], 80, 24, bench, &bench->terminal, NULL) < 0)
		die("terminal_new");
}

void bench_fini(struct bench *bench)
{
	relay_free(bench->relay);
	loop_free(bench->loop);
	for (unsigned i = 0; i < bench->peer_count; i++)
		peer_fini(bench->peers[i]);
	if (bench->program >= 0)
		close(bench->program);
	buf_fini(&bench->typed);
}

void bench_attach(struct bench *bench, struct peer *peer, uint64_t offset)
{
	int pair[2];

	*peer = (struct peer){.acking = true, .reading = true, .socket = -1};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		die("socketpair");
	peer->socket = pair[0];
	bench->peers[bench->peer_count++] = peer;
	terminal_attach(bench->terminal, pair[1], NULL, 0, offset, NULL, NULL);
}

void peer_fini(struct peer *peer)
{
	if (peer->socket >= 0)
		close(peer->socket);
	peer->socket = -1;
	buf_fini(&peer->outgoing);
	buf_fini(&peer->raw);
	buf_fini(&peer->output);
	buf_fini(&peer->texts);
	buf_fini(&peer->pong);
	buf_fini(&peer->close_why);
}

static void take_text(struct peer *peer, const char *text, size_t length)
{
	char *copy = xstrndup(text, length);
	uint64_t offset, window;

	if (sscanf(copy, "{\"hello\": {\"offset\": %" SCNu64 ", \"window\": %" SCNu64, &offset, &window) == 2) {
		peer->hellos++;
		peer->offset = offset;
		peer->window = window;
		buf_clear(&peer->output);
	}
	buf_append(&peer->texts, text, length);
	buf_append_char(&peer->texts, '\n');
	free(copy);
}

static void take_frame(struct peer *peer, unsigned char first, const char *data, size_t length)
{
	switch (first) {
	case 0x82:
		peer->wrong |= peer->checking && !stream_matches(data, peer->offset, length);
		buf_append(&peer->output, data, length);
		peer->offset += length;
		break;
	case 0x81:
		take_text(peer, data, length);
		break;
	case 0x88:
		peer->close_code = length < 2 ? 1005 : (unsigned)(unsigned char)data[0] << 8 | (unsigned char)data[1];
		if (length > 2)
			buf_append(&peer->close_why, data + 2, length - 2);
		break;
	case 0x89:
		peer->pings++;
		break;
	case 0x8a:
		peer->pongs++;
		buf_clear(&peer->pong);
		buf_append(&peer->pong, data, length);
		break;
	default:
		fprintf(stderr, "the relay sent a frame that begins with %#x\n", first);
		abort();
	}
}

/* The length of the header in front, 0 when it isn't whole; the payload's to *ret_length. */
static size_t parse_header(const struct buf *raw, uint64_t *ret_length)
{
	const unsigned char *p = (const unsigned char *)raw->data;
	size_t more;

	if (raw->length < 2)
		return 0;
	if (p[1] & 0x80) {
		fprintf(stderr, "the relay masked a frame\n");
		abort();
	}
	*ret_length = p[1];
	more = p[1] == 126 ? 2 : p[1] == 127 ? 8 : 0;
	if (raw->length < 2 + more)
		return 0;
	if (more > 0)
		*ret_length = 0;
	for (size_t i = 0; i < more; i++)
		*ret_length = *ret_length << 8 | p[2 + i];
	return 2 + more;
}

void peer_receive(struct bench *bench, struct peer *peer)
{
	uint64_t before = peer->offset, length;
	size_t header;
	ssize_t n;

	while ((n = recv(peer->socket, buf_reserve(&peer->raw, 65536), 65536, MSG_DONTWAIT)) > 0)
		buf_added(&peer->raw, (size_t)n);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		peer->eof = true;
	while ((header = parse_header(&peer->raw, &length)) > 0 && peer->raw.length >= header + length) {
		take_frame(peer, (unsigned char)peer->raw.data[0], peer->raw.data + header, (size_t)length);
		buf_consume(&peer->raw, header + (size_t)length);
	}
	if (peer->acking && peer->offset != before && !peer->eof) {
		char text[64];

		snprintf(text, sizeof(text), "{\"ack\":%" PRIu64 "}", peer->offset);
		peer_text(bench, peer, text);
	}
}

static bool send_waiting(struct peer *peer)
{
	ssize_t n = 0;

	if (peer->outgoing.length > 0)
		n = send(peer->socket, peer->outgoing.data, peer->outgoing.length, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0)
		buf_consume(&peer->outgoing, (size_t)n);
	return n > 0;
}

bool bench_turn(struct bench *bench, int timeout_ms)
{
	size_t typed = bench->typed.length;
	bool news = false;

	if (loop_once(bench->loop, timeout_ms) < 0)
		abort();
	if (bench->step != NULL)
		bench->step(bench);
	for (unsigned i = 0; i < bench->peer_count; i++) {
		struct peer *peer = bench->peers[i];
		size_t had = peer->raw.length + peer->output.length + peer->texts.length + peer->pongs + peer->pings;
		bool eof = peer->eof;

		if (peer->socket < 0 || eof)
			continue;
		news |= send_waiting(peer);
		if (!peer->reading)
			continue;
		peer_receive(bench, peer);
		if (had != peer->raw.length + peer->output.length + peer->texts.length + peer->pongs + peer->pings ||
		    eof != peer->eof)
			news = true;
	}
	return news || typed != bench->typed.length;
}

void bench_settle(struct bench *bench, int quiet_ms)
{
	int64_t last = clock_monotonic_ms();

	while (clock_monotonic_ms() - last < quiet_ms)
		if (bench_turn(bench, 5))
			last = clock_monotonic_ms();
}

bool bench_until(struct bench *bench, const void *what, size_t size, uint64_t value)
{
	int64_t last = clock_monotonic_ms();
	uint64_t now = 0;

	do {
		memcpy(&now, what, size);
		if (now >= value)
			return true;
		if (bench_turn(bench, 20))
			last = clock_monotonic_ms();
	} while (clock_monotonic_ms() - last < 20000);
	return false;
}

void bench_print(struct bench *bench, const void *data, size_t length)
{
	const char *p = data;

	while (length > 0) {
		ssize_t n = write(bench->program, p, length);

		if (n > 0) {
			p += n;
			length -= (size_t)n;
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			die("write to the program's end");
		} else {
			bench_turn(bench, 5);
		}
	}
}

void peer_send_raw(struct bench *bench, struct peer *peer, const void *data, size_t length)
{
	(void)bench;
	buf_append(&peer->outgoing, data, length);
	send_waiting(peer);
}

void peer_frame(struct bench *bench, struct peer *peer, unsigned char first, const void *data, size_t length)
{
	static const unsigned char mask[4] = {0x5a, 0x01, 0xff, 0x80};
	struct buf frame = BUF_INIT;

	buf_append_char(&frame, (char)first);
	if (length < 126) {
		buf_append_char(&frame, (char)(0x80 | length));
	} else if (length <= 65535) {
		buf_append_char(&frame, (char)(0x80 | 126));
		buf_append_char(&frame, (char)(length >> 8));
		buf_append_char(&frame, (char)length);
	} else {
		buf_append_char(&frame, (char)(0x80 | 127));
		for (int shift = 56; shift >= 0; shift -= 8)
			buf_append_char(&frame, (char)((uint64_t)length >> shift));
	}
	buf_append(&frame, mask, sizeof(mask));
	for (size_t i = 0; i < length; i++)
		buf_append_char(&frame, (char)(((const unsigned char *)data)[i] ^ mask[i % 4]));
	peer_send_raw(bench, peer, frame.data, frame.length);
	buf_fini(&frame);
}

void peer_text(struct bench *bench, struct peer *peer, const char *json)
{
	peer_frame(bench, peer, 0x81, json, strlen(json));
}

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

size_t allocated_bytes(void)
{
	return __sanitizer_get_current_allocated_bytes != NULL ? __sanitizer_get_current_allocated_bytes()
							       : mallinfo2().uordblks;
}

size_t bench_peer_bytes(const struct bench *bench)
{
	size_t total = 0;

	for (unsigned i = 0; i < bench->peer_count; i++) {
		const struct peer *peer = bench->peers[i];

		total += peer->outgoing.capacity + peer->raw.capacity + peer->output.capacity + peer->texts.capacity +
			 peer->pong.capacity + peer->close_why.capacity;
	}
	return total;
}

unsigned char stream_byte(uint64_t at)
{
	at *= 0x9e3779b97f4a7c15u;
	return (unsigned char)(at >> 56 ^ at >> 29);
}

void stream_fill(char *out, uint64_t from, size_t length)
{
	for (size_t i = 0; i < length; i++)
		out[i] = (char)stream_byte(from + i);
}

bool stream_matches(const char *data, uint64_t from, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)data[i] != stream_byte(from + i))
			return false;
	return true;
}
