/* Passwords that have to be used again (those of registries), as they are kept: encrypted by XChaCha20-Poly1305 (libsodium, the IETF
 * construction with a nonce of 192 random bits), under a key that lies in a file and never in the database. What they belong to is
 * authenticated with them: in another project's row, or beside another host or name, they open no more. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct vault;

/* What a password belongs to; borrowed. */
struct vault_owner {
	int64_t project;
	const char *host;
	const char *username;
};

/* Reads the key: 64 hexadecimal digits in a file that others than its owner and group can't read. `make`: one that is missing is made,
 * 0600, by whoever of several processes is first; else a missing one is ERROR_NOT_FOUND. ERROR_INVALID: no such file, or open to all. */
int vault_open(const char *path, bool make, struct vault **ret_vault, struct error *err);
void vault_close(struct vault *vault); /* wipes the key; takes NULL */

/* For any thread. Appends the password as it is kept; its length is told by steps of 64 bytes only. */
int vault_seal(const struct vault *vault, const struct vault_owner *owner, const char *password, struct buf *out, struct error *err);
/* ERROR_INVALID: it was changed, is another owner's, or was encrypted by another key. The caller wipes and frees by vault_forget. */
int vault_unseal(const struct vault *vault, const struct vault_owner *owner, const void *data, size_t length, char **ret_password,
		 struct error *err);
/* Wipes and frees; takes NULL. */
void vault_forget(char *password);
