/* A relay in a process of its own, with terminals that run something: what a client connects to over TCP on the
 * loopback. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* What runs on a terminal: gets the slave, never returns. */
typedef void (*program)(int slave);

void program_flood(int slave); /* lines, as fast as the terminal takes them */
void program_echo(int slave);  /* raw; gives back every byte */
void program_yes(int slave);   /* a shell that runs yes(1), in a session of its own: Ctrl-C ends it */

/* Opens a pseudo-terminal and starts the program on it. Gives the master. */
int terminal_start(program run, pid_t *ret_pid);

struct host {
	pid_t relay;
	int count;
	pid_t *programs;
	int *clients; /* connected sockets, one for each terminal */
};

/* Starts `count` terminals and a relay for them; each gets one client. */
void host_start(struct host *host, program run, int count);
void host_stop(struct host *host);
