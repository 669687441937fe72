#include "../../test.h"

#include <errno.h>
#include <stdio.h>

#include "agent/sandbox/filter.h"
#include "agent/sandbox/spec.h"

static struct filter *filter;

static int setup(void **state)
{
	struct error err;

	(void)state;
	return filter_new(&filter, &err);
}

static int teardown(void **state)
{
	(void)state;
	filter_free(filter);
	return 0;
}

static json_t *make(struct spec_process *process, struct spec *spec)
{
	struct buf text = BUF_INIT;
	json_error_t where;
	json_t *config;

	spec->process = process;
	spec->filter = filter;
	assert_int_equal(spec_write(spec, &text), 0);
	config = json_loads(text.data, JSON_REJECT_DUPLICATES, &where);
	if (config == NULL)
		fail_msg("%s at %d: %s", where.text, where.position, text.data);
	buf_fini(&text);
	return config;
}

static struct user root_user = {.home = "/root"};
static const char *const shell[] = {"/bin/bash", "-l", NULL};

static struct spec_process plain_process(void)
{
	return (struct spec_process){
		.arguments = shell, .folder = "", .user = &root_user, .no_new_privileges = true, .cols = 80, .rows = 24};
}

static struct spec plain_spec(void)
{
	return (struct spec){.rootfs = "/r", .hostname = "sandbox", .cgroup = "/ttob/k", .id_base = 0x10000000, .shell = "/bin/bash",
			     .limits = {.memory = 1 << 28, .cpu = 500, .pids = 99, .disk = 1 << 20}};
}

static void test_shape(void **state)
{
	struct spec_process process = plain_process();
	struct spec spec = plain_spec();
	json_t *config = make(&process, &spec);
	json_t *linux_part = json_object_get(config, "linux");
	const char *id, *cgroup;
	json_int_t host, size, memory, swap, quota, pids;
	int private, terminal;

	(void)state;
	assert_int_equal(json_unpack(config, "{s:{s:b, s:b}}", "process", "terminal", &terminal, "noNewPrivileges", &private), 0);
	assert_true(terminal && private);
	assert_int_equal(json_unpack(linux_part, "{s:[{s:I, s:I}], s:s, s:{s:{s:I, s:I}, s:{s:I}, s:{s:I}}}", "uidMappings", "hostID",
				     &host, "size", &size, "cgroupsPath", &cgroup, "resources", "memory", "limit", &memory, "swap",
				     &swap, "cpu", "quota", &quota, "pids", "limit", &pids),
			 0);
	assert_int_equal(host, 0x10000000);
	assert_int_equal(size, 65536);
	assert_string_equal(cgroup, "/ttob/k");
	assert_int_equal(memory, 1 << 28);
	assert_int_equal(swap, memory);
	assert_int_equal(quota, 50000);
	assert_int_equal(pids, 99);
	assert_int_equal(json_array_size(json_object_get(linux_part, "namespaces")), 7);
	assert_int_equal(json_unpack(config, "{s:{s:s}}", "annotations", SPEC_SHELL, &id), 0);
	assert_string_equal(id, "/bin/bash");
	assert_string_equal(json_string_value(json_object_get(json_object_get(linux_part, "seccomp"), "defaultAction")),
			    "SCMP_ACT_ERRNO");
	json_decref(config);
}

static const char *env_of(json_t *config, const char *name)
{
	json_t *env = json_object_get(json_object_get(config, "process"), "env");
	size_t length = strlen(name);
	const char *found = NULL;
	size_t i;
	json_t *item;

	json_array_foreach(env, i, item) {
		if (strncmp(json_string_value(item), name, length) == 0 && json_string_value(item)[length] == '=') {
			assert_null(found); /* once */
			found = json_string_value(item) + length + 1;
		}
	}
	return found;
}

