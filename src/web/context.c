#include "web/context.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

static void hash_text(crypto_generichash_state *state, const char *text)
{
	/* With its NUL, so that "ab" + "c" is not "a" + "bc". */
	crypto_generichash_update(state, (const unsigned char *)(text != NULL ? text : ""), strlen(text != NULL ? text : "") + 1);
}

void context_digest(const struct buf *tar, const char *smoke, const char *version_command, bool network,
		    char ret_digest[CONTEXT_DIGEST_SIZE])
{
	crypto_generichash_state state;
	unsigned char digest[crypto_generichash_BYTES];

	crypto_generichash_init(&state, NULL, 0, sizeof(digest));
	hash_text(&state, smoke);
	hash_text(&state, version_command);
	hash_text(&state, network ? "network" : "");
	crypto_generichash_update(&state, (const unsigned char *)tar->data, tar->length);
	crypto_generichash_final(&state, digest, sizeof(digest));
	str_hex(digest, sizeof(digest), ret_digest);
}

static int digest_path(const char *data_folder, const char *digest, char **ret_path, struct error *err)
{
	if (digest == NULL || strlen(digest) != CONTEXT_DIGEST_SIZE - 1 || strspn(digest, "0123456789abcdef") != CONTEXT_DIGEST_SIZE - 1)
		return error_set(err, ERROR_INTERNAL, EINVAL, "a project's digest is not one");
	*ret_path = xasprintf("%s/contexts/%s.tar", data_folder, digest);
	return 0;
}

int context_write(const char *data_folder, const char *digest, const struct buf *tar, struct error *err)
{
	auto_free char *folder = xasprintf("%s/contexts", data_folder);
	auto_free char *path = NULL;
	int r = digest_path(data_folder, digest, &path, err);

	if (r == 0)
		r = dir_make_all(folder, 0750, err);
	if (r == 0)
		r = file_replace(path, tar->data, tar->length, 0640, err);
	return r;
}

int context_open(const char *data_folder, const struct project *project, int *ret_fd, struct error *err)
{
	auto_free char *path = NULL;
	int r = digest_path(data_folder, project->digest, &path, err);
	int fd;

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return error_set(err, ERROR_NOT_FOUND, errno, "the source of %s/%s is no longer there (%s); import it again", project->owner,
				 project->name, path);
	*ret_fd = fd;
	return 0;
}
