#include "core/tar_reader.h"

#include <errno.h>
#include <string.h>

#include "core/tar_header.h"

void tar_reader_init(struct tar_reader *reader, const void *data, size_t length)
{
	*reader = (struct tar_reader){.data = data, .length = length};
}

void tar_reader_fini(struct tar_reader *reader)
{
	buf_fini(&reader->name);
	buf_fini(&reader->link);
}

static int malformed(struct error *err, const char *what)
{
	return error_set(err, ERROR_MALFORMED, EBADMSG, "the archive is damaged: %s", what);
}

/* Octal digits up to a space, a NUL or the field's end; or GNU's big-endian binary number behind a byte 0x80. */
static int read_number(const char *field, size_t size, uint64_t *ret_value, struct error *err)
{
	uint64_t value = 0;
	size_t i = 0;

	if ((unsigned char)field[0] == 0x80) {
		for (i = 1; i < size; i++) {
			if (value >> 56 != 0)
				return malformed(err, "a number in it is too large");
			value = value << 8 | (unsigned char)field[i];
		}
		*ret_value = value;
		return 0;
	}
	while (i < size && field[i] == ' ')
		i++;
	for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(field[i] - '0');
	for (; i < size; i++)
		if (field[i] != ' ' && field[i] != '\0')
			return malformed(err, "a number in it is none");
	*ret_value = value;
	return 0;
}

static bool is_empty(const char *block)
{
	for (size_t i = 0; i < TAR_BLOCK; i++)
		if (block[i] != '\0')
			return false;
	return true;
}

static int check_sum(const struct tar_header *header, struct error *err)
{
	const unsigned char *bytes = (const unsigned char *)header;
	size_t from = offsetof(struct tar_header, checksum), to = from + sizeof(header->checksum);
	uint64_t told, sum = 0;
	int r = read_number(header->checksum, sizeof(header->checksum), &told, err);

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= from && i < to ? ' ' : bytes[i];
	return r < 0 ? r : told == sum ? 0 : malformed(err, "the sum of a header is wrong");
}

/* The bytes behind a header, up to the next one. */
static int take_data(struct tar_reader *reader, uint64_t size, const char **ret_data, struct error *err)
{
	size_t left = reader->length - reader->at;

	if (size > left)
		return malformed(err, "it is cut off");
	*ret_data = reader->data + reader->at;
	reader->at += (size_t)size;
	left -= (size_t)size;
	if (size % TAR_BLOCK != 0) {
		size_t padding = TAR_BLOCK - (size_t)(size % TAR_BLOCK);

		if (padding > left)
			return malformed(err, "it is cut off");
		reader->at += padding;
	}
	return 0;
}

static int set_name(struct tar_reader *reader, const char *name, size_t length, struct error *err)
{
	if (length == 0 || length > TAR_NAME_MAX || memchr(name, '\0', length) != NULL)
		return malformed(err, "a file has an impossible name");
	buf_clear(&reader->name);
	buf_append(&reader->name, name, length);
	reader->named = true;
	return 0;
}

static int set_link(struct tar_reader *reader, const char *target, size_t length, struct error *err)
{
	if (length == 0 || length > TAR_NAME_MAX || memchr(target, '\0', length) != NULL)
		return malformed(err, "a link leads to an impossible name");
	buf_clear(&reader->link);
	buf_append(&reader->link, target, length);
	reader->linked = true;
	return 0;
}

static int set_size(struct tar_reader *reader, const char *value, size_t length, struct error *err)
{
	uint64_t size = 0;

	if (length == 0 || length > 18)
		return malformed(err, "a number in it is too large");
	for (size_t i = 0; i < length; i++) {
		if (value[i] < '0' || value[i] > '9')
			return malformed(err, "a number in it is none");
		size = size * 10 + (uint64_t)(value[i] - '0');
	}
	reader->size = size;
	reader->sized = true;
	return 0;
}

