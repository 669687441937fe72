#include "http/stream.h"

#include <errno.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/util.h"
#include "http/internal.h"
#include "http/response.h"

#define BEHIND_MAX   (256 * 1024)
#define BLOCK_SIZE   4096
#define BODY_BLOCK   (64 * 1024)
#define HEARTBEAT_MS 15000

/* Held by its feeder until stream_close, by the response until libmicrohttpd frees it, and for moments by the ticker.
 * Lock order: ready_lock, lock, server.lock. */
struct stream {
	struct server *server; /* while `mhd` is there */
	atomic_uint refs;
	struct list link;           /* server.streams */
	pthread_mutex_t ready_lock; /* recursive: `ready` may close the stream */
	void (*ready)(void *data);
	void *ready_data;
	pthread_mutex_t lock;
	struct MHD_Connection *mhd; /* NULL: the client is gone */
	int fd;
	struct buf out;
	bool suspended;
	bool ended;  /* nothing comes after `out` */
	bool wanted; /* a send was refused: `ready` is due */
	bool events; /* else a body */
	int64_t sent_ms;
};

static void stream_release(struct stream *stream)
{
	if (atomic_fetch_sub(&stream->refs, 1) != 1)
		return;
	pthread_mutex_destroy(&stream->lock);
	pthread_mutex_destroy(&stream->ready_lock);
	buf_fini(&stream->out);
	free(stream);
}

static void tell_ready(struct stream *stream)
{
	pthread_mutex_lock(&stream->ready_lock);
	if (stream->ready != NULL)
		stream->ready(stream->ready_data);
	pthread_mutex_unlock(&stream->ready_lock);
}

/* Under `lock`. */
static void wake(struct stream *stream)
{
	if (stream->suspended && stream->mhd != NULL) {
		stream->suspended = false;
		MHD_resume_connection(stream->mhd);
	}
}

/* libmicrohttpd asks for bytes: gives what is there, or has the connection wait. */
static ssize_t read_out(void *cls, uint64_t position, char *out, size_t max)
{
	struct stream *stream = cls;
	ssize_t n;
	bool ready;

	(void)position;
	pthread_mutex_lock(&stream->lock);
	n = (ssize_t)min_size(max, stream->out.length);
	if (n > 0) { /* else there may be no memory yet */
		memcpy(out, stream->out.data, (size_t)n);
		buf_consume(&stream->out, (size_t)n);
	}
	ready = stream->wanted && stream->out.length < BEHIND_MAX / 2;
	stream->wanted = stream->wanted && !ready;
	if (n == 0 && stream->ended) {
		n = MHD_CONTENT_READER_END_OF_STREAM;
	} else if (n == 0) {
		stream->suspended = true;
		MHD_suspend_connection(stream->mhd);
	}
	pthread_mutex_unlock(&stream->lock);
	if (ready)
		tell_ready(stream);
	return n;
}

/* The response is being freed: the client is gone, or has it all. */
static void let_go(void *cls)
{
	struct stream *stream = cls;
	struct server *server = stream->server;

	pthread_mutex_lock(&stream->lock);
	stream->mhd = NULL;
	stream->fd = -1;
	pthread_mutex_unlock(&stream->lock);
	pthread_mutex_lock(&server->lock);
	list_remove(&stream->link);
	pthread_mutex_unlock(&server->lock);
	atomic_fetch_sub(&server->stream_count, 1);
	tell_ready(stream);
	stream_release(stream);
}

static void init_locks(struct stream *stream)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&stream->ready_lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	pthread_mutex_init(&stream->lock, NULL);
}

static struct MHD_Response *response_of(struct stream *stream, bool secure)
{
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_out, stream, let_go);

	response_add_common(response, secure);
	MHD_add_response_header(response, "Content-Type", "text/event-stream");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Accel-Buffering", "no"); /* nginx would hold events back */
	return response;
}

/* NULL: the request was answered already, or is gone. */
static struct stream *stream_new(struct request *request, bool events)
{
	struct stream *stream = NULL;
	struct server *server;

	pthread_mutex_lock(&request->lock);
	server = request->server;
	if (request->mhd != NULL && !request->answered) {
		stream = xmalloc(sizeof(*stream));
		stream->server = server;
		stream->events = events;
		stream->mhd = request->mhd;
		stream->fd = request->connection != NULL ? request->connection->fd : -1;
		stream->sent_ms = clock_monotonic_ms();
		atomic_init(&stream->refs, 2);
		init_locks(stream);
		atomic_fetch_add(&server->stream_count, 1);
		pthread_mutex_lock(&server->lock);
		list_append(&server->streams, &stream->link);
		stream->ended = server->stopping;
		pthread_mutex_unlock(&server->lock);
	}
	pthread_mutex_unlock(&request->lock);
	return stream;
}

struct stream *respond_stream(struct request *request)
{
	struct stream *stream = stream_new(request, true);

	if (stream == NULL)
		return NULL;
	buf_append_string(&stream->out, ":\n\n"); /* so that proxies pass the headers on */
	request_answer(request, 200, response_of(stream, request->secure));
	return stream;
}

