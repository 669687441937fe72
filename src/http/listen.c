#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "http/internal.h"

#define BACKLOG 1024

static int open_unix(const char *path, int *ret_fd, char **ret_unix_path, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat status;
	auto_fd int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path) || *path == '\0')
		return error_set(err, ERROR_INVALID, EINVAL, "listen unix:%s: the path must have 1 to %zu bytes", path,
				 sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_errno(err, errno, "cannot make a socket");
	/* A socket left by a process that died; anything else that has this name stays. */
	if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode) &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno == ECONNREFUSED)
		unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, BACKLOG) < 0)
		return error_errno(err, errno, "cannot listen on unix:%s", path);
	*ret_unix_path = xstrdup(path);
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* "host:port", "[v6]:port", ":port" into its two parts. */
static int split(const char *where, char host[ADDRESS_MAX], const char **ret_port, struct error *err)
{
	const char *colon = strrchr(where, ':');
	const char *start = where;
	size_t length;
	uint64_t port;

	if (colon == NULL || str_to_u64(colon + 1, 65535, &port) < 0)
		goto bad;
	length = (size_t)(colon - where);
	if (*where == '[') {
		if (length < 2 || where[length - 1] != ']')
			goto bad;
		start++;
		length -= 2;
	}
	if (length >= ADDRESS_MAX)
		goto bad;
	memcpy(host, start, length);
	host[length] = '\0';
	*ret_port = colon + 1;
	return 0;
bad:
	return error_set(err, ERROR_INVALID, EINVAL,
			 "listen = %s: must be ADDRESS:PORT ([v6]:PORT, :PORT for every address) or unix:PATH", where);
}

static int open_inet(const struct addrinfo *info, bool dual, int *ret_fd)
{
	auto_fd int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;
	int off = 0;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	if (info->ai_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, dual ? &off : &on, sizeof(on)) < 0)
		return -errno;
	if (bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	*ret_fd = steal_fd(&fd);
	return 0;
}

static unsigned bound_port(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return 0;
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

int listen_open(const char *where, int *ret_fd, unsigned *ret_port, bool *ret_loopback, char **ret_unix_path,
		struct error *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
	char host[ADDRESS_MAX] = "";
	char text[ADDRESS_MAX];
	struct addrinfo *info;
	const char *port = NULL;
	int r;

	*ret_port = 0;
	*ret_loopback = false;
	if (str_starts_with(where, "unix:"))
		return open_unix(where + 5, ret_fd, ret_unix_path, err);
	r = split(where, host, &port, err);
	if (r < 0)
		return r;
	if (strcmp(host, "localhost") == 0)
		strcpy(host, "127.0.0.1");
	hints.ai_family = *host == '\0' ? AF_INET6 : AF_UNSPEC;
	r = getaddrinfo(*host != '\0' ? host : "::", port, &hints, &info);
	if (r != 0)
		return error_set(err, ERROR_INVALID, EINVAL, "listen = %s: %s", where, gai_strerror(r));
	r = open_inet(info, *host == '\0', ret_fd);
	if (r < 0 && *host == '\0') { /* a machine without IPv6 */
		freeaddrinfo(info);
		hints.ai_family = AF_INET;
		if (getaddrinfo("0.0.0.0", port, &hints, &info) != 0)
			return error_set(err, ERROR_INTERNAL, EIO, "listen = %s: no address to listen on", where);
		r = open_inet(info, false, ret_fd);
	}
	if (r == 0) {
		*ret_loopback = address_text(info->ai_addr, text);
		*ret_port = bound_port(*ret_fd);
	}
	freeaddrinfo(info);
	return r < 0 ? error_errno(err, r, "cannot listen on %s", where) : 0;
}

bool address_text(const struct sockaddr *address, char out[ADDRESS_MAX])
{
	if (address != NULL && address->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;

		inet_ntop(AF_INET, &v4->sin_addr, out, ADDRESS_MAX);
		return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
	}
	if (address != NULL && address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;

		if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
			inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], out, ADDRESS_MAX);
			return v6->sin6_addr.s6_addr[12] == 127;
		}
		inet_ntop(AF_INET6, &v6->sin6_addr, out, ADDRESS_MAX);
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	}
	strcpy(out, "unix");
	return true;
}
