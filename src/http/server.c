#include "http/server.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "http/internal.h"
#include "http/request.h"
#include "http/response.h"

#define LAST_ANSWERS_MS 1000 /* to get out the answers that a stop gives */
#define HEAVY_NICE 10

void server_config_init(struct server_config *config)
{
	memset(config, 0, sizeof(*config));
	config->listen = "127.0.0.1:8080";
	config->workers = 4;
	config->queue_max = 256;
	config->heavy_workers = 1;
	config->heavy_queue_max = 64;
	config->outside_queue_max = 64;
	config->connections_max = 8192;
	config->connections_per_address = 256;
	config->idle_seconds = 60;
	config->receive_seconds = 20;
	config->header_max = 16 * 1024;
	config->body_max = 1024 * 1024;
	config->uploads_max = 32;
}

/* One thread answers some 100,000 small requests a second; the machine's other cores are for workers and sandboxes. */
static unsigned default_threads(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores <= 2 ? 1 : (unsigned)min_size((size_t)cores / 2, 4);
}

static char *copy_or_null(const char *s)
{
	return s != NULL && *s != '\0' ? xstrdup(s) : NULL;
}

static void init_lock(struct server *server)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&server->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&server->wake, &attributes);
	pthread_condattr_destroy(&attributes);
}

int server_new(const struct server_config *config, struct server **ret_server, struct error *err)
{
	struct server *server;
	char *public_url;
	int r;

	if (sodium_init() < 0)
		return error_set(err, ERROR_INTERNAL, EIO, "cannot start libsodium");
	server = xmalloc(sizeof(*server));
	server->listen_fd = -1;
	r = listen_open(config->listen, &server->listen_fd, &server->port, &server->loopback, &server->unix_path, err);
	if (r < 0) {
		free(server);
		return r;
	}
	server->config = *config;
	if (server->config.threads == 0)
		server->config.threads = default_threads();
	server->config.listen = xstrdup(config->listen);
	server->config.session_cookie = copy_or_null(config->session_cookie);
	server->config.upload_folder = copy_or_null(config->upload_folder);
	public_url = copy_or_null(config->public_url);
	if (public_url != NULL && str_ends_with(public_url, "/"))
		public_url[strlen(public_url) - 1] = '\0';
	server->config.public_url = public_url;
	server->secure = public_url != NULL && str_starts_with(public_url, "https://");
	server->router = router_new();
	server->addresses = map_new();
	init_lock(server);
	list_init(&server->connections);
	list_init(&server->suspended);
	list_init(&server->uploads);
	list_init(&server->streams);
	list_init(&server->upgrades);
	*ret_server = server;
	return 0;
}

void server_add(struct server *server, const struct route *routes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		router_add(server->router, &routes[i]);
}

void server_set_fallback(struct server *server, request_handler handler, void *data)
{
	server->fallback =
		(struct route){.methods = METHOD_GET, .pattern = "(fallback)", .handler = handler, .data = data};
}

static void run_in_worker(struct request *request, void *local)
{
	request->local = local;
	request_run(request);
	request_release(request);
}

static void run_heavy(struct request *request, void *local)
{
	request->local = local;
	request_run_heavy(request);
	request_release(request);
}

/* What takes a processor for long gives way to all else. */
static void *start_heavy(void *data)
{
	struct server *server = data;

	setpriority(PRIO_PROCESS, (id_t)gettid(), HEAVY_NICE);
	return server->config.worker_start != NULL ? server->config.worker_start(server->config.worker_data) : NULL;
}

static void end_heavy(void *local, void *data)
{
	struct server *server = data;

	if (server->config.worker_end != NULL)
		server->config.worker_end(local, server->config.worker_data);
}

static void drop_waiting(struct request *request)
{
	respond_status(request, 503, "the server is stopping");
	request_release(request);
}

static void log_library(void *cls, const char *format, va_list args)
{
	char line[512];
	int n = vsnprintf(line, sizeof(line), format, args);

	(void)cls;
	/* Clients that break the protocol or leave early are everyday; nothing here is worth more than a debug line. */
	while (n > 0 && n < (int)sizeof(line) && line[n - 1] == '\n')
		line[--n] = '\0';
	log_event(LOG_LEVEL_DEBUG, "libmicrohttpd", "message", line, NULL);
}

static struct MHD_Daemon *start_daemon(struct server *server)
{
	const struct server_config *config = &server->config;
	const struct MHD_OptionItem several[] = {
		{MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)config->threads, NULL},
		{MHD_OPTION_END, 0, NULL},
	};
	const struct MHD_OptionItem one[] = {{MHD_OPTION_END, 0, NULL}};

	return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE |
					MHD_USE_ERROR_LOG,
				0, access_accept, server, access_handle, server, MHD_OPTION_EXTERNAL_LOGGER,
				log_library, NULL, MHD_OPTION_LISTEN_SOCKET, server->listen_fd,
				MHD_OPTION_URI_LOG_CALLBACK, access_begin, server, MHD_OPTION_NOTIFY_COMPLETED,
				access_completed, server, MHD_OPTION_NOTIFY_CONNECTION, access_connection, server,
				MHD_OPTION_UNESCAPE_CALLBACK, access_unescape, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				config->header_max, MHD_OPTION_CONNECTION_LIMIT, config->connections_max,
				MHD_OPTION_CONNECTION_TIMEOUT, config->idle_seconds, MHD_OPTION_STRICT_FOR_CLIENT, 1,
				MHD_OPTION_ARRAY, config->threads > 1 ? several : one, MHD_OPTION_END);
}

