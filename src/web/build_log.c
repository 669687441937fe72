#include "web/build_log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/str.h"
#include "base/util.h"

#define CHUNK (8u * 1024)
#define CUT_NOTE "\r\n[the log is longer than what is kept; the rest is not shown]\r\n"

struct follower {
	struct list link;
	struct build_logs *logs;
	struct stream *stream;
	char *build;
	char *state; /* to be sent; NULL: was sent */
	char *end;   /* to be sent behind the log; NULL: it goes on */
	int fd;	     /* -1: nothing was written yet */
	uint64_t offset;
	bool full; /* waits for room */
};

struct build_logs {
	struct loop *loop;
	char *folder;
	uint64_t max;
	struct list followers;
};

static char *log_path(const struct build_logs *logs, const char *build)
{
	return xasprintf("%s/%s.log", logs->folder, build);
}

int build_logs_new(struct loop *loop, const char *folder, uint64_t max, struct build_logs **ret_logs, struct error *err)
{
	struct build_logs *logs;
	int r = dir_make_all(folder, 0750, err);

	if (r < 0)
		return r;
	logs = xmalloc(sizeof(*logs));
	logs->loop = loop;
	logs->folder = xstrdup(folder);
	logs->max = max;
	list_init(&logs->followers);
	*ret_logs = logs;
	return 0;
}

static void follower_free(struct follower *follower)
{
	list_remove(&follower->link);
	stream_close(follower->stream);
	if (follower->fd >= 0)
		close(follower->fd);
	free(follower->build);
	free(follower->state);
	free(follower->end);
	free(follower);
}

void build_logs_free(struct build_logs *logs)
{
	if (logs == NULL)
		return;
	list_for_each(node, &logs->followers)
		follower_free(container_of(node, struct follower, link));
	free(logs->folder);
	free(logs);
}

/* ---- to one reader -------------------------------------------------------------------------------------------------- */

/* Bytes of whole characters in `data`; a character that is cut at the end waits for its rest, unless there is none to come. */
static size_t whole_characters(const char *data, size_t length, bool more)
{
	size_t start = length;

	if (!more)
		return length;
	for (size_t back = 1; back <= 3 && back <= length; back++) {
		unsigned char c = (unsigned char)data[length - back];

		if (c < 0x80)
			break;
		if (c >= 0xc0) {
			size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

			if (need > back)
				start = length - back;
			break;
		}
	}
	return start > 0 ? start : length;
}

/* The text as a JSON string's contents must be valid UTF-8: every byte that isn't becomes U+FFFD. */
static void append_utf8(struct buf *out, const char *data, size_t length)
{
	for (size_t i = 0; i < length;) {
		unsigned char c = (unsigned char)data[i];
		size_t need = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 0;

		if (c != 0 && need > 0 && need <= length - i && str_is_utf8(data + i, need)) {
			buf_append(out, data + i, need);
			i += need;
		} else {
			buf_append_string(out, "\xef\xbf\xbd");
			i++;
		}
	}
}

/* Sends the next piece of the log: 1 when one went, 0 at the end, or a negative errno of stream_send. */
static int send_piece(struct follower *follower)
{
	auto_buf struct buf text = BUF_INIT;
	auto_free char *json = NULL;
	char chunk[CHUNK], id[32];
	json_t *object;
	ssize_t n = follower->fd >= 0 ? pread(follower->fd, chunk, sizeof(chunk), (off_t)follower->offset) : 0;
	size_t length;
	int r;

	if (n <= 0)
		return 0;
	length = whole_characters(chunk, (size_t)n, follower->end == NULL || (size_t)n == sizeof(chunk));
	append_utf8(&text, chunk, length);
	object = json_pack("{s:s#}", "text", text.data, (int)text.length);
	json = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	snprintf(id, sizeof(id), "%llu", (unsigned long long)(follower->offset + length));
	r = stream_send(follower->stream, "log", id, json);
	if (r < 0)
		return r;
	follower->offset += length;
	return 1;
}

