#include "http/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"
#include "http/internal.h"
#include "http/negotiate.h"
#include "http/response.h"

#define PARSER_MEMORY (64 * 1024)
#define PIECE	      (64 * 1024)
#define PARTS_PER_ADDRESS 4
#define RETRY_SECONDS 10

bool upload_is_one(const struct request *request)
{
	return request->route != NULL && (request->route->flags & ROUTE_FILES) != 0 &&
	       media_type_is(request_header(request, "Content-Type"), "multipart/form-data");
}

bool request_has_parts(const struct request *request)
{
	return request->upload_fd >= 0;
}

/* Whether there is room for one more; it is taken. */
static bool take_place(struct request *request)
{
	struct server *server = request->server;
	const char *address = request->connection != NULL ? request->connection->address : "";
	unsigned all = 0, same = 0;
	bool room;

	pthread_mutex_lock(&server->lock);
	list_for_each (link, &server->uploads) {
		const struct request *other = container_of(link, struct request, upload_link);

		all++;
		same += strcmp(other->upload_address, address) == 0;
	}
	room = all < server->config.uploads_max && same < PARTS_PER_ADDRESS;
	if (room) {
		snprintf(request->upload_address, sizeof(request->upload_address), "%s", address);
		list_append(&server->uploads, &request->upload_link);
	}
	pthread_mutex_unlock(&server->lock);
	return room;
}

int upload_begin(struct request *request, struct error *err)
{
	const char *folder = request->server->config.upload_folder;

	if (folder == NULL)
		return error_set(err, ERROR_UNSUPPORTED, EINVAL, "no files are taken here");
	if (!take_place(request)) {
		respond_retry_after(request, RETRY_SECONDS);
		return error_set(err, ERROR_UNAVAILABLE, EBUSY, "too many files are being sent just now; try again in a moment");
	}
	request->upload_fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (request->upload_fd < 0) {
		int r = error_set(err, ERROR_UNAVAILABLE, errno, "there is no room for files just now");

		upload_end(request);
		return r;
	}
	return 0;
}

int upload_append(struct request *request, const void *data, size_t length, struct error *err)
{
	int r = fd_write_all(request->upload_fd, data, length);

	return r < 0 ? error_set(err, ERROR_UNAVAILABLE, -r, "there is no room for files just now") : 0;
}

void upload_end(struct request *request)
{
	/* Only the request itself enters the list and leaves it. What never was an upload may end where libmicrohttpd
	 * holds its own lock (access_completed), so the server's must not be taken for it. */
	if (list_is_empty(&request->upload_link))
		return;
	if (request->upload_fd >= 0)
		close(request->upload_fd);
	request->upload_fd = -1;
	pthread_mutex_lock(&request->server->lock);
	list_remove(&request->upload_link);
	list_init(&request->upload_link);
	pthread_mutex_unlock(&request->server->lock);
}

/* ---- reading what came -------------------------------------------------------------------------------------------------------- */

struct reading {
	part_taker take;
	void *data;
	struct error *err;
	int result;
};

static enum MHD_Result on_piece(void *cls, enum MHD_ValueKind kind, const char *name, const char *file, const char *type,
				const char *coding, const char *data, uint64_t offset, size_t length)
{
	struct reading *reading = cls;

	(void)kind;
	(void)file;
	(void)type;
	(void)coding;
	if (name == NULL || *name == '\0' || !str_is_utf8(name, strlen(name)))
		reading->result = error_set(reading->err, ERROR_MALFORMED, EBADMSG, "a part of the form has no name");
	else
		reading->result = reading->take(name, data, length, offset, reading->data, reading->err);
	return reading->result < 0 ? MHD_NO : MHD_YES;
}

static int parse(struct request *request, struct MHD_PostProcessor *parser, struct reading *reading)
{
	char piece[PIECE];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(request->upload_fd, piece, sizeof(piece), at)) > 0) {
		if (MHD_post_process(parser, piece, (size_t)n) != MHD_YES)
			return reading->result < 0 ? reading->result
						   : error_set(reading->err, ERROR_MALFORMED, EBADMSG, "the form is broken");
		at += n;
	}
	return n < 0 ? error_errno(reading->err, errno, "cannot read what was sent") : 0;
}

int request_read_parts(struct request *request, part_taker take, void *taker_data, struct error *err)
{
	struct reading reading = {.take = take, .data = taker_data, .err = err};
	struct MHD_PostProcessor *parser = MHD_create_post_processor(request->mhd, PARSER_MEMORY, on_piece, &reading);
	int r;

	if (parser == NULL)
		return error_set(err, ERROR_MALFORMED, EBADMSG, "the form's Content-Type has no proper boundary");
	r = parse(request, parser, &reading);
	/* What ends before its last boundary was cut off on the way. */
	if (MHD_destroy_post_processor(parser) != MHD_YES && r == 0)
		r = reading.result < 0 ? reading.result : error_set(err, ERROR_MALFORMED, EBADMSG, "the form is not whole");
	return r;
}
