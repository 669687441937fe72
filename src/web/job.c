#include "web/job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/state.h"
#include "base/str.h"
#include "base/util.h"
#include "core/names.h"
#include "store/builds.h"
#include "store/registry.h"
#include "store/versions.h"
#include "web/allowance.h"
#include "web/fetcher.h"
#include "web/keeper.h"
#include "web/pools.h"
#include "web/recipe.h"

#define FAIL_LATER_MS 500 /* an engine that goes away fails its questions before it says that it is down */
#define BASE_TRIES 3	  /* a mirror that stutters must not fail every project */
#define BASE_AGAIN_MS 5000
#define VERSION_OUTPUT_MAX 1024
#define SMOKE_OUTPUT_MAX   (16 * 1024)
#define NO_VERSION "latest" /* the label when the program doesn't tell */

enum job_state { JOB_PREPARING, JOB_BUILDING, JOB_UNPACKING, JOB_SMOKING, JOB_NAMING, JOB_OVER, JOB_STATES };

static const char *const state_names[] = {"preparing", "building", "unpacking", "smoking", "naming", "over"};
static const uint32_t state_moves[] = {
	[JOB_PREPARING] = STATE_BIT(JOB_BUILDING) | STATE_BIT(JOB_OVER),
	[JOB_BUILDING] = STATE_BIT(JOB_UNPACKING) | STATE_BIT(JOB_OVER),
	[JOB_UNPACKING] = STATE_BIT(JOB_SMOKING) | STATE_BIT(JOB_OVER),
	[JOB_SMOKING] = STATE_BIT(JOB_NAMING) | STATE_BIT(JOB_OVER),
	[JOB_NAMING] = STATE_BIT(JOB_OVER),
	[JOB_OVER] = 0,
};
static const struct state_table states = {"build", state_names, state_moves, JOB_STATES};


void job_say(struct job *job, const char *format, ...)
{
	auto_buf struct buf line = BUF_INIT;
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_printf(&line, "\x1b[1;36m── %s\x1b[0m\r\n", text);
	build_log_append(job->builder->logs, job->id, line.data, line.length);
}

/* ---- what the store is told ---------------------------------------------------------------------------------------- */

struct stage_note {
	char *id;
	char stage[16];
	int64_t now_ms;
};

/* May run several times, as all that the recorder does. */
static int write_stage(struct store *store, void *data, struct error *err)
{
	const struct stage_note *note = data;
	bool exists;
	int r = builds_exists(store, note->id, &exists, err);

	return r < 0 || !exists ? r : builds_set_stage(store, note->id, note->stage, note->now_ms, err);
}

static void on_stage_written(int result, const struct error *err, void *data)
{
	struct stage_note *note = data;

	if (result < 0)
		log_error("could not write a build's stage: %s", err->message);
	free(note->id);
	free(note);
}

static void enter_stage(struct job *job, const char *stage)
{
	struct stage_note *note = xmalloc(sizeof(*note));

	note->id = xstrdup(job->id);
	snprintf(note->stage, sizeof(note->stage), "%s", stage);
	note->now_ms = clock_realtime_ms();
	recorder_post(job->builder->hub->recorder, "write a build's stage", write_stage, on_stage_written, note);
	job_say(job, "%s", stage);
	hub_counters_changed(job->builder->hub);
	builder_tell(job->builder, job->id);
}

/* ---- the end of one ------------------------------------------------------------------------------------------------- */

struct job *job_ref(struct job *job)
{
	job->refs++;
	return job;
}

void job_unref(struct job *job)
{
	if (--job->refs > 0)
		return;
	if (job->context >= 0)
		close(job->context);
	project_fini(&job->project);
	login_fini(&job->login);
	buf_fini(&job->output);
	buf_fini(&job->smoke_output);
	free(job->id);
	free(job->wanted);
	free(job->reference);
	free(job->image);
	free(job->failure);
	free(job);
}

static void close_log(struct job *job)
{
	if (job->log < 0)
		return;
	loop_remove(&job->log_io);
	close(steal_fd(&job->log));
}

/* Takes it off the list: nothing of it is running any more. */
static void job_remove(struct job *job)
{
	state_move(&states, &job->state, JOB_OVER);
	close_log(job);
	loop_timer_stop(&job->fail_timer);
	loop_timer_stop(&job->base_timer);
	probe_abandon(steal(job->probe));
	fetch_abandon(steal(job->fetch));
	list_remove(&job->link);
	job->builder->running--;
	job_unref(job);
}