struct stream *respond_body(struct request *request, unsigned status, const char *type, uint64_t length)
{
	struct stream *stream = stream_new(request, false);

	if (stream != NULL)
		response_finish(request, status, type, MHD_create_response_from_callback(length, BODY_BLOCK, read_out, stream, let_go));
	return stream;
}

const char *stream_last_id(const struct request *request)
{
	const char *id = request_header(request, "Last-Event-ID");

	return id != NULL ? id : request_query(request, "offset");
}

static void append_event(struct buf *out, const char *event, const char *id, const char *data)
{
	if (event != NULL)
		buf_printf(out, "event: %s\n", event);
	if (id != NULL)
		buf_printf(out, "id: %s\n", id);
	for (;;) {
		size_t length = strcspn(data, "\r\n");

		buf_append_string(out, "data: ");
		buf_append(out, data, length);
		buf_append_char(out, '\n');
		data += length;
		if (*data == '\0')
			break;
		data += data[0] == '\r' && data[1] == '\n' ? 2 : 1;
	}
	buf_append_char(out, '\n');
}

/* Under `lock`: 0 when that much more may be taken. */
static int room_for(struct stream *stream, size_t length)
{
	if (stream->mhd == NULL || stream->ended)
		return -EPIPE;
	if (stream->out.length == 0 || stream->out.length + length <= BEHIND_MAX)
		return 0;
	stream->wanted = true;
	return -EAGAIN;
}

int stream_send(struct stream *stream, const char *event, const char *id, const char *data)
{
	int r;

	pthread_mutex_lock(&stream->lock);
	r = room_for(stream, strlen(data));
	if (r == 0) {
		append_event(&stream->out, event, id, data);
		stream->sent_ms = clock_monotonic_ms();
		wake(stream);
	}
	pthread_mutex_unlock(&stream->lock);
	return r;
}

int stream_write(struct stream *stream, const void *bytes, size_t length)
{
	int r;

	pthread_mutex_lock(&stream->lock);
	r = room_for(stream, length);
	if (r == 0) {
		buf_append(&stream->out, bytes, length);
		wake(stream);
	}
	pthread_mutex_unlock(&stream->lock);
	return r;
}

size_t stream_behind(struct stream *stream)
{
	size_t behind;
	int queued = 0;

	pthread_mutex_lock(&stream->lock);
	behind = stream->out.length;
	if (stream->mhd != NULL && stream->fd >= 0 && ioctl(stream->fd, SIOCOUTQ, &queued) == 0 && queued > 0)
		behind += (size_t)queued;
	pthread_mutex_unlock(&stream->lock);
	return behind;
}

void stream_on_ready(struct stream *stream, void (*ready)(void *data), void *data)
{
	pthread_mutex_lock(&stream->ready_lock);
	stream->ready = ready;
	stream->ready_data = data;
	pthread_mutex_unlock(&stream->ready_lock);
}

void stream_close(struct stream *stream)
{
	if (stream == NULL)
		return;
	stream_on_ready(stream, NULL, NULL);
	pthread_mutex_lock(&stream->lock);
	stream->ended = true;
	wake(stream);
	pthread_mutex_unlock(&stream->lock);
	stream_release(stream);
}

/* The open streams, each with a reference, so that their locks can be taken without the server's. */
static struct stream **collect(struct server *server, size_t *ret_count)
{
	struct stream **streams;
	size_t count = 0;

	pthread_mutex_lock(&server->lock);
	list_for_each (link, &server->streams)
		count++;
	streams = xcalloc(count, sizeof(*streams));
	count = 0;
	list_for_each (link, &server->streams) {
		streams[count] = container_of(link, struct stream, link);
		atomic_fetch_add(&streams[count++]->refs, 1);
	}
	pthread_mutex_unlock(&server->lock);
	*ret_count = count;
	return streams;
}

/* Nobody polls a suspended connection, so its end has to be looked for. */
static bool hung_up(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void tick(struct stream *stream, int64_t now_ms)
{
	pthread_mutex_lock(&stream->lock);
	if (stream->mhd != NULL && stream->suspended) {
		if (hung_up(stream->fd)) {
			stream->ended = true;
			wake(stream);
		} else if (stream->events && now_ms - stream->sent_ms >= HEARTBEAT_MS) {
			stream->sent_ms = now_ms;
			buf_append_string(&stream->out, ":\n\n");
			wake(stream);
		}
	}
	pthread_mutex_unlock(&stream->lock);
}

void streams_tick(struct server *server, int64_t now_ms)
{
	size_t count;
	struct stream **streams = collect(server, &count);

	for (size_t i = 0; i < count; i++) {
		tick(streams[i], now_ms);
		stream_release(streams[i]);
	}
	free(streams);
}

void streams_end_all(struct server *server)
{
	size_t count;
	struct stream **streams = collect(server, &count);

	for (size_t i = 0; i < count; i++) {
		pthread_mutex_lock(&streams[i]->lock);
		streams[i]->ended = true;
		wake(streams[i]);
		pthread_mutex_unlock(&streams[i]->lock);
		stream_release(streams[i]);
	}
	free(streams);
}
