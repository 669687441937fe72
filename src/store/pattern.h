/* Texts for LOWER(column) LIKE … ESCAPE '!': SQLite and MariaDB differ about case otherwise. */
#pragma once

/* "%text%" with LIKE's own characters made plain, in lower case as far as ASCII goes; malloc'd. */
char *pattern_containing(const char *text);
