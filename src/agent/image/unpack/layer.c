#include "agent/image/unpack/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/image/digest.h"
#include "agent/image/unpack/confine.h"
#include "agent/image/unpack/decompress.h"
#include "agent/image/unpack/outcome.h"
#include "agent/image/unpack/pump.h"
#include "agent/image/unpack/untar.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

#define MEMORY_MAX            ((uint64_t)768 * 1024 * 1024) /* zstd's largest window is 128 MiB */
#define PROCESSOR_MAX         900                           /* seconds */
#define OPAQUE_BYTES_MAX      ((size_t)4 * 1024 * 1024)     /* of all opaque folders' paths */
#define PIPE_BYTES            (1024 * 1024)
#define CAPABILITY(name)      ((uint64_t)1 << (name))

/* Headers, padding and long names come on top of the files' data: at most a few blocks for every entry. */
#define TAR_OVERHEAD(entries) ((entries)*8192 + 1024 * 1024)

struct ends {
	int read, write;
};

#define ENDS_NONE                                                                                                      \
	{                                                                                                              \
		-1, -1                                                                                                 \
	}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void ends_close(struct ends *ends)
{
	close_end(&ends->read);
	close_end(&ends->write);
}

static int ends_open(struct ends *ends, struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot make a pipe");
	*ends = (struct ends){fds[0], fds[1]};
	(void)fcntl(ends->write, F_SETPIPE_SZ, PIPE_BYTES); /* only quicker */
	return 0;
}

/* Everything that the three processes share, until each closes what is not its own. */
struct plumbing {
	struct ends packed;            /* supervisor → decompressor */
	struct ends unpacked;          /* decompressor → supervisor */
	struct ends plain;             /* supervisor → writer */
	struct ends inflate_error;     /* decompressor → supervisor: struct error */
	struct ends writer_error;      /* writer → supervisor: struct error */
	struct ends opaque;            /* writer → supervisor: paths with NULs, after all is written */
	struct ends ready;             /* writer → supervisor: has a user name space */
	struct ends mapped;            /* supervisor → writer: it has ids */
	int layers[MERGED_LAYERS_MAX]; /* mounts of the folders, the target first */
	size_t count;
};

static struct ends *plumbing_ends(struct plumbing *p, size_t i)
{
	struct ends *const all[] = {&p->packed,       &p->unpacked, &p->plain, &p->inflate_error,
				    &p->writer_error, &p->opaque,   &p->ready, &p->mapped};

	return i < ARRAY_SIZE(all) ? all[i] : NULL;
}

static void plumbing_close(struct plumbing *p)
{
	struct ends *ends;

	for (size_t i = 0; (ends = plumbing_ends(p, i)) != NULL; i++)
		ends_close(ends);
	for (size_t i = 0; i < p->count; i++)
		close_end(&p->layers[i]);
}

static int plumbing_open(struct plumbing *p, const struct layer_job *job, struct error *err)
{
	struct ends *ends;
	int r = 0;

	memset(p, 0, sizeof(*p));
	for (size_t i = 0; (ends = plumbing_ends(p, i)) != NULL; i++)
		*ends = (struct ends)ENDS_NONE;
	for (size_t i = 0; r == 0 && (ends = plumbing_ends(p, i)) != NULL; i++)
		r = ends_open(ends, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < job->lower_count + 1; i++) {
		int fd = confine_clone_folder(i == 0 ? job->target : job->lowers[i - 1], i > 0, err);

		if (fd < 0)
			return fd;
		p->layers[p->count++] = fd;
	}
	return 0;
}

/* Dies with the supervisor. Set late: a change of ids or capabilities clears it. */
static int follow_parent(pid_t parent, struct error *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0L, 0L, 0L) < 0 || getppid() != parent)
		return error_set(err, ERROR_CANCELLED, ECANCELED, "the supervisor is gone");
	return 0;
}

static _Noreturn void run_decompressor(struct plumbing *p, pid_t parent)
{
	int from = steal_fd(&p->packed.read), to = steal_fd(&p->unpacked.write),
	    out = steal_fd(&p->inflate_error.write);
	struct error err = {0};

	plumbing_close(p);
	if (confine_limits(MEMORY_MAX, UINT64_MAX, PROCESSOR_MAX, &err) == 0 && confine_nobody(&err) == 0 &&
	    follow_parent(parent, &err) == 0 && confine_calls(CONFINE_STREAM, &err) == 0)
		(void)decompress(from, to, &err);
	close(to);
	outcome_exit(out, &err);
}

static int remember_opaque(const char *path, void *data)
{
	struct buf *paths = data;

	if (paths->length > OPAQUE_BYTES_MAX)
		return -E2BIG;
	buf_append(paths, path, strlen(path) + 1);
	return 0;
}

