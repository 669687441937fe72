#include "../../test.h"

#include <errno.h>

#include "agent/build/spec.h"
#include "base/str.h"

static json_t *make(const struct job_options *changes)
{
	static const char *const argv[] = {"/usr/bin/tar", "x", NULL};
	struct job_options options = *changes;
	const struct spec_place place = {.root = "/root-fs", .cgroup = "/g/1", .program = "/bin/tar"};

	options.argv = argv;
	options.etc = "/our-etc";
	options.ids = 700000;
	options.memory = 1 << 20;
	options.pids = 7;
	return spec_make(&options, &place);
}

static bool has_namespace(json_t *spec, const char *type)
{
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(spec, "linux"), "namespaces"), i, entry)
		if (strcmp(json_string_value(json_object_get(entry, "type")), type) == 0)
			return json_object_get(entry, "path") == NULL; /* a new one */
	return false;
}

/* Only what is meant to be seen of the host: an addition has to be thought about. */
static void test_host_paths(void **state)
{
	static const char *const expected[] = {"/usr/lib", "/usr/lib64", "/usr/share/containers", "/bin/tar", "/our-etc"};
	json_t *spec = make(&(struct job_options){.cpu = 0});
	json_t *mount;
	size_t i;

	(void)state;
	json_array_foreach(json_object_get(spec, "mounts"), i, mount) {
		const char *source = json_string_value(json_object_get(mount, "source"));
		bool known = source[0] != '/';
		json_t *option;
		size_t k;
		bool readonly = false;

		if (strcmp(json_string_value(json_object_get(mount, "type")), "bind") != 0)
			continue;
		for (size_t n = 0; n < sizeof(expected) / sizeof(expected[0]); n++)
			known |= strcmp(source, expected[n]) == 0;
		assert_true(known);
		json_array_foreach(json_object_get(mount, "options"), k, option)
			readonly |= strcmp(json_string_value(option), "ro") == 0;
		assert_true(readonly);
	}
	assert_true(json_is_true(json_object_get(json_object_get(spec, "root"), "readonly")));
	assert_true(json_is_true(json_object_get(json_object_get(spec, "process"), "noNewPrivileges")));
	json_decref(spec);
}

static void test_namespaces(void **state)
{
	static const char *const always[] = {"user", "pid", "mount", "ipc", "uts", "cgroup"};
	json_t *closed = make(&(struct job_options){.network = JOB_NETWORK_NONE});
	json_t *leased = make(&(struct job_options){.network = JOB_NETWORK_LEASE});
	json_t *host = make(&(struct job_options){.network = JOB_NETWORK_HOST});

	(void)state;
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		assert_true(has_namespace(closed, always[i]) && has_namespace(leased, always[i]) && has_namespace(host, always[i]));
	assert_true(has_namespace(closed, "network") && has_namespace(leased, "network"));
	assert_false(has_namespace(host, "network"));
	json_decref(closed);
	json_decref(leased);
	json_decref(host);
}

static void test_limits(void **state)
{
	json_t *spec = make(&(struct job_options){.cpu = 1500});
	json_int_t memory, swap, pids, quota, period, id;

	(void)state;
	assert_int_equal(json_unpack(spec, "{s:{s:[{s:I}], s:{s:{s:I, s:I}, s:{s:I}, s:{s:I, s:I}}}}", "linux", "uidMappings", "hostID", &id,
				     "resources", "memory", "limit", &memory, "swap", &swap, "pids", "limit", &pids, "cpu", "quota", &quota,
				     "period", &period),
			 0);
	assert_int_equal(id, 700000);
	assert_int_equal(memory, 1 << 20);
	assert_int_equal(swap, 1 << 20);
	assert_int_equal(pids, 7);
	assert_int_equal(quota * 1000 / period, 1500);
	json_decref(spec);
}

static void test_id_mapped_mounts(void **state)
{
	json_t *spec = make(&(struct job_options){
		.mounts = {{.source = "/store", .target = "/base/0", .ids_from = 600000}}, .mount_count = 1});
	json_t *mounts = json_object_get(spec, "mounts");
	json_t *last = json_array_get(mounts, json_array_size(mounts) - 1);
	json_int_t from, to;

	(void)state;
	assert_int_equal(json_unpack(last, "{s:[{s:I, s:I}]}", "uidMappings", "containerID", &from, "hostID", &to), 0);
	assert_int_equal(from, 600000);
	assert_int_equal(to, 700000);
	json_decref(spec);
}

static void test_seccomp(void **state)
{
	json_t *filter = spec_seccomp();
	char *text = json_dumps(filter, JSON_COMPACT);

	(void)state;
	for (const char *const *name = (const char *const[]){"bpf", "keyctl", "io_uring_setup", "userfaultfd", "ptrace", NULL}; *name != NULL;
	     name++)
		assert_non_null(strstr(text, *name));
	assert_non_null(strstr(text, "268435456")); /* CLONE_NEWUSER */
	free(text);
	json_decref(filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_paths),	 cmocka_unit_test(test_namespaces), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_id_mapped_mounts), cmocka_unit_test(test_seccomp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
