/* Many idle sandboxes at once: what each costs in memory (everything: MemAvailable before and after), whether the last
 * starts as fast as the first, and whether anything is left when they have ended. Run it on the platform's machine, as
 * root, with nothing else going on. TTOB_URL, PROJECT, COUNT (1000), LEFT_OVER (count for the check of what is left:
 * 200; 0: none). */
#include <dirent.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/util.h"
#include "lib/http.h"
#include "lib/stats.h"

struct guest {
	struct person person;
	char id[128];
};

static double meminfo(const char *key)
{
	char line[256];
	double kib = 0;
	FILE *file = fopen("/proc/meminfo", "re");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
			kib = strtod(line + strlen(key) + 1, NULL);
	if (file != NULL)
		fclose(file);
	return kib;
}

static double count_lines(const char *path)
{
	double lines = 0;
	int c;
	FILE *file = fopen(path, "re");

	while (file != NULL && (c = getc(file)) != EOF)
		lines += c == '\n';
	if (file != NULL)
		fclose(file);
	return lines;
}

static double read_number(const char *path)
{
	double value = 0;
	FILE *file = fopen(path, "re");

	if (file != NULL && fscanf(file, "%lf", &value) != 1)
		value = 0;
	if (file != NULL)
		fclose(file);
	return value;
}

static double cgroup_count;

static int count_folder(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path;
	(void)st;
	(void)ftw;
	cgroup_count += type == FTW_D;
	return 0;
}

static double count_cgroups(void)
{
	cgroup_count = 0;
	nftw("/sys/fs/cgroup", count_folder, 16, FTW_PHYS);
	return cgroup_count;
}

static double count_entries(const char *path)
{
	DIR *dir = opendir(path);
	double entries = 0;

	while (dir != NULL && readdir(dir) != NULL)
		entries++;
	if (dir != NULL)
		closedir(dir);
	return entries > 2 ? entries - 2 : 0;
}

/* Goes through /proc: user processes, network namespaces, and the open descriptors of the platform's own processes. */
static void count_processes(double *processes, double *namespaces, double *descriptors)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char seen[4096][32];
	size_t count = 0;

	*processes = *descriptors = 0;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char path[300], text[64] = "";
		size_t i;
		ssize_t n;
		FILE *file;

		if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/exe", entry->d_name);
		if (readlink(path, text, sizeof(text) - 1) < 0)
			continue; /* a kernel thread */
		++*processes;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = fopen(path, "re");
		if (file != NULL && fgets(text, sizeof(text), file) != NULL && strncmp(text, "ttob", 4) == 0) {
			snprintf(path, sizeof(path), "/proc/%s/fd", entry->d_name);
			*descriptors += count_entries(path);
		}
		if (file != NULL)
			fclose(file);
		snprintf(path, sizeof(path), "/proc/%s/ns/net", entry->d_name);
		n = readlink(path, text, sizeof(text) - 1);
		text[n > 0 ? n : 0] = '\0';
		for (i = 0; i < count && strcmp(seen[i], text) != 0; i++)
			;
		if (i == count && count < ARRAY_SIZE(seen))
			snprintf(seen[count++], sizeof(seen[0]), "%.31s", text);
	}
	if (dir != NULL)
		closedir(dir);
	*namespaces = (double)count;
}

enum { MOUNTS, CGROUPS, PROCESSES, NAMESPACES, DESCRIPTORS, PTYS, TMPFS, DISK, THINGS };

static const char *const thing_names[THINGS] = {"mounts",      "cgroups",          "processes", "network namespaces",
						"descriptors", "pseudo-terminals", "shmem KiB", "disk KiB"};

static void take_stock(double *things)
{
	const char *wanted = getenv("DATA");
	const char *data = wanted != NULL ? wanted : "/var/lib";
	struct statvfs fs = {0};

	things[MOUNTS] = count_lines("/proc/1/mountinfo");
	things[CGROUPS] = count_cgroups();
	count_processes(&things[PROCESSES], &things[NAMESPACES], &things[DESCRIPTORS]);
	things[PTYS] = read_number("/proc/sys/kernel/pty/nr");
	things[TMPFS] = meminfo("Shmem");
	statvfs(data, &fs);
	things[DISK] = (double)(fs.f_blocks - fs.f_bfree) * (double)fs.f_frsize / 1024;
}

/* Starts one; gives the milliseconds until the POST was answered, -1 when it was refused. */
static double start(struct guest *guest, const struct site *site, const char *body)
{
	static struct answer answer;
	double begin;

	guest->person = (struct person){.site = site, .fd = site_connect(site)};
	begin = now_seconds();
	person_call(&guest->person, "POST", "/api/v1/sandboxes", body, &answer);
	begin = (now_seconds() - begin) * 1e3;
	person_leave(&guest->person);
	json_find(answer.body, "id", guest->id, sizeof(guest->id));
	if (answer.status == 201)
		return begin;
	fprintf(stderr, "POST /api/v1/sandboxes: %d %s\n", answer.status, answer.body);
	if (answer.status != 202)
		guest->id[0] = '\0';
	return -1;
}

