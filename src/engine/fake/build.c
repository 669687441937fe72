#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "engine/fake/internal.h"

#define STEP_MS 2

static void say(struct fake_build *build, const char *text)
{
	ssize_t n = write(build->log, text, strlen(text));

	(void)n;
}

/* The script of every build: the stages, some output in each, and success. */
static void step(void *data)
{
	static const char *const stages[] = {"base", "build", "push"};
	struct fake_build *build = data;
	struct fake *fake = build->fake;

	if (build->step == ARRAY_SIZE(stages)) {
		fake_build_finish(build, "succeeded", NULL);
		return;
	}
	say(build, stages[build->step]);
	say(build, "…\r\n");
	fake->engine.events->build_stage(build->id, stages[build->step], fake->engine.events_data);
	build->step++;
	if (build->step == 2 && fake->hold_builds)
		return;
	loop_timer_start(fake->engine.loop, &build->timer, STEP_MS, step, build);
}

int fake_build_start(struct fake *fake, const struct engine_build *start, int *ret_log)
{
	struct fake_build *build;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	build = xmalloc(sizeof(*build));
	build->fake = fake;
	build->log = ends[1];
	build->id = xstrdup(start->build);
	build->tag = xstrdup(start->tag);
	fd_set_nonblock(build->log, true);
	list_append(&fake->builds, &build->link);
	loop_timer_start(fake->engine.loop, &build->timer, STEP_MS, step, build);
	*ret_log = ends[0];
	return 0;
}

struct fake_build *fake_build_find(struct fake *fake, const char *id)
{
	list_for_each(node, &fake->builds)
	{
		struct fake_build *build = container_of(node, struct fake_build, link);

		if (strcmp(build->id, id) == 0)
			return build;
	}
	return NULL;
}

void fake_build_finish(struct fake_build *build, const char *state, const char *error)
{
	struct fake *fake = build->fake;

	close(build->log);
	build->log = -1;
	fake->engine.events->build_ended(build->id, state, error, strcmp(state, "succeeded") == 0 ? build->tag : NULL,
					 fake->engine.events_data);
	fake_build_free(build);
}

void fake_build_free(struct fake_build *build)
{
	loop_timer_stop(&build->timer);
	list_remove(&build->link);
	if (build->log >= 0)
		close(build->log);
	free(build->id);
	free(build->tag);
	free(build);
}

void fake_engine_build_log(struct engine *engine, const char *id, const char *text)
{
	struct fake_build *build = fake_build_find(container_of(engine, struct fake, engine), id);

	if (build != NULL)
		say(build, text);
}

void fake_engine_build_end(struct engine *engine, const char *id, const char *state, const char *error)
{
	struct fake_build *build = fake_build_find(container_of(engine, struct fake, engine), id);

	if (build != NULL)
		fake_build_finish(build, state, error);
}

const char *fake_engine_login(const struct engine *engine)
{
	return container_of(engine, struct fake, engine)->login;
}
