#include "web/secret.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

static size_t memory_of(size_t memory)
{
	return memory > 0 ? memory : crypto_pwhash_MEMLIMIT_INTERACTIVE;
}

int secret_hash(const char *password, size_t memory, char **ret_hash, struct error *err)
{
	char hash[crypto_pwhash_STRBYTES];

	if (crypto_pwhash_str_alg(hash, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
				  memory_of(memory), crypto_pwhash_ALG_ARGON2ID13) < 0)
		return error_set(err, ERROR_UNAVAILABLE, ENOMEM,
				 "there is not enough memory just now; try again in a moment");
	*ret_hash = xstrdup(hash);
	return 0;
}

/* Of nobody's password, with the cost that a real one has. */
static void write_nobodys(size_t memory, char out[crypto_pwhash_STRBYTES])
{
	snprintf(out, crypto_pwhash_STRBYTES, "$argon2id$v=19$m=%zu,t=%llu,p=1$%s$%s", memory_of(memory) / 1024,
		 (unsigned long long)crypto_pwhash_OPSLIMIT_INTERACTIVE, "AAAAAAAAAAAAAAAAAAAAAA",
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
}

bool secret_fits(const char *hash, const char *password, size_t memory)
{
	char nobodys[crypto_pwhash_STRBYTES] = {0};

	write_nobodys(memory, nobodys);
	return crypto_pwhash_str_verify(hash != NULL ? hash : nobodys, password, strlen(password)) == 0 && hash != NULL;
}