struct ending {
	struct builder *builder;
	char *id;
	char *state;
	char *error;
	struct version version; /* image NULL: none */
	struct build_outcome outcome;
	bool registry_away; /* it failed for that only */
	int64_t now_ms;
};

static int write_end(struct store *store, void *data, struct error *err)
{
	struct ending *ending = data;
	bool again = false, exists = false;
	int r = builds_exists(store, ending->id, &exists, err);

	if (r == 0 && exists && ending->registry_away)
		r = registry_put_build_back(store, ending->id, &again, err);
	if (r < 0 || !exists || again) /* nothing is left of it: its project was removed meanwhile */
		return r;
	r = builds_set_outcome(store, ending->id, &ending->outcome, err);
	if (r == 0 && ending->version.image != NULL)
		r = versions_add(store, &ending->version, ending->now_ms, NULL, err);
	if (r == 0)
		r = builds_finish(store, ending->id, ending->state, ending->error, ending->now_ms, err);
	return r;
}

static void on_end_written(int result, const struct error *err, void *data)
{
	struct ending *ending = data;
	struct builder *builder = ending->builder;

	if (result < 0)
		log_error("could not write the end of a build: %s", err->message);
	hub_catalogue_changed(builder->hub);
	builder_tell(builder, ending->id);
	builder_tell_all(builder);
	pools_refresh(builder->hub->pools);
	free(ending->id);
	free(ending->state);
	free(ending->error);
	free((char *)ending->outcome.smoke_output);
	version_fini(&ending->version);
	free(ending);
}

static struct ending *ending_new(struct job *job, const char *state, const char *error)
{
	struct ending *ending = xmalloc(sizeof(*ending));

	ending->builder = job->builder;
	ending->id = xstrdup(job->id);
	ending->state = xstrdup(state);
	ending->error = xstrdup(error);
	ending->now_ms = clock_realtime_ms();
	ending->outcome = job->outcome;
	ending->outcome.log_bytes = (int64_t)build_log_size(job->builder->logs, job->id);
	ending->outcome.smoke_output = job->smoke_output.length > 0 ? xstrndup(job->smoke_output.data, job->smoke_output.length) : NULL;
	return ending;
}

static void job_finish(struct job *job, struct ending *ending)
{
	struct builder *builder = job->builder;

	log_event(strcmp(ending->state, "failed") == 0 ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "build ended", "build", job->id, "project",
		  job->project.name, "state", ending->state, "error", ending->error, NULL);
	if (!ending->registry_away)
		tally_build(&builder->hub->tally, ending->state, clock_monotonic_ms() - job->began_ms);
	recorder_post(builder->hub->recorder, "write the end of a build", write_end, on_end_written, ending);
	job_remove(job);
	builder_claim_next(builder);
}

/* By what the agent says of it (agent/image/registry.c); no fault of what is built. */
static bool is_registry_away(const char *error)
{
	return strstr(error, "cannot talk to the registry") != NULL || strstr(error, "the registry does not answer") != NULL;
}

static void job_fail(struct job *job, const char *error)
{
	struct ending *ending = ending_new(job, "failed", error);

	ending->registry_away = is_registry_away(error);
	if (ending->registry_away)
		keeper_suspect(job->builder->hub->keeper); /* or all its attempts would be gone before that is noticed */
	if (ending->registry_away)
		job_say(job, "the registry is away; this is built again when it is back (%s)", error);
	else
		job_say(job, "failed: %s", error);
	job_finish(job, ending);
}

static void on_fail_timer(void *data)
{
	struct job *job = data;

	job_fail(job, job->failure);
}

/* The engine refused: a failure, unless it turns out that the engine itself has gone; then the build is queued again. */
static void job_refused(struct job *job, const char *error)
{
	free(job->failure);
	job->failure = xstrdup(error);
	loop_timer_start(job->builder->hub->loop, &job->fail_timer, FAIL_LATER_MS, on_fail_timer, job);
}

/* ---- naming: the version that the program tells ---------------------------------------------------------------------- */

/* What the author wants; else the first line of the output that can be a label; else the day. */
static const char *version_label(struct job *job, char day[16])
{
	struct buf *output = &job->output;
	time_t now = time(NULL);
	char *rest = NULL;
	struct tm utc;

	if (job->wanted != NULL)
		return job->wanted;
	buf_append_char(output, '\0');
	for (char *line = strtok_r(output->data, "\r\n", &rest); line != NULL; line = strtok_r(NULL, "\r\n", &rest)) {
		line = str_trim(line);
		if (version_is_valid(line))
			return line;
	}
	if (!job->of_person)
		return NO_VERSION;
	gmtime_r(&now, &utc);
	strftime(day, 16, "%Y.%m.%d", &utc);
	return day;
}