static int start_workers(struct server *server, struct error *err)
{
	const struct workers_setup setup = {
		.threads = server->config.workers,
		.queue_max = server->config.queue_max,
		.run = run_in_worker,
		.start = server->config.worker_start,
		.end = server->config.worker_end,
		.data = server->config.worker_data,
	};
	const struct workers_setup heavy = {
		.threads = server->config.heavy_workers,
		.queue_max = server->config.heavy_queue_max,
		.run = run_heavy,
		.start = start_heavy,
		.end = end_heavy,
		.data = server,
	};
	const struct workers_setup outside = {
		.threads = server->config.outside_workers,
		.queue_max = server->config.outside_queue_max,
		.run = run_heavy,
		.start = server->config.worker_start,
		.end = server->config.worker_end,
		.data = server->config.worker_data,
	};
	int r = workers_new(&setup, &server->workers, err);

	if (r == 0)
		r = workers_new(&heavy, &server->heavy, err);
	return r == 0 ? workers_new(&outside, &server->outside, err) : r;
}

int server_start(struct server *server, struct error *err)
{
	sigset_t all;
	sigset_t before;
	int r = start_workers(server, err);

	if (r < 0)
		return r;
	r = ticker_start(server, err);
	if (r < 0)
		return r;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	server->daemon = start_daemon(server);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (server->daemon == NULL)
		return error_set(err, ERROR_INTERNAL, EIO, "cannot start the HTTP server on %s", server->config.listen);
	return 0;
}

unsigned server_port(const struct server *server)
{
	return server->port;
}

static void answer_suspended(struct server *server)
{
	for (;;) {
		struct request *request = NULL;

		pthread_mutex_lock(&server->lock);
		if (!list_is_empty(&server->suspended)) {
			request = container_of(server->suspended.next, struct request, link);
			request_ref(request);
		}
		pthread_mutex_unlock(&server->lock);
		if (request == NULL)
			return;
		respond_status(request, 503, "the server is stopping");
		request_release(request);
	}
}

/* Waits until the upgraded sockets are back. Gives how many are not. */
static unsigned wait_for_upgrades(struct server *server, int64_t wait_ms)
{
	int64_t until_ms = clock_monotonic_ms() + wait_ms;
	struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
	unsigned left;

	pthread_mutex_lock(&server->lock);
	while (server->upgrade_count > 0)
		if (pthread_cond_timedwait(&server->wake, &server->lock, &until) == ETIMEDOUT)
			break;
	left = server->upgrade_count;
	pthread_mutex_unlock(&server->lock);
	return left;
}

/* Answers that were given last still have to go out. Upgraded connections count as requests until they are closed. */
static void wait_for_answers(struct server *server)
{
	struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};

	for (int64_t until = clock_monotonic_ms() + LAST_ANSWERS_MS;
	     atomic_load(&server->active) > 0 && clock_monotonic_ms() < until;)
		nanosleep(&pause, NULL);
}

void server_stop(struct server *server, int64_t wait_ms)
{
	unsigned left;

	pthread_mutex_lock(&server->lock);
	if (server->stopping) {
		pthread_mutex_unlock(&server->lock);
		return;
	}
	server->stopping = true;
	pthread_mutex_unlock(&server->lock);
	/* From here on access_accept turns everybody away. MHD_quiesce_daemon would be the call for this, but in 0.9.75
	 * it races with the epoll thread and aborts the process ("Failed to remove listen FD from epoll set"). */
	streams_end_all(server);
	if (server->workers != NULL)
		workers_stop(server->workers, drop_waiting);
	if (server->heavy != NULL)
		workers_stop(server->heavy, drop_waiting);
	if (server->outside != NULL)
		workers_stop(server->outside, drop_waiting);
	answer_suspended(server);
	left = wait_for_upgrades(server, wait_ms);
	if (left > 0) {
		upgrades_shut_down(server);
		left = wait_for_upgrades(server, LAST_ANSWERS_MS);
	}
	wait_for_answers(server);
	ticker_stop(server);
	if (left > 0) {
		/* Their sockets would be closed under those who use them. The process is about to end: let it end with
		 * them. */
		log_warning("%u upgraded connections were never given back", left);
		server->abandoned = true;
	} else if (server->daemon != NULL) {
		MHD_stop_daemon(server->daemon); /* closes the listening socket, too */
		server->daemon = NULL;
		server->listen_fd = -1;
	}
}

void server_free(struct server *server)
{
	if (server == NULL)
		return;
	server_stop(server, 0);
	if (server->abandoned)
		return;
	workers_free(server->workers);
	workers_free(server->heavy);
	workers_free(server->outside);
	router_free(server->router);
	map_free(server->addresses);
	if (server->listen_fd >= 0)
		close(server->listen_fd);
	if (server->unix_path != NULL)
		unlink(server->unix_path);
	free(server->unix_path);
	free((char *)server->config.listen);
	free((char *)server->config.public_url);
	free((char *)server->config.session_cookie);
	free((char *)server->config.upload_folder);
	pthread_cond_destroy(&server->wake);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

void server_count(struct server *server, struct server_counts *ret_counts)
{
	ret_counts->requests = atomic_load(&server->request_count);
	ret_counts->refused = atomic_load(&server->refused_count);
	ret_counts->connections = atomic_load(&server->connection_count);
	ret_counts->streams = atomic_load(&server->stream_count);
	ret_counts->waiting = server->workers != NULL ? workers_waiting(server->workers) : 0;
	ret_counts->waiting += server->heavy != NULL ? workers_waiting(server->heavy) : 0;
	pthread_mutex_lock(&server->lock);
	ret_counts->upgrades = server->upgrade_count;
	pthread_mutex_unlock(&server->lock);
}
