#include "web/record.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/util.h"
#include "store/tries.h"
#include "web/hub.h"

/* A job's copy of what it writes. */
struct note {
	struct sandbox row;
	int64_t now_ms;
};

static struct note *note_new(const struct live *live)
{
	struct note *note = xmalloc(sizeof(*note));
	struct sandbox *row = &note->row;

	*row = live->row;
	row->id = xstrdup(row->id);
	row->person = xstrdup(row->person);
	row->full_name = xstrdup(row->full_name);
	row->project_summary = xstrdup(row->project_summary);
	row->version = xstrdup(row->version);
	row->image = xstrdup(row->image);
	row->state = xstrdup(row->state);
	row->reason = xstrdup(row->reason);
	row->detail = xstrdup(row->detail);
	note->now_ms = clock_realtime_ms();
	return note;
}

static int done(struct note *note, int result)
{
	sandbox_fini(&note->row);
	free(note);
	return result;
}

static void post(const struct live *live, const char *what, recorder_run run)
{
	recorder_post(live->hub->recorder, what, run, NULL, note_new(live));
}

static int insert(struct store *store, void *data, struct error *err)
{
	struct note *note = data;

	return done(note, sandboxes_insert(store, &note->row, note->now_ms, err));
}

static int starting(struct store *store, void *data, struct error *err)
{
	struct note *note = data;

	return done(note, sandboxes_starting(store, note->row.id, err));
}

static int running(struct store *store, void *data, struct error *err)
{
	struct note *note = data;

	return done(note, sandboxes_running(store, note->row.id, note->row.started_ms, note->row.expires_ms, note->row.start_us,
					    err));
}

static int end(struct store *store, void *data, struct error *err)
{
	struct note *note = data;

	return done(note, sandboxes_end(store, note->row.id, note->row.reason, note->row.exit_code, note->row.detail,
					note->row.ended_ms, err));
}

static int expiry(struct store *store, void *data, struct error *err)
{
	struct note *note = data;

	return done(note, sandboxes_set_expiry(store, note->row.id, note->row.expires_ms, err));
}

static int terminals(struct store *store, void *data, struct error *err)
{
	struct note *note = data;

	return done(note, sandboxes_set_terminals(store, note->row.id, note->row.terminals, err));
}

static int count_try(struct store *store, void *data, struct error *err)
{
	struct note *note = data;

	return done(note, tries_count(store, note->row.project, note->row.person, note->now_ms, NULL, err));
}

void record_insert(const struct live *live)
{
	post(live, "write a new sandbox", insert);
}

void record_starting(const struct live *live)
{
	post(live, "write that a sandbox starts", starting);
}

void record_running(const struct live *live)
{
	post(live, "write that a sandbox runs", running);
}

void record_end(const struct live *live)
{
	post(live, "write the end of a sandbox", end);
}

void record_expiry(const struct live *live)
{
	post(live, "write a sandbox's time", expiry);
}

void record_terminals(const struct live *live)
{
	post(live, "write a sandbox's terminals", terminals);
}

void record_try(const struct live *live)
{
	post(live, "count a try", count_try);
}
