/* Many uploads at once: how long POST /projects and …/versions take until they are accepted. bench/publish.py starts it, restarts the
 * platform when it prints "half", and compares what it wrote down with what the platform has.
 *   publish_load COOKIES SCRIPT ARCHIVE RECORD       (TTOB_URL, UPLOADS, CONNECTIONS, BASE)
 * COOKIES: "name session" a line, an author each. SCRIPT: what all scripts begin with. ARCHIVE: a tar with the digits 00000000 in it, which
 * become the upload's number. RECORD: "upload way author name status build milliseconds calls" a line is written there. Of ten uploads six
 * are new projects made of a script, two are new projects with an archive, two are versions of the projects v0, v1, … that each author has.
 * Who gets no answer asks again: 409 then means that the first one was heard. */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"
#include "lib/http.h"
#include "lib/stats.h"

#define BOUNDARY "ttob-bench-c5d1"
#define AUTHORS_MAX 1000
#define AGAIN_US 20000

enum way { SCRIPT, ARCHIVE, VERSION, WAYS };

static const char *const way_names[WAYS] = {"script", "archive", "version"};
static const enum way ways[10] = {SCRIPT, ARCHIVE, SCRIPT, VERSION, SCRIPT, SCRIPT, ARCHIVE, SCRIPT, VERSION, SCRIPT};

struct author {
	char name[64];
	char cookie[128];
};

struct result {
	int status;
	unsigned calls;
	unsigned busy; /* calls that were answered with 503 */
	double ms; /* of the last call */
	char build[24];
};

/* Shared with the clients. */
struct tally {
	atomic_size_t next;
	struct result results[];
};

struct load {
	struct site site;
	struct author authors[AUTHORS_MAX];
	size_t author_count;
	size_t uploads;
	const char *base;
	struct buf script;
	struct buf archive;
	size_t mark; /* where the archive's number stands */
	struct tally *tally;
};

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

/* ---- one upload ------------------------------------------------------------------------------------------------------- */

/* Every author does all of it. */
static enum way way_of(const struct load *load, size_t upload)
{
	return ways[(upload + upload / load->author_count) % 10];
}

static void name_of(const struct load *load, size_t upload, char *out, size_t size)
{
	/* Each author's round has a project of its own: one build of a project at a time. */
	if (way_of(load, upload) == VERSION)
		snprintf(out, size, "v%zu", upload / load->author_count);
	else
		snprintf(out, size, "u%zu", upload);
}

static void append_script(struct buf *out, const struct load *load, size_t upload)
{
	for (const char *p = load->script.data; p < load->script.data + load->script.length; p++)
		if (*p == '\n')
			buf_append_string(out, "\\n");
		else
			buf_append_char(out, *p);
	buf_printf(out, "echo upload-%zu > /opt/upload\\n", upload);
}

static void append_source(struct buf *out, const struct load *load, size_t upload)
{
	if (way_of(load, upload) == ARCHIVE) {
		buf_append_string(out, "{\"kind\": \"dockerfile\"}");
		return;
	}
	buf_printf(out, "{\"kind\": \"script\", \"base\": \"%s\", \"script\": \"", load->base);
	append_script(out, load, upload);
	buf_append_string(out, "\"}");
}

static void append_form(struct buf *out, const struct load *load, size_t upload, const char *name)
{
	if (way_of(load, upload) == VERSION) {
		buf_append_string(out, "{\"source\": ");
	} else {
		buf_printf(out, "{\"name\": \"%s\", \"summary\": \"Upload %zu of many\", \"category\": \"fun\", \"tags\": [\"bench\"], ", name, upload);
		buf_append_string(out, "\"readme\": \"# A program\\n\\n");
		for (int i = 0; i < 20; i++)
			buf_append_string(out, "It prints large letters, in many fonts, and knows Hangul too: 한글.\\n");
		buf_append_string(out, "\", \"smoke\": \"cat /opt/upload\", \"source\": ");
	}
	append_source(out, load, upload);
	buf_append_char(out, '}');
}

/* The parts "project" and "context". */
static void append_parts(struct buf *out, const struct load *load, size_t upload, const struct buf *form)
{
	char number[24];
	size_t at;

	buf_append_string(out, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"project\"\r\nContent-Type: application/json\r\n\r\n");
	buf_append(out, form->data, form->length);
	buf_append_string(out, "\r\n--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"context\"; filename=\"context.tar\"\r\n"
			       "Content-Type: application/x-tar\r\n\r\n");
	at = out->length + load->mark;
	buf_append(out, load->archive.data, load->archive.length);
	snprintf(number, sizeof(number), "%08zu", upload);
	memcpy(out->data + at, number, 8);
	buf_append_string(out, "\r\n--" BOUNDARY "--\r\n");
}

static void upload_one(const struct load *load, size_t upload, struct person *person, struct result *result)
{
	static struct answer answer;
	const struct author *author = &load->authors[upload % load->author_count];
	auto_buf struct buf form = BUF_INIT;
	auto_buf struct buf parts = BUF_INIT;
	bool archive = way_of(load, upload) == ARCHIVE;
	const struct buf *body = archive ? &parts : &form;
	char name[32], path[128] = "/api/v1/projects";

	name_of(load, upload, name, sizeof(name));
	append_form(&form, load, upload, name);
	if (archive)
		append_parts(&parts, load, upload, &form);
	if (way_of(load, upload) == VERSION)
		snprintf(path, sizeof(path), "/api/v1/projects/%s/%s/versions", author->name, name);
	snprintf(person->cookie, sizeof(person->cookie), "ttob_session=%s", author->cookie);
	do {
		double begin = now_seconds();

		person_send(person, "POST", path, archive ? "multipart/form-data; boundary=" BOUNDARY : "application/json", body->data,
			    body->length, &answer);
		result->ms = (now_seconds() - begin) * 1e3;
		result->calls++;
		result->busy += answer.status == 503;
		if (answer.status == 0 || answer.status == 503)
			usleep(AGAIN_US);
	} while (answer.status == 0 || answer.status == 503);
	result->status = answer.status;
	if (answer.status == 202) {
		const char *build = strstr(answer.body, "\"build\":");

		/* Of a new project, or of the answer: the same, and projects have no id. */
		json_find(build != NULL ? build : answer.body, "id", result->build, sizeof(result->build));
	} else if (answer.status != 409 || result->calls == 1) {
		fprintf(stderr, "upload %zu: %d %.300s\n", upload, answer.status, answer.body);
	}
}

