/* The way in: what clients typed, to the pseudo-terminal. It takes as much as the program reads; the rest waits here,
 * bounded. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/util.h"
#include "terminal/internal.h"

/* Writes what the pseudo-terminal takes: the count. */
static size_t write_some(struct terminal *terminal, const char *data, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = write(terminal->tty, data + done, length - done);

		if (n > 0) {
			done += (size_t)n;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else {
			if (n < 0 && errno != EAGAIN)
				return length; /* it hung up: the reading side will say so */
			break;
		}
	}
	return done;
}

/* The last character of `data` that the line discipline turns into a signal and that drops waiting input, or NULL. */
static const char *interrupting(const struct terminal *terminal, const char *data, size_t length)
{
	static const int characters[] = {VINTR, VQUIT, VSUSP};
	const char *last = NULL;
	struct termios termios;

	if (tcgetattr(terminal->tty, &termios) < 0 || !(termios.c_lflag & ISIG) || (termios.c_lflag & NOFLSH))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(characters); i++) {
		cc_t c = termios.c_cc[characters[i]];
		const char *at = c == _POSIX_VDISABLE ? NULL : memrchr(data, c, length);

		if (at != NULL && (last == NULL || at > last))
			last = at;
	}
	return last;
}

/* Drops input that the program has not read: ours, the kernel's on its way, the line discipline's. The last one only
 * the slave's side can drop. */
static void drop_input(struct terminal *terminal)
{
	int slave = ioctl(terminal->tty, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	buf_fini(&terminal->input);
	tcflush(terminal->tty, TCOFLUSH);
	if (slave < 0)
		return;
	tcflush(slave, TCIFLUSH);
	close(slave);
}

bool terminal_input(struct terminal *terminal, const char *data, size_t length)
{
	const char *from;
	size_t done = 0;

	if (terminal->tty < 0)
		return true;
	/* Interrupt, quit and suspend drop the input before them. Behind full queues they would never be seen by the
	 * line discipline, so the dropping is done first: Ctrl-C works even when a large paste waits for a program that
	 * reads nothing. */
	from = interrupting(terminal, data, length);
	if (from != NULL) {
		drop_input(terminal);
		length -= (size_t)(from - data);
		data = from;
	}
	if (terminal->input.length >= INPUT_MAX)
		return false;
	if (terminal->input.length == 0)
		done = write_some(terminal, data, length);
	if (done < length)
		buf_append(&terminal->input, data + done, length - done);
	return true;
}

static void unblock(struct client *client)
{
	if (!terminal_input(client->terminal, client->held, client->held_length))
		return;
	client->blocked = false;
	client->held = NULL;
	/* Whole messages may wait in its buffer, of which no poll tells. */
	client_take(client);
}

void terminal_input_flush(struct terminal *terminal)
{
	if (terminal->tty < 0)
		buf_fini(&terminal->input);
	else if (terminal->input.length > 0)
		buf_consume(&terminal->input, write_some(terminal, terminal->input.data, terminal->input.length));
	if (terminal->input.length == 0)
		buf_fini(&terminal->input);
	if (terminal->input.length >= INPUT_MAX)
		return;
	list_for_each (node, &terminal->clients) {
		struct client *client = container_of(node, struct client, link);

		if (client->blocked && client->state == CLIENT_OPEN)
			unblock(client);
	}
}
