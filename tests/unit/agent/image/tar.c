#include "tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define MTIME 1000000000

static la_ssize_t append(struct archive *archive, void *data, const void *bytes, size_t length)
{
	(void)archive;
	buf_append(data, bytes, length);
	return (la_ssize_t)length;
}

static void must(struct archive *archive, int status)
{
	if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
		fprintf(stderr, "test archive: %s\n", archive_error_string(archive));
		abort();
	}
}

void tar_open(struct tar *tar, enum tar_dialect dialect)
{
	buf_init(&tar->bytes);
	tar->archive = archive_write_new();
	if (dialect == TAR_PAX)
		must(tar->archive, archive_write_set_format_pax(tar->archive));
	else if (dialect == TAR_GNU)
		must(tar->archive, archive_write_set_format_gnutar(tar->archive));
	else
		must(tar->archive, archive_write_set_format_ustar(tar->archive));
	archive_write_set_bytes_in_last_block(tar->archive, 1);
	must(tar->archive, archive_write_open(tar->archive, &tar->bytes, NULL, append, NULL));
}

struct archive_entry *tar_entry(const char *name, unsigned type, unsigned mode)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_copy_pathname(entry, name);
	archive_entry_set_filetype(entry, type);
	archive_entry_set_perm(entry, (mode_t)mode);
	archive_entry_set_mtime(entry, MTIME, 0);
	archive_entry_set_size(entry, 0);
	return entry;
}

void tar_put(struct tar *tar, struct archive_entry *entry, const void *data, size_t size)
{
	static const char zeros[4096];

	if (size > 0)
		archive_entry_set_size(entry, (la_int64_t)size);
	must(tar->archive, archive_write_header(tar->archive, entry));
	while (data == NULL && size > 0) {
		size_t n = size < sizeof(zeros) ? size : sizeof(zeros);

		archive_write_data(tar->archive, zeros, n);
		size -= n;
	}
	if (size > 0)
		archive_write_data(tar->archive, data, size);
	archive_entry_free(entry);
}

void tar_file(struct tar *tar, const char *name, unsigned mode, const char *text)
{
	tar_put(tar, tar_entry(name, AE_IFREG, mode), text, strlen(text));
}

void tar_folder(struct tar *tar, const char *name, unsigned mode)
{
	tar_put(tar, tar_entry(name, AE_IFDIR, mode), NULL, 0);
}

void tar_link(struct tar *tar, const char *name, const char *target)
{
	struct archive_entry *entry = tar_entry(name, AE_IFLNK, 0777);

	archive_entry_copy_symlink(entry, target);
	tar_put(tar, entry, NULL, 0);
}

void tar_hard_link(struct tar *tar, const char *name, const char *target)
{
	struct archive_entry *entry = tar_entry(name, AE_IFREG, 0644);

	archive_entry_copy_hardlink(entry, target);
	tar_put(tar, entry, NULL, 0);
}

void tar_close(struct tar *tar)
{
	if (tar->archive != NULL)
		must(tar->archive, archive_write_close(tar->archive));
	archive_write_free(tar->archive);
	tar->archive = NULL;
}

void tar_fini(struct tar *tar)
{
	tar_close(tar);
	buf_fini(&tar->bytes);
}

void tar_pack(const struct buf *plain, int filter, struct buf *packed)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	must(archive, archive_write_set_format_raw(archive));
	must(archive, archive_write_add_filter(archive, filter));
	archive_write_set_bytes_in_last_block(archive, 1);
	must(archive, archive_write_open(archive, packed, NULL, append, NULL));
	archive_entry_set_filetype(entry, AE_IFREG);
	must(archive, archive_write_header(archive, entry));
	archive_write_data(archive, plain->data, plain->length);
	must(archive, archive_write_close(archive));
	archive_entry_free(entry);
	archive_write_free(archive);
}
