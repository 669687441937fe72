#include "web/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"

#define KEY_BYTES   crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES   crypto_aead_xchacha20poly1305_ietf_ABYTES
#define FORMAT	    1 /* first byte: how it is encrypted */
#define STEP	    64
#define FILE_MAX    256

struct vault {
	unsigned char key[KEY_BYTES];
};

/* ---- the key ---------------------------------------------------------------------------------------------------------------- */

static int parse_key(struct vault *vault, char *text, const char *path, struct error *err)
{
	size_t length = 0;
	const char *end = NULL;
	const char *trimmed = str_trim(text);

	if (strlen(trimmed) != 2 * KEY_BYTES ||
	    sodium_hex2bin(vault->key, KEY_BYTES, trimmed, 2 * KEY_BYTES, NULL, &length, &end) < 0 || length != KEY_BYTES)
		return error_set(err, ERROR_INVALID, EINVAL, "[web] credentials_key %s must hold %zu hexadecimal digits", path,
				 (size_t)2 * KEY_BYTES);
	return 0;
}

static int read_key(struct vault *vault, const char *path, struct error *err)
{
	auto_buf struct buf text = BUF_INIT;
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT)
		return error_set(err, ERROR_NOT_FOUND, ENOENT,
				 "[web] credentials_key %s is not there; copy it from another node, or leave the setting empty", path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, errno, "cannot read [web] credentials_key %s", path);
	if ((st.st_mode & S_IRWXO) != 0)
		return error_set(err, ERROR_INVALID, EACCES, "[web] credentials_key %s can be read by everybody: chmod 0600", path);
	r = fd_read_all(fd, FILE_MAX, &text);
	if (r < 0)
		return error_errno(err, r, "cannot read [web] credentials_key %s", path);
	buf_append_char(&text, '\0');
	r = parse_key(vault, text.data, path, err);
	sodium_memzero(text.data, text.length);
	return r;
}

/* Whole or not at all: written beside, then linked to its name unless another process was first. */
static int make_key(const char *path, struct error *err)
{
	char random[17], hex[2 * KEY_BYTES + 1], line[2 * KEY_BYTES + 2];
	unsigned char key[KEY_BYTES];
	auto_free char *half = NULL;
	auto_fd int fd = -1;
	int r;

	random_id(random, 16);
	half = xasprintf("%s.%s", path, random);
	fd = open(half, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(err, errno, "cannot make the key %s", path);
	randombytes_buf(key, sizeof(key));
	sodium_bin2hex(hex, sizeof(hex), key, sizeof(key));
	snprintf(line, sizeof(line), "%s\n", hex);
	r = fd_write_all(fd, line, strlen(line));
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && link(half, path) < 0 && errno != EEXIST)
		r = -errno;
	unlink(half);
	sodium_memzero(key, sizeof(key));
	sodium_memzero(hex, sizeof(hex));
	sodium_memzero(line, sizeof(line));
	return r < 0 ? error_errno(err, r, "cannot make the key %s", path) : 0;
}

int vault_open(const char *path, bool make, struct vault **ret_vault, struct error *err)
{
	struct vault *vault = xmalloc(sizeof(*vault));
	int r = read_key(vault, path, err);

	if (r < 0 && err->kind == ERROR_NOT_FOUND && make) {
		r = make_key(path, err);
		if (r == 0)
			r = read_key(vault, path, err);
	}
	if (r < 0) {
		vault_close(vault);
		return r;
	}
	*ret_vault = vault;
	return 0;
}

void vault_close(struct vault *vault)
{
	if (vault == NULL)
		return;
	sodium_memzero(vault, sizeof(*vault));
	free(vault);
}

/* ---- sealing ---------------------------------------------------------------------------------------------------------------- */

/* NUL stands in neither part. */
static void write_owner(const struct vault_owner *owner, struct buf *out)
{
	buf_printf(out, "ttob login %lld", (long long)owner->project);
	buf_append_char(out, '\0');
	buf_append(out, owner->host, strlen(owner->host) + 1);
	buf_append(out, owner->username, strlen(owner->username) + 1);
}

int vault_seal(const struct vault *vault, const struct vault_owner *owner, const char *password, struct buf *out, struct error *err)
{
	size_t length = strlen(password), padded = 0, room = (length / STEP + 1) * STEP;
	auto_buf struct buf beside = BUF_INIT;
	unsigned char *plain = xcalloc(1, room);
	unsigned char nonce[NONCE_BYTES];
	unsigned long long written = 0;
	int r = 0;

	memcpy(plain, password, length);
	write_owner(owner, &beside);
	randombytes_buf(nonce, sizeof(nonce));
	buf_append_char(out, FORMAT);
	buf_append(out, nonce, sizeof(nonce));
	if (sodium_pad(&padded, plain, length, STEP, room) < 0 ||
	    crypto_aead_xchacha20poly1305_ietf_encrypt((unsigned char *)buf_reserve(out, padded + TAG_BYTES), &written, plain, padded,
						       (const unsigned char *)beside.data, beside.length, NULL, nonce, vault->key) < 0)
		r = error_set(err, ERROR_INTERNAL, EIO, "a password could not be encrypted");
	else
		buf_added(out, (size_t)written);
	sodium_memzero(plain, room);
	free(plain);
	return r;
}

int vault_unseal(const struct vault *vault, const struct vault_owner *owner, const void *data, size_t length, char **ret_password,
		 struct error *err)
{
	const unsigned char *sealed = data;
	auto_buf struct buf beside = BUF_INIT;
	unsigned char *plain;
	unsigned long long written = 0;
	size_t kept = 0;

	write_owner(owner, &beside);
	plain = xcalloc(1, length + 1);
	if (length <= 1 + NONCE_BYTES + TAG_BYTES || sealed[0] != FORMAT ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &written, NULL, sealed + 1 + NONCE_BYTES, length - 1 - NONCE_BYTES,
						       (const unsigned char *)beside.data, beside.length, sealed + 1, vault->key) < 0 ||
	    sodium_unpad(&kept, plain, (size_t)written, STEP) < 0) {
		sodium_memzero(plain, length);
		free(plain);
		return error_set(err, ERROR_INVALID, EBADMSG, "the password of the image can't be read with the key that this node has");
	}
	sodium_memzero(plain + kept, length - kept);
	*ret_password = (char *)plain;
	return 0;
}

void vault_forget(char *password)
{
	if (password != NULL)
		sodium_memzero(password, strlen(password));
	free(password);
}
