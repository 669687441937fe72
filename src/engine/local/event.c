#include "engine/local/event.h"

#include <errno.h>
#include <string.h>

static const char *text(json_t *body, const char *key)
{
	return json_string_value(json_object_get(body, key));
}

static unsigned count(json_t *body, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(body, key));

	return value > 0 && value < 1 << 20 ? (unsigned)value : 0;
}

static void sandbox_ended(const struct engine *engine, json_t *body)
{
	json_t *code = json_object_get(body, "exit_code");
	json_int_t value = json_is_integer(code) ? json_integer_value(code) : -1;

	if (text(body, "sandbox") != NULL && text(body, "reason") != NULL)
		engine->events->sandbox_ended(text(body, "sandbox"), text(body, "reason"),
					      value >= 0 && value < 1024 ? (int)value : -1, engine->events_data);
}

static void terminal_ended(const struct engine *engine, json_t *body)
{
	if (text(body, "sandbox") != NULL && count(body, "terminal") > 0)
		engine->events->terminal_ended(text(body, "sandbox"), count(body, "terminal"), engine->events_data);
}

static void image_progress(const struct engine *engine, json_t *body)
{
	if (text(body, "reference") != NULL && text(body, "stage") != NULL)
		engine->events->image_progress(text(body, "reference"), text(body, "stage"), count(body, "done"),
					       count(body, "total"), engine->events_data);
}

static void build_stage(const struct engine *engine, json_t *body)
{
	if (text(body, "build") != NULL && text(body, "stage") != NULL)
		engine->events->build_stage(text(body, "build"), text(body, "stage"), engine->events_data);
}

static void build_ended(const struct engine *engine, json_t *body)
{
	if (text(body, "build") != NULL && text(body, "state") != NULL)
		engine->events->build_ended(text(body, "build"), text(body, "state"), text(body, "error"),
					    text(body, "reference"), engine->events_data);
}

/* What the agent says went wrong; NULL: nothing did. */
static const struct error *failure(json_t *body, struct error *err)
{
	const char *kind = text(body, "kind");
	const char *message = text(body, "error");

	if (strcmp(text(body, "state"), "succeeded") == 0)
		return NULL;
	error_set(err, kind != NULL ? error_kind_from_name(kind) : ERROR_INTERNAL, EIO, "%s",
		  message != NULL ? message : "the agent does not say why");
	return err;
}

static void git_ended(const struct engine *engine, json_t *body)
{
	struct error err;

	if (text(body, "fetch") != NULL && text(body, "state") != NULL && engine->events->git_ended != NULL)
		engine->events->git_ended(text(body, "fetch"), failure(body, &err), text(body, "commit"), engine->events_data);
}

static void sandbox_saved(const struct engine *engine, json_t *body)
{
	struct error err;

	if (text(body, "sandbox") != NULL && text(body, "state") != NULL && engine->events->sandbox_saved != NULL)
		engine->events->sandbox_saved(text(body, "sandbox"), failure(body, &err), engine->events_data);
}

void local_event(const struct engine *engine, const char *name, json_t *body)
{
	static const struct {
		const char *name;
		void (*tell)(const struct engine *engine, json_t *body);
	} table[] = {
		{"sandbox.ended", sandbox_ended},   {"terminal.ended", terminal_ended}, {"image.progress", image_progress},
		{"build.stage", build_stage},	    {"build.ended", build_ended},	{"git.ended", git_ended},
		{"sandbox.saved", sandbox_saved},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, name) == 0)
			table[i].tell(engine, body);
}
