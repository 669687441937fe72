#include "agent/build/spec.h"

#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "base/util.h"

#define IDS 65536

/* buildah's own needs in its user namespace, and what it may hand on to a RUN (the containers project's default set). */
static const char *const capabilities[] = {"CAP_CHOWN",	  "CAP_DAC_OVERRIDE", "CAP_FOWNER",	      "CAP_FSETID", "CAP_KILL",
					   "CAP_MKNOD",	  "CAP_SETFCAP",      "CAP_NET_BIND_SERVICE", "CAP_SETGID", "CAP_SETPCAP",
					   "CAP_SETUID",  "CAP_SYS_ADMIN",    "CAP_SYS_CHROOT"};

static json_t *strings(const char *const *items, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(items[i]));
	return array;
}

static size_t count_strings(const char *const *items)
{
	size_t count = 0;

	while (items != NULL && items[count] != NULL)
		count++;
	return count;
}

static json_t *process(const struct job_options *options)
{
	static const char *const basic[] = {"PATH=/usr/bin", "HOME=/tmp", "LANG=C.UTF-8"};
	json_t *sets = json_object();
	json_t *environment = strings(basic, ARRAY_SIZE(basic));
	json_t *more = strings(options->environment, count_strings(options->environment));

	json_array_extend(environment, more);
	json_decref(more);
	json_object_set_new(sets, "bounding", strings(capabilities, ARRAY_SIZE(capabilities)));
	json_object_set_new(sets, "effective", strings(capabilities, ARRAY_SIZE(capabilities)));
	json_object_set_new(sets, "permitted", strings(capabilities, ARRAY_SIZE(capabilities)));
	return json_pack("{s:b, s:{s:i, s:i}, s:o, s:s, s:o, s:b, s:o, s:[{s:s, s:i, s:i}, {s:s, s:i, s:i}]}", "terminal", 0, "user",
			 "uid", 0, "gid", 0, "args", strings(options->argv, count_strings(options->argv)), "cwd", "/", "env",
			 environment, "noNewPrivileges", 1, "capabilities", sets, "rlimits", "type", "RLIMIT_NOFILE", "soft", 4096,
			 "hard", 4096, "type", "RLIMIT_CORE", "soft", 0, "hard", 0);
}

static void add_mount(json_t *mounts, const char *target, const char *type, const char *source, const char *options)
{
	json_t *list = json_array();
	const char *at = options;

	for (;;) {
		size_t n = strcspn(at, ",");

		json_array_append_new(list, json_stringn(at, n));
		if (at[n] == '\0')
			break;
		at += n + 1;
	}
	json_array_append_new(mounts, json_pack("{s:s, s:s, s:s, s:o}", "destination", target, "type", type, "source", source,
						"options", list));
}

/* A read-only piece of the host; left out where this host does not have it. */
static void add_host_path(json_t *mounts, const char *path)
{
	if (access(path, F_OK) == 0)
		add_mount(mounts, path, "bind", path, "rbind,ro,nosuid,nodev");
}

static json_t *id_map(uint32_t inside, uint32_t outside)
{
	return json_pack("[{s:I, s:I, s:i}]", "containerID", (json_int_t)inside, "hostID", (json_int_t)outside, "size", IDS);
}

static void add_named_mount(json_t *mounts, const struct job_mount *mount, uint32_t ids)
{
	json_t *entry;

	add_mount(mounts, mount->target, "bind", mount->source, mount->writable ? "bind,rw,nosuid,nodev" : "bind,ro,nosuid,nodev");
	if (mount->ids_from == 0)
		return;
	entry = json_array_get(mounts, json_array_size(mounts) - 1);
	json_array_append_new(json_object_get(entry, "options"), json_string("idmap"));
	json_object_set_new(entry, "uidMappings", id_map(mount->ids_from, ids));
	json_object_set_new(entry, "gidMappings", id_map(mount->ids_from, ids));
}

static json_t *mounts(const struct job_options *options, const struct spec_place *place)
{
	json_t *list = json_array();

	add_mount(list, "/proc", "proc", "proc", "nosuid,noexec,nodev");
	add_mount(list, "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=64k");
	add_mount(list, "/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=64");
	add_mount(list, "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=64m");
	add_mount(list, "/tmp", "tmpfs", "tmpfs", "nosuid,nodev,mode=1777,size=64m");
	add_mount(list, "/run", "tmpfs", "tmpfs", "nosuid,nodev,mode=755,size=16m");
	add_mount(list, "/var/lib", "tmpfs", "tmpfs", "nosuid,nodev,mode=755,size=16m");
	add_mount(list, "/var/tmp", "tmpfs", "tmpfs", "nosuid,nodev,mode=1777,size=64m");
	add_host_path(list, "/usr/lib");
	add_host_path(list, "/usr/lib64");
	add_host_path(list, "/usr/share/containers");
	add_mount(list, options->argv[0], "bind", place->program, "bind,ro,nosuid,nodev");
	add_mount(list, "/etc", "bind", options->etc, "bind,ro,nosuid,nodev");
	for (size_t i = 0; i < options->mount_count; i++)
		add_named_mount(list, &options->mounts[i], options->ids);
	return list;
}

static json_t *namespaces(enum job_network network)
{
	static const char *const names[] = {"user", "pid", "mount", "ipc", "uts", "cgroup", "network"};
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(names) - (network == JOB_NETWORK_HOST ? 1 : 0); i++)
		json_array_append_new(list, json_pack("{s:s}", "type", names[i]));
	return list;
}

