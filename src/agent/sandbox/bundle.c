#include "agent/sandbox/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/sandbox/rootfs.h"
#include "base/cleanup.h"
#include "base/fd.h"

#define INODE_PER_BYTES 8192 /* as many files as a small file system of that size has */
#define HOSTNAME "sandbox"

static const char hosts_file[] = "127.0.0.1\tlocalhost " HOSTNAME "\n::1\tlocalhost ip6-localhost ip6-loopback\n";

/* Files written live in memory and count as such: a full disk has to be noticed as ENOSPC before the memory limit kills. */
static uint64_t writable_size(const struct limits *limits)
{
	uint64_t most = limits->memory / 4 * 3;

	return limits->disk < most ? limits->disk : most;
}

static int mount_root(struct sandbox *sandbox, const char *path, struct error *err)
{
	uint64_t size = writable_size(&sandbox->limits);
	struct rootfs_options options = {
		.layers = (const char *const *)sandbox->image->layers,
		.layer_count = sandbox->image->layer_count,
		.id_base = sandbox->id_base,
		.size = size,
		.inodes = size / INODE_PER_BYTES + 1024,
	};

	return rootfs_mount(&options, path, &sandbox->writable, err);
}

/* Writes a file of the sandbox's root user, through no link that the image may have put there. A failure is not worth a refusal: an
 * image without /etc has no program that reads it. */
static void write_at(const struct sandbox *sandbox, int folder, const char *name, const char *text)
{
	auto_fd int fd = -1;

	unlinkat(folder, name, 0);
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd >= 0 && fchown(fd, sandbox->id_base, sandbox->id_base) == 0)
		fd_write_all(fd, text, strlen(text));
}

/* A login shell reads /etc/profile, and Debian's replaces PATH, so that programs which the image put elsewhere (/usr/local/go/bin) would
 * not be found. The last file that the profile reads gives it back. */
static void write_profile(const struct sandbox *sandbox, int root)
{
	const char *path = spec_env_get((const char *const *)sandbox->image->config.env, "PATH");
	auto_fd int folder = path != NULL ? rootfs_open(root, "/etc/profile.d", O_PATH | O_DIRECTORY) : -1;
	auto_buf struct buf text = BUF_INIT;

	if (folder < 0)
		return;
	buf_append_string(&text, "PATH='");
	for (; *path != '\0'; path++) {
		if (*path == '\'')
			buf_append_string(&text, "'\\''");
		else
			buf_append_char(&text, *path);
	}
	buf_append_string(&text, "'\n");
	write_at(sandbox, folder, "zz-image-path.sh", text.data);
}

static void write_small_files(const struct sandbox *sandbox, int root)
{
	auto_fd int etc = rootfs_open(root, "/etc", O_PATH | O_DIRECTORY);

	if (etc < 0)
		return;
	write_at(sandbox, etc, "hosts", hosts_file);
	write_at(sandbox, etc, "hostname", HOSTNAME "\n");
	if (sandbox->network)
		write_at(sandbox, etc, "resolv.conf", network_resolv_conf(sandbox->sandboxes->agent->network));
	write_profile(sandbox, root);
}

/* NULL when there is none. */
static const char *find_shell(int root)
{
	static const char *const shells[] = {"/bin/bash", "/usr/bin/bash", "/bin/sh", "/usr/bin/sh"};

	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (rootfs_has_program(root, shells[i]))
			return shells[i];
	return NULL;
}

static const char **command_arguments(json_t *command)
{
	size_t count = json_array_size(command);
	const char **arguments = xcalloc(count + 1, sizeof(*arguments));

	for (size_t i = 0; i < count; i++)
		arguments[i] = json_string_value(json_array_get(command, i));
	return arguments;
}

static int write_file(const char *path, const char *text, struct error *err)
{
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));

	return r < 0 ? error_errno(err, r, "cannot write %s", path) : 0;
}

