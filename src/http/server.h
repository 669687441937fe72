/* The HTTP server: libmicrohttpd with epoll threads, a router, a bounded pool of workers for what may block, and the
 * rules that hold for every answer (security headers, origin of writes, limits). HTTP semantics RFC 9110, HTTP/1.1 RFC
 * 9112.
 *
 *   server_config_init(&config); config.listen = "127.0.0.1:8080"; …
 *   server_new(&config, &server, &err);  server_add(server, routes, ARRAY_SIZE(routes));
 *   server_start(server, &err);  …  server_stop(server, 5000);  server_free(server);
 *
 * Threads: handlers of ROUTE_IMMEDIATE run on one of the server's threads, those of ROUTE_WORK on one of the workers'.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct server;
struct request;
struct cache;

enum method {
	METHOD_GET = 1, /* HEAD is answered from it */
	METHOD_POST = 2,
	METHOD_PUT = 4,
	METHOD_PATCH = 8,
	METHOD_DELETE = 16,
};

/* Answers the request by one of response.h's respond_… calls and returns 0; or returns a negative errno with `err` set,
 * which becomes a problem answer; or takes the request along by request_defer and returns 0. Returning 0 with nothing
 * of that is answered 500. */
typedef int (*request_handler)(struct request *request, struct error *err);

enum route_kind {
	ROUTE_IMMEDIATE, /* must not block: no database, no files, no waiting */
	ROUTE_WORK,      /* may block; 503 with Retry-After when the pool's queue is full */
};

enum route_flag {
	ROUTE_ANY_TYPE = 1, /* takes bodies of every Content-Type; without it anything but JSON is answered 415 */
	ROUTE_FILES = 2,    /* takes multipart/form-data, too, as large as upload_max (upload.h); ROUTE_WORK only */
};

struct route {
	unsigned methods; /* METHOD_… | … */
	/* "/api/v1/projects/{owner}/{name}": a parameter is one whole non-empty segment, decoded; a fixed start may
	 * stand before it or a fixed end behind it ("/badge/{owner}/{name}.svg"). Literal segments win over parameters.
	 * Borrowed. */
	const char *pattern;
	enum route_kind kind;
	request_handler handler;
	void *data;      /* request_data */
	size_t body_max; /* bytes; 0: the server's body_max */
	unsigned flags;  /* ROUTE_… */
	struct cache
		*cache; /* GET answers given by respond_cached are served from here, without the handler (cache.h) */
};

struct server_config {
	const char *listen; /* "127.0.0.1:8080", "[::1]:8080", ":8080" (every address), port 0: any,
			       "unix:/run/ttob/web.sock" */
	/* "https://try.example.org": what browsers call this site; NULL or "": what the Host header says (see
	 * origin.h). */
	const char *public_url;
	const char *session_cookie; /* a write or WebSocket that carries this cookie must name an Origin of this site;
				       NULL: none */
	bool trust_forwarded;       /* X-Forwarded-For of loopback and unix peers names the client (its last entry) */
	unsigned threads;           /* of the server; 0: by the machine's cores */
	unsigned workers;
	unsigned queue_max;               /* requests waiting for a worker */
	unsigned heavy_workers;           /* threads for request_heavy, at a lower priority */
	unsigned heavy_queue_max;         /* requests waiting for one of those */
	unsigned outside_workers;         /* threads for request_outside; 0: nobody calls that */
	unsigned outside_queue_max;
	unsigned connections_max;         /* at once; more are closed on arrival */
	unsigned connections_per_address; /* 0: no limit; loopback and unix peers are not counted unless limit_loopback
					   */
	bool limit_loopback;
	unsigned idle_seconds;    /* a connection on which nothing moves */
	unsigned receive_seconds; /* from connect or the last answer to the end of the headers; and again for the body
				     per 256 KiB */
	size_t header_max;        /* request line and headers, bytes */
	size_t body_max;
	const char *upload_folder; /* where bodies with files are kept while they come in, unnamed; NULL: none are taken */
	size_t upload_max;	   /* bytes of one of these */
	unsigned uploads_max;	   /* of these at one time */
	bool access_log; /* one debug line per answer */
	/* Each worker calls worker_start(worker_data) first; what it gives is request_local() in its handlers, and goes
	 * to worker_end. NULL from worker_start is fine when worker_start is NULL or has nothing to give. */
	void *(*worker_start)(void *worker_data);
	void (*worker_end)(void *local, void *worker_data);
	void *worker_data;
};

/* The defaults: 127.0.0.1:8080, 4 workers, 256 waiting, 1 heavy worker, 64 waiting, no outside worker, 64 waiting, 8192 connections (256 per address), 60 s idle, 20 s to receive,
 * 16 KiB of headers, 1 MiB of body, 32 uploads. */
void server_config_init(struct server_config *config);

/* Binds the listening socket at once, so that a taken port is told here. The config's strings are copied. */
int server_new(const struct server_config *config, struct server **ret_server, struct error *err);
/* Before server_start. Patterns and data are borrowed for the life of the server; a bad or doubled pattern aborts (it
 * is a bug). */
void server_add(struct server *server, const struct route *routes, size_t count);
/* What answers GET when no route fits (static files); immediate. Without it, and for other methods: 404. */
void server_set_fallback(struct server *server, request_handler handler, void *data);
int server_start(struct server *server, struct error *err);
/* The port that it listens on, 0 for unix. */
unsigned server_port(const struct server *server);
/* Accepts no more, answers what waits with 503, ends streams, and waits up to `wait_ms` for upgraded sockets to be
 * given back (upgrade_close); those that are not are shut down. Answers that come later are dropped. */
void server_stop(struct server *server, int64_t wait_ms);
/* Stops it when that has not happened; takes NULL. Deferred requests that others still hold stay valid until their
 * request_unref. */
void server_free(struct server *server);

struct server_counts {
	uint64_t requests;    /* answered since the start */
	uint64_t refused;     /* 503 because the queue was full, and connections over a limit */
	unsigned connections; /* open now, upgraded ones included */
	unsigned upgrades;    /* upgraded sockets not yet given back */
	unsigned streams;
	unsigned waiting; /* for a worker, of either kind */
};
void server_count(struct server *server, struct server_counts *ret_counts);
