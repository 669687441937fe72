#include "agent/build/etc.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/build/files.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

#define COPY_MAX ((size_t)1 << 20)

static int write_file(const char *folder, const char *name, const void *data, size_t length, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s", folder, name);

	return files_put(path, data, length, 0644, (uid_t)-1, err);
}

static int write_text(const char *folder, const char *name, const char *text, struct error *err)
{
	return write_file(folder, name, text, strlen(text), err);
}

/* What the host does not have stays away. */
static int copy_file(const char *folder, const char *name, const char *from, struct error *err)
{
	auto_buf struct buf text = BUF_INIT;

	if (file_read(AT_FDCWD, from, COPY_MAX, &text) < 0)
		return 0;
	return write_file(folder, name, text.data != NULL ? text.data : "", text.length, err);
}

static int copy_registries(const char *folder, struct error *err)
{
	static const char from[] = "/etc/containers/registries.conf.d";
	auto_free char *to = xasprintf("%s/containers/registries.conf.d", folder);
	DIR *dir = opendir(from);
	struct dirent *entry;
	int r = copy_file(folder, "containers/registries.conf", "/etc/containers/registries.conf", err);

	if (r == 0 && dir != NULL)
		r = dir_make_all(to, 0755, err);
	while (r == 0 && dir != NULL && (entry = readdir(dir)) != NULL) {
		auto_free char *path = xasprintf("%s/%s", from, entry->d_name);

		if (str_ends_with(entry->d_name, ".conf"))
			r = copy_file(to, entry->d_name, path, err);
	}
	if (dir != NULL)
		closedir(dir);
	return r;
}

static int write_storage(const char *folder, size_t bases, struct error *err)
{
	auto_buf struct buf text = BUF_INIT;

	buf_append_string(&text, "[storage]\ndriver = \"overlay\"\ngraphroot = \"/scratch/storage\"\nrunroot = \"/run/storage\"\n"
				 "[storage.options]\nadditionalimagestores = [");
	for (size_t i = 0; i < bases; i++)
		buf_printf(&text, "%s\"/base/%zu/store\"", i > 0 ? ", " : "", i);
	buf_append_string(&text, "]\n");
	return write_file(folder, "containers/storage.conf", text.data, text.length, err);
}

static int write_basics(const char *folder, struct error *err)
{
	static const struct {
		const char *name;
		const char *text;
	} files[] = {
		{"passwd", "root:x:0:0:root:/tmp:/bin/false\n"},
		{"group", "root:x:0:\n"},
		{"nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"},
		/* Images are what a registry says they are: nothing here is signed, and the build is confined. */
		{"containers/policy.json", "{\"default\": [{\"type\": \"insecureAcceptAnything\"}]}\n"},
		{"containers/registries.conf", "unqualified-search-registries = []\n"},
		{"containers/containers.conf", "[containers]\n"},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		r = write_text(folder, files[i].name, files[i].text, err);
	return r;
}

static int write_names(const char *folder, const struct etc_options *options, struct error *err)
{
	int r;

	if (options->resolv_conf == NULL) {
		r = copy_file(folder, "resolv.conf", "/etc/resolv.conf", err);
		return r == 0 ? copy_file(folder, "hosts", "/etc/hosts", err) : r;
	}
	r = write_text(folder, "resolv.conf", options->resolv_conf, err);
	return r == 0 ? write_text(folder, "hosts", "127.0.0.1\tlocalhost\n", err) : r;
}

int etc_make(const char *folder, const struct etc_options *options, struct error *err)
{
	auto_free char *containers = xasprintf("%s/containers", folder);
	int r = dir_make_all(folder, 0755, err);

	if (r == 0)
		r = dir_make_all(containers, 0755, err);
	if (r == 0)
		r = write_basics(folder, err);
	if (r == 0)
		r = copy_file(folder, "ld.so.cache", "/etc/ld.so.cache", err);
	if (r == 0)
		r = write_names(folder, options, err);
	if (r == 0)
		r = write_storage(folder, options->bases, err);
	return r == 0 && options->registries ? copy_registries(folder, err) : r;
}
