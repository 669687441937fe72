#include "agent/image/base_layout.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/image/digest.h"
#include "agent/image/manifest.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

#define MEDIA "application/vnd.oci.image."

/* Writes the document (taken) as a blob and gives its descriptor; NULL with `err`. */
static json_t *put_blob(const char *blobs, const char *media_type, json_t *document, struct error *err)
{
	auto_free char *text = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS);
	auto_free char *path = NULL;
	char digest[DIGEST_SIZE];

	json_decref(document);
	digest_of(text, strlen(text), digest);
	path = xasprintf("%s/%s", blobs, digest_hex(digest));
	if (file_replace(path, text, strlen(text), 0644, err) < 0)
		return NULL;
	return json_pack("{s:s, s:s, s:I}", "mediaType", media_type, "digest", digest, "size",
			 (json_int_t)strlen(text));
}

static json_t *config(const char *diff_id, const char *epoch)
{
	time_t seconds = (time_t)strtoll(epoch, NULL, 10);
	struct tm tm;
	char created[32];

	gmtime_r(&seconds, &tm);
	strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_pack("{s:s, s:s, s:s, s:{s:[s,s], s:[s]}, s:{s:s, s:[s]}, s:[{s:s, s:s}]}", "created", created,
			 "architecture", manifest_architecture(), "os", "linux", "config", "Env",
			 "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "Cmd",
			 "bash", "rootfs", "type", "layers", "diff_ids", diff_id, "history", "created", created,
			 "created_by", "mmdebstrap");
}

static int put_file(const char *folder, const char *name, json_t *document, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s", folder, name);
	auto_free char *text = json_dumps(document, JSON_COMPACT);

	json_decref(document);
	return file_replace(path, text, strlen(text), 0644, err);
}

static int write_index(const char *layout, const char *blobs, json_t *layer, const char *diff_id, const char *epoch,
		       struct error *err)
{
	json_t *descriptor = put_blob(blobs, MEDIA "config.v1+json", config(diff_id, epoch), err);
	int r;

	if (descriptor == NULL) {
		json_decref(layer);
		return -EIO;
	}
	descriptor = put_blob(blobs, MEDIA "manifest.v1+json",
			      json_pack("{s:i, s:s, s:o, s:[o]}", "schemaVersion", 2, "mediaType",
					MEDIA "manifest.v1+json", "config", descriptor, "layers", layer),
			      err);
	if (descriptor == NULL)
		return -EIO;
	json_object_set_new(descriptor, "annotations", json_pack("{s:s}", "org.opencontainers.image.ref.name", "base"));
	r = put_file(layout, "index.json", json_pack("{s:i, s:[o]}", "schemaVersion", 2, "manifests", descriptor), err);
	return r == 0 ? put_file(layout, "oci-layout", json_pack("{s:s}", "imageLayoutVersion", "1.0.0"), err) : r;
}

int base_layout_write(const char *folder, const char *diff_id, const char *epoch, struct error *err)
{
	auto_free char *tar = xasprintf("%s/root.tar", folder);
	auto_free char *layout = xasprintf("%s/layout", folder);
	auto_free char *blobs = xasprintf("%s/blobs/sha256", layout);
	auto_free char *blob = xasprintf("%s/%s", blobs, digest_hex(diff_id));
	struct stat st;
	int r = dir_make_all(blobs, 0755, err);

	if (r < 0)
		return r;
	if (stat(tar, &st) < 0 || chmod(tar, 0644) < 0 || rename(tar, blob) < 0)
		return error_errno(err, errno, "cannot move %s", tar);
	return write_index(layout, blobs,
			   json_pack("{s:s, s:s, s:I}", "mediaType", MEDIA "layer.v1.tar", "digest", diff_id, "size",
				     (json_int_t)st.st_size),
			   diff_id, epoch, err);
}

static bool is_of_suite(const char *release, const char *suite)
{
	static const char *const kinds[] = {"", "-updates", "-security", "/updates"};
	size_t length = strlen(suite);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strncmp(release, suite, length) == 0 && str_equal(release + length, kinds[i]))
			return true;
	return false;
}

static bool is_known(char *const *sources, size_t count, const char *line)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(sources[i], line))
			return true;
	return false;
}

void base_sources(const char *targets, const char *suite, char **ret_sources, size_t max)
{
	auto_free char *copy = xstrdup(targets);
	char *rest = copy, *line;
	size_t count = 0;

	while (count < max && (line = strsep(&rest, "\n")) != NULL) {
		const char *origin = strsep(&line, "|"), *uri = strsep(&line, "|");
		const char *release = strsep(&line, "|"), *component = line;
		auto_free char *source = NULL;

		if (component == NULL || !str_equal(origin, "Debian") || !is_of_suite(release, suite) ||
		    strpbrk(uri, " []") != NULL ||
		    (!str_starts_with(uri, "http://") && !str_starts_with(uri, "https://") &&
		     !str_starts_with(uri, "file:")))
			continue;
		source = xasprintf("deb %s %s %s", uri, release, component);
		if (!is_known(ret_sources, count, source))
			ret_sources[count++] = steal(source);
	}
	ret_sources[count] = NULL;
}
