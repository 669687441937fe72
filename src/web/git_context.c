#include "web/git_context.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"
#include "core/dockerfile.h"
#include "core/repository.h"
#include "core/tar.h"
#include "web/spool.h"

#define BLOCK 512

struct making {
	const char *data;
	size_t length;
	const char *folder; /* or NULL */
	const char *prefix; /* "src/" or "" */
	int out;
};

static int put(struct making *making, const void *data, size_t length, struct error *err)
{
	int r = fd_write_all(making->out, data, length);

	return r < 0 ? error_errno(err, r, "cannot write a build's files") : 0;
}

/* One entry under its new name; what lies elsewhere is left out. */
static int copy_entry(struct making *making, const struct tar_entry *entry, struct error *err)
{
	static const char zeros[BLOCK];
	size_t folder = making->folder != NULL ? strlen(making->folder) : 0;
	auto_buf struct buf head = BUF_INIT;
	auto_free char *name = NULL;
	int r;

	if (folder > 0 && (strncmp(entry->name, making->folder, folder) != 0 || entry->name[folder] != '/'))
		return 0;
	name = xasprintf("%s%s", making->prefix, entry->name + (folder > 0 ? folder + 1 : 0));
	if (*name == '\0' || str_ends_with(name, "/"))
		return 0;
	r = tar_add_header(&head, name, entry, err);
	if (r == 0)
		r = put(making, head.data, head.length, err);
	if (r == 0)
		r = put(making, entry->data, entry->length, err);
	if (r == 0 && entry->length % BLOCK != 0)
		r = put(making, zeros, BLOCK - entry->length % BLOCK, err);
	return r;
}

static int copy_entries(struct making *making, struct error *err)
{
	auto_buf struct buf end = BUF_INIT;
	struct tar_reader reader;
	struct tar_entry entry;
	int r;

	tar_reader_init(&reader, making->data, making->length);
	while ((r = tar_reader_next(&reader, &entry, err)) > 0)
		if ((r = copy_entry(making, &entry, err)) < 0)
			break;
	tar_reader_fini(&reader);
	tar_finish(&end);
	return r < 0 ? r : put(making, end.data, end.length, err);
}

/* The Dockerfile and the script of the author, then the repository in a folder beside them. */
static int add_script(struct making *making, const struct project *project, const json_t *source, char **ret_dockerfile, struct error *err)
{
	const char *script = json_string_value(json_object_get(source, "script"));
	const struct dockerfile_source ask = {
		.base = json_string_value(json_object_get(source, "base")), .script = script, .script_length = strlen(script)};
	auto_buf struct buf tar = BUF_INIT;
	auto_buf struct buf dockerfile = BUF_INIT;
	auto_buf struct buf file = BUF_INIT;
	const char *text;
	int r = dockerfile_from_repository(&ask, &dockerfile, &file, err);

	if (r < 0)
		return r;
	text = project->dockerfile != NULL ? project->dockerfile : dockerfile.data; /* the project's has labels */
	r = tar_add_file(&tar, "Dockerfile", 0644, text, strlen(text), err);
	if (r == 0)
		r = tar_add_file(&tar, DOCKERFILE_SCRIPT_NAME, 0644, file.data, file.length, err);
	if (r == 0)
		r = put(making, tar.data, tar.length, err);
	if (r == 0)
		*ret_dockerfile = xstrdup(text);
	return r;
}

static int check_repository(const struct making *making, bool script, char **ret_dockerfile, struct error *err)
{
	struct repository repository;
	int r = repository_read(making->data, making->length, making->folder, &repository, err);

	if (r < 0)
		return r;
	if (repository.file_count == 0)
		r = error_set(err, ERROR_NOT_FOUND, ENOENT, making->folder != NULL ? "the repository has no folder %s with files" : "the repository is empty",
			      making->folder);
	else if (!script && repository_text(&repository, "Dockerfile") == NULL)
		r = error_set(err, ERROR_NOT_FOUND, ENOENT, "the repository has no Dockerfile%s%s; publish it with a script",
			      making->folder != NULL ? " in " : " at its top", making->folder != NULL ? making->folder : "");
	else if (!script)
		*ret_dockerfile = xstrdup(repository_text(&repository, "Dockerfile"));
	repository_fini(&repository);
	return r;
}

static int make(struct making *making, const struct project *project, const json_t *source, char **ret_dockerfile, struct error *err)
{
	bool script = json_is_string(json_object_get(source, "script")) && json_is_string(json_object_get(source, "base"));
	const char *folder = json_string_value(json_object_get(source, "folder"));
	int r;

	making->folder = folder != NULL && *folder != '\0' ? folder : NULL;
	making->prefix = script ? DOCKERFILE_FOLDER "/" : "";
	r = check_repository(making, script, ret_dockerfile, err);
	if (r == 0 && script)
		r = add_script(making, project, source, ret_dockerfile, err);
	if (r == 0)
		r = copy_entries(making, err);
	if (r == 0 && lseek(making->out, 0, SEEK_SET) < 0)
		r = error_errno(err, errno, "cannot write a build's files");
	return r;
}

int git_context_make(const char *data_folder, int tar, const struct project *project, int *ret_context, char **ret_dockerfile,
		     struct error *err)
{
	json_t *source = project->source != NULL ? json_loads(project->source, 0, NULL) : NULL;
	auto_fd int out = -1;
	struct making making = {0};
	struct stat status;
	void *data = MAP_FAILED;
	int r = spool_file(data_folder, &out, err);

	*ret_dockerfile = NULL;
	making.out = out;
	if (r == 0 && fstat(tar, &status) == 0 && status.st_size > 0)
		data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, tar, 0);
	if (r == 0 && data == MAP_FAILED)
		r = error_set(err, ERROR_MALFORMED, EBADMSG, "nothing was fetched");
	if (r == 0) {
		making.data = data;
		making.length = (size_t)status.st_size;
		r = make(&making, project, source, ret_dockerfile, err);
	}
	if (data != MAP_FAILED)
		munmap(data, (size_t)status.st_size);
	json_decref(source);
	if (r < 0) {
		free(*ret_dockerfile);
		*ret_dockerfile = NULL;
		return r;
	}
	*ret_context = steal_fd(&out);
	return 0;
}
