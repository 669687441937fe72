/* What the files of http/ share and nobody else sees.
 *
 * Locks, in the order they may be taken: request.lock or stream.lock, then server.lock or libmicrohttpd's own, never
 * both: nothing of libmicrohttpd that locks is called under server.lock, and it holds its own while it tells of the end
 * of an upgraded connection (access_completed), where none of ours may be taken. A request belongs to the connection until `completed` (access.c) and to whoever deferred it; `mhd` is NULL once the
 * connection has let go of it. */
#pragma once

#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "http/cache.h"
#include "http/router.h"
#include "http/server.h"
#include "http/target.h"
#include "http/workers.h"

#define ADDRESS_MAX 48

/* One TCP connection, from accept to close. */
struct connection {
	struct list link; /* server.connections, under server.lock */
	int fd;           /* libmicrohttpd's */
	bool counted;     /* in server.addresses */
	char address[ADDRESS_MAX];
	_Atomic int64_t
		deadline_ms; /* monotonic; by then it must have said what it wants. INT64_MAX: nothing is awaited */
};

struct server {
	struct server_config config; /* strings owned */
	bool loopback;               /* listens on loopback only */
	bool secure;                 /* the public URL is https */
	int listen_fd;
	unsigned port;
	char *unix_path;
	struct MHD_Daemon *daemon;
	struct router *router;
	struct route fallback;
	struct workers *workers;
	struct workers *heavy;
	struct workers *outside;
	pthread_t ticker;
	bool ticking;
	pthread_mutex_t lock;
	pthread_cond_t wake; /* the ticker, and server_stop waiting for upgrades */
	bool stopping;
	bool abandoned; /* sockets never given back: nothing may be freed */
	struct list connections;
	struct list suspended; /* requests */
	struct list uploads;   /* requests with upload_fd, under lock */
	struct list streams;
	struct list upgrades;
	struct map *addresses; /* text → struct address_count */
	atomic_uint connection_count;
	atomic_uint stream_count;
	atomic_uint active;     /* requests that have begun and not completed */
	unsigned upgrade_count; /* under lock */
	atomic_uint_fast64_t request_count;
	atomic_uint_fast64_t refused_count;
};

struct header {
	char *name;
	char *value;
};

struct request {
	struct server *server;
	pthread_mutex_t lock;
	atomic_uint refs;
	struct MHD_Connection *mhd; /* NULL: the connection is done with it */
	struct connection *connection;
	struct list link; /* server.suspended */
	bool secure;
	/* Set on a server thread while the request comes in. */
	bool begun; /* the headers are in */
	bool dispatched;
	bool handed_over; /* upgraded: the connection is no longer HTTP's */
	bool head;
	enum method method;
	bool options;
	char *raw;  /* the target as it was sent */
	char *site; /* request_site, once asked for */
	struct target target;
	struct route_match match;
	const struct route *route;
	struct error *refusal; /* what the answer will be once the body has been passed over */
	size_t body_max;
	size_t received; /* bytes of the body, kept or not */
	int64_t began_ms;
	int64_t upload_ms;
	struct buf body;
	int upload_fd; /* what the body goes to instead, or -1 */
	struct list upload_link;
	char upload_address[ADDRESS_MAX];
	void *local; /* the worker's */
	request_handler heavy; /* what a worker of another pool runs */
	/* Under `lock`. */
	bool suspended;
	bool deferred;
	bool answered;
	bool queued; /* the answer is libmicrohttpd's */
	bool shared; /* the answer is somebody else's */
	unsigned status;
	struct MHD_Response *answer;
	struct header *headers; /* respond_header */
	size_t header_count;
	uint64_t cache_version; /* when the handler started */
	char *if_none_match;    /* copied for cached routes, whose answer may come after the connection's end */
	struct upgrade *upgrade;
};

/* upload.c */
bool upload_is_one(const struct request *request);
int upload_begin(struct request *request, struct error *err);
int upload_append(struct request *request, const void *data, size_t length, struct error *err);
void upload_end(struct request *request); /* fine when none has begun */

/* request.c */
struct request *request_new(struct server *server, struct MHD_Connection *mhd, struct connection *connection,
			    const char *raw);
struct request *request_ref(struct request *request);
/* Gives a reference up, without request_unref's care for what nobody answered. */
void request_release(struct request *request);
/* The connection waits from now on; on a server thread, within the access handler. False: the server is stopping. */
bool request_suspend(struct request *request);
/* Takes the response and has it sent; dropped when there is an answer or no connection. */
void request_answer(struct request *request, unsigned status, struct MHD_Response *response);
/* The same with a response that stays its owner's, who outlives the server. */
void request_answer_shared(struct request *request, unsigned status, struct MHD_Response *response);
/* Whether the Origin is right for a write or WebSocket: 0, or ERROR_FORBIDDEN. */
int request_check_origin(const struct request *request, struct error *err);
/* Runs the handler and turns its errors into an answer. */
void request_run(struct request *request);
void request_run_heavy(struct request *request); /* the same with request->heavy */

/* response.c: the headers that every answer has, and a ready answer for what the server itself says. */
void response_add_common(struct MHD_Response *response, bool secure);
/* Puts on what every answer and what this one has, and sends it. Takes the response; `type` may be NULL. */
void response_finish(struct request *request, unsigned status, const char *type, struct MHD_Response *response);
/* Takes `json`. */
struct MHD_Response *response_from_json(json_t *json, size_t *ret_length);
void respond_status(struct request *request, unsigned status, const char *detail);

/* access.c: libmicrohttpd's callbacks. */
void *access_begin(void *cls, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result access_handle(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
			      const char *version, const char *data, size_t *length, void **context);
void access_completed(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code);
void access_connection(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode code);
enum MHD_Result access_accept(void *cls, const struct sockaddr *address, socklen_t length);
/* One debug line, when the configuration asks for it. */
void access_log(const struct request *request);
size_t access_unescape(void *cls, struct MHD_Connection *mhd, char *text);

/* connections.c */
void connections_cut_slow(struct server *server, int64_t now_ms);

/* cache.c: queues a kept answer for this request; false: there is none. */
bool cache_answer(struct cache *cache, struct request *request);

#define ETAG_SIZE 35 /* "<32 hex>", quotes included */
/* A strong entity tag of these bytes. */
void etag_of(const void *data, size_t length, char out[ETAG_SIZE]);

/* stream.c: once a second, on the ticker's thread. */
void streams_tick(struct server *server, int64_t now_ms);
void streams_end_all(struct server *server);

/* websocket.c */
void upgrade_forget(struct upgrade *upgrade); /* the connection ended before the 101 went out */
void upgrades_shut_down(struct server *server);

/* listen.c */
int listen_open(const char *where, int *ret_fd, unsigned *ret_port, bool *ret_loopback, char **ret_unix_path,
		struct error *err);
/* The address as text; "unix" for what has none. Gives whether it is loopback or unix. */
bool address_text(const struct sockaddr *address, char out[ADDRESS_MAX]);

/* ticker.c */
int ticker_start(struct server *server, struct error *err);
void ticker_stop(struct server *server);