static void test_environment(void **state)
{
	static const char *const image[] = {"A=1", "TERM=dumb", "LANG=ko_KR.UTF-8", "A=2", "noequals", "=x", "EMPTY=", NULL};
	struct spec_process process = plain_process();
	struct spec spec = plain_spec();
	json_t *config;

	(void)state;
	process.image_env = image;
	process.env = json_pack("{s:s, s:s}", "A", "3", "HOME", "/elsewhere");
	config = make(&process, &spec);
	assert_string_equal(env_of(config, "A"), "3");
	assert_string_equal(env_of(config, "TERM"), "xterm-256color");
	assert_string_equal(env_of(config, "LANG"), "ko_KR.UTF-8");
	assert_string_equal(env_of(config, "HOME"), "/elsewhere");
	assert_string_equal(env_of(config, "EMPTY"), "");
	assert_null(env_of(config, "noequals"));
	assert_null(env_of(config, ""));
	json_decref(process.env);
	json_decref(config);
	assert_string_equal(spec_env_get(image, "A"), "1");
	assert_null(spec_env_get(image, "AB"));
	assert_null(spec_env_get(NULL, "A"));
}

/* What an image says must not reach beyond the string that it stands in. */
static void test_hostile_strings(void **state)
{
	static const char *const arguments[] = {"\",\"x\":[\"", "a\\", "\n\t\x01", "${HOME}", NULL};
	static const char *const image[] = {"Q=\"}],\"linux\":{}", NULL};
	struct spec_process process = plain_process();
	struct spec spec = plain_spec();
	json_t *config;
	json_t *args;

	(void)state;
	process.arguments = arguments;
	process.image_env = image;
	process.folder = "/a\"b";
	config = make(&process, &spec);
	args = json_object_get(json_object_get(config, "process"), "args");
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(json_string_value(json_array_get(args, i)), arguments[i]);
	assert_string_equal(env_of(config, "Q"), "\"}],\"linux\":{}");
	assert_int_equal(json_array_size(json_object_get(json_object_get(config, "linux"), "namespaces")), 7);
	json_decref(config);
}

static void test_wrong_encoding(void **state)
{
	static const char *const bad_env[] = {"A=\xff", NULL};
	static const char *const bad_arguments[] = {"\xc3", NULL};
	struct spec_process process = plain_process();
	struct spec spec = plain_spec();
	struct buf text = BUF_INIT;

	(void)state;
	spec.process = &process;
	spec.filter = filter;
	process.image_env = bad_env;
	assert_int_equal(spec_write(&spec, &text), -EINVAL);
	process.image_env = NULL;
	process.arguments = bad_arguments;
	assert_int_equal(spec_write(&spec, &text), -EINVAL);
	process.arguments = shell;
	process.folder = "/\xff";
	assert_int_equal(spec_write(&spec, &text), -EINVAL);
	process.folder = "";
	spec.rootfs = "/\xff";
	assert_int_equal(spec_write(&spec, &text), -EINVAL);
	buf_fini(&text);
}

static void test_relative_folder_is_the_root(void **state)
{
	struct spec_process process = plain_process();
	json_t *json;

	(void)state;
	process.folder = "../../x";
	json = spec_process_json(&process);
	assert_string_equal(json_string_value(json_object_get(json, "cwd")), "/");
	json_decref(json);
}

static void test_profile(void **state)
{
	static const char *const closed[] = {"keyctl", "add_key", "bpf", "mount", "unshare", "setns", "perf_event_open", "userfaultfd",
					     "clone3", "io_uring_setup", "open_by_handle_at", "fsopen"};
	json_t *profile = json_loads(filter_json(filter), 0, NULL);
	size_t i, j;
	json_t *rule, *name;

	(void)state;
	assert_true(strlen(filter_program(filter)) > 100);
	assert_int_equal(strlen(filter_program(filter)) % 4, 0);
	json_array_foreach(json_object_get(profile, "syscalls"), i, rule) {
		if (strcmp(json_string_value(json_object_get(rule, "action")), "SCMP_ACT_ALLOW") != 0)
			continue;
		json_array_foreach(json_object_get(rule, "names"), j, name)
			for (size_t k = 0; k < sizeof(closed) / sizeof(*closed); k++)
				assert_string_not_equal(json_string_value(name), closed[k]);
	}
	json_decref(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),	       cmocka_unit_test(test_environment),
		cmocka_unit_test(test_hostile_strings), cmocka_unit_test(test_wrong_encoding),
		cmocka_unit_test(test_relative_folder_is_the_root), cmocka_unit_test(test_profile),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
