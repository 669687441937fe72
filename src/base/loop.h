/* One thread's event loop: epoll(7) for descriptors, a sorted list of timers, and a way in for other threads. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/list.h"

struct loop;
struct loop_io;

/* `events` are EPOLLIN | EPOLLOUT | EPOLLHUP | … as epoll gave them. The handler may remove or free its own io. */
typedef void (*loop_io_handler)(struct loop_io *io, uint32_t events);
typedef void (*loop_handler)(void *data);

/* Embedded in its owner; find the owner by container_of. All fields are the loop's. */
struct loop_io {
	struct loop *loop; /* NULL while it is not added */
	int fd;
	uint32_t events;
	loop_io_handler handler;
};

struct loop_timer {
	struct loop *loop; /* NULL while it is not armed */
	struct list link;
	int64_t due_ms;
	loop_handler handler;
	void *data;
};

struct loop *loop_new(void);
void loop_free(struct loop *loop); /* takes NULL */
/* Runs until loop_stop: 0 or -errno. */
int loop_run(struct loop *loop);
/* Waits for `timeout_ms` at most (-1: no limit), handles what came, and returns: 0 or -errno. For tests and drains. */
int loop_once(struct loop *loop, int timeout_ms);
void loop_stop(struct loop *loop);

/* The descriptor stays the caller's; remove it before closing it. 0 or -errno. */
int loop_add(struct loop *loop, struct loop_io *io, int fd, uint32_t events, loop_io_handler handler);
/* 0 events: the io stays, but only EPOLLERR/EPOLLHUP are reported. No system call when nothing changes. */
int loop_set_events(struct loop_io *io, uint32_t events);
void loop_remove(struct loop_io *io); /* safe when it is not added */

/* Once, `after_ms` from now (moved when it is armed already). */
void loop_timer_start(struct loop *loop, struct loop_timer *timer, int64_t after_ms, loop_handler handler, void *data);
void loop_timer_stop(struct loop_timer *timer); /* safe when it is not armed */

/* From any thread: has `handler(data)` run in the loop's thread, in the order of the calls. */
void loop_post(struct loop *loop, loop_handler handler, void *data);
