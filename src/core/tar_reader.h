/* Reading tar archives that somebody else made, from memory: POSIX.1-2001 ustar and pax, and GNU's long names. Strict: what is cut off, has a
 * wrong sum or leaves its folder is refused, not guessed. Nothing is unpacked. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

#define TAR_NAME_MAX	4095
#define TAR_ENTRIES_MAX 200000
#define TAR_PAX_MAX	((size_t)1024 * 1024) /* bytes of one extended header */

enum tar_type { TAR_FILE, TAR_FOLDER, TAR_LINK, TAR_OTHER };

struct tar_entry {
	enum tar_type type;
	const char *name; /* relative, no "." or ".." in it, no "/" at its end; any bytes but NUL; until the next call */
	const char *data; /* of a file, in the archive */
	size_t length;
	unsigned mode;	  /* permissions */
	const char *raw;  /* all of it, headers and padding included */
	size_t raw_length;
	const char *link; /* where a symbolic link leads, as it stands there: anywhere; NULL: it is none. Until the next call */
};

struct tar_reader {
	const char *data;
	size_t length;
	size_t at;
	size_t entries;
	struct buf name; /* what a pax or GNU header said of the next entry, then the entry's own */
	struct buf link; /* the same for a link's target */
	bool named;
	bool linked;
	bool sized;
	uint64_t size;
};

/* Borrows `data`, which has to stay as it is (a private mapping of a file that nobody else writes). */
void tar_reader_init(struct tar_reader *reader, const void *data, size_t length);
void tar_reader_fini(struct tar_reader *reader);
/* 1 with the next entry, 0 at the archive's end. ERROR_MALFORMED, ERROR_UNSUPPORTED (sparse files, volumes), ERROR_INVALID (a name that
 * leads out of the folder), ERROR_TOO_LARGE. */
int tar_reader_next(struct tar_reader *reader, struct tar_entry *ret_entry, struct error *err);
