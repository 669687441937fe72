/* A small issuer on a free loopback port that says what the test wants: OpenID Connect, and GitHub's API. */
#pragma once

#include "unit/test.h"

#include <cjose/cjose.h>
#include <jansson.h>

#include "base/buf.h"
#include "http/server.h"

struct issuer {
	struct server *server;
	struct route routes[7];
	char url[64];
	cjose_jwk_t *key;
	const char *kid;
	const char *algorithm;
	json_t *claims;    /* of the tokens that it signs */
	const char *nonce; /* what the next token repeats */

	/* How it answers; NULL and 0: as it should. */
	const char *metadata;
	const char *keys;
	const char *token;    /* whole answer */
	const char *id_token; /* instead of a signed one */
	unsigned token_status;
	const char *userinfo;
	unsigned userinfo_status;
	unsigned metadata_status;
	const char *emails;   /* GitHub's */
	const char *redirect; /* every answer is a redirect to there */
	size_t flood;         /* metadata of that many bytes */

	/* What it was asked. */
	unsigned metadata_asked;
	unsigned keys_asked;
	unsigned userinfo_asked;
	struct buf form;         /* the last of the token endpoint */
	char authorization[400]; /* its header, or "" */
};

struct issuer *issuer_new(void);
void issuer_stop(struct issuer *issuer); /* the provider is down */
void issuer_free(struct issuer *issuer);
/* A new key of that name; the old one is no longer published. */
void issuer_rotate(struct issuer *issuer, const char *kid);
/* Sets a claim; takes the value. */
void issuer_claim(struct issuer *issuer, const char *name, json_t *value);
/* {"keys": […]}; a new reference. */
json_t *issuer_keys(const struct issuer *issuer);

/* A token with these claims, signed by the key; malloc'd. `kid` NULL: the header names none. */
char *sign_token(const cjose_jwk_t *key, const char *algorithm, const char *kid, const json_t *claims);
/* header.claims.signature of any bytes; malloc'd. */
char *join_token(const char *header, const char *claims, const void *signature, size_t length);
