#include "agent/sandbox/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

#define FORMAT 1
#define FILE_MAX ((size_t)64 * 1024)

static json_t *terminals_json(const struct sandbox *sandbox)
{
	json_t *list = json_array();

	for (const struct list *node = sandbox->terminals.next; node != &sandbox->terminals; node = node->next) {
		const struct terminal *terminal = container_of(node, struct terminal, link);

		if (terminal->watch != NULL)
			json_array_append_new(list, json_pack("{s:i, s:i, s:I}", "n", terminal->n, "pid", (int)terminal->pid,
							      "pid_start", (json_int_t)terminal->pid_start));
	}
	return list;
}

int store_write(const struct sandbox *sandbox)
{
	auto_free char *path = sandbox_path(sandbox, "state.json");
	auto_free char *temporary = sandbox_path(sandbox, "state.json~");
	auto_free char *text = NULL;
	auto_fd int fd = -1;
	json_t *state = json_pack(
		"{s:i, s:s, s:s, s:o, s:b, s:b, s:I, s:I, s:i, s:I, s:I, s:o}", "format", FORMAT, "sandbox", sandbox->id, "image",
		sandbox->digest, "limits", limits_to_json(&sandbox->limits), "network", sandbox->network, "pooled",
		sandbox->pooled, "lease", (json_int_t)sandbox->lease.slot, "id_base", (json_int_t)sandbox->id_base, "pid",
		(int)sandbox->pid, "pid_start", (json_int_t)sandbox->pid_start, "started", (json_int_t)sandbox->started_ms,
		"terminals", terminals_json(sandbox));
	int r;

	text = json_dumps(state, JSON_COMPACT);
	json_decref(state);
	if (text == NULL)
		return -EINVAL;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	return r;
}

static json_int_t get(json_t *state, const char *name)
{
	return json_integer_value(json_object_get(state, name));
}

static void read_terminals(struct sandbox *sandbox, json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item) {
		struct terminal *terminal = terminal_new(sandbox, (unsigned)get(item, "n"));

		terminal->pid = (pid_t)get(item, "pid");
		terminal->pid_start = (uint64_t)get(item, "pid_start");
	}
}

struct sandbox *store_read(struct sandboxes *sandboxes, const char *key)
{
	auto_free char *path = xasprintf("%s/%s/state.json", sandboxes->folder, key);
	json_t *state = json_load_file(path, 0, NULL);
	json_t *limits_value = json_object_get(state, "limits");
	const char *id = json_string_value(json_object_get(state, "sandbox"));
	const char *digest = json_string_value(json_object_get(state, "image"));
	struct sandbox *sandbox = NULL;

	if (get(state, "format") == FORMAT && id != NULL && id_is_valid(id) && digest != NULL &&
	    strlen(digest) < IMAGE_DIGEST_SIZE && json_is_object(limits_value)) {
		struct limits limits = limits_from_json(limits_value);

		sandbox = sandbox_new(sandboxes, NULL, &limits, json_is_true(json_object_get(state, "network")));
		strcpy(sandbox->key, key);
		strcpy(sandbox->digest, digest);
		sandbox_name(sandbox, id);
		sandbox->pooled = json_is_true(json_object_get(state, "pooled"));
		sandbox->lease.slot = (uint32_t)get(state, "lease");
		sandbox->id_base = (uint32_t)get(state, "id_base");
		sandbox->pid = (pid_t)get(state, "pid");
		sandbox->pid_start = (uint64_t)get(state, "pid_start");
		sandbox->started_ms = (int64_t)get(state, "started");
		read_terminals(sandbox, json_object_get(state, "terminals"));
	}
	json_decref(state);
	return sandbox;
}
