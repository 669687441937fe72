#include "http/websocket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"
#include "http/internal.h"
#include "http/negotiate.h"
#include "http/response.h"
#include "http/sha1.h"

#define KEY_LENGTH 24 /* base64 of 16 bytes */

struct upgrade {
	struct server *server;
	struct list link; /* server.upgrades, once taken */
	struct MHD_UpgradeResponseHandle *handle;
	struct request *request; /* until taken */
	int socket;
	upgrade_taken taken;
	void *data;
};

static bool key_is_valid(const char *key)
{
	unsigned char bytes[16];
	size_t length = 0;

	return key != NULL && strlen(key) == KEY_LENGTH &&
	       sodium_base642bin(bytes, sizeof(bytes), key, KEY_LENGTH, NULL, &length, NULL,
				 sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       length == sizeof(bytes);
}

int websocket_check(const struct request *request, const char *protocol, struct error *err)
{
	const char *upgrade = request_header(request, "Upgrade");
	const char *version = request_header(request, "Sec-WebSocket-Version");

	if (request->method != METHOD_GET || request->head || !header_has_token(upgrade, "websocket", false) ||
	    !header_has_token(request_header(request, "Connection"), "upgrade", false))
		return error_set(err, ERROR_UNSUPPORTED, EPROTONOSUPPORT, "this address is a WebSocket (RFC 6455)");
	if (version == NULL || strcmp(version, "13") != 0)
		return error_set(err, ERROR_UNSUPPORTED, EPROTONOSUPPORT, "Sec-WebSocket-Version must be 13");
	if (!key_is_valid(request_header(request, "Sec-WebSocket-Key")))
		return error_set(err, ERROR_MALFORMED, EBADMSG, "Sec-WebSocket-Key must be 16 bytes in base64");
	if (protocol != NULL && !header_has_token(request_header(request, "Sec-WebSocket-Protocol"), protocol, true))
		return error_set(err, ERROR_MALFORMED, EBADMSG, "Sec-WebSocket-Protocol must offer %s", protocol);
	return request_check_origin(request, err);
}

/* base64(SHA-1(key + the GUID of RFC 6455 §1.3)) */
static void accept_of(const char *key, char out[32])
{
	char text[KEY_LENGTH + 37];
	unsigned char hash[SHA1_SIZE];

	memcpy(text, key, KEY_LENGTH);
	memcpy(text + KEY_LENGTH, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 37);
	sha1_short(text, KEY_LENGTH + 36, hash);
	sodium_bin2base64(out, 32, hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL);
}

/* The 101 is out: the socket changes hands. */
static void handed_over(void *cls, struct MHD_Connection *mhd, void *context, const char *early, size_t early_length,
			MHD_socket socket, struct MHD_UpgradeResponseHandle *handle)
{
	struct upgrade *upgrade = cls;
	struct server *server = upgrade->server;
	struct request *request = upgrade->request;
	int on = 1;

	(void)mhd;
	(void)context;
	upgrade->handle = handle;
	upgrade->socket = socket;
	upgrade->request = NULL;
	atomic_fetch_add(&server->request_count, 1);
	access_log(request);
	pthread_mutex_lock(&request->lock);
	request->handed_over = true;
	request->upgrade = NULL;
	request->mhd = NULL;
	request->connection = NULL;
	pthread_mutex_unlock(&request->lock);
	fd_set_nonblock(socket, true);
	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	pthread_mutex_lock(&server->lock);
	list_append(&server->upgrades, &upgrade->link);
	server->upgrade_count++;
	pthread_mutex_unlock(&server->lock);
	upgrade->taken(upgrade, socket, early, early_length, upgrade->data);
}

void upgrade_forget(struct upgrade *upgrade)
{
	upgrade->taken(NULL, -1, NULL, 0, upgrade->data);
	free(upgrade);
}

static struct upgrade *upgrade_new(struct request *request, upgrade_taken taken, void *data)
{
	struct upgrade *upgrade = xmalloc(sizeof(*upgrade));

	upgrade->server = request->server;
	upgrade->request = request;
	upgrade->socket = -1;
	upgrade->taken = taken;
	upgrade->data = data;
	list_init(&upgrade->link);
	return upgrade;
}

static struct MHD_Response *response_of(struct upgrade *upgrade, const char *accept, const char *protocol)
{
	struct MHD_Response *response = MHD_create_response_for_upgrade(handed_over, upgrade);

	MHD_add_response_header(response, "Upgrade", "websocket");
	MHD_add_response_header(response, "Sec-WebSocket-Accept", accept);
	if (protocol != NULL)
		MHD_add_response_header(response, "Sec-WebSocket-Protocol", protocol);
	response_add_common(response, upgrade->request->secure);
	return response;
}

int respond_websocket(struct request *request, const char *protocol, upgrade_taken taken, void *data, struct error *err)
{
	struct upgrade *upgrade = NULL;
	char accept[32];
	int r = 0;

	/* The headers are the connection's memory, and stay while the lock is held. */
	pthread_mutex_lock(&request->lock);
	if (!request->answered && request->mhd != NULL) {
		r = websocket_check(request, protocol, err);
		if (r == 0) {
			accept_of(request_header(request, "Sec-WebSocket-Key"), accept);
			upgrade = upgrade_new(request, taken, data);
			request->upgrade = upgrade;
		}
	}
	pthread_mutex_unlock(&request->lock);
	if (upgrade != NULL)
		request_answer(request, 101, response_of(upgrade, accept, protocol));
	else if (r == 0) /* the server is stopping, or the client gone */
		taken(NULL, -1, NULL, 0, data);
	return r;
}

void upgrade_close(void *data)
{
	struct upgrade *upgrade = data;
	struct server *server = upgrade->server;

	pthread_mutex_lock(&server->lock);
	list_remove(&upgrade->link); /* nobody shuts down a socket that is no longer there */
	pthread_mutex_unlock(&server->lock);
	/* libmicrohttpd takes its lock here, and holds the same one while it calls us for connections that ended. */
	MHD_upgrade_action(upgrade->handle, MHD_UPGRADE_ACTION_CLOSE);
	pthread_mutex_lock(&server->lock);
	server->upgrade_count--; /* from here on the server may stop */
	pthread_cond_broadcast(&server->wake);
	pthread_mutex_unlock(&server->lock);
	free(upgrade);
}

void upgrades_shut_down(struct server *server)
{
	pthread_mutex_lock(&server->lock);
	list_for_each (link, &server->upgrades)
		shutdown(container_of(link, struct upgrade, link)->socket, SHUT_RDWR);
	pthread_mutex_unlock(&server->lock);
}
