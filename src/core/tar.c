#include "core/tar.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 512

/* POSIX.1-2001, pax: ustar interchange format. */
struct header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char linkname[100];
	char magic[6];
	char version[2];
	char uname[32];
	char gname[32];
	char devmajor[8];
	char devminor[8];
	char prefix[155];
	char padding[12];
};

_Static_assert(sizeof(struct header) == BLOCK, "a ustar header is one block");

static int name_is_safe(const char *name)
{
	if (*name == '\0' || *name == '/' || strlen(name) > sizeof(((struct header *)0)->name))
		return 0;
	for (const char *p = name; p != NULL; p = strchr(p, '/')) {
		p += *p == '/';
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return 0;
	}
	return 1;
}

static void set_checksum(struct header *header)
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
	struct header header = {0};

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
