#include "core/license_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"

/* In this order: the earlier ones hold the words of later ones. All in lower case, white space as one blank. */
static const struct {
	const char *id;
	const char *sign;
	const char *also;   /* or NULL */
	const char *unless; /* or NULL */
} signs[] = {
	{"AGPL-3.0-only", "gnu affero general public license", "version 3", NULL},
	{"LGPL-3.0-only", "gnu lesser general public license", "version 3, 29 june 2007", NULL},
	{"LGPL-2.1-only", "gnu lesser general public license", "version 2.1", NULL},
	{"GPL-3.0-only", "gnu general public license", "version 3, 29 june 2007", NULL},
	{"GPL-2.0-only", "gnu general public license", "version 2, june 1991", NULL},
	{"Apache-2.0", "apache license", "version 2.0", NULL},
	{"MPL-2.0", "mozilla public license", "2.0", NULL},
	{"EPL-2.0", "eclipse public license", "v 2.0", NULL},
	{"EPL-2.0", "eclipse public license", "2.0", NULL},
	{"BSL-1.0", "boost software license", "version 1.0", NULL},
	{"CC0-1.0", "cc0 1.0 universal", NULL, NULL},
	{"Unlicense", "this is free and unencumbered software released into the public domain", NULL, NULL},
	{"WTFPL", "do what the fuck you want to public license", NULL, NULL},
	{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, "
		"provided that the above copyright notice",
	 NULL, NULL},
	{"ISC", "permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby granted, "
		"provided that the above copyright notice",
	 NULL, NULL},
	{"0BSD", "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted.",
	 NULL, "provided that"},
	{"Zlib", "this software is provided 'as-is', without any express or implied warranty", "altered source versions must be plainly marked",
	 NULL},
	{"BSD-3-Clause", "redistribution and use in source and binary forms", "neither the name", "all advertising materials"},
	{"BSD-2-Clause", "redistribution and use in source and binary forms", NULL, "all advertising materials"},
	{"MIT-0", "permission is hereby granted, free of charge, to any person obtaining a copy of this software", NULL,
	 "the above copyright notice"},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy of this software",
	 "the above copyright notice and this permission notice", NULL},
};

static char *flatten(const char *text)
{
	struct buf out = BUF_INIT;
	bool blank = true;

	for (; *text != '\0'; text++) {
		if (isspace((unsigned char)*text)) {
			if (!blank)
				buf_append_char(&out, ' ');
			blank = true;
		} else {
			buf_append_char(&out, (char)tolower((unsigned char)*text));
			blank = false;
		}
	}
	return buf_steal(&out);
}

const char *license_of_text(const char *text)
{
	char *flat = flatten(text);
	const char *found = NULL;

	for (size_t i = 0; found == NULL && i < ARRAY_SIZE(signs); i++)
		if (strstr(flat, signs[i].sign) != NULL && (signs[i].also == NULL || strstr(flat, signs[i].also) != NULL) &&
		    (signs[i].unless == NULL || strstr(flat, signs[i].unless) == NULL))
			found = signs[i].id;
	free(flat);
	return found;
}
