#include "agent/sandbox/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

#define PROGRAM_MAX ((size_t)64 * 1024)

/* seccomp.json, put into the program by the assembler. */
__asm__(".section .rodata\n"
	"seccomp_profile_start: .incbin \"" SECCOMP_PROFILE "\"\n"
	"seccomp_profile_end: .byte 0\n"
	".previous\n");
extern const char seccomp_profile_start[];
extern const char seccomp_profile_end[];

struct filter {
	char *json;
	char *program;
};

static uint32_t to_action(json_t *rule, const char *name_field, const char *errno_field)
{
	const char *name = json_string_value(json_object_get(rule, name_field));

	if (name != NULL && strcmp(name, "SCMP_ACT_ALLOW") == 0)
		return SCMP_ACT_ALLOW;
	return SCMP_ACT_ERRNO((uint32_t)json_integer_value(json_object_get(rule, errno_field)));
}

static int to_comparison(json_t *arg, struct scmp_arg_cmp *ret)
{
	static const struct {
		const char *name;
		enum scmp_compare op;
	} ops[] = {{"SCMP_CMP_EQ", SCMP_CMP_EQ}, {"SCMP_CMP_LT", SCMP_CMP_LT}, {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}};
	const char *name = json_string_value(json_object_get(arg, "op"));

	for (size_t i = 0; name != NULL && i < ARRAY_SIZE(ops); i++) {
		if (strcmp(ops[i].name, name) != 0)
			continue;
		*ret = (struct scmp_arg_cmp){
			.arg = (unsigned)json_integer_value(json_object_get(arg, "index")),
			.op = ops[i].op,
			.datum_a = (scmp_datum_t)json_integer_value(json_object_get(arg, "value")),
			.datum_b = (scmp_datum_t)json_integer_value(json_object_get(arg, "valueTwo")),
		};
		return 0;
	}
	return -EINVAL;
}

static int add_rule(scmp_filter_ctx filter, json_t *rule, uint32_t fallback)
{
	uint32_t action = to_action(rule, "action", "errnoRet");
	struct scmp_arg_cmp args[6];
	unsigned count = 0;
	size_t i;
	json_t *item;

	json_array_foreach(json_object_get(rule, "args"), i, item)
		if (count == ARRAY_SIZE(args) || to_comparison(item, &args[count++]) < 0)
			return -EINVAL;
	if (action == fallback)
		return 0;
	json_array_foreach(json_object_get(rule, "names"), i, item) {
		int number = seccomp_syscall_resolve_name(json_string_value(item));
		int r;

		/* Other architectures' calls, and ones that this libseccomp does not know, are left to the default. */
		if (number == __NR_SCMP_ERROR || number < 0)
			continue;
		r = seccomp_rule_add_array(filter, action, number, count, args);
		if (r < 0)
			return r;
	}
	return 0;
}

static int export_program(scmp_filter_ctx filter, struct buf *out)
{
	auto_fd int fd = memfd_create("seccomp", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(filter, fd);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r == 0 ? fd_read_all(fd, PROGRAM_MAX, out) : r;
}

static int compile(json_t *profile, struct buf *out)
{
	uint32_t fallback = to_action(profile, "defaultAction", "defaultErrnoRet");
	scmp_filter_ctx filter = seccomp_init(fallback);
	size_t i;
	json_t *rule;
	int r = filter == NULL ? -ENOMEM : 0;

	/* A binary tree instead of a list of 400 comparisons for each call. */
	if (r == 0)
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	json_array_foreach(json_object_get(profile, "syscalls"), i, rule)
		if (r == 0)
			r = add_rule(filter, rule, fallback);
	if (r == 0)
		r = export_program(filter, out);
	if (filter != NULL)
		seccomp_release(filter);
	return r;
}

/* RFC 4648 §4. */
static char *to_base64(const unsigned char *data, size_t length)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = xmalloc((length + 2) / 3 * 4 + 1);
	char *to = out;

	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t group = (uint32_t)data[i] << 16 | (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
				 (left > 2 ? data[i + 2] : 0);

		*to++ = digits[group >> 18];
		*to++ = digits[group >> 12 & 63];
		*to++ = left > 1 ? digits[group >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[group & 63] : '=';
	}
	return out;
}

int filter_new(struct filter **ret_filter, struct error *err)
{
	json_t *profile =
		json_loadb(seccomp_profile_start, (size_t)(seccomp_profile_end - seccomp_profile_start), 0, NULL);
	auto_buf struct buf program = BUF_INIT;
	struct filter *filter;
	int r = profile == NULL ? -EINVAL : compile(profile, &program);

	if (r < 0) {
		json_decref(profile);
		return error_errno(err, r, "cannot compile the seccomp profile");
	}
	filter = xmalloc(sizeof(*filter));
	filter->json = json_dumps(profile, JSON_COMPACT);
	filter->program = to_base64((const unsigned char *)program.data, program.length);
	json_decref(profile);
	*ret_filter = filter;
	return 0;
}

void filter_free(struct filter *filter)
{
	if (filter == NULL)
		return;
	free(filter->json);
	free(filter->program);
	free(filter);
}

const char *filter_json(const struct filter *filter)
{
	return filter->json;
}

const char *filter_program(const struct filter *filter)
{
	return filter->program;
}
