/* Tries what a sandbox must not allow and prints one line each: "<name> <errno>", 0 for what went through. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *name, long result)
{
	printf("%s %d\n", name, result < 0 ? errno : 0);
	errno = 0;
}

/* A child with new namespaces would be a way round a closed unshare. */
static long clone_with(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return pid;
}

static long open_and_close(const char *path, int flags)
{
	int fd = open(path, flags | O_NONBLOCK);

	if (fd >= 0)
		close(fd);
	return fd;
}

static void try_calls(void)
{
	char zero[256] = {0};

	say("keyctl", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, -3, 1));
	say("add_key", syscall(SYS_add_key, "user", "a", "b", 1, -3));
	say("request_key", syscall(SYS_request_key, "user", "a", "b", -3));
	say("bpf", syscall(SYS_bpf, 0, zero, sizeof(zero)));
	say("perf_event_open", syscall(SYS_perf_event_open, zero, 0, -1, -1, 0));
	say("userfaultfd", syscall(SYS_userfaultfd, 1));
	say("io_uring_setup", syscall(SYS_io_uring_setup, 1, zero));
	say("unshare_user", unshare(CLONE_NEWUSER));
	say("unshare_mount", unshare(CLONE_NEWNS));
	say("clone_user", clone_with(CLONE_NEWUSER));
	say("clone_net", clone_with(CLONE_NEWNET));
	say("clone_plain", clone_with(0));
	say("clone3", syscall(SYS_clone3, zero, 64));
	say("setns", setns(open("/proc/1/ns/net", O_RDONLY), 0));
	say("mount", mount("none", "/mnt", "tmpfs", 0, NULL));
	say("umount", umount2("/proc", MNT_DETACH));
	say("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
	say("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1));
	say("mount_setattr", syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, zero, 32));
	say("pivot_root", syscall(SYS_pivot_root, "/", "/mnt"));
	say("open_by_handle_at", syscall(SYS_open_by_handle_at, AT_FDCWD, zero, O_RDONLY));
	say("name_to_handle_at", syscall(SYS_name_to_handle_at, AT_FDCWD, "/", zero, zero + 128, 0));
	say("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
	say("syslog", syscall(SYS_syslog, 3, zero, sizeof(zero)));
	say("swapon", syscall(SYS_swapon, "/x", 0));
	say("init_module", syscall(SYS_init_module, zero, 1, ""));
	say("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
	say("quotactl", syscall(SYS_quotactl, 0, NULL, 0, NULL));
	say("sethostname", sethostname("x", 1));
	say("fanotify_init", syscall(SYS_fanotify_init, 0, 0));
	say("personality", syscall(SYS_personality, 0x0400000));
}

static void try_sockets(void)
{
	say("socket_unix", socket(AF_UNIX, SOCK_STREAM, 0));
	say("socket_inet", socket(AF_INET, SOCK_STREAM, 0));
	say("socket_packet", socket(AF_PACKET, SOCK_RAW, 0));
	say("socket_raw", socket(AF_INET, SOCK_RAW, 1));
	say("socket_alg", socket(38, SOCK_SEQPACKET, 0));
	say("socket_vsock", socket(40, SOCK_STREAM, 0));
}

static void try_files(void)
{
	static const char *const reads[] = {"/proc/kcore", "/proc/1/environ", "/dev/kmsg", "/dev/mem", "/dev/vda", "/dev/fuse"};
	static const char *const writes[] = {"/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/vm/overcommit_memory",
					     "/sys/kernel/uevent_helper", "/proc/sys/net/ipv4/ip_forward", "/proc/irq/0/x"};
	char name[128];

	for (size_t i = 0; i < sizeof(reads) / sizeof(*reads); i++) {
		snprintf(name, sizeof(name), "read:%s", reads[i]);
		say(name, open_and_close(reads[i], O_RDONLY));
	}
	for (size_t i = 0; i < sizeof(writes) / sizeof(*writes); i++) {
		snprintf(name, sizeof(name), "write:%s", writes[i]);
		say(name, open_and_close(writes[i], O_WRONLY));
	}
	say("mknod_disk", mknod("/tmp/disk", S_IFBLK | 0600, makedev(254, 0)));
	say("mknod_mem", mknod("/tmp/mem", S_IFCHR | 0600, makedev(1, 1)));
	say("chown", (mkdir("/tmp", 01777), close(open("/tmp/own", O_CREAT | O_WRONLY, 0600)), chown("/tmp/own", 1000, 1000)));
}

int main(void)
{
	try_calls();
	try_sockets();
	try_files();
	/* Last, as it changes who we are. */
	say("setuid", setuid(1000));
	say("setuid_back", setuid(0));
	return 0;
}
