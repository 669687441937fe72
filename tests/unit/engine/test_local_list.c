#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/local/local.h"
#include "ipc/channel.h"
#include "ipc/socket.h"

#include "../test.h"

/* An agent that lists `total` sandboxes named s0000, s0001, … in pages of `page`. */
struct agent {
	struct loop *loop;
	struct channel *channel;
	unsigned total;
	unsigned page;
	unsigned asked;
	size_t listed; /* what the engine told in the end */
	bool ordered;
};

static json_t *make_page(const struct agent *agent, const char *after)
{
	unsigned first = after != NULL ? (unsigned)strtoul(after + 1, NULL, 10) + 1 : 0;
	json_t *items = json_array();
	unsigned i;

	for (i = first; i < agent->total && i < first + agent->page; i++) {
		char name[16];

		snprintf(name, sizeof(name), "s%04u", i);
		json_array_append_new(items, json_pack("{s:s,s:s,s:[i]}", "sandbox", name, "image", "sha256:0", "terminals", 1));
	}
	return json_pack("{s:o,s:b}", "sandboxes", items, "more", i < agent->total);
}

static void on_message(struct channel *channel, json_t *body, int *fds, size_t fd_count, void *data)
{
	struct agent *agent = data;
	json_t *answer = json_pack("{s:O}", "id", json_object_get(body, "id"));

	(void)fds;
	(void)fd_count;
	if (strcmp(json_string_value(json_object_get(body, "op")), "sandbox.list") == 0) {
		agent->asked++;
		json_object_set_new(answer, "result", make_page(agent, json_string_value(json_object_get(body, "after"))));
	} else {
		json_object_set_new(answer, "result", json_object());
	}
	assert_int_equal(channel_send(channel, answer, NULL, 0), 0);
	json_decref(answer);
}

static void on_closed(struct channel *channel, const struct error *err, void *data)
{
	(void)channel;
	(void)err;
	(void)data;
}

static void on_listed(const struct error *err, const struct engine_sandbox *sandboxes, size_t count, void *data)
{
	struct agent *agent = data;

	assert_null(err);
	agent->listed = count;
	agent->ordered = true;
	for (size_t i = 0; i < count; i++)
		agent->ordered = agent->ordered && strtoul(sandboxes[i].sandbox + 1, NULL, 10) == i;
	loop_stop(agent->loop);
}

static struct engine *the_engine;

static void on_up(void *data)
{
	the_engine->ops->list(the_engine, on_listed, data);
}

static void on_down(const struct error *why, void *data)
{
	(void)why;
	(void)data;
}

static const struct engine_events events = {.up = on_up, .down = on_down};
static const struct channel_handlers handlers = {.message = on_message, .closed = on_closed};

static void list_all(struct agent *agent)
{
	char path[64];
	int listener;
	int fd;

	snprintf(path, sizeof(path), "/tmp/ttob-test-list-%d", getpid());
	assert_int_equal(socket_listen(path, (gid_t)-1, &listener, NULL), 0);
	agent->loop = loop_new();
	the_engine = local_engine_new(agent->loop, path, &events, agent);
	while ((fd = accept(listener, NULL, NULL)) < 0)
		assert_int_equal(loop_once(agent->loop, 10), 0);
	assert_int_equal(channel_new(agent->loop, fd, &handlers, agent, &agent->channel, NULL), 0);
	assert_int_equal(loop_run(agent->loop), 0);
	the_engine->ops->free(the_engine);
	channel_free(agent->channel);
	loop_free(agent->loop);
	close(listener);
	unlink(path);
}

static void pages_become_one_list(void **state)
{
	struct agent agent = {.total = 1001, .page = 400};

	(void)state;
	list_all(&agent);
	assert_int_equal(agent.listed, 1001);
	assert_int_equal(agent.asked, 3);
	assert_true(agent.ordered);
}

static void one_page_is_asked_for_once(void **state)
{
	struct agent agent = {.total = 5, .page = 400};

	(void)state;
	list_all(&agent);
	assert_int_equal(agent.listed, 5);
	assert_int_equal(agent.asked, 1);
}

static void none_is_fine(void **state)
{
	struct agent agent = {.total = 0, .page = 400};

	(void)state;
	list_all(&agent);
	assert_int_equal(agent.listed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_become_one_list),
		cmocka_unit_test(one_page_is_asked_for_once),
		cmocka_unit_test(none_is_fine),
	};

	return cmocka_run_group_tests_name("engine: list of the local engine", tests, NULL, NULL);
}
