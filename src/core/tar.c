#include "core/tar.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/tar_header.h"

#define BLOCK TAR_BLOCK

static int name_is_safe(const char *name)
{
	if (*name == '\0' || *name == '/' || strlen(name) > sizeof(((struct tar_header *)0)->name))
		return 0;
	for (const char *p = name; p != NULL; p = strchr(p, '/')) {
		p += *p == '/';
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return 0;
	}
	return 1;
}

static void set_checksum(struct tar_header *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned sum = 0;

	memset(header->checksum, ' ', sizeof(header->checksum));
	for (size_t i = 0; i < BLOCK; i++)
		sum += bytes[i];
	snprintf(header->checksum, sizeof(header->checksum), "%06o", sum & 0777777u);
}

static void add_header(struct buf *tar, char type, const char *name, const char *link, unsigned mode, size_t length)
{
	struct tar_header header = {0};

	memcpy(header.name, name, strnlen(name, sizeof(header.name)));
	memcpy(header.linkname, link, strnlen(link, sizeof(header.linkname)));
	snprintf(header.mode, sizeof(header.mode), "%07o", mode & 07777u);
	snprintf(header.uid, sizeof(header.uid), "%07o", 0u);
	snprintf(header.gid, sizeof(header.gid), "%07o", 0u);
	snprintf(header.size, sizeof(header.size), "%011llo", (unsigned long long)length);
	snprintf(header.mtime, sizeof(header.mtime), "%011o", 0u);
	header.type = type;
	memcpy(header.magic, "ustar", 6);
	memcpy(header.version, "00", 2);
	set_checksum(&header);
	buf_append(tar, &header, sizeof(header));
}

static void fill_block(struct buf *tar, size_t length)
{
	static const char zeros[BLOCK];

	if (length % BLOCK != 0)
		buf_append(tar, zeros, BLOCK - length % BLOCK);
}

int tar_add_file(struct buf *tar, const char *name, unsigned mode, const void *data, size_t length, struct error *err)
{
	if (!name_is_safe(name))
		return error_set(err, ERROR_INVALID, EINVAL, "%s cannot be a file's name in an archive", name);
	if (length > 077777777777ull)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "%s is too large for an archive", name);
	add_header(tar, '0', name, "", mode, length);
	buf_append(tar, data, length);
	fill_block(tar, length);
	return 0;
}

/* "27 path=some/where/else\n": the number counts itself. */
static void append_record(struct buf *out, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, length = rest + 1;

	for (size_t power = 10; length >= power; power *= 10)
		length++;
	buf_printf(out, "%zu %s=%s\n", length, key, value);
}

int tar_add_header(struct buf *tar, const char *name, const struct tar_entry *entry, struct error *err)
{
	auto_buf struct buf pax = BUF_INIT;
	const char *link = entry->link != NULL ? entry->link : "";
	char type = entry->type == TAR_FILE ? '0' : entry->type == TAR_FOLDER ? '5' : '2';

	if (entry->type == TAR_OTHER || (entry->type == TAR_LINK && entry->link == NULL))
		return error_set(err, ERROR_UNSUPPORTED, ENOTSUP, "a device or a hard link can't be taken along");
	if (entry->length > 077777777777ull)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "a file is too large for an archive");
	if (strlen(name) > sizeof(((struct tar_header *)0)->name))
		append_record(&pax, "path", name);
	if (strlen(link) > sizeof(((struct tar_header *)0)->linkname))
		append_record(&pax, "linkpath", link);
	if (pax.length > 0) {
		add_header(tar, 'x', "pax", "", 0644, pax.length);
		buf_append(tar, pax.data, pax.length);
		fill_block(tar, pax.length);
	}
	add_header(tar, type, name, link, entry->mode, entry->length);
	return 0;
}

void tar_finish(struct buf *tar)
{
	static const char zeros[2 * BLOCK];

	buf_append(tar, zeros, sizeof(zeros));
}