static json_t *resources(const struct job_options *options)
{
	json_t *all = json_pack("{s:{s:I}, s:{s:I, s:I}, s:[{s:b, s:s}]}", "pids", "limit", (json_int_t)options->pids, "memory",
				"limit", (json_int_t)options->memory, "swap", (json_int_t)options->memory, "devices", "allow", 0,
				"access", "rwm");

	if (options->cpu > 0)
		json_object_set_new(all, "cpu", json_pack("{s:I, s:i}", "quota", (json_int_t)options->cpu * 100, "period", 100000));
	return all;
}

static void refuse(json_t *calls, const char *const *names, size_t count, int code, json_t *arguments)
{
	json_t *rule = json_pack("{s:o, s:s, s:i}", "names", strings(names, count), "action", "SCMP_ACT_ERRNO", "errnoRet", code);

	if (arguments != NULL)
		json_object_set_new(rule, "args", arguments);
	json_array_append_new(calls, rule);
}

static json_t *argument(unsigned index, uint64_t value, uint64_t second, const char *op)
{
	return json_pack("[{s:i, s:I, s:I, s:s}]", "index", (int)index, "value", (json_int_t)value, "valueTwo", (json_int_t)second,
			 "op", op);
}

static void refuse_user_namespaces(json_t *calls)
{
	static const char *const with_flags[] = {"clone", "unshare"};
	static const char *const setns[] = {"setns"};
	static const char *const clone3[] = {"clone3"};

	for (size_t i = 0; i < ARRAY_SIZE(with_flags); i++)
		refuse(calls, &with_flags[i], 1, EPERM, argument(0, CLONE_NEWUSER, CLONE_NEWUSER, "SCMP_CMP_MASKED_EQ"));
	refuse(calls, setns, 1, EPERM, NULL);
	refuse(calls, clone3, 1, ENOSYS, NULL); /* its flags lie in memory, out of sight; libc falls back to clone */
}

/* Unix, IPv4, IPv6 and netlink sockets are what programs need; the rest is attack surface. */
static void refuse_socket_families(json_t *calls)
{
	static const char *const names[] = {"socket", "socketpair"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		for (int family = 0; family < AF_NETLINK; family++)
			if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
				refuse(calls, &names[i], 1, EAFNOSUPPORT, argument(0, (uint64_t)family, 0, "SCMP_CMP_EQ"));
		refuse(calls, &names[i], 1, EAFNOSUPPORT, argument(0, AF_NETLINK, 0, "SCMP_CMP_GT"));
	}
}

json_t *spec_seccomp(void)
{
	static const char *const refused[] = {
		"acct",		   "add_key",	      "adjtimex",	 "bpf",		       "clock_adjtime",	   "clock_settime",
		"delete_module",   "fanotify_init",   "finit_module",	 "init_module",	       "io_uring_enter",   "io_uring_register",
		"io_uring_setup",  "ioperm",	      "iopl",		 "kcmp",	       "kexec_file_load",  "kexec_load",
		"keyctl",	   "lookup_dcookie",  "mbind",		 "migrate_pages",      "move_pages",	   "nfsservctl",
		"open_by_handle_at", "perf_event_open", "pidfd_getfd",	 "process_madvise",    "process_vm_readv", "process_vm_writev",
		"ptrace",	   "quotactl",	      "quotactl_fd",	 "reboot",	       "request_key",	   "set_mempolicy",
		"settimeofday",	   "stime",	      "swapoff",	 "swapon",	       "syslog",	   "_sysctl",
		"sysfs",	   "uselib",	      "userfaultfd",	 "ustat",	       "vhangup",	   "vm86",
		"vm86old"};
	json_t *calls = json_array();

	refuse(calls, refused, ARRAY_SIZE(refused), EPERM, NULL);
	refuse_user_namespaces(calls);
	refuse_socket_families(calls);
	/* No architecture is named: the runtime's filter knows the native one only and refuses all others. */
	return json_pack("{s:s, s:o}", "defaultAction", "SCMP_ACT_ALLOW", "syscalls", calls);
}

static json_t *linux_part(const struct job_options *options, const struct spec_place *place)
{
	static const char *const masked[] = {"/proc/acpi",	  "/proc/asound",      "/proc/interrupts", "/proc/kallsyms",
					     "/proc/kcore",	  "/proc/keys",	       "/proc/latency_stats", "/proc/modules",
					     "/proc/sched_debug", "/proc/scsi",	       "/proc/sysrq-trigger", "/proc/timer_list",
					     "/proc/timer_stats", "/sys/firmware"};
	static const char *const readonly[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"};

	return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "namespaces", namespaces(options->network), "uidMappings",
			 id_map(0, options->ids), "gidMappings", id_map(0, options->ids), "cgroupsPath", place->cgroup, "resources",
			 resources(options), "seccomp", spec_seccomp(), "maskedPaths", strings(masked, ARRAY_SIZE(masked)),
			 "readonlyPaths", strings(readonly, ARRAY_SIZE(readonly)));
}

json_t *spec_make(const struct job_options *options, const struct spec_place *place)
{
	return json_pack("{s:s, s:o, s:{s:s, s:b}, s:s, s:o, s:o}", "ociVersion", "1.0.2", "process", process(options), "root", "path",
			 place->root, "readonly", 1, "hostname", "build", "mounts", mounts(options, place), "linux",
			 linux_part(options, place));
}
