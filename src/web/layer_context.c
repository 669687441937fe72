#include "web/layer_context.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "core/reference.h"
#include "core/tar.h"
#include "core/tar_header.h"
#include "core/tar_reader.h"

/* OCI image specification, layer: whiteouts. */
#define WHITEOUT ".wh."
#define OPAQUE	 ".wh..wh..opq"

#define REMOVED_FILE "removed"
#define LAYER_FILE   "layer.tar"

/* What is read once to know the lengths, and once more to write. */
struct layer {
	const char *data;
	size_t length;
	size_t kept; /* bytes */
	bool changed; /* by somebody */
	struct buf removed; /* names that end with NUL */
};

static const char *base_name(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash != NULL ? slash + 1 : name;
}

static bool is_history(const char *name)
{
	return *base_name(name) == '.' && str_ends_with(name, "_history");
}

/* "a/.wh.b" → "a/b"; "a/.wh..wh..opq" → "a": all that was there before. */
static void note_removed(struct layer *layer, const char *name)
{
	const char *last = base_name(name);
	size_t folder = (size_t)(last - name);

	if (strcmp(last, OPAQUE) == 0 && folder > 0)
		folder--; /* the slash */
	buf_append(&layer->removed, name, folder);
	if (strcmp(last, OPAQUE) != 0)
		buf_append_string(&layer->removed, last + strlen(WHITEOUT));
	buf_append_char(&layer->removed, '\0');
}

static bool is_kept(const struct tar_entry *entry)
{
	return *entry->name != '\0' && strncmp(base_name(entry->name), WHITEOUT, strlen(WHITEOUT)) != 0 && !is_history(entry->name);
}

/* The agent writes small files of its own into each sandbox (agent/sandbox/bundle.c) and leaves them out when it is saved; what stays are
 * their folders, which alone are no change. */
static bool is_agents(const struct tar_entry *entry)
{
	static const char *const folders[] = {"etc", "etc/profile.d"};

	for (size_t i = 0; entry->type == TAR_FOLDER && i < ARRAY_SIZE(folders); i++)
		if (strcmp(entry->name, folders[i]) == 0)
			return true;
	return false;
}

static int look_through(struct layer *layer, struct error *err)
{
	struct tar_reader reader;
	struct tar_entry entry;
	int r;

	tar_reader_init(&reader, layer->data, layer->length);
	while ((r = tar_reader_next(&reader, &entry, err)) > 0) {
		if (is_kept(&entry)) {
			layer->kept += entry.raw_length;
			layer->changed = layer->changed || !is_agents(&entry);
		} else if (*entry.name != '\0' && !is_history(entry.name)) {
			note_removed(layer, entry.name);
		}
	}
	tar_reader_fini(&reader);
	return r;
}

static int copy_kept(const struct layer *layer, struct context_writer *writer, struct error *err)
{
	struct tar_reader reader;
	struct tar_entry entry;
	int r;

	tar_reader_init(&reader, layer->data, layer->length);
	while ((r = tar_reader_next(&reader, &entry, err)) > 0)
		if (is_kept(&entry) && (r = context_writer_add(writer, entry.raw, entry.raw_length, err)) < 0)
			break;
	tar_reader_fini(&reader);
	return r;
}

static int write_context(const struct layer *layer, struct context_writer *writer, struct error *err)
{
	const struct tar_entry inner = {.type = TAR_FILE, .mode = 0644, .length = layer->kept + 2 * (size_t)TAR_BLOCK};
	auto_buf struct buf head = BUF_INIT;
	auto_buf struct buf end = BUF_INIT;
	int r = 0;

	if (layer->removed.length > 0)
		r = tar_add_file(&head, REMOVED_FILE, 0644, layer->removed.data, layer->removed.length, err);
	if (r == 0)
		r = tar_add_header(&head, LAYER_FILE, &inner, err);
	if (r == 0)
		r = context_writer_add(writer, head.data, head.length, err);
	if (r == 0)
		r = copy_kept(layer, writer, err);
	tar_finish(&end); /* of the layer, and of what is around it */
	if (r == 0)
		r = context_writer_add(writer, end.data, end.length, err);
	return r == 0 ? context_writer_add(writer, end.data, end.length, err) : r;
}

static int make_dockerfile(const struct layer *layer, const char *image, struct buf *out, struct error *err)
{
	struct reference reference;
	int r = reference_parse(image, &reference, err);

	if (r < 0)
		return error_wrap(err, "the sandbox's image");
	buf_printf(out, "FROM %s\n", image);
	if (layer->removed.length > 0)
		buf_append_string(out, "USER 0:0\n"
				       "COPY " REMOVED_FILE " /.ttob-removed\n"
				       "RUN cd / && { xargs -0 rm -rf -- </.ttob-removed || true; } && rm -f /.ttob-removed\n");
	buf_append_string(out, "ADD " LAYER_FILE " /\n");
	return 0;
}

int layer_context_make(int fd, const char *image, struct context_writer *writer, struct buf *ret_dockerfile, struct error *err)
{
	struct layer layer = {0};
	struct stat status;
	void *data;
	int r;

	if (fstat(fd, &status) < 0 || status.st_size == 0)
		return error_set(err, ERROR_MALFORMED, EBADMSG, "nothing was saved");
	data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return error_errno(err, errno, "cannot map what was saved");
	layer.data = data;
	layer.length = (size_t)status.st_size;
	r = look_through(&layer, err);
	if (r == 0 && !layer.changed && layer.removed.length == 0)
		r = error_set(err, ERROR_INVALID, ENODATA, "nothing was changed in this sandbox: there is nothing to save");
	if (r == 0)
		r = make_dockerfile(&layer, image, ret_dockerfile, err);
	if (r == 0)
		r = write_context(&layer, writer, err);
	munmap(data, (size_t)status.st_size);
	buf_fini(&layer.removed);
	return r;
}