static int write_layer(struct plumbing *p, const struct layer_job *job, struct buf *opaque, struct error *err)
{
	struct tree tree = {.count = p->count, .bytes_left = job->bytes_max, .opaque = remember_opaque, .data = opaque};
	struct archive *archive = untar_open_fd(p->plain.read, err);
	struct untar_counts counts;
	char rest[4096];
	int r;

	if (archive == NULL)
		return -EBADMSG;
	memcpy(tree.layers, p->layers, p->count * sizeof(int));
	r = untar(archive, &tree, job->entries_max, &counts, err);
	archive_read_free(archive);
	while (r == 0 && read(p->plain.read, rest, sizeof(rest)) > 0)
		; /* what follows the archive's end */
	return r;
}

/* Waits until the supervisor has mapped the ids. */
static int get_mapped(struct plumbing *p, struct error *err)
{
	int r = confine_user_space(err);
	char byte = 0;

	if (r < 0)
		return r;
	if (write(p->ready.write, &byte, 1) != 1 || read(p->mapped.read, &byte, 1) != 1)
		return error_set(err, ERROR_INTERNAL, EIO, "the supervisor has not mapped the ids");
	return 0;
}

static void close_all_but_writers(struct plumbing *p)
{
	ends_close(&p->packed);
	ends_close(&p->unpacked);
	ends_close(&p->inflate_error);
	close_end(&p->plain.write);
	close_end(&p->writer_error.read);
	close_end(&p->opaque.read);
	close_end(&p->ready.read);
	close_end(&p->mapped.write);
}

static _Noreturn void run_writer(struct plumbing *p, const struct layer_job *job, pid_t parent)
{
	const uint64_t keep = CAPABILITY(CAP_CHOWN) | CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_FOWNER) |
			      CAPABILITY(CAP_FSETID) | CAPABILITY(CAP_SETFCAP);
	struct buf opaque = BUF_INIT;
	struct error err = {0};

	close_all_but_writers(p);
	close(job->blob);
	if (confine_limits(MEMORY_MAX, job->bytes_max, PROCESSOR_MAX, &err) == 0 &&
	    confine_to_folder(p->layers[0], job->target, &err) == 0 && get_mapped(p, &err) == 0 &&
	    confine_capabilities(keep, &err) == 0 && follow_parent(parent, &err) == 0 &&
	    confine_calls(CONFINE_FILES, &err) == 0)
		(void)write_layer(p, job, &opaque, &err);
	close(p->plain.read);
	if (err.kind == ERROR_NONE && opaque.length > 0 &&
	    fd_write_all(p->opaque.write, opaque.data, opaque.length) < 0)
		error_set(&err, ERROR_INTERNAL, EPIPE, "the supervisor is gone");
	close(p->opaque.write);
	outcome_exit(p->writer_error.write, &err);
}

/* Overlay of root only believes trusted.*, which the writer may not set. The path comes from the writer: it cannot
 * leave the folder whatever it says, and a wrong one only spoils the writer's own layer. */
static int set_opaque(int root, const char *path, struct error *err)
{
	const struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
				     .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
						RESOLVE_NO_XDEV};
	auto_fd int fd = (int)syscall(SYS_openat2, root, path[0] != '\0' ? path : ".", &how, sizeof(how));

	if (fd < 0) /* a later entry has replaced it */
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			       ? 0
			       : error_errno(err, errno, "cannot open an opaque folder");
	return fsetxattr(fd, MERGED_OPAQUE_TRUSTED, "y", 1, 0) < 0
		       ? error_errno(err, errno, "cannot mark a folder as opaque")
		       : 0;
}

static int set_all_opaque(struct plumbing *p, struct error *err)
{
	auto_buf struct buf paths = BUF_INIT;
	int r = fd_read_all(p->opaque.read, OPAQUE_BYTES_MAX + PATH_MAX, &paths);

	if (r < 0)
		return error_errno(err, r, "cannot read the opaque folders");
	for (size_t at = 0; at < paths.length && r == 0; at += strlen(paths.data + at) + 1)
		r = set_opaque(p->layers[0], paths.data + at, err);
	return r;
}

static int map_writer(struct plumbing *p, pid_t writer, struct error *err)
{
	char byte;
	int r;

	close_end(&p->ready.write);
	if (read(p->ready.read, &byte, 1) != 1)
		return 0; /* it has failed, and says why at its end */
	r = confine_map_ids(writer, err);
	if (r == 0 && write(p->mapped.write, &byte, 1) != 1)
		r = error_errno(err, errno, "the writer is gone");
	return r;
}

static int check_blob(const struct layer_job *job, const struct pump *pump, struct error *err)
{
	if (pump->read_error < 0)
		return error_errno(err, pump->read_error, "cannot read the layer");
	if (!pump->over && pump->bytes < job->blob_size)
		return error_set(err, ERROR_UNAVAILABLE, EPIPE, "the layer %.19s ends after %llu of %llu bytes",
				 job->blob_digest, (unsigned long long)pump->bytes, (unsigned long long)job->blob_size);
	if (pump->over)
		return error_set(err, ERROR_MALFORMED, EBADMSG, "the layer %.19s is longer than its manifest says",
				 job->blob_digest);
	if (strcmp(pump->digest, job->blob_digest) != 0)
		return error_set(err, ERROR_MALFORMED, EBADMSG, "the layer %.19s has another digest: %.19s",
				 job->blob_digest, pump->digest);
	return 0;
}

