#include "http/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/map.h"
#include "base/str.h"
#include "base/util.h"
#include "http/internal.h"
#include "http/negotiate.h"
#include "http/request.h"
#include "http/response.h"

#define TOTAL_MAX ((size_t)64 * 1024 * 1024)
#define DEPTH_MAX 12

enum coding { CODING_IDENTITY, CODING_GZIP, CODING_BROTLI, CODINGS };

static const struct {
	const char *name;
	const char *suffix;
} codings[CODINGS] = {
	[CODING_IDENTITY] = {"identity", ""},
	[CODING_GZIP] = {"gzip", ".gz"},
	[CODING_BROTLI] = {"br", ".br"},
};

/* One file in one coding, with ready answers. */
struct variant {
	char *data;
	size_t length;
	char etag[ETAG_SIZE];
	struct MHD_Response *ok;
	struct MHD_Response *same; /* 304 */
};

struct file {
	struct variant variants[CODINGS]; /* data NULL: not there */
};

struct files {
	struct map *map; /* "/assets/app.js" → struct file */
	size_t total;
};

static const struct {
	const char *suffix;
	const char *type;
} types[] = {
	{".html", "text/html; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".json", "application/json"},
	{".map", "application/json"},
	{".webmanifest", "application/manifest+json"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".jpg", "image/jpeg"},
	{".webp", "image/webp"},
	{".ico", "image/x-icon"},
	{".woff2", "font/woff2"},
	{".woff", "font/woff"},
	{".wasm", "application/wasm"},
	{".txt", "text/plain; charset=utf-8"},
	{".md", "text/plain; charset=utf-8"},
	{".xml", "application/xml"},
	{".yaml", "application/yaml"},
};

static const char *type_of(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_ends_with(path, types[i].suffix))
			return types[i].type;
	return "application/octet-stream";
}

static void file_free(struct file *file)
{
	for (size_t i = 0; i < CODINGS; i++) {
		if (file->variants[i].ok != NULL)
			MHD_destroy_response(file->variants[i].ok);
		if (file->variants[i].same != NULL)
			MHD_destroy_response(file->variants[i].same);
		free(file->variants[i].data);
	}
	free(file);
}

void files_free(struct files *files)
{
	size_t cursor = 0;
	struct file *file;

	if (files == NULL)
		return;
	while ((file = map_next(files->map, &cursor, NULL)) != NULL)
		file_free(file);
	map_free(files->map);
	free(files);
}

static int load_file(struct files *files, int dir, const char *name, const char *path, struct error *err)
{
	auto_buf struct buf data = BUF_INIT;
	auto_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct file *file;
	int r;

	if (fd < 0)
		return error_errno(err, errno, "cannot read %s", path);
	r = fd_read_all(fd, TOTAL_MAX - files->total, &data);
	if (r == -EFBIG)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "%s: the static files are more than %zu MiB", path,
				 TOTAL_MAX / 1024 / 1024);
	if (r < 0)
		return error_errno(err, r, "cannot read %s", path);
	file = xmalloc(sizeof(*file));
	file->variants[CODING_IDENTITY].length = data.length;
	file->variants[CODING_IDENTITY].data = buf_steal(&data);
	files->total += file->variants[CODING_IDENTITY].length;
	map_put(files->map, path, file);
	return 0;
}

static int load_folder(struct files *files, int parent, const char *name, const char *path, unsigned depth,
		       struct error *err)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;
	int r = 0;
	DIR *dir;

	if (fd < 0)
		return error_errno(err, errno, "cannot open the folder %s", *path != '\0' ? path : name);
	if (depth > DEPTH_MAX) {
		close(fd);
		return error_set(err, ERROR_INVALID, ELOOP, "%s: folders are nested too deeply", path);
	}
	dir = fdopendir(fd);
	while (r == 0 && (entry = readdir(dir)) != NULL) {
		auto_free char *below = xasprintf("%s/%s", path, entry->d_name);
		struct stat status;

		if (entry->d_name[0] == '.' || fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(status.st_mode))
			r = load_folder(files, fd, entry->d_name, below, depth + 1, err);
		else if (S_ISREG(status.st_mode))
			r = load_file(files, fd, entry->d_name, below, err);
	}
	closedir(dir);
	return r;
}

