/* Receives the master of a pseudo-terminal from an OCI runtime: the --console-socket of runc's docs/terminals.md. */
#pragma once

#include "base/error.h"
#include "base/loop.h"

struct console {
	int listener; /* -1: closed */
	char *path;
};

void console_init(struct console *console);
/* Listens at `path` (replaced), which the runtime connects to. */
int console_listen(struct console *console, const char *path, struct error *err);
/* Once the runtime has come back: the master that it sent (the caller's, close-on-exec), with the window set. Never blocks. */
int console_receive(struct console *console, unsigned cols, unsigned rows, int *ret_tty, struct error *err);
void console_close(struct console *console); /* twice is fine */
