/* WWW-Authenticate (RFC 9110 §11.6.1) as registries send it: `Basic realm="…"`, or `Bearer realm="…",service="…",scope="…"`. */
#pragma once

#include <stdbool.h>

struct challenge {
	bool bearer; /* else Basic */
	char realm[1024];
	char service[256];
	char scope[512];
};

/* 0, or -EINVAL: a scheme that we don't know, or no challenge at all. */
int challenge_parse(const char *text, struct challenge *ret_challenge);
