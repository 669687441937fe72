#include "web/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

#define ROUNDS 16 /* reads before others have their turn */

struct spool {
	struct loop_io io;
	int pipe; /* -1: at its end */
	int file; /* -1: taken */
	uint64_t length;
	uint64_t most;
	spool_done done;
	void *data;
};

int spool_file(const char *data_folder, int *ret_fd, struct error *err)
{
	auto_free char *path = xasprintf("%s/spool-XXXXXX", data_folder);
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, errno, "cannot make a file in %s", data_folder);
	unlink(path);
	*ret_fd = fd;
	return 0;
}

static void end(struct spool *spool, const struct error *err)
{
	loop_remove(&spool->io);
	close(steal_fd(&spool->pipe));
	spool->done(err, spool->data);
}

/* 1: more may come, 0: it is over and told (the spool may be gone). */
static int take_some(struct spool *spool)
{
	char data[64 * 1024];
	ssize_t n = read(spool->pipe, data, sizeof(data));
	struct error err;
	int r;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		if (n < 0)
			error_errno(&err, errno, "cannot read what was fetched");
		end(spool, n < 0 ? &err : NULL);
		return 0;
	}
	if ((uint64_t)n > spool->most - spool->length) {
		error_set(&err, ERROR_TOO_LARGE, EFBIG, "it is larger than %llu MiB", (unsigned long long)(spool->most >> 20));
		end(spool, &err);
		return 0;
	}
	r = fd_write_all(spool->file, data, (size_t)n);
	if (r < 0) {
		error_errno(&err, r, "cannot keep what was fetched");
		end(spool, &err);
		return 0;
	}
	spool->length += (uint64_t)n;
	return 1;
}

static void on_pipe(struct loop_io *io, uint32_t events)
{
	struct spool *spool = container_of(io, struct spool, io);

	(void)events;
	for (int i = 0; i < ROUNDS && take_some(spool); i++)
		;
}

int spool_new(struct loop *loop, const char *data_folder, int pipe, uint64_t most, spool_done done, void *data, struct spool **ret_spool,
	      struct error *err)
{
	struct spool *spool = xmalloc(sizeof(*spool));
	int r;

	*spool = (struct spool){.pipe = pipe, .file = -1, .most = most, .done = done, .data = data};
	r = spool_file(data_folder, &spool->file, err);
	if (r == 0) {
		fd_set_nonblock(pipe, true);
		r = loop_add(loop, &spool->io, pipe, EPOLLIN, on_pipe);
		if (r < 0)
			error_errno(err, r, "cannot wait for what is fetched");
	}
	if (r < 0) {
		spool_free(spool);
		return r;
	}
	*ret_spool = spool;
	return 0;
}

void spool_free(struct spool *spool)
{
	if (spool == NULL)
		return;
	loop_remove(&spool->io);
	if (spool->pipe >= 0)
		close(spool->pipe);
	if (spool->file >= 0)
		close(spool->file);
	free(spool);
}

int spool_take(struct spool *spool)
{
	lseek(spool->file, 0, SEEK_SET);
	return steal_fd(&spool->file);
}

uint64_t spool_length(const struct spool *spool)
{
	return spool->length;
}