static int write_config(struct sandbox *sandbox, const struct spec_process *process, const char *shell, struct error *err)
{
	auto_free char *rootfs = sandbox_path(sandbox, "rootfs");
	auto_free char *cgroup = sandbox_cgroup(sandbox);
	auto_free char *path = sandbox_path(sandbox, "config.json");
	auto_buf struct buf text = BUF_INIT;
	struct spec spec = {
		.process = process,
		.shell = shell,
		.rootfs = rootfs,
		.hostname = HOSTNAME,
		.cgroup = cgroup,
		.id_base = sandbox->id_base,
		.limits = sandbox->limits,
		.disk = sandbox->sandboxes->disk,
		.filter = sandbox->sandboxes->filter,
		.cgroup_mount = sandbox->sandboxes->cgroup_mount,
	};
	int r = spec_write(&spec, &text);

	if (r < 0)
		return error_set(err, ERROR_INVALID, EINVAL, "the image's settings are no UTF-8");
	return write_file(path, text.data, err);
}

static int write_bundle(struct sandbox *sandbox, int root, json_t *command, json_t *env, struct error *err)
{
	const char *shell = find_shell(root);
	const char *login[] = {shell, "-l", NULL};
	auto_free const char **own = command != NULL ? command_arguments(command) : NULL;
	struct user user;
	struct spec_process process = {
		.arguments = own != NULL ? own : login,
		.image_env = (const char *const *)sandbox->image->config.env,
		.env = env,
		.folder = sandbox->image->config.working_dir,
		.user = &user,
		.no_new_privileges = sandbox->sandboxes->no_new_privileges,
		.cols = sandbox->cols,
		.rows = sandbox->rows,
	};
	int r;

	if (own == NULL && shell == NULL)
		return error_set(err, ERROR_UNSUPPORTED, ENOEXEC,
				 "the image has no shell (neither /bin/bash nor /bin/sh), so nobody can type into it");
	r = user_find(root, sandbox->image->config.user, &user, err);
	if (r < 0)
		return r;
	write_small_files(sandbox, root);
	return write_config(sandbox, &process, shell, err);
}

int bundle_make(struct sandbox *sandbox, json_t *command, json_t *env, struct error *err)
{
	auto_free char *folder = sandbox_path(sandbox, NULL);
	auto_free char *rootfs = sandbox_path(sandbox, "rootfs");
	auto_fd int root = -1;
	int r;

	if (mkdir(folder, 0711) < 0 || mkdir(rootfs, 0711) < 0)
		return error_errno(err, errno, "cannot make %s", rootfs);
	r = mount_root(sandbox, rootfs, err);
	if (r < 0)
		return r;
	root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_errno(err, errno, "cannot open %s", rootfs);
	return write_bundle(sandbox, root, command, env, err);
}

int bundle_write_process(struct sandbox *sandbox, unsigned n, unsigned cols, unsigned rows, struct error *err)
{
	auto_free char *config_path = sandbox_path(sandbox, "config.json");
	auto_free char *name = xasprintf("process-%u.json", n);
	auto_free char *path = sandbox_path(sandbox, name);
	auto_free char *text = NULL;
	json_t *config = json_load_file(config_path, 0, NULL);
	json_t *process = json_object_get(config, "process");
	json_t *shell = json_object_get(json_object_get(config, "annotations"), SPEC_SHELL);
	int r;

	if (!json_is_object(process) || !json_is_string(shell)) {
		r = config == NULL ? error_set(err, ERROR_INTERNAL, EIO, "cannot read %s", config_path)
				   : error_set(err, ERROR_UNSUPPORTED, ENOEXEC, "the image has no shell for a further terminal");
		json_decref(config);
		return r;
	}
	json_object_set_new(process, "args", json_pack("[O, s]", shell, "-l"));
	json_object_set_new(process, "consoleSize", json_pack("{s:i, s:i}", "width", cols, "height", rows));
	text = json_dumps(process, JSON_COMPACT);
	json_decref(config);
	return write_file(path, text, err);
}
