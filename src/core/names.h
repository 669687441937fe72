/* Names that stand in addresses, image references and file names. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define NAME_MAX_LENGTH 40

/* An owner or project name: 1–40 of a-z, 0-9, "-", "." and "_", beginning and ending with a letter or digit, no two
 * separators in a row (so that it also is a path component of an OCI reference). */
bool name_is_valid(const char *name);
/* What a project can't be called: what stands for a page or a part of an address, and bare names of well-known images, which would
 * read as these. Names that are no names are not asked for. */
bool project_name_is_reserved(const char *name);
/* The categories of the catalogue: language, system, database, web, cloud, ai, editor, fun. */
bool category_is_valid(const char *category);
const char *const *categories(size_t *ret_count);
/* What people call the category when they search, in English and Korean; "" for what is none. */
const char *category_words(const char *category);
/* A tag: 1–30 of a-z, 0-9 and "-" (inside), "+" and "." allowed too ("c++"). */
bool tag_is_valid(const char *tag);
/* An SPDX licence expression (SPDX 2.3 annex D) of plausible form: ids, AND, OR, WITH, parentheses; at most 200 bytes.
 * Known ids are not checked one by one, because the list grows; what matters is that nothing else fits. */
bool license_is_valid(const char *expression);
/* A version label: 1–64 of letters, digits, ".", "_", "+", "-", "~", ":"; begins with a letter or digit. */
bool version_is_valid(const char *label);
/* Makes a name of any text ("Node.js 18" → "node.js-18"): 0, or -EINVAL when nothing is left. `out` holds
 * NAME_MAX_LENGTH+1. */
int name_from_text(const char *text, char *out);