static void job_succeed(struct job *job)
{
	struct ending *ending = ending_new(job, "succeeded", NULL);
	char day[16];
	const char *label = version_label(job, day);

	ending->version = (struct version){
		.project = job->project.id,
		.label = xstrdup(label),
		.reference = xstrdup(job->reference),
		.image = xstrdup(job->image),
		.size = (int64_t)job->size,
		.shell = job->shell,
		.build = xstrdup(job->id),
	};
	job_say(job, "ready: %s/%s %s", job->project.owner, job->project.name, label);
	job_finish(job, ending);
}

static void on_version_output(const char *text, size_t length, void *data)
{
	struct job *job = data;

	if (job->output.length + length < VERSION_OUTPUT_MAX)
		buf_append(&job->output, text, length);
}

static void on_version_done(const char *failure, int exit_code, void *data)
{
	struct job *job = data;

	job->probe = NULL; /* it frees itself */
	if (failure != NULL || exit_code != 0)
		buf_clear(&job->output);
	job_succeed(job);
}

static struct probe *start_probe(struct job *job, const char *suffix, const char *command, const struct probe_events *events)
{
	const struct web_options *options = job->builder->hub->options;
	auto_free char *id = xasprintf("%s-%s", job->id, suffix);
	struct probe_options probe = {
		.id = id,
		.image = job->image,
		.command = command,
		.limits = allowance_of(&job->project, &options->limits),
		.network = job->project.network,
		.limit_ms = options->smoke_ms,
	};

	return probe_start(job->builder->hub->engine, &probe, events, job);
}

static void ask_version(struct job *job)
{
	static const struct probe_events events = {.output = on_version_output, .done = on_version_done};
	const char *command = job->project.version_command;

	state_move(&states, &job->state, JOB_NAMING);
	if (command == NULL || *command == '\0') {
		job_succeed(job);
		return;
	}
	job->probe = start_probe(job, "version", command, &events);
}

/* ---- smoke: the program runs in a visitor's sandbox -------------------------------------------------------------------- */

static void on_smoke_output(const char *text, size_t length, void *data)
{
	struct job *job = data;

	build_log_append(job->builder->logs, job->id, text, length);
	/* The beginning is kept: what a program says first is what it is. NULs would end the text. */
	for (size_t i = 0; i < length && job->smoke_output.length < SMOKE_OUTPUT_MAX; i++)
		buf_append_char(&job->smoke_output, text[i] != '\0' ? text[i] : ' ');
}

static void on_smoke_done(const char *failure, int exit_code, void *data)
{
	struct job *job = data;
	char text[ERROR_MESSAGE_MAX + 64];

	job->probe = NULL;
	if (failure == NULL)
		job->outcome.smoke_exit = exit_code;
	if (failure != NULL)
		snprintf(text, sizeof(text), "the smoke command could not be run: %s", failure);
	else
		snprintf(text, sizeof(text), "the smoke command gave exit code %d", exit_code);
	if (failure != NULL)
		job_refused(job, text);
	else if (exit_code != 0)
		job_fail(job, text);
	else
		ask_version(job);
}

static void start_smoke(struct job *job)
{
	static const struct probe_events events = {.output = on_smoke_output, .done = on_smoke_done};
	const char *command = job->project.smoke;

	state_move(&states, &job->state, JOB_SMOKING);
	enter_stage(job, "smoke");
	if (command == NULL || *command == '\0')
		command = "true"; /* at least a shell starts */
	build_log_append(job->builder->logs, job->id, "$ ", 2);
	build_log_append(job->builder->logs, job->id, command, strlen(command));
	build_log_append(job->builder->logs, job->id, "\r\n", 2);
	job->probe = start_probe(job, "smoke", command, &events);
}

/* ---- unpack -------------------------------------------------------------------------------------------------------------- */

static void on_pulled(const struct error *err, const struct engine_image *image, void *data)
{
	struct job *job = data;

	if (job->state == JOB_UNPACKING) {
		if (err != NULL) {
			job_refused(job, err->message);
		} else {
			job->image = xstrdup(image->image);
			job->size = image->size;
			job->shell = image->shell;
			start_smoke(job);
		}
	}
	job_unref(job);
}

