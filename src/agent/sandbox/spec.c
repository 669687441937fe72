#include "agent/sandbox/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sandbox/ids.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

#define CPU_PERIOD 100000 /* µs */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Docker's default set without what only matters beside a network of the host's (CAP_NET_RAW), device nodes (CAP_MKNOD: not allowed in
 * a user namespace anyway) and file capabilities (CAP_SETFCAP). All are held inside the sandbox's user namespace only. */
#define CAPABILITIES                                                                                                   \
	"[\"CAP_CHOWN\",\"CAP_DAC_OVERRIDE\",\"CAP_FSETID\",\"CAP_FOWNER\",\"CAP_SETGID\",\"CAP_SETUID\",\"CAP_SETPCAP\","     \
	"\"CAP_NET_BIND_SERVICE\",\"CAP_SYS_CHROOT\",\"CAP_KILL\"]"

static const char mounts[] =
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\",\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"nosuid\",\"noexec\",\"strictatime\",\"mode=755\","
	"\"size=64k\",\"nr_inodes=128\"]},"
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\",\"options\":[\"nosuid\",\"noexec\",\"newinstance\","
	"\"ptmxmode=0666\",\"mode=0620\",\"gid=5\",\"max=64\"]},"
	"{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\",\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\","
	"\"size=16m\",\"nr_inodes=1024\"]},"
	"{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\",\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
	"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\",\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]}";

static const char cgroup_mount[] = ",{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\",\"options\":"
				   "[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]}";

static const char hidden_paths[] =
	"\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\",\"/proc/key-users\",\"/proc/latency_stats\","
	"\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/proc/scsi\",\"/proc/kallsyms\",\"/proc/kmsg\","
	"\"/sys/firmware\",\"/sys/devices/virtual/powercap\",\"/sys/fs/selinux\",\"/sys/kernel\",\"/sys/dev/block\"],"
	"\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]";

/* The runtime makes the usual nodes; a program may only use these. */
static const char devices[] = "{\"allow\":false,\"access\":\"rwm\"},"
			      "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"rw\"},"
			      "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":5,\"access\":\"rw\"},"
			      "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":7,\"access\":\"rw\"},"
			      "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":8,\"access\":\"rw\"},"
			      "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":9,\"access\":\"rw\"},"
			      "{\"allow\":true,\"type\":\"c\",\"major\":5,\"minor\":0,\"access\":\"rw\"},"
			      "{\"allow\":true,\"type\":\"c\",\"major\":5,\"minor\":2,\"access\":\"rw\"},"
			      "{\"allow\":true,\"type\":\"c\",\"major\":136,\"access\":\"rw\"}";

const char *spec_env_get(const char *const *env, const char *name)
{
	size_t length = strlen(name);

	for (; env != NULL && *env != NULL; env++)
		if (strncmp(*env, name, length) == 0 && (*env)[length] == '=')
			return *env + length + 1;
	return NULL;
}

/* Later values win: what the image says, then what a terminal needs, then what the caller asks for. */
static json_t *environment(const struct spec_process *process)
{
	json_t *values = json_object();
	json_t *list = json_array();
	const char *name;
	json_t *value;

	json_object_set_new(values, "PATH", json_string(DEFAULT_PATH));
	json_object_set_new(values, "LANG", json_string("C.UTF-8"));
	json_object_set_new(values, "HOME", json_string(process->user->home));
	for (const char *const *env = process->image_env; env != NULL && *env != NULL; env++) {
		const char *equals = strchr(*env, '=');
		auto_free char *key = equals != NULL ? xstrndup(*env, (size_t)(equals - *env)) : NULL;

		if (key != NULL && *key != '\0' && json_object_set_new(values, key, json_string(equals + 1)) < 0) {
			json_decref(values);
			json_decref(list);
			return NULL;
		}
	}
	json_object_set_new(values, "TERM", json_string("xterm-256color"));
	if (process->env != NULL)
		json_object_update(values, process->env);
	json_object_foreach(values, name, value)
		json_array_append_new(list, json_sprintf("%s=%s", name, json_string_value(value)));
	json_decref(values);
	return list;
}