static struct MHD_Response *response_of(const struct variant *variant, const char *path, enum coding coding, bool body)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(body ? variant->length : 0, variant->data, MHD_RESPMEM_PERSISTENT);

	response_add_common(response, false);
	MHD_add_response_header(response, "Content-Type", type_of(path));
	MHD_add_response_header(response, "ETag", variant->etag);
	MHD_add_response_header(response, "Vary", "Accept-Encoding");
	MHD_add_response_header(response, "Cache-Control",
				str_starts_with(path, "/assets/") ? "public, max-age=31536000, immutable" : "no-cache");
	if (coding != CODING_IDENTITY)
		MHD_add_response_header(response, "Content-Encoding", codings[coding].name);
	return response;
}

static void prepare(struct files *files, const char *path, struct file *file)
{
	/* "/app.js.br" becomes a variant of "/app.js"; it stays reachable under its own name too, as a plain file. */
	for (enum coding c = CODING_GZIP; c < CODINGS; c++) {
		auto_free char *beside = xasprintf("%s%s", path, codings[c].suffix);
		const struct file *packed = map_get(files->map, beside);
		const struct variant *from = packed != NULL ? &packed->variants[CODING_IDENTITY] : NULL;

		/* Nothing is won when packing made it larger. */
		if (from == NULL || from->length >= file->variants[CODING_IDENTITY].length)
			continue;
		file->variants[c].data = xmalloc(from->length);
		memcpy(file->variants[c].data, from->data, from->length);
		file->variants[c].length = from->length;
	}
	for (enum coding c = CODING_IDENTITY; c < CODINGS; c++) {
		struct variant *variant = &file->variants[c];

		if (variant->data == NULL)
			continue;
		etag_of(variant->data, variant->length, variant->etag);
		variant->ok = response_of(variant, path, c, true);
		variant->same = response_of(variant, path, c, false);
	}
}

int files_new(const char *folder, struct files **ret_files, struct error *err)
{
	struct files *files = xmalloc(sizeof(*files));
	size_t cursor = 0;
	const char *path;
	struct file *file;
	int r;

	files->map = map_new();
	r = load_folder(files, AT_FDCWD, folder, "", 0, err);
	if (r < 0) {
		files_free(files);
		return r;
	}
	while ((file = map_next(files->map, &cursor, &path)) != NULL)
		prepare(files, path, file);
	*ret_files = files;
	return 0;
}

size_t files_count(const struct files *files)
{
	return map_count(files->map);
}

static enum coding choose(const struct file *file, const char *accept)
{
	enum coding best = CODING_IDENTITY;
	unsigned best_quality = 0;

	/* Equal qualities: the later, smaller one. Identity counts only where it was named, or nothing else will do. */
	for (enum coding c = CODING_IDENTITY; c < CODINGS; c++) {
		unsigned quality =
			file->variants[c].data != NULL ? accept_encoding_quality(accept, codings[c].name) : 0;

		if (quality > 0 && quality >= best_quality) {
			best = c;
			best_quality = quality;
		}
	}
	return best;
}

const char *files_get(const struct files *files, const char *path, size_t *ret_length)
{
	const struct file *file = map_get(files->map, path);

	if (file == NULL)
		return NULL;
	*ret_length = file->variants[CODING_IDENTITY].length;
	return file->variants[CODING_IDENTITY].data;
}

int files_respond(struct files *files, struct request *request, const char *path, unsigned status, struct error *err)
{
	const struct file *file = map_get(files->map, path);
	const struct variant *variant;

	if (file == NULL)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "nothing is at %s", path);
	variant = &file->variants[choose(file, request_header(request, "Accept-Encoding"))];
	if (status == 200 && etag_matches(request_header(request, "If-None-Match"), variant->etag))
		request_answer_shared(request, 304, variant->same);
	else
		request_answer_shared(request, status, variant->ok);
	return 0;
}

int files_index(struct request *request, struct error *err)
{
	return files_respond(request_data(request), request, "/index.html", 200, err);
}

int files_respond_any(struct files *files, struct request *request, struct error *err)
{
	const char *path = request_path(request);
	const char *accept = request_header(request, "Accept");

	if (files_respond(files, request, strcmp(path, "/") == 0 ? "/index.html" : path, 200, err) == 0)
		return 0;
	if (str_starts_with(path, "/api/") || accept == NULL || strstr(accept, "text/html") == NULL)
		return err->code;
	return files_respond(files, request, "/index.html", 404, err);
}

int files_fallback(struct request *request, struct error *err)
{
	return files_respond_any(request_data(request), request, err);
}