/* ---- build --------------------------------------------------------------------------------------------------------------- */

struct job *job_find(struct builder *builder, const char *id)
{
	list_for_each(node, &builder->jobs)
	{
		struct job *job = container_of(node, struct job, link);

		if (strcmp(job->id, id) == 0)
			return job;
	}
	return NULL;
}

static void take_log(struct job *job, const char *text, size_t length)
{
	build_log_append(job->builder->logs, job->id, text, length);
	build_trace_feed(&job->trace, text, length);
}

static void find_failed_line(struct job *job)
{
	json_t *source = job->project.source != NULL ? json_loads(job->project.source, 0, NULL) : NULL;
	const char *script = json_string_value(json_object_get(source, "script"));

	if (script != NULL)
		job->outcome.failed_line = build_trace_script_line(&job->trace, script);
	else if (job->project.dockerfile != NULL)
		job->outcome.failed_line = build_trace_dockerfile_line(&job->trace, job->project.dockerfile);
	json_decref(source);
}

static void read_log(struct job *job, unsigned most)
{
	char text[16 * 1024];
	ssize_t n = 0;

	for (unsigned i = 0; job->log >= 0 && i < most && (n = read(job->log, text, sizeof(text))) > 0; i++)
		take_log(job, text, (size_t)n);
	if (job->log >= 0 && (n == 0 || (n < 0 && errno != EAGAIN)))
		close_log(job);
}

static void on_log(struct loop_io *io, uint32_t events)
{
	(void)events;
	read_log(container_of(io, struct job, log_io), 4);
}

static void on_build_accepted(const struct error *err, int *log, void *data)
{
	struct job *job = data;

	if (job->state == JOB_BUILDING) {
		if (err == NULL) {
			job->log = steal_fd(log);
			fd_set_nonblock(job->log, true);
			loop_add(job->builder->hub->loop, &job->log_io, job->log, EPOLLIN, on_log);
		} else {
			job_refused(job, err->message);
		}
	}
	job_unref(job);
}

static void start_build(struct job *job)
{
	const struct web_options *options = job->builder->hub->options;
	struct engine *engine = job->builder->hub->engine;
	const struct engine_login login = {job->login.host, job->login.username, job->login.password};
	bool beside = recipe_is_beside(&job->project);
	auto_free char *tag = xasprintf("%s/%s:b%s", job->project.owner, job->project.name, job->id);
	struct engine_build build = {
		.build = job->id,
		.tag = tag,
		.context = job->context,
		.dockerfile = beside ? job->project.dockerfile : NULL,
		.limits = options->build_limits,
		.seconds = options->build_seconds,
		.output = options->build_output,
		.network = true,
		.login = job->login.password != NULL ? &login : NULL,
	};

	state_move(&states, &job->state, JOB_BUILDING);
	engine->ops->build(engine, &build, on_build_accepted, job_ref(job));
	close(steal_fd(&job->context)); /* the engine has its own */
	login_fini(&job->login);
}

/* ---- the base images that this house makes itself ------------------------------------------------------------------------- */

static void ensure_bases(void *data);

static void base_failed(struct job *job, const char *why)
{
	if (++job->base_tries >= BASE_TRIES) {
		job_refused(job, why);
		return;
	}
	job_say(job, "%s; trying again", why);
	loop_timer_start(job->builder->hub->loop, &job->base_timer, BASE_AGAIN_MS, ensure_bases, job);
}

static void on_base(const struct error *err, void *data)
{
	struct job *job = data;

	if (job->state == JOB_PREPARING) {
		/* One that is not made here is somebody else's: the build will find it, or say that it can't. */
		if (err == NULL || err->kind == ERROR_UNSUPPORTED || err->kind == ERROR_INVALID) {
			job->bases.count--;
			ensure_bases(job);
		} else {
			base_failed(job, err->message);
		}
	}
	job_unref(job);
}

static void ensure_bases(void *data)
{
	struct job *job = data;
	struct engine *engine = job->builder->hub->engine;

	if (job->bases.count == 0)
		start_build(job);
	else
		engine->ops->base_ensure(engine, job->bases.references[job->bases.count - 1], on_base, job_ref(job));
}

static void prepare(struct job *job)
{
	bases_find(job->project.dockerfile, &job->bases);
	ensure_bases(job);
}