/* "27 path=some/where/else\n", again and again: the number counts itself and the line break. */
static int read_pax(struct tar_reader *reader, const char *data, size_t length, bool global, struct error *err)
{
	while (length > 0) {
		size_t size = 0, digits = 0;
		const char *key, *equals;
		int r = 0;

		while (digits < length && digits < 8 && data[digits] >= '0' && data[digits] <= '9')
			size = size * 10 + (size_t)(data[digits++] - '0');
		if (digits == 0 || digits + 3 > size || size > length || data[digits] != ' ' || data[size - 1] != '\n')
			return malformed(err, "an extended header is wrong");
		key = data + digits + 1;
		equals = memchr(key, '=', size - digits - 2);
		if (equals == NULL)
			return malformed(err, "an extended header is wrong");
		if (equals - key >= 11 && memcmp(key, "GNU.sparse.", 11) == 0)
			return error_set(err, ERROR_UNSUPPORTED, ENOTSUP, "the archive has a file with holes, which is not read here");
		if (!global && equals - key == 4 && memcmp(key, "path", 4) == 0)
			r = set_name(reader, equals + 1, (size_t)(data + size - 1 - (equals + 1)), err);
		else if (!global && equals - key == 8 && memcmp(key, "linkpath", 8) == 0)
			r = set_link(reader, equals + 1, (size_t)(data + size - 1 - (equals + 1)), err);
		else if (!global && equals - key == 4 && memcmp(key, "size", 4) == 0)
			r = set_size(reader, equals + 1, (size_t)(data + size - 1 - (equals + 1)), err);
		if (r < 0)
			return r;
		data += size;
		length -= size;
	}
	return 0;
}

/* The name in the header itself: prefix, "/", name. */
static int take_own_name(struct tar_reader *reader, const struct tar_header *header, struct error *err)
{
	char name[sizeof(header->prefix) + sizeof(header->name) + 2];
	size_t length = 0;

	if (memcmp(header->magic, "ustar", 6) == 0 && header->prefix[0] != '\0') {
		length = strnlen(header->prefix, sizeof(header->prefix));
		memcpy(name, header->prefix, length);
		name[length++] = '/';
	}
	memcpy(name + length, header->name, strnlen(header->name, sizeof(header->name)));
	length += strnlen(header->name, sizeof(header->name));
	return set_name(reader, name, length, err);
}

/* "./a//b/" becomes "a/b" in place; "" for the folder itself. What could lead elsewhere is refused. */
static int clean_name(struct buf *name, struct error *err)
{
	char *out = name->data;
	const char *end = name->data + name->length;

	if (name->data[0] == '/')
		return error_set(err, ERROR_INVALID, EINVAL, "the archive has a file outside of its folder");
	for (const char *part = name->data; part < end;) {
		const char *stop = memchr(part, '/', (size_t)(end - part));
		size_t length = (size_t)((stop != NULL ? stop : end) - part);

		if (length == 2 && memcmp(part, "..", 2) == 0)
			return error_set(err, ERROR_INVALID, EINVAL, "the archive has a file outside of its folder");
		if (length > 0 && !(length == 1 && *part == '.')) {
			if (out > name->data)
				*out++ = '/';
			memmove(out, part, length);
			out += length;
		}
		part += length + 1;
	}
	*out = '\0';
	name->length = (size_t)(out - name->data);
	return 0;
}

/* A header about the next entry: 1 when it was one. */
static int take_extension(struct tar_reader *reader, const struct tar_header *header, uint64_t size, struct error *err)
{
	const char *data;
	int r;

	if (header->type != 'x' && header->type != 'g' && header->type != 'L' && header->type != 'K')
		return 0;
	if (size > TAR_PAX_MAX)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "the archive has an extended header that is too large");
	r = take_data(reader, size, &data, err);
	if (r == 0 && (header->type == 'x' || header->type == 'g'))
		r = read_pax(reader, data, (size_t)size, header->type == 'g', err);
	else if (r == 0 && header->type == 'L')
		r = set_name(reader, data, strnlen(data, (size_t)size), err);
	else if (r == 0)
		r = set_link(reader, data, strnlen(data, (size_t)size), err);
	return r < 0 ? r : 1;
}

