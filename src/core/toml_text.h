/* One text of a TOML file, as far as manifests of programs need it. */
#pragma once

/* The value of a line `key = "value"` or 'value' within [section] ("" for the lines before the first), or of the section's first line of that
 * form when `key` is NULL. The caller frees; NULL: not there, or not a plain text on one line. */
char *toml_text(const char *toml, const char *section, const char *key);
/* The first key of [section]; the caller frees, or NULL. */
char *toml_first_key(const char *toml, const char *section);
