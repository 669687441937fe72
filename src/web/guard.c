#include "web/guard.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "http/response.h"
#include "web/limiter.h"
#include "web/options.h"

#define HOUR_MS        INT64_C(3600000)
#define ADDRESS_MS     INT64_C(600000)
#define PAIR_MS        INT64_C(600000)
#define ACCOUNT_MS     INT64_C(60000)
#define ACCOUNT_FACTOR 3 /* an account takes that many times as many guesses a minute as one address has in ten */
#define FAILURE_COST   2 /* on top of the one that every attempt costs */
#define KEY_BYTES      16
#define KEY_SIZE       (2 * KEY_BYTES + 1)

struct guard {
	const struct web_options *options;
	struct limiter *registrations; /* by address */
	struct limiter *signins;       /* by address */
	struct limiter *pairs;         /* by account and address */
	struct limiter *accounts;      /* by account, for strange addresses */
};

struct guard *guard_new(const struct web_options *options)
{
	struct guard *guard = xmalloc(sizeof(*guard));

	guard->options = options;
	guard->registrations = limiter_new(options->registrations, HOUR_MS);
	guard->signins = limiter_new(options->signins, ADDRESS_MS);
	guard->pairs = limiter_new(options->guesses, PAIR_MS);
	guard->accounts = limiter_new(options->guesses * ACCOUNT_FACTOR, ACCOUNT_MS);
	return guard;
}

void guard_free(struct guard *guard)
{
	if (guard == NULL)
		return;
	limiter_free(guard->registrations);
	limiter_free(guard->signins);
	limiter_free(guard->pairs);
	limiter_free(guard->accounts);
	free(guard);
}

bool guard_holds(const struct web_options *options, const struct request *request)
{
	const char *address = request_address(request);

	return options->limit_loopback ||
	       !(str_starts_with(address, "127.") || strcmp(address, "::1") == 0 || strcmp(address, "unix") == 0);
}

static int refuse(struct request *request, unsigned seconds, const char *what, struct error *err)
{
	respond_retry_after(request, seconds);
	return error_set(err, ERROR_RATE_LIMITED, EAGAIN, "too many %s; try again in %u s", what, seconds);
}

int guard_registration(struct guard *guard, struct request *request, struct error *err)
{
	char address[LIMITER_ADDRESS_SIZE];
	unsigned seconds;

	limiter_address(request_address(request), address);
	if (!guard_holds(guard->options, request) ||
	    limiter_take(guard->registrations, address, clock_monotonic_ms(), &seconds) == 0)
		return 0;
	return refuse(request, seconds, "accounts were made from this address", err);
}

/* Keeps neither what was typed, which may be a password in the wrong field, nor its length. */
static void hash_login(const char *login, const char *address, char out[KEY_SIZE])
{
	unsigned char hash[KEY_BYTES];
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(&state, (const unsigned char *)address, strlen(address) + 1);
	for (; *login != '\0'; login++) {
		unsigned char folded = (unsigned char)tolower((unsigned char)*login);

		crypto_generichash_update(&state, &folded, 1);
	}
	crypto_generichash_final(&state, hash, sizeof(hash));
	str_hex(hash, sizeof(hash), out);
}

int guard_attempt(struct guard *guard, struct request *request, const char *login, bool familiar, struct error *err)
{
	char address[LIMITER_ADDRESS_SIZE], pair[KEY_SIZE], account[KEY_SIZE];
	int64_t now = clock_monotonic_ms();
	unsigned seconds;

	if (!guard_holds(guard->options, request))
		return 0;
	limiter_address(request_address(request), address);
	hash_login(login, address, pair);
	hash_login(login, "", account);
	if (limiter_take(guard->signins, address, now, &seconds) < 0)
		return refuse(request, seconds, "attempts from this address", err);
	if (limiter_take(guard->pairs, pair, now, &seconds) < 0)
		return refuse(request, seconds, "wrong passwords for this account", err);
	if (!familiar && limiter_take(guard->accounts, account, now, &seconds) < 0)
		return refuse(request, seconds, "attempts on this account", err);
	return 0;
}

void guard_failed(struct guard *guard, struct request *request)
{
	char address[LIMITER_ADDRESS_SIZE];

	limiter_address(request_address(request), address);
	limiter_add(guard->signins, address, FAILURE_COST, clock_monotonic_ms());
}

void guard_passed(struct guard *guard, struct request *request, const char *login)
{
	char address[LIMITER_ADDRESS_SIZE], key[KEY_SIZE];

	limiter_address(request_address(request), address);
	hash_login(login, address, key);
	limiter_forget(guard->pairs, key);
	hash_login(login, "", key);
	limiter_forget(guard->accounts, key);
}
