/* sandbox.save: what was written into a running sandbox, as a layer. ttob-unpack does it, so that the agent reads nothing of it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/programs.h"
#include "agent/sandbox/sandbox.h"
#include "base/cleanup.h"
#include "base/util.h"

#define TIMEOUT_MS  (10 * 60 * 1000)
#define ENTRIES_MAX "1000000"
#define STATUS_BASE 10 /* of ttob-unpack: status is this + enum error_kind */

static void tell(const struct sandbox *sandbox, const struct error *err)
{
	agent_event(sandbox->sandboxes->agent, "sandbox.saved",
		    json_pack("{s:s, s:s, s:s?, s:s?}", "sandbox", sandbox->id, "state", err == NULL ? "succeeded" : "failed", "kind",
			      err != NULL ? error_kind_name(err->kind) : NULL, "error", err != NULL ? err->message : NULL));
}

static void on_packed(struct child *child, const struct child_result *result, void *data)
{
	struct sandbox *sandbox = data;
	struct error err;

	(void)child;
	sandbox->saver = NULL;
	if (result->exit_code == 0) {
		tell(sandbox, NULL);
		return;
	}
	child_error(result, "ttob-unpack", &err);
	if (result->exit_code > STATUS_BASE && result->exit_code < STATUS_BASE + ERROR_KINDS)
		error_set(&err, (enum error_kind)(result->exit_code - STATUS_BASE), EIO, "%.300s", result->errors);
	if (result->timed_out)
		error_set(&err, ERROR_TIMEOUT, ETIMEDOUT, "saving took too long");
	err.message[strcspn(err.message, "\n")] = '\0';
	tell(sandbox, &err);
}

int sandbox_save(struct sandbox *sandbox, uint64_t bytes_max, int *ret_layer, struct error *err)
{
	auto_free char *program = programs_find_unpack();
	auto_fd int upper = -1;
	char bytes[24], ids[12];
	const char *argv[] = {program, "pack", ids, bytes, ENTRIES_MAX, NULL};
	struct child_fd fds[2] = {{.target = 0}, {.target = 1}};
	struct child_options options = {
		.argv = argv, .fds = fds, .fd_count = 2, .timeout_ms = TIMEOUT_MS, .nice = 5, .dies_with_us = true};
	int ends[2];
	int r;

	if (sandbox->saver != NULL)
		return error_set(err, ERROR_CONFLICT, EBUSY, "the sandbox %s is being saved already", sandbox->id);
	if (sandbox->writable < 0)
		return error_set(err, ERROR_UNSUPPORTED, ENOTSUP,
				 "this sandbox is older than the platform's last restart, so what was written can't be saved; start a new one");
	upper = openat(sandbox->writable, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (upper < 0)
		return error_errno(err, errno, "cannot open what was written into the sandbox %s", sandbox->id);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot make a pipe");
	snprintf(bytes, sizeof(bytes), "%" PRIu64, bytes_max);
	snprintf(ids, sizeof(ids), "%u", sandbox->id_base);
	fds[0].fd = upper;
	fds[1].fd = ends[1];
	r = child_start(sandbox->sandboxes->agent, &options, on_packed, sandbox, &sandbox->saver, err);
	close(ends[1]);
	if (r < 0)
		close(ends[0]);
	else
		*ret_layer = ends[0];
	return r;
}
