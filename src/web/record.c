#include "web/record.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "store/tries.h"
#include "web/hub.h"

/* A job's copy of what it writes. The recorder may run a job several times: the copy lives until it is told how it
 * went. */
struct note {
	const char *what;
	struct sandbox row;
	int64_t now_ms;
};

static struct note *note_new(const struct live *live)
{
	struct note *note = xmalloc(sizeof(*note));

	sandbox_copy(&live->row, &note->row);
	note->now_ms = clock_realtime_ms();
	return note;
}

static void on_written(int result, const struct error *err, void *data)
{
	struct note *note = data;

	if (result < 0)
		log_error("could not %s: %s", note->what, err->message);
	sandbox_fini(&note->row);
	free(note);
}

static void post(const struct live *live, const char *what, recorder_run run)
{
	struct note *note = note_new(live);

	note->what = what;
	recorder_post(live->hub->recorder, what, run, on_written, note);
}

static int starting(struct store *store, void *data, struct error *err)
{
	const struct note *note = data;

	return sandboxes_starting(store, note->row.id, err);
}

static int running(struct store *store, void *data, struct error *err)
{
	const struct note *note = data;

	return sandboxes_running(store, note->row.id, note->row.started_ms, note->row.expires_ms, note->row.start_us,
				 err);
}

static int end(struct store *store, void *data, struct error *err)
{
	const struct note *note = data;

	return sandboxes_end(store, note->row.id, note->row.reason, note->row.exit_code, note->row.detail,
			     note->row.ended_ms, err);
}

static int expiry(struct store *store, void *data, struct error *err)
{
	const struct note *note = data;

	return sandboxes_set_expiry(store, note->row.id, note->row.expires_ms, err);
}

static int terminals(struct store *store, void *data, struct error *err)
{
	const struct note *note = data;

	return sandboxes_set_terminals(store, note->row.id, note->row.terminals, err);
}

static int count_try(struct store *store, void *data, struct error *err)
{
	const struct note *note = data;

	return tries_count(store, note->row.project, note->row.person, note->now_ms, NULL, err);
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
	if (live->row.project != 0)
		post(live, "count a try", count_try);
}