static json_t *string_list(const char *const *strings)
{
	json_t *list = json_array();

	for (; *strings != NULL; strings++)
		if (json_array_append_new(list, json_string(*strings)) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

json_t *spec_process_json(const struct spec_process *process)
{
	const struct user *user = process->user;
	json_t *groups = json_array();
	json_t *arguments = string_list(process->arguments);
	json_t *env = environment(process);
	json_t *capabilities = json_loads(CAPABILITIES, 0, NULL);

	for (size_t i = 0; i < user->group_count; i++)
		json_array_append_new(groups, json_integer(user->groups[i]));
	/* RLIMIT_CORE of one byte, not of none: only that keeps a host's core handler (a pipe in core_pattern) from being run, core(5).
	 * json_pack releases what it was given also when a part is NULL, and gives NULL then. */
	return json_pack(
		"{s:b, s:{s:i, s:i}, s:{s:i, s:i, s:o}, s:o, s:o, s:s, s:b, s:o, s:[{s:s, s:i, s:i}, {s:s, s:i, s:i}]}",
		"terminal", 1,
		"consoleSize", "width", process->cols, "height", process->rows,
		"user", "uid", user->uid, "gid", user->gid, "additionalGids", groups,
		"args", arguments,
		"env", env,
		"cwd", process->folder[0] == '/' ? process->folder : "/",
		"noNewPrivileges", process->no_new_privileges,
		"capabilities", json_pack("{s:O, s:O, s:o}", "bounding", capabilities, "effective", capabilities, "permitted",
					  capabilities),
		"rlimits", "type", "RLIMIT_NOFILE", "soft", 1024, "hard", 4096, "type", "RLIMIT_CORE", "soft", 1, "hard", 1);
}

static void write_resources(const struct spec *spec, struct buf *out)
{
	const struct limits *limits = &spec->limits;
	unsigned long long memory = limits->memory;

	buf_printf(out,
		   "\"resources\":{\"devices\":[%s],\"memory\":{\"limit\":%llu,\"swap\":%llu},"
		   "\"cpu\":{\"shares\":%u,\"quota\":%llu,\"period\":%u},\"pids\":{\"limit\":%u}",
		   devices, memory, memory, limits->cpu > 2 ? limits->cpu : 2,
		   (unsigned long long)limits->cpu * CPU_PERIOD / 1000, CPU_PERIOD, limits->pids);
	if (spec->disk.rate > 0)
		buf_printf(out, ",\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":%u,\"minor\":%u,\"rate\":%llu}]}", spec->disk.major,
			   spec->disk.minor, (unsigned long long)spec->disk.rate);
	buf_append_string(out, "}");
}

static int append_json(struct buf *out, json_t *value)
{
	auto_free char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	if (text == NULL)
		return -EINVAL;
	buf_append_string(out, text);
	return 0;
}

static int append_string(struct buf *out, const char *s)
{
	json_t *value = json_string(s);
	int r = append_json(out, value);

	json_decref(value);
	return r;
}

static int write_linux(const struct spec *spec, struct buf *out)
{
	int r;

	buf_append_string(out, ",\"linux\":{\"namespaces\":[");
	buf_append_string(out, "{\"type\":\"user\"},{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":\"network\"},"
			       "{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"cgroup\"}],");
	buf_printf(out, "\"uidMappings\":[{\"containerID\":0,\"hostID\":%u,\"size\":%u}],", spec->id_base, ID_RANGE_SIZE);
	buf_printf(out, "\"gidMappings\":[{\"containerID\":0,\"hostID\":%u,\"size\":%u}],", spec->id_base, ID_RANGE_SIZE);
	buf_append_string(out, "\"cgroupsPath\":");
	r = append_string(out, spec->cgroup);
	buf_append_string(out, ",");
	write_resources(spec, out);
	buf_printf(out, ",%s,\"seccomp\":%s}", hidden_paths, filter_json(spec->filter));
	return r;
}

int spec_write(const struct spec *spec, struct buf *out)
{
	json_t *process = spec_process_json(spec->process);
	int r = process == NULL ? -EINVAL : 0;

	buf_append_string(out, "{\"ociVersion\":\"1.0.2\",\"process\":");
	if (r == 0)
		r = append_json(out, process);
	json_decref(process);
	buf_append_string(out, ",\"root\":{\"path\":");
	if (r == 0)
		r = append_string(out, spec->rootfs);
	buf_append_string(out, "},\"hostname\":");
	if (r == 0)
		r = append_string(out, spec->hostname);
	buf_printf(out, ",\"mounts\":[%s%s]", mounts, spec->cgroup_mount ? cgroup_mount : "");
	if (r == 0)
		r = write_linux(spec, out);
	buf_printf(out, ",\"annotations\":{\"run.oci.seccomp_bpf_data\":\"%s\"", filter_program(spec->filter));
	if (spec->shell != NULL) {
		buf_append_string(out, ",\"" SPEC_SHELL "\":");
		if (r == 0)
			r = append_string(out, spec->shell);
	}
	buf_append_string(out, "}}");
	return r;
}
