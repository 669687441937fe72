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

int tar_add_file(struct buf *tar, const char *name, unsigned mode, const void *data, size_t length, struct error *err)
{
	static const char zeros[BLOCK];
	struct tar_header header = {0};

	if (!name_is_safe(name))
		return error_set(err, ERROR_INVALID, EINVAL, "%s cannot be a file's name in an archive", name);
	if (length > 077777777777ull)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "%s is too large for an archive", name);
	memcpy(header.name, name, strlen(name));
	snprintf(header.mode, sizeof(header.mode), "%07o", mode & 07777u);
	snprintf(header.uid, sizeof(header.uid), "%07o", 0u);
	snprintf(header.gid, sizeof(header.gid), "%07o", 0u);
	snprintf(header.size, sizeof(header.size), "%011llo", (unsigned long long)length);
	snprintf(header.mtime, sizeof(header.mtime), "%011o", 0u);
	header.type = '0';
	memcpy(header.magic, "ustar", 6);
	memcpy(header.version, "00", 2);
	set_checksum(&header);
	buf_append(tar, &header, sizeof(header));
	buf_append(tar, data, length);
	if (length % BLOCK != 0)
		buf_append(tar, zeros, BLOCK - length % BLOCK);
	return 0;
}

void tar_finish(struct buf *tar)
{
	static const char zeros[2 * BLOCK];

	buf_append(tar, zeros, sizeof(zeros));
}
