#include "agent/image/image_check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/image/merged.h"
#include "agent/image/registry.h"
#include "agent/image/store.h"
#include "agent/programs.h"
#include "base/cleanup.h"
#include "base/util.h"

/* Where the agent's children look for programs (child.h). */
static bool is_in_path(const char *program)
{
	static const char *const folders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					      "/usr/bin",        "/sbin",          "/bin"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		auto_free char *path = xasprintf("%s/%s", folders[i], program);

		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static void check_program(struct checks *checks, const char *program, enum check_level missing, const char *use)
{
	if (is_in_path(program))
		checks_add(checks, CHECK_OK, program, "is there");
	else
		checks_add(checks, missing, program, "is missing: %s; install the package %s", use, program);
}

static void check_registry(const struct agent *agent, struct checks *checks)
{
	struct registry registry;
	struct error err;

	if (registry_init(&registry, agent->config, &err) < 0) {
		checks_add(checks, CHECK_ERROR, "registry", "%s", err.message);
		return;
	}
	checks_add(checks, CHECK_OK, "registry", "%s", registry.host);
	if (registry.authfile != NULL && access(registry.authfile, R_OK) < 0)
		checks_add(checks, CHECK_ERROR, "authfile", "%s cannot be read: %s", registry.authfile,
			   strerror(errno));
	registry_fini(&registry);
}

/* Overlay keeps its marks in these; without them images look wrong instead of failing. */
static void check_attributes(const struct agent *agent, struct checks *checks)
{
	auto_fd int fd = open(agent->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return; /* a first start will make it */
	if (fsetxattr(fd, "user.ttob.check", "y", 1, 0) < 0 || fsetxattr(fd, "trusted.ttob.check", "y", 1, 0) < 0)
		checks_add(checks, CHECK_ERROR, "attributes", "the file system of %s has no extended attributes (%s)",
			   agent->state_dir, strerror(errno));
	else
		checks_add(checks, CHECK_OK, "attributes", "the file system of %s has extended attributes",
			   agent->state_dir);
	(void)fremovexattr(fd, "user.ttob.check");
	(void)fremovexattr(fd, "trusted.ttob.check");
}

void image_check(struct agent *agent, struct checks *checks)
{
	auto_free char *unpack = programs_find_unpack();

	check_program(checks, "skopeo", CHECK_ERROR, "images cannot be pulled");
	check_program(checks, "mmdebstrap", CHECK_WARNING, "base images cannot be made");
	if (access(unpack, X_OK) < 0)
		checks_add(checks, CHECK_ERROR, "ttob-unpack", "%s is missing: images cannot be unpacked", unpack);
	else
		checks_add(checks, CHECK_OK, "ttob-unpack", "%s", unpack);
	check_registry(agent, checks);
	check_attributes(agent, checks);
}
