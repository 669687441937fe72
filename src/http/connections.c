/* The connections that are open, who has how many, and which of them take too long. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"
#include "http/internal.h"

struct address_count {
	unsigned open;
};

static bool is_limited(const struct server *server, const struct sockaddr *address, char text[ADDRESS_MAX])
{
	bool local = address_text(address, text);

	return server->config.connections_per_address > 0 && (!local || server->config.limit_loopback);
}

enum MHD_Result access_accept(void *cls, const struct sockaddr *address, socklen_t length)
{
	struct server *server = cls;
	char text[ADDRESS_MAX];
	const struct address_count *count;
	bool limited = is_limited(server, address, text);
	bool full;

	(void)length;
	pthread_mutex_lock(&server->lock);
	count = limited ? map_get(server->addresses, text) : NULL;
	full = server->stopping || (count != NULL && count->open >= server->config.connections_per_address);
	pthread_mutex_unlock(&server->lock);
	if (full)
		atomic_fetch_add(&server->refused_count, 1);
	return full ? MHD_NO : MHD_YES;
}

static void opened(struct server *server, struct MHD_Connection *mhd, void **context)
{
	const union MHD_ConnectionInfo *address = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const union MHD_ConnectionInfo *fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *connection = xmalloc(sizeof(*connection));
	struct address_count *count;

	connection->fd = fd != NULL ? fd->connect_fd : -1;
	connection->counted = is_limited(server, address != NULL ? address->client_addr : NULL, connection->address);
	atomic_init(&connection->deadline_ms, clock_monotonic_ms() + server->config.receive_seconds * INT64_C(1000));
	pthread_mutex_lock(&server->lock);
	list_append(&server->connections, &connection->link);
	if (connection->counted) {
		count = map_get(server->addresses, connection->address);
		if (count == NULL) {
			count = xmalloc(sizeof(*count));
			map_put(server->addresses, connection->address, count);
		}
		count->open++;
	}
	pthread_mutex_unlock(&server->lock);
	atomic_fetch_add(&server->connection_count, 1);
	*context = connection;
}

static void closed(struct server *server, struct connection *connection)
{
	struct address_count *count;

	pthread_mutex_lock(&server->lock);
	list_remove(&connection->link);
	if (connection->counted) {
		count = map_get(server->addresses, connection->address);
		if (--count->open == 0)
			free(map_remove(server->addresses, connection->address));
	}
	pthread_mutex_unlock(&server->lock);
	atomic_fetch_sub(&server->connection_count, 1);
	free(connection);
}

void access_connection(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		opened(cls, mhd, context);
	else if (*context != NULL)
		closed(cls, *context);
}

/* Whether the client has said all that it will ever say. libmicrohttpd takes a short read for the last one that the
 * edge-triggered epoll told of, so it misses an end that came together with data. */
static bool has_ended(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void connections_cut_slow(struct server *server, int64_t now_ms)
{
	pthread_mutex_lock(&server->lock);
	list_for_each (link, &server->connections) {
		struct connection *connection = container_of(link, struct connection, link);
		int64_t deadline_ms = atomic_load(&connection->deadline_ms);

		if (deadline_ms == INT64_MAX || (deadline_ms > now_ms && !has_ended(connection->fd)))
			continue;
		/* The descriptor is open as long as the connection is on the list. libmicrohttpd sees the end and
		 * cleans up. */
		atomic_store(&connection->deadline_ms, INT64_MAX);
		shutdown(connection->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&server->lock);
}