static int take_type(const struct tar_header *header, struct tar_entry *entry, struct error *err)
{
	switch (header->type) {
	case '0':
	case '\0':
	case '7':
		entry->type = TAR_FILE;
		return 0;
	case '5':
		entry->type = TAR_FOLDER;
		return 0;
	case '1':
	case '2':
		entry->type = TAR_LINK;
		return 0;
	case '3':
	case '4':
	case '6':
		entry->type = TAR_OTHER;
		return 0;
	default:
		return error_set(err, ERROR_UNSUPPORTED, ENOTSUP, "the archive has an entry of a kind that is not read here");
	}
}

static int take_link(struct tar_reader *reader, const struct tar_header *header, struct tar_entry *entry, struct error *err)
{
	int r = 0;

	entry->link = NULL;
	if (header->type != '2')
		return 0;
	if (!reader->linked)
		r = set_link(reader, header->linkname, strnlen(header->linkname, sizeof(header->linkname)), err);
	entry->link = reader->link.data;
	return r;
}

static int take_mode(const struct tar_header *header, struct tar_entry *entry, struct error *err)
{
	uint64_t mode;
	int r = read_number(header->mode, sizeof(header->mode), &mode, err);

	entry->mode = r == 0 ? (unsigned)(mode & 07777) : 0;
	return r;
}

static int take_entry(struct tar_reader *reader, const struct tar_header *header, uint64_t size, struct tar_entry *entry, struct error *err)
{
	int r = take_type(header, entry, err);

	if (r == 0 && !reader->named)
		r = take_own_name(reader, header, err);
	if (r == 0)
		r = clean_name(&reader->name, err);
	if (r == 0)
		r = take_link(reader, header, entry, err);
	if (r == 0)
		r = take_mode(header, entry, err);
	if (r < 0)
		return r;
	if (reader->sized)
		size = reader->size;
	if (entry->type != TAR_FILE && size != 0)
		return error_set(err, ERROR_UNSUPPORTED, ENOTSUP, "the archive has a link or a folder with data of its own");
	r = take_data(reader, size, &entry->data, err);
	entry->length = (size_t)size;
	entry->name = reader->name.data;
	reader->named = reader->linked = reader->sized = false;
	return r < 0 ? r : 1;
}

int tar_reader_next(struct tar_reader *reader, struct tar_entry *ret_entry, struct error *err)
{
	size_t begin = reader->at;

	for (;;) {
		const struct tar_header *header;
		uint64_t size;
		int r;

		if (reader->length - reader->at < TAR_BLOCK)
			return malformed(err, "it is cut off");
		header = (const struct tar_header *)(reader->data + reader->at);
		reader->at += TAR_BLOCK;
		if (is_empty((const char *)header))
			return reader->named || reader->sized ? malformed(err, "it is cut off") : 0;
		if (memcmp(header->magic, "ustar", 5) != 0)
			return malformed(err, "this is no tar");
		if (++reader->entries > TAR_ENTRIES_MAX)
			return error_set(err, ERROR_TOO_LARGE, EFBIG, "the archive has more than %d files", TAR_ENTRIES_MAX);
		r = check_sum(header, err);
		if (r == 0)
			r = read_number(header->size, sizeof(header->size), &size, err);
		if (r == 0)
			r = take_extension(reader, header, size, err);
		if (r == 0) {
			r = take_entry(reader, header, size, ret_entry, err);
			ret_entry->raw = reader->data + begin;
			ret_entry->raw_length = reader->at - begin;
			return r;
		}
		if (r < 0)
			return r;
	}
}
