#include "agent/build/login.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "agent/build/files.h"
#include "agent/build/scratch.h"
#include "agent/image/reference.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

struct login *login_new(const char *registry, const char *username, const char *password)
{
	struct login *login = xmalloc(sizeof(*login));

	*login = (struct login){xstrdup(registry), xstrdup(username), xstrdup(password)};
	return login;
}

struct login *login_copy(const struct login *login)
{
	return login != NULL ? login_new(login->registry, login->username, login->password) : NULL;
}

void login_free(struct login *login)
{
	if (login == NULL)
		return;
	explicit_bzero(login->password, strlen(login->password));
	free(login->registry);
	free(login->username);
	free(login->password);
	free(login);
}

bool login_fits(const struct login *login, const char *reference)
{
	struct reference parsed;

	return login != NULL && reference_parse(reference, &parsed, NULL) == 0 && strcmp(parsed.host, login->registry) == 0;
}

/* RFC 4648 §4. */
static void add_base64(struct buf *out, const unsigned char *data, size_t length)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < length; i += 3) {
		uint32_t three = (uint32_t)data[i] << 16 | (i + 1 < length ? (uint32_t)data[i + 1] << 8 : 0) | (i + 2 < length ? data[i + 2] : 0);

		buf_append_char(out, digits[three >> 18 & 63]);
		buf_append_char(out, digits[three >> 12 & 63]);
		buf_append_char(out, i + 1 < length ? digits[three >> 6 & 63] : '=');
		buf_append_char(out, i + 2 < length ? digits[three & 63] : '=');
	}
}

static void wipe(struct buf *buf)
{
	if (buf->data != NULL)
		explicit_bzero(buf->data, buf->length);
	buf_fini(buf);
}

/* The registry's name is a reference's host: it needs no escaping. */
static void write_json(const struct login *login, struct buf *out)
{
	size_t length = strlen(login->username) + 1 + strlen(login->password);
	char *pair = xasprintf("%s:%s", login->username, login->password);

	buf_reserve(out, 2 * length + strlen(login->registry) + 64); /* so that growing leaves no copy behind */
	buf_printf(out, "{\"auths\":{\"%s\":{\"auth\":\"", login->registry);
	add_base64(out, (const unsigned char *)pair, length);
	buf_append_string(out, "\"}}}\n");
	explicit_bzero(pair, length);
	free(pair);
}

int login_mount(const struct login *login, const char *folder, uint32_t ids, char **ret_path, struct error *err)
{
	auto_free char *path = xasprintf("%s/auth.json", folder);
	struct buf json = BUF_INIT;
	int r = dir_make_all(folder, 0711, err);

	if (r < 0)
		return r;
	if (mount("login", folder, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k,nr_inodes=8,mode=0711") < 0)
		return error_errno(err, errno, "cannot mount a place for a registry's password");
	write_json(login, &json);
	r = files_put(path, json.data, json.length, 0400, ids, err);
	wipe(&json);
	if (r < 0)
		login_unmount(folder);
	else
		*ret_path = steal(path);
	return r;
}

void login_unmount(const char *folder)
{
	scratch_unmount(folder);
}