void job_fetched(struct job *job, int context, const char *failure)
{
	if (job->state != JOB_PREPARING) {
		if (context >= 0)
			close(context);
		return;
	}
	job->context = context;
	if (failure != NULL)
		job_refused(job, failure);
	else
		prepare(job);
}

void builder_stage(struct builder *builder, const char *build, const char *stage)
{
	struct job *job = job_find(builder, build);

	if (job != NULL && job->state == JOB_BUILDING && strcmp(stage, "base") != 0)
		enter_stage(job, stage);
}

/* "127.0.0.1:5000/taste/figlet@sha256:…" → "taste/figlet@sha256:…": the embedded registry's port is not for keeping. */
static const char *without_host(const struct job *job, const char *reference)
{
	auto_free char *name = xasprintf("%s/%s", job->project.owner, job->project.name);
	const char *found = strstr(reference, name);

	return found != NULL && (found == reference || found[-1] == '/') ? found : reference;
}

void builder_ended(struct builder *builder, const char *build, const char *state, const char *error, const char *reference)
{
	struct job *job = job_find(builder, build);

	if (job == NULL || job->state != JOB_BUILDING)
		return;
	read_log(job, 1024);
	close_log(job);
	if (strcmp(state, "succeeded") != 0 || reference == NULL) {
		find_failed_line(job);
		job_fail(job, error != NULL ? error : state);
		return;
	}
	job->reference = xstrdup(without_host(job, reference));
	state_move(&states, &job->state, JOB_UNPACKING);
	enter_stage(job, "unpack");
	builder->hub->engine->ops->pull(builder->hub->engine, job->reference, on_pulled, job_ref(job));
}

void builder_image_progress(struct builder *builder, const char *reference, const char *stage, unsigned done, unsigned total)
{
	list_for_each(node, &builder->jobs)
	{
		struct job *job = container_of(node, struct job, link);

		if (job->state == JOB_UNPACKING && str_equal(job->reference, reference))
			job_say(job, "%s: layer %u of %u", stage, done, total);
	}
}

void builder_sandbox_ended(struct builder *builder, const char *sandbox, const char *reason, int exit_code)
{
	list_for_each(node, &builder->jobs)
	{
		struct job *job = container_of(node, struct job, link);

		if (job->probe != NULL && strcmp(probe_id(job->probe), sandbox) == 0) {
			probe_ended(job->probe, reason, exit_code);
			return;
		}
	}
}

/* ---- begin and loss ------------------------------------------------------------------------------------------------------- */

void job_start(struct builder *builder, const struct build *build, struct project *project, int context, struct login *login,
	       const char *why_not)
{
	struct job *job = xmalloc(sizeof(*job));

	job->builder = builder;
	job->refs = 1;
	job->began_ms = clock_monotonic_ms();
	job->id = xstrdup(build->id);
	job->of_person = *build->author != '\0';
	job->project = *project;
	job->wanted = xstrdup(build->version);
	if (job->wanted == NULL && strcmp(build->kind, "rebuild") == 0 && project->version_command == NULL)
		job->wanted = xstrdup(project->version); /* the same once more */
	*project = (struct project){0};
	job->login = *login;
	*login = (struct login){0};
	job->context = context;
	job->log = -1;
	job->outcome.smoke_exit = -1;
	list_append(&builder->jobs, &job->link);
	builder->running++;
	build_log_reset(builder->logs, job->id);
	log_event(LOG_LEVEL_INFO, "build started", "build", job->id, "project", job->project.name, NULL);
	if (job->context >= 0) {
		enter_stage(job, "base");
		prepare(job);
	} else if (*why_not == '\0' && recipe_is_fetched(&job->project)) {
		enter_stage(job, "base");
		job_fetch(job);
	} else {
		job_fail(job, why_not);
	}
	builder_tell_all(builder);
}

static void on_cancel_told(const struct error *err, void *data)
{
	(void)data;
	if (err != NULL)
		log_info("a build that was cancelled: %s", err->message); /* it has ended, or its engine has */
}

void job_cancel(struct job *job)
{
	struct engine *engine = job->builder->hub->engine;

	if (job->state == JOB_BUILDING)
		engine->ops->build_cancel(engine, job->id, on_cancel_told, NULL);
	job_say(job, "cancelled");
	job_finish(job, ending_new(job, "cancelled", NULL));
}

void job_lose(struct job *job)
{
	job_say(job, "the builder went away; the build is queued again");
	job_remove(job);
}