static void open_log(struct follower *follower)
{
	auto_free char *path = log_path(follower->logs, follower->build);

	if (follower->fd < 0)
		follower->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Sends what there is; frees the follower at its end. */
static void pump(struct follower *follower)
{
	int r = 0;

	if (follower->full)
		return;
	open_log(follower);
	if (follower->state != NULL) {
		r = stream_send(follower->stream, "state", NULL, follower->state);
		if (r == 0)
			free(steal(follower->state));
	}
	while (r >= 0 && (r = send_piece(follower)) > 0)
		;
	if (r == 0 && follower->end != NULL)
		r = stream_send(follower->stream, "end", NULL, follower->end) == -EAGAIN ? -EAGAIN : -EPIPE;
	if (r == -EAGAIN)
		follower->full = true;
	else if (r < 0)
		follower_free(follower);
}

/* A reader's "there is room" comes on a server thread; the follower may be gone when it gets here, so it is looked up again. */
struct room {
	struct build_logs *logs;
	struct follower *follower;
};

static void on_room(void *data)
{
	struct room *room = data;

	list_for_each(node, &room->logs->followers)
	{
		struct follower *follower = container_of(node, struct follower, link);

		if (follower == room->follower) {
			follower->full = false;
			pump(follower);
			break;
		}
	}
	free(room);
}

static void on_ready(void *data)
{
	struct follower *follower = data;
	struct room *room = xmalloc(sizeof(*room));

	*room = (struct room){follower->logs, follower};
	loop_post(follower->logs->loop, on_room, room);
}

void build_log_follow(struct build_logs *logs, const char *build, struct stream *stream, uint64_t offset, const char *json,
		      bool ended)
{
	struct follower *follower = xmalloc(sizeof(*follower));

	follower->logs = logs;
	follower->stream = stream;
	follower->build = xstrdup(build);
	follower->state = xstrdup(json);
	follower->end = ended ? xstrdup(json) : NULL;
	follower->fd = -1;
	follower->offset = offset;
	list_append(&logs->followers, &follower->link);
	stream_on_ready(stream, on_ready, follower);
	pump(follower);
}

/* ---- what happens ---------------------------------------------------------------------------------------------------- */

static void pump_all(struct build_logs *logs, const char *build)
{
	list_for_each(node, &logs->followers)
	{
		struct follower *follower = container_of(node, struct follower, link);

		if (strcmp(follower->build, build) == 0)
			pump(follower);
	}
}

void build_log_reset(struct build_logs *logs, const char *build)
{
	auto_free char *path = log_path(logs, build);

	unlink(path);
	list_for_each(node, &logs->followers)
	{
		struct follower *follower = container_of(node, struct follower, link);

		if (strcmp(follower->build, build) == 0 && follower->fd >= 0) {
			close(steal_fd(&follower->fd));
			follower->offset = 0;
		}
	}
}

void build_log_append(struct build_logs *logs, const char *build, const void *data, size_t length)
{
	auto_free char *path = log_path(logs, build);
	auto_fd int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || (uint64_t)st.st_size >= logs->max)
		return;
	if ((uint64_t)st.st_size + length > logs->max) {
		fd_write_all(fd, data, logs->max - (uint64_t)st.st_size);
		fd_write_all(fd, CUT_NOTE, strlen(CUT_NOTE));
	} else {
		fd_write_all(fd, data, length);
	}
	pump_all(logs, build);
}

void build_log_state(struct build_logs *logs, const char *build, const char *json, bool ended)
{
	list_for_each(node, &logs->followers)
	{
		struct follower *follower = container_of(node, struct follower, link);

		if (strcmp(follower->build, build) != 0)
			continue;
		free(follower->state);
		follower->state = ended ? NULL : xstrdup(json);
		if (ended && follower->end == NULL)
			follower->end = xstrdup(json);
		pump(follower);
	}
}

void build_logs_followed(struct build_logs *logs, void (*tell)(const char *build, void *data), void *data)
{
	list_for_each(node, &logs->followers)
		tell(container_of(node, struct follower, link)->build, data);
}

uint64_t build_log_size(struct build_logs *logs, const char *build)
{
	auto_free char *path = log_path(logs, build);
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}
