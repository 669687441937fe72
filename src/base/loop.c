#include "base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/util.h"

#define BATCH 64

struct posted {
	struct posted *next;
	loop_handler handler;
	void *data;
};

struct loop {
	int epoll;
	int wake; /* eventfd: something was posted */
	bool stopped;
	struct list timers; /* sorted by due_ms */
	struct epoll_event batch[BATCH];
	int batch_at; /* the event in hand; those after it may be dropped by loop_remove */
	int batch_count;
	struct loop_io wake_io;
	pthread_mutex_t lock; /* guards the posted ones */
	struct posted *posted;
	struct posted **posted_end;
};

static void run_posted(struct loop_io *io, uint32_t events)
{
	struct loop *loop = container_of(io, struct loop, wake_io);
	struct posted *posted;
	uint64_t count;
	ssize_t n;

	(void)events;
	n = read(loop->wake, &count, sizeof(count));
	(void)n;
	pthread_mutex_lock(&loop->lock);
	posted = loop->posted;
	loop->posted = NULL;
	loop->posted_end = &loop->posted;
	pthread_mutex_unlock(&loop->lock);
	while (posted != NULL) {
		struct posted *next = posted->next;

		posted->handler(posted->data);
		free(posted);
		posted = next;
	}
}

struct loop *loop_new(void)
{
	struct loop *loop = xmalloc(sizeof(*loop));

	list_init(&loop->timers);
	pthread_mutex_init(&loop->lock, NULL);
	loop->posted_end = &loop->posted;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll < 0 || loop->wake < 0 || loop_add(loop, &loop->wake_io, loop->wake, EPOLLIN, run_posted) < 0)
		abort();
	return loop;
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	list_for_each(node, &loop->timers)
		loop_timer_stop(container_of(node, struct loop_timer, link));
	while (loop->posted != NULL) {
		struct posted *next = loop->posted->next;

		free(loop->posted);
		loop->posted = next;
	}
	close(loop->epoll);
	close(loop->wake);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

int loop_add(struct loop *loop, struct loop_io *io, int fd, uint32_t events, loop_io_handler handler)
{
	struct epoll_event event = {.events = events, .data.ptr = io};

	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	*io = (struct loop_io){.loop = loop, .fd = fd, .events = events, .handler = handler};
	return 0;
}

int loop_set_events(struct loop_io *io, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = io};

	if (io->loop == NULL)
		return -EINVAL;
	if (io->events == events)
		return 0;
	if (epoll_ctl(io->loop->epoll, EPOLL_CTL_MOD, io->fd, &event) < 0)
		return -errno;
	io->events = events;
	return 0;
}

void loop_remove(struct loop_io *io)
{
	struct loop *loop = io->loop;

	if (loop == NULL)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, io->fd, NULL);
	for (int i = loop->batch_at + 1; i < loop->batch_count; i++)
		if (loop->batch[i].data.ptr == io)
			loop->batch[i].data.ptr = NULL;
	io->loop = NULL;
}

void loop_timer_start(struct loop *loop, struct loop_timer *timer, int64_t after_ms, loop_handler handler, void *data)
{
	struct list *at;

	loop_timer_stop(timer);
	*timer = (struct loop_timer){
		.loop = loop, .due_ms = clock_monotonic_ms() + after_ms, .handler = handler, .data = data};
	/* Most timers are due later than those that wait already: look from the end. */
	for (at = &loop->timers; at->prev != &loop->timers; at = at->prev)
		if (container_of(at->prev, struct loop_timer, link)->due_ms <= timer->due_ms)
			break;
	list_insert_before(at, &timer->link);
}

void loop_timer_stop(struct loop_timer *timer)
{
	if (timer->loop == NULL)
		return;
	list_remove(&timer->link);
	timer->loop = NULL;
}

static struct loop_timer *first_timer(struct loop *loop)
{
	return list_is_empty(&loop->timers) ? NULL : container_of(loop->timers.next, struct loop_timer, link);
}

static int wait_limit(struct loop *loop, int timeout_ms)
{
	struct loop_timer *timer = first_timer(loop);
	int64_t left;

	if (timer == NULL)
		return timeout_ms;
	left = timer->due_ms - clock_monotonic_ms();
	if (left < 0)
		left = 0;
	if (left > 60000)
		left = 60000;
	return timeout_ms >= 0 && timeout_ms < left ? timeout_ms : (int)left;
}

static void run_timers(struct loop *loop)
{
	int64_t now = clock_monotonic_ms();
	struct loop_timer *timer;

	while ((timer = first_timer(loop)) != NULL && timer->due_ms <= now) {
		loop_timer_stop(timer);
		timer->handler(timer->data);
	}
}

int loop_once(struct loop *loop, int timeout_ms)
{
	int n = epoll_wait(loop->epoll, loop->batch, BATCH, wait_limit(loop, timeout_ms));

	if (n < 0 && errno != EINTR)
		return -errno;
	loop->batch_count = n > 0 ? n : 0;
	for (loop->batch_at = 0; loop->batch_at < loop->batch_count; loop->batch_at++) {
		struct epoll_event *event = &loop->batch[loop->batch_at];
		struct loop_io *io = event->data.ptr;

		if (io != NULL)
			io->handler(io, event->events);
	}
	loop->batch_count = 0;
	run_timers(loop);
	return 0;
}

int loop_run(struct loop *loop)
{
	int r = 0;

	while (!loop->stopped && r == 0)
		r = loop_once(loop, -1);
	loop->stopped = false;
	return r;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

void loop_post(struct loop *loop, loop_handler handler, void *data)
{
	struct posted *posted = xmalloc(sizeof(*posted));
	uint64_t one = 1;
	ssize_t n;

	*posted = (struct posted){.handler = handler, .data = data};
	pthread_mutex_lock(&loop->lock);
	*loop->posted_end = posted;
	loop->posted_end = &posted->next;
	pthread_mutex_unlock(&loop->lock);
	n = write(loop->wake, &one, sizeof(one));
	(void)n; /* it can only fail when the counter is full: the loop is awake then */
}
