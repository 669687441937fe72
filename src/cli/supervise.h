/* Keeps a few programs running: started in order, each after the one before it is ready; restarted with back-off when they end;
 * stopped in the reverse order. What they print is forwarded line by line behind their name. One loop, one thread. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/loop.h"

#define SERVICES_MAX 4

struct service {
	const char *name;	 /* "web": stands before its lines */
	const char *const *argv; /* NULL-terminated; argv[0] is a path, or looked for in PATH */
	const char *const *env;	 /* all of its environment */
	uid_t uid;		 /* 0: stays root. Else all groups and capabilities are dropped and no_new_privs is set */
	gid_t gid;
	const char *folder; /* what it needs of the disk wherever that is (spawn.h); NULL: nothing */
	const char *helper; /* a program that it starts itself, likewise */
	const char *secret; /* likewise */
	int control;	    /* likewise; 0: none */
	const char *noise; /* lines with this text are not passed on; NULL: all are */
	/* Whether it does its work already; asked every few milliseconds after the start. */
	bool (*is_ready)(void *data);
	void *data;
	int stop_seconds; /* between SIGTERM and SIGKILL */
};

struct supervisor;

struct supervisor_events {
	void (*ready)(void *data); /* all services are ready, for the first time */
	/* Just before a service is told to stop, in the reverse order; call supervisor_stop_next when it may go. NULL: at once. */
	void (*stopping)(const char *service, void *data);
	/* All are gone. `failed`: because one never got ready; its name and why were logged. */
	void (*stopped)(bool failed, void *data);
};

/* `services` and `events` are borrowed. */
struct supervisor *supervisor_new(struct loop *loop, const struct service *services, size_t count,
				  const struct supervisor_events *events, void *data);
void supervisor_free(struct supervisor *supervisor); /* kills what still runs; takes NULL */
void supervisor_start(struct supervisor *supervisor);
/* Stops the one service of that name and leaves it so, while the others go on; `held` is called when it is gone, later. -EAGAIN when it is
 * not running just now, or everything stops. */
int supervisor_hold(struct supervisor *supervisor, const char *service, void (*held)(void *data), void *data);
/* Starts it again; not after supervisor_stop. */
void supervisor_release(struct supervisor *supervisor, const char *service);
void supervisor_stop(struct supervisor *supervisor); /* safe to call twice */
void supervisor_stop_next(struct supervisor *supervisor);
