#include "agent/image/unpack/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define BLOCK ((size_t)256 * 1024)

static void reader_free(struct archive **archive)
{
	archive_read_free(*archive);
}

static int broken(struct archive *archive, struct error *err)
{
	const char *why = archive_error_string(archive);

	return error_set(err, ERROR_MALFORMED, EINVAL, "broken compression: %s", why != NULL ? why : "unknown reason");
}

static int copy(struct archive *archive, int to, struct error *err)
{
	const void *data;
	size_t length;
	int64_t offset;
	int status, r;

	while ((status = archive_read_data_block(archive, &data, &length, &offset)) == ARCHIVE_OK) {
		r = fd_write_all(to, data, length);
		if (r < 0)
			return error_errno(err, r, "cannot hand the layer on");
	}
	return status == ARCHIVE_EOF ? 0 : broken(archive, err);
}

int decompress(int from, int to, struct error *err)
{
	cleanup(reader_free) struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	int status;

	if (archive == NULL || archive_read_support_filter_gzip(archive) < ARCHIVE_OK ||
	    archive_read_support_filter_zstd(archive) < ARCHIVE_OK ||
	    archive_read_support_format_raw(archive) < ARCHIVE_OK ||
	    archive_read_support_format_empty(archive) < ARCHIVE_OK)
		return error_set(err, ERROR_INTERNAL, ENOTSUP, "libarchive lacks gzip or zstd");
	if (archive_read_open_fd(archive, from, BLOCK) != ARCHIVE_OK)
		return broken(archive, err);
	status = archive_read_next_header(archive, &entry);
	if (status == ARCHIVE_EOF)
		return 0;
	if (status != ARCHIVE_OK)
		return broken(archive, err);
	return copy(archive, to, err);
}