static int too_large(struct error *err)
{
	return error_set(err, ERROR_TOO_LARGE, EFBIG, "the image unpacks to more than is allowed");
}

static int check_tar(const struct layer_job *job, const struct pump *pump, struct error *err)
{
	if (strcmp(pump->digest, job->diff_id) != 0)
		return error_set(err, ERROR_MALFORMED, EBADMSG,
				 "the layer unpacks to %.19s, the image's configuration says %.19s", pump->digest,
				 job->diff_id);
	return 0;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0xff00;
	return status;
}

/* The first cause is told: a blob that is cut short or forged explains what the others then complain about. */
static int judge(struct plumbing *p, const struct layer_job *job, const struct pump *packed, const struct pump *plain,
		 int inflate_status, int writer_status, struct error *err)
{
	int r = 0;

	/* A writer that has had enough stops all others, so its word comes first unless it only saw the end come early.
	 */
	struct error writer = {0};
	int w = outcome_read(p->writer_error.read, writer_status, "writer of the layer", &writer);

	if (w < 0 && writer.kind != ERROR_MALFORMED) {
		*err = writer;
		return w;
	}
	r = check_blob(job, packed, err);
	if (r == 0 && plain->over) /* which the decompressor only sees as a pipe that nobody reads */
		return too_large(err);
	if (r == 0)
		r = outcome_read(p->inflate_error.read, inflate_status, "decompressor", err);
	if (r == 0 && w < 0) {
		*err = writer;
		r = w;
	}
	return r == 0 ? check_tar(job, plain, err) : r;
}

/* Once for all of it, instead of once a file. */
static int sync_folder(int folder, struct error *err)
{
	auto_fd int fd = merged_open_folder(folder, "");

	if (fd < 0 || syncfs(fd) < 0)
		return error_errno(err, fd < 0 ? fd : errno, "cannot write the layer to the disk");
	return 0;
}

/* Threads start only after the forks, and the rights that are left go before them. */
static int supervise(struct plumbing *p, const struct layer_job *job, pid_t inflater, pid_t writer,
		     struct layer_result *ret, struct error *err)
{
	struct pump packed = {.from = job->blob, .to = steal_fd(&p->packed.write), .limit = job->blob_size};
	struct pump plain = {.from = steal_fd(&p->unpacked.read),
			     .to = steal_fd(&p->plain.write),
			     .limit = job->bytes_max + TAR_OVERHEAD(job->entries_max)};
	int inflate_status, writer_status, r;

	close_end(&p->packed.read);
	close_end(&p->unpacked.write);
	close_end(&p->plain.read);
	close_end(&p->inflate_error.write);
	close_end(&p->writer_error.write);
	close_end(&p->opaque.write);
	r = pump_start(&packed);
	if (r == 0) {
		r = pump_start(&plain);
		if (r < 0)
			kill(inflater, SIGKILL);
		else
			pump_join(&plain);
		pump_join(&packed);
	}
	if (r < 0) {
		kill(writer, SIGKILL);
		return error_errno(err, r, "cannot start a thread");
	}
	r = set_all_opaque(p, err);
	inflate_status = wait_for(inflater);
	writer_status = wait_for(writer);
	ret->bytes = plain.bytes;
	if (r < 0)
		return r;
	r = judge(p, job, &packed, &plain, inflate_status, writer_status, err);
	return r == 0 ? sync_folder(p->layers[0], err) : r;
}

int layer_unpack(const struct layer_job *job, struct layer_result *ret, struct error *err)
{
	cleanup(plumbing_close) struct plumbing p;
	pid_t self = getpid(), inflater, writer;
	int r = plumbing_open(&p, job, err);

	if (r < 0)
		return r;
	signal(SIGPIPE, SIG_IGN);
	inflater = fork();
	if (inflater == 0)
		run_decompressor(&p, self);
	writer = inflater < 0 ? -1 : fork();
	if (writer == 0)
		run_writer(&p, job, self);
	if (inflater < 0 || writer < 0) {
		r = error_errno(err, errno, "cannot fork");
	} else {
		r = map_writer(&p, writer, err);
		if (r == 0)
			r = confine_capabilities(CAPABILITY(CAP_SYS_ADMIN) | CAPABILITY(CAP_DAC_READ_SEARCH) |
							 CAPABILITY(CAP_KILL),
						 err);
		if (r == 0)
			return supervise(&p, job, inflater, writer, ret, err);
	}
	if (inflater > 0)
		kill(inflater, SIGKILL);
	if (writer > 0)
		kill(writer, SIGKILL);
	return r;
}
