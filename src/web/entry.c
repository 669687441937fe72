#include "web/entry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/util.h"
#include "web/call.h"
#include "web/node.h"
#include "web/views.h"

struct entry {
	struct live *live;
	struct sandbox row;   /* a copy for the recorder's thread */
	struct sandbox other; /* the one that is open already */
	int64_t now_ms;
};

static struct entry *entry_new(struct live *live)
{
	struct entry *entry = xmalloc(sizeof(*entry));

	*entry = (struct entry){.live = live_ref(live), .now_ms = clock_realtime_ms()};
	sandbox_copy(&live->row, &entry->row);
	return entry;
}

static void entry_free(struct entry *entry)
{
	live_unref(entry->live);
	sandbox_fini(&entry->row);
	sandbox_fini(&entry->other);
	free(entry);
}

static int enter(struct store *store, void *data, struct error *err)
{
	struct entry *entry = data;
	struct error gone;
	int r = sandboxes_insert(store, &entry->row, entry->now_ms, err);

	if (r != -EEXIST || sandboxes_open_of(store, entry->row.person, &entry->other, &gone) == 0)
		return r;
	if (gone.kind != ERROR_NOT_FOUND) {
		*err = gone;
		return gone.code;
	}
	return sandboxes_insert(store, &entry->row, entry->now_ms, err); /* it has ended just now */
}

/* Another one is open, and it is not ours, or we would have seen it before. */
static void answer_other(struct hub *hub, struct call *call, const struct sandbox *other, const struct error *err)
{
	json_t *json;

	if (call->replace) {
		node_end_elsewhere(hub, other->id, "replaced", call);
	} else if (strcmp(other->node, hub->node) == 0 && hub_find(hub, other->id) == NULL) {
		/* Left behind by something that went wrong: it must not stand in anybody's way. */
		node_end_elsewhere(hub, other->id, "failed", call);
	} else {
		json = view_sandbox(other);
		json_object_set_new(json, "elsewhere", json_true());
		call_problem(call, err, json_pack("{s:o}", "sandbox", json));
	}
}

/* As if the live one had never been; the call gets its row back, to try once more. */
static void refuse(struct entry *entry, const struct error *err)
{
	struct live *live = entry->live;
	struct hub *hub = live->hub;
	struct call *call = steal(live->waiting);

	live_drop(live);
	if (call == NULL)
		return;
	call->row = entry->row;
	entry->row = (struct sandbox){0};
	free(steal(call->row.id));
	free(steal(call->row.state));
	if (entry->other.id != NULL)
		answer_other(hub, call, &entry->other, err);
	else
		call_problem(call, err, NULL);
}

static void answer_queued(struct live *live)
{
	struct call *call = steal(live->waiting);

	if (call != NULL)
		call_json(call, 202,
			  json_pack("{s:s,s:s,s:o,s:o,s:I,s:I}", "state", "queued", "id", live->row.id, "project",
				    view_text(live->row.project != 0 ? live->row.full_name : NULL), "base",
				    view_text(live->row.project == 0 ? live->row.full_name : NULL), "position", (json_int_t)waiting_position(live), "eta_seconds",
				    (json_int_t)waiting_eta_seconds(live)));
}

static void on_entered(int result, const struct error *err, void *data)
{
	struct entry *entry = data;
	struct live *live = entry->live;

	live->asked = false;
	live->entered_ms = clock_monotonic_ms();
	if (live->state == LIVE_ENDED) { /* somebody ended it meanwhile; that is written behind this */
		live_gone(live);
	} else if (live->hub->stopping) {
		/* Our successor finds it as one that the engine never had. */
	} else if (result < 0 && err->kind == ERROR_CONFLICT) {
		refuse(entry, err);
	} else if (result < 0) {
		live_end(live, "failed", -1, err->message, true);
	} else if (live->state == LIVE_STARTING) {
		live_start(live);
	} else {
		waiting_line_up(live);
		answer_queued(live);
		waiting_advance(live->hub);
	}
	entry_free(entry);
}

void entry_begin(struct live *live)
{
	live->asked = true; /* like a start that is under way: an end waits for what becomes of it */
	recorder_post(live->hub->recorder, "write a new sandbox", enter, on_entered, entry_new(live));
}
