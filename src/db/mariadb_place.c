#include "db/mariadb_place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

static void wipe(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void mariadb_place_fini(struct mariadb_place *place)
{
	free(place->host);
	free(place->user);
	wipe(place->password);
	free(place->database);
	free(place->socket);
	free(place->ca);
	*place = (struct mariadb_place){0};
}

static int bad(struct error *err, const char *what)
{
	return error_set(err, ERROR_INVALID, EINVAL, "the database's address: %s; it looks like mariadb://user:password@host:3306/database",
			 what);
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A copy of text[0…length) with %XX decoded; NULL when that is broken or gives a NUL. */
static char *decode(const char *text, size_t length)
{
	char *out = xmalloc(length + 1);
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		int high = text[i] == '%' && length - i > 2 ? hex(text[i + 1]) : -1;
		int low = high >= 0 ? hex(text[i + 2]) : -1;

		if (text[i] != '%') {
			out[used++] = text[i];
			continue;
		}
		if (low < 0 || (high == 0 && low == 0)) {
			wipe(out);
			return NULL;
		}
		out[used++] = (char)(high * 16 + low);
		i += 2;
	}
	out[used] = '\0';
	return out;
}

static int take(const char *text, size_t length, const char *what, char **ret_value, struct error *err)
{
	if (length == 0)
		return 0;
	*ret_value = decode(text, length);
	return *ret_value != NULL ? 0 : bad(err, what);
}

/* user:password */
static int take_login(const char *text, size_t length, struct mariadb_place *place, struct error *err)
{
	const char *colon = memchr(text, ':', length);
	size_t user = colon != NULL ? (size_t)(colon - text) : length;
	int r = take(text, user, "a broken % sequence in the user's name", &place->user, err);

	if (r == 0 && colon != NULL)
		r = take(colon + 1, length - user - 1, "a broken % sequence in the password", &place->password, err);
	return r;
}

/* host:port, [::1]:port */
static int take_server(const char *text, size_t length, struct mariadb_place *place, struct error *err)
{
	auto_free char *server = xstrndup(text, length);
	char *host = server;
	char *port = NULL;
	uint64_t number = 0;

	if (*server == '[') {
		char *end = strchr(server, ']');

		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return bad(err, "a broken address in brackets");
		port = end[1] == ':' ? end + 2 : NULL;
		*end = '\0';
		host++;
	} else if ((port = strchr(server, ':')) != NULL) {
		*port++ = '\0';
	}
	if (port != NULL && (str_to_u64(port, 65535, &number) < 0 || number == 0))
		return bad(err, "the port must be a number from 1 to 65535");
	place->port = (unsigned)number;
	return take(host, strlen(host), "a broken % sequence in the host's name", &place->host, err);
}

static int take_option(const char *text, size_t length, struct mariadb_place *place, struct error *err)
{
	const char *equals = memchr(text, '=', length);
	size_t name = equals != NULL ? (size_t)(equals - text) : length;
	auto_free char *value = equals != NULL ? decode(equals + 1, length - name - 1) : NULL;

	if (value == NULL || *value == '\0')
		return bad(err, "an option without a value");
	if (name == 6 && memcmp(text, "socket", 6) == 0 && place->socket == NULL)
		place->socket = steal(value);
	else if (name == 2 && memcmp(text, "ca", 2) == 0 && place->ca == NULL)
		place->ca = steal(value);
	else if (name == 3 && memcmp(text, "tls", 3) == 0 && strcmp(value, "verify") == 0)
		place->tls = true;
	else
		return bad(err, "the options are socket=PATH, tls=verify and ca=PATH");
	return 0;
}

static int take_options(const char *text, struct mariadb_place *place, struct error *err)
{
	for (;;) {
		size_t length = strcspn(text, "&");
		int r = take_option(text, length, place, err);

		if (r < 0)
			return r;
		if (text[length] == '\0')
			break;
		text += length + 1;
	}
	if (place->ca != NULL && !place->tls)
		return bad(err, "ca=PATH needs tls=verify");
	return 0;
}

static int parse(const char *text, struct mariadb_place *place, struct error *err)
{
	const char *slash;
	const char *at;
	size_t database;
	int r = 0;

	if (!str_starts_with(text, "//") || (slash = strchr(text + 2, '/')) == NULL)
		return bad(err, "it must be mariadb://…/database");
	text += 2;
	at = memchr(text, '@', (size_t)(slash - text));
	if (at != NULL) {
		r = take_login(text, (size_t)(at - text), place, err);
		text = at + 1;
	}
	if (r == 0)
		r = take_server(text, (size_t)(slash - text), place, err);
	if (r < 0)
		return r;
	database = strcspn(slash + 1, "?");
	r = take(slash + 1, database, "a broken % sequence in the database's name", &place->database, err);
	if (r == 0 && place->database == NULL)
		return bad(err, "the name of the database is missing");
	if (r == 0 && slash[1 + database] == '?')
		r = take_options(slash + 2 + database, place, err);
	return r;
}

int mariadb_place_parse(const char *place, struct mariadb_place *ret_place, struct error *err)
{
	int r;

	*ret_place = (struct mariadb_place){0};
	r = parse(place, ret_place, err);
	if (r < 0)
		mariadb_place_fini(ret_place);
	return r;
}