/* From an address of its own, as people are: what one address may send at a time is limited. */
static void client(const struct load *load, const char *address)
{
	struct person person = {.site = &load->site, .fd = -1, .address = address};
	size_t upload;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((upload = atomic_fetch_add(&load->tally->next, 1)) < load->uploads) {
		if (upload == load->uploads / 2) {
			printf("half\n");
			fflush(stdout);
		}
		upload_one(load, upload, &person, &load->tally->results[upload]);
	}
	_exit(0);
}

/* ---- all of them -------------------------------------------------------------------------------------------------------- */

static void read_authors(struct load *load, const char *path)
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		fail("there is no file of authors");
	while (load->author_count < AUTHORS_MAX &&
	       fscanf(file, "%63s %127s", load->authors[load->author_count].name, load->authors[load->author_count].cookie) == 2)
		load->author_count++;
	fclose(file);
}

static void read_files(struct load *load, const char *script, const char *archive)
{
	char *mark;

	if (file_read(AT_FDCWD, script, 1 << 20, &load->script) < 0 || file_read(AT_FDCWD, archive, 64 << 20, &load->archive) < 0)
		fail("script or archive can't be read");
	mark = memmem(load->archive.data, load->archive.length, "00000000", 8);
	while (mark != NULL && memcmp(mark + 8, "mark", 4) != 0)
		mark = memmem(mark + 1, load->archive.length - (size_t)(mark + 1 - load->archive.data), "00000000", 8);
	if (mark == NULL)
		fail("the archive has no place for a number");
	load->mark = (size_t)(mark - load->archive.data);
}

static void write_record(const struct load *load, const char *path)
{
	FILE *file = fopen(path, "we");

	if (file == NULL)
		fail("the record can't be written");
	for (size_t i = 0; i < load->uploads; i++) {
		const struct result *result = &load->tally->results[i];
		char name[32];

		name_of(load, i, name, sizeof(name));
		fprintf(file, "%zu %s %s %s %d %s %.3f %u\n", i, way_names[way_of(load, i)], load->authors[i % load->author_count].name, name,
			result->status, *result->build != '\0' ? result->build : "-", result->ms, result->calls);
	}
	fclose(file);
}

static void report(const char *what, struct samples *samples)
{
	char name[64];

	printf("%-24s %7zu %8.2f %8.2f %8.2f %8.2f\n", what, samples->count, samples_percentile(samples, 50), samples_percentile(samples, 95),
	       samples_percentile(samples, 99), samples_percentile(samples, 100));
	snprintf(name, sizeof(name), "accept %s", what);
	bench_json(name, "count", (double)samples->count, "p50_ms", samples_percentile(samples, 50), "p95_ms", samples_percentile(samples, 95),
		   "p99_ms", samples_percentile(samples, 99), "max_ms", samples_percentile(samples, 100), NULL);
}

static void report_all(const struct load *load, double seconds)
{
	struct samples all = {0}, by_way[WAYS] = {{0}};
	size_t again = 0, busy = 0;

	for (size_t i = 0; i < load->uploads; i++) {
		const struct result *result = &load->tally->results[i];

		busy += result->busy > 0;
		if (result->calls != 1) {
			again++;
		} else if (result->status == 202) {
			samples_add(&all, result->ms);
			samples_add(&by_way[way_of(load, i)], result->ms);
		}
	}
	printf("%-24s %7s %8s %8s %8s %8s\n", "accepted, ms", "count", "p50", "p95", "p99", "max");
	report("all", &all);
	for (size_t i = 0; i < WAYS; i++) {
		report(way_names[i], &by_way[i]);
		samples_fini(&by_way[i]);
	}
	printf("%.0f uploads a second, the restart's time included; %zu were sent again, %zu of them after a 503\n", (double)load->uploads / seconds,
	       again, busy);
	samples_fini(&all);
}

int main(int argc, char **argv)
{
	static struct load load;
	unsigned connections = (unsigned)bench_option("CONNECTIONS", 24);
	double begin;

	if (argc != 5)
		fail("publish_load COOKIES SCRIPT ARCHIVE RECORD");
	signal(SIGPIPE, SIG_IGN);
	site_init(&load.site);
	load.uploads = (size_t)bench_option("UPLOADS", 10000);
	load.base = getenv("BASE") != NULL ? getenv("BASE") : "debian:bookworm";
	read_authors(&load, argv[1]);
	read_files(&load, argv[2], argv[3]);
	load.tally = mmap(NULL, sizeof(*load.tally) + load.uploads * sizeof(struct result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (load.author_count == 0 || load.tally == MAP_FAILED)
		fail("nobody uploads");
	begin = now_seconds();
	for (unsigned i = 0; i < connections; i++)
		if (fork() == 0) {
			char address[32];

			snprintf(address, sizeof(address), "127.0.%u.%u", 1 + i / 200, 1 + i % 200);
			client(&load, address);
		}
	while (wait(NULL) > 0)
		;
	write_record(&load, argv[4]);
	report_all(&load, now_seconds() - begin);
	return 0;
}
