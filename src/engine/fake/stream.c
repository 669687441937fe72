/* What comes as a stream with an event at its end: a fetched repository, a saved sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "engine/fake/internal.h"

#define END_MS 2
#define STREAM_MAX (1024 * 1024) /* what a pipe may hold */

static void end(struct fake_stream *stream, const struct error *err)
{
	struct fake *fake = stream->fake;
	const struct engine_events *events = fake->engine.events;

	if (stream->is_save && events->sandbox_saved != NULL)
		events->sandbox_saved(stream->id, err, fake->engine.events_data);
	if (!stream->is_save && events->git_ended != NULL)
		events->git_ended(stream->id, err, err == NULL ? FAKE_COMMIT : NULL, fake->engine.events_data);
	fake_stream_free(stream);
}

static void on_end(void *data)
{
	struct fake_stream *stream = data;
	struct fake *fake = stream->fake;

	end(stream, fake->stream_error.code != 0 ? &fake->stream_error : NULL);
}

int fake_stream_start(struct fake *fake, const char *id, bool is_save, int *ret_fd)
{
	struct fake_stream *stream;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	if (fcntl(ends[1], F_SETPIPE_SZ, STREAM_MAX) < 0 || fake->stream.length > STREAM_MAX ||
	    fd_write_all(ends[1], fake->stream.data != NULL ? fake->stream.data : "", fake->stream.length) < 0) {
		close(ends[0]);
		close(ends[1]);
		return -EIO;
	}
	close(ends[1]);
	stream = xmalloc(sizeof(*stream));
	stream->fake = fake;
	stream->is_save = is_save;
	stream->id = xstrdup(id);
	list_append(&fake->streams, &stream->link);
	if (!fake->hold_streams)
		loop_timer_start(fake->engine.loop, &stream->timer, END_MS, on_end, stream);
	*ret_fd = ends[0];
	return 0;
}

bool fake_stream_cancel(struct fake *fake, const char *id)
{
	struct error err;

	list_for_each(node, &fake->streams)
	{
		struct fake_stream *stream = container_of(node, struct fake_stream, link);

		if (strcmp(stream->id, id) != 0)
			continue;
		error_set(&err, ERROR_CANCELLED, ECANCELED, "the fetch was cancelled");
		end(stream, &err);
		return true;
	}
	return false;
}

void fake_stream_free(struct fake_stream *stream)
{
	loop_timer_stop(&stream->timer);
	list_remove(&stream->link);
	free(stream->id);
	free(stream);
}

void fake_engine_stream(struct engine *engine, const void *data, size_t length, enum error_kind kind, const char *message)
{
	struct fake *fake = container_of(engine, struct fake, engine);

	buf_consume(&fake->stream, fake->stream.length);
	buf_append(&fake->stream, data, length);
	fake->stream_error = (struct error){0};
	if (kind != ERROR_NONE)
		error_set(&fake->stream_error, kind, EIO, "%s", message);
}

void fake_engine_hold_streams(struct engine *engine, bool hold)
{
	container_of(engine, struct fake, engine)->hold_streams = hold;
}
