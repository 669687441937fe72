/* ttob-unpack: unpacks or packs one layer for the agent, or removes folders for it, so that the agent itself never parses an
 * archive and never waits for a disk. Started by the agent with root's rights; what it gives up, and when, is in
 * layer.h.
 *
 *   ttob-unpack layer TARGET BLOB-SIZE BLOB-DIGEST DIFF-ID BYTES-MAX ENTRIES-MAX [LOWER …]   the blob on standard input
 *   ttob-unpack remove FOLDER …
 *   ttob-unpack pack ID-BASE BYTES-MAX ENTRIES-MAX   a sandbox's upper folder is standard input, its layer goes to standard output
 *
 * On success: the tar's size on standard output (of layer), status 0. Else: one line on standard error, status 10 + enum
 * error_kind. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/image/digest.h"
#include "agent/image/merged.h"
#include "agent/image/unpack/layer.h"
#include "agent/image/unpack/outcome.h"
#include "agent/image/unpack/pack.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"

#define STATUS_BASE 10

static int usage(struct error *err)
{
	return error_set(err, ERROR_INVALID, EINVAL, "wrong arguments");
}

static int layer(int argc, char **argv, struct error *err)
{
	struct layer_job job = {.blob = STDIN_FILENO};
	struct layer_result result;
	int r;

	if (argc < 6 || argc - 6 > MERGED_LAYERS_MAX - 1)
		return usage(err);
	job.target = argv[0];
	job.blob_digest = argv[2];
	job.diff_id = argv[3];
	job.lowers = (const char *const *)argv + 6;
	job.lower_count = (size_t)argc - 6;
	if (str_to_u64(argv[1], INT64_MAX, &job.blob_size) < 0 ||
	    str_to_u64(argv[4], INT64_MAX / 2, &job.bytes_max) < 0 ||
	    str_to_u64(argv[5], INT32_MAX, &job.entries_max) < 0 || !digest_is_valid(job.blob_digest) ||
	    !digest_is_valid(job.diff_id))
		return usage(err);
	r = layer_unpack(&job, &result, err);
	if (r == 0)
		printf("%llu\n", (unsigned long long)result.bytes);
	return r;
}

static int remove_folders(int argc, char **argv, struct error *err)
{
	int r = 0;

	for (int i = 0; i < argc && r == 0; i++)
		r = dir_remove_all(argv[i], err);
	return r;
}

static int pack_folder(int argc, char **argv, struct error *err)
{
	struct pack_job job = {.folder = STDIN_FILENO, .out = STDOUT_FILENO};
	uint64_t id_base;

	if (argc != 3 || str_to_u64(argv[0], UINT32_MAX, &id_base) < 0 || str_to_u64(argv[1], INT64_MAX, &job.bytes_max) < 0 ||
	    str_to_u64(argv[2], INT32_MAX, &job.entries_max) < 0)
		return usage(err);
	job.id_base = (uint32_t)id_base;
	return pack(&job, err);
}

int main(int argc, char **argv)
{
	struct error err = {0};
	int r;

	/* Names in archives are UTF-8 or unknown bytes; both pass through unchanged with this one. */
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		(void)setlocale(LC_CTYPE, "C");
	if (argc >= 2 && str_equal(argv[1], "layer"))
		r = layer(argc - 2, argv + 2, &err);
	else if (argc >= 2 && str_equal(argv[1], "remove"))
		r = remove_folders(argc - 2, argv + 2, &err);
	else if (argc >= 2 && str_equal(argv[1], "pack"))
		r = pack_folder(argc - 2, argv + 2, &err);
	else
		r = usage(&err);
	if (r < 0) {
		outcome_clean(err.message);
		fprintf(stderr, "%s\n", err.message);
	}
	fflush(stdout);
	/* What runs at an exit (a sanitizer, say) may want rights that were given up. */
	_exit(r == 0 ? EXIT_SUCCESS : STATUS_BASE + (int)err.kind);
}