static void end(struct guest *guest)
{
	static struct answer answer;
	char path[512];

	if (guest->id[0] == '\0')
		return;
	snprintf(path, sizeof(path), "/api/v1/sandboxes/%s", guest->id);
	person_call(&guest->person, "DELETE", path, NULL, &answer);
	person_leave(&guest->person);
}

static double p50_of(const double *values, int from, int to)
{
	struct samples samples = {0};
	double p50;

	for (int i = from; i < to; i++)
		samples_add(&samples, values[i]);
	p50 = samples_percentile(&samples, 50);
	samples_fini(&samples);
	return p50;
}

/* Starts `count` and gives how many came up. */
static int fill(struct guest *guests, const struct site *site, const char *body, int count, double *ms)
{
	int started = 0;

	while (started < count) {
		ms[started] = start(&guests[started], site, body);
		if (ms[started] < 0) {
			end(&guests[started]);
			break;
		}
		started++;
	}
	return started;
}

static void measure_memory(struct guest *guests, const struct site *site, const char *body, int count)
{
	static const char *const keys[] = {"AnonPages",   "Shmem",  "Slab",  "PageTables",
					   "KernelStack", "Percpu", "Cached"};
	double before[ARRAY_SIZE(keys)], available = meminfo("MemAvailable"), each, first, last;
	double *ms = xcalloc((size_t)count, sizeof(double));
	int started;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		before[i] = meminfo(keys[i]);
	started = fill(guests, site, body, count, ms);
	sleep(3);
	each = started > 0 ? (available - meminfo("MemAvailable")) / started : 0;
	first = p50_of(ms, 0, started < 10 ? started : 10);
	last = p50_of(ms, started > 10 ? started - 10 : 0, started);
	printf("%d idle sandboxes at once: %.0f KiB each, all in; first ten start in %.1f ms (p50), last ten in %.1f "
	       "ms\n",
	       started, each, first, last);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		printf("  %-12s %+8.1f KiB each\n", keys[i],
		       started > 0 ? (meminfo(keys[i]) - before[i]) / started : 0);
	bench_json("many_sandboxes", "count", (double)started, "kib_each", each, "first_ten_p50_ms", first,
		   "last_ten_p50_ms", last, NULL);
	for (int i = 0; i < started; i++)
		end(&guests[i]);
	sleep(3);
	free(ms);
}

static void check_left_over(struct guest *guests, const struct site *site, const char *body, int count)
{
	double before[THINGS], during[THINGS], after[THINGS];
	double *ms = xcalloc((size_t)count, sizeof(double));
	int started;

	take_stock(before);
	started = fill(guests, site, body, count, ms);
	take_stock(during);
	for (int i = 0; i < started; i++)
		end(&guests[i]);
	sleep(3);
	take_stock(after);
	printf("what is left when %d have ended     before   during    after\n", started);
	for (int i = 0; i < THINGS; i++)
		printf("  %-28s %10.0f %8.0f %8.0f\n", thing_names[i], before[i], during[i], after[i]);
	bench_json("left_over", "count", (double)started, "mounts", after[MOUNTS] - before[MOUNTS], "cgroups",
		   after[CGROUPS] - before[CGROUPS], "processes", after[PROCESSES] - before[PROCESSES], "netns",
		   after[NAMESPACES] - before[NAMESPACES], "fds", after[DESCRIPTORS] - before[DESCRIPTORS], "ptys",
		   after[PTYS] - before[PTYS], "shmem_kib", after[TMPFS] - before[TMPFS], "disk_kib",
		   after[DISK] - before[DISK], NULL);
	free(ms);
}

int main(void)
{
	int count = (int)bench_option("COUNT", 1000);
	const char *wanted = getenv("LEFT_OVER");
	int left_over = wanted != NULL ? atoi(wanted) : 200;
	int most = count > left_over ? count : left_over;
	struct guest *guests = xcalloc((size_t)most, sizeof(*guests));
	const char *project = getenv("PROJECT");
	char body[512];
	struct site site;

	signal(SIGPIPE, SIG_IGN);
	if (project == NULL || *project == '\0') {
		fprintf(stderr, "PROJECT must name a project that is ready (\"owner/name\")\n");
		return 2;
	}
	site_init(&site);
	snprintf(body, sizeof(body), "{\"project\": \"%s\", \"cols\": 80, \"rows\": 24}", project);
	fill(guests, &site, body, 1, &(double){0}); /* warm: the image's layers are mounted, libraries are read */
	end(&guests[0]);
	if (left_over > 0)
		check_left_over(guests, &site, body, left_over);
	measure_memory(guests, &site, body, count);
	free(guests);
	return 0;
}
