#include "cli/listen.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

struct place {
	struct sockaddr_storage address;
	socklen_t length;
};

static int resolve_inet(const char *text, struct place *ret_place, struct error *err)
{
	struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	auto_free char *host = xstrdup(text);
	char *colon = strrchr(host, ':');
	char *name = host;
	struct addrinfo *found;

	if (colon == NULL || colon[1] == '\0')
		return error_set(err, ERROR_INVALID, EINVAL, "[web] listen = %s: must be ADDRESS:PORT", text);
	*colon = '\0';
	if (name[0] == '[' && colon[-1] == ']') {
		colon[-1] = '\0';
		name++;
	}
	if (getaddrinfo(*name != '\0' ? name : NULL, colon + 1, &hints, &found) != 0)
		return error_set(err, ERROR_INVALID, EINVAL, "[web] listen = %s: not an address and a port", text);
	memcpy(&ret_place->address, found->ai_addr, found->ai_addrlen);
	ret_place->length = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

static int resolve(const char *text, struct place *ret_place, struct error *err)
{
	struct sockaddr_un *local = (struct sockaddr_un *)&ret_place->address;

	*ret_place = (struct place){0};
	if (!str_starts_with(text, "unix:"))
		return resolve_inet(text, ret_place, err);
	if (strlen(text + 5) >= sizeof(local->sun_path))
		return error_set(err, ERROR_INVALID, ENAMETOOLONG, "[web] listen = %s: the path is too long", text);
	local->sun_family = AF_UNIX;
	strcpy(local->sun_path, text + 5);
	ret_place->length = sizeof(*local);
	return 0;
}

int listen_check(const char *text, struct error *err)
{
	auto_fd int fd = -1;
	struct place place;
	int on = 1;
	int r = resolve(text, &place, err);

	if (r < 0)
		return r;
	if (place.address.ss_family == AF_UNIX)
		return listen_answers(text) ? error_set(err, ERROR_CONFLICT, EADDRINUSE, "%s is in use", text) : 0;
	fd = socket(place.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, errno, "cannot make a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&place.address, place.length) < 0 || listen(fd, 1) < 0)
		return errno == EADDRINUSE ? error_set(err, ERROR_CONFLICT, EADDRINUSE,
						       "%s is in use by another program; choose another address with --listen", text)
					   : error_errno(err, errno, "cannot listen on %s", text);
	return 0;
}

bool listen_answers(const char *text)
{
	auto_fd int fd = -1;
	struct place place;

	if (resolve(text, &place, NULL) < 0)
		return false;
	fd = socket(place.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && connect(fd, (struct sockaddr *)&place.address, place.length) == 0;
}

char *listen_url(const char *text)
{
	if (str_starts_with(text, "unix:"))
		return xstrdup(text);
	if (text[0] == ':' || str_starts_with(text, "0.0.0.0:") || str_starts_with(text, "[::]:"))
		return xasprintf("http://localhost%s", strrchr(text, ':'));
	return xasprintf("http://%s", text);
}
