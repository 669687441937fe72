#include "agent/image/registry.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/image/reference.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

#define AUTH_MAX ((size_t)1024 * 1024)
#define NOBODY   65534

static bool is_loopback(const char *host)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t length = strlen(names[i]);

		if (strncmp(host, names[i], length) == 0 && (host[length] == '\0' || host[length] == ':'))
			return true;
	}
	return false;
}

static int parse_url(struct registry *registry, const char *url, struct error *err)
{
	bool http = str_starts_with(url, "http://");
	const char *host = strstr(url, "://");
	char probe[REGISTRY_HOST_MAX + 16];
	struct reference reference;
	size_t length;

	host = host != NULL ? host + 3 : url;
	length = strcspn(host, "/");
	if ((host != url && !http && !str_starts_with(url, "https://")) || length == 0 || length > REGISTRY_HOST_MAX ||
	    !str_equal(host + length + strspn(host + length, "/"), ""))
		return error_set(err, ERROR_INVALID, EINVAL,
				 "[registry] url must be http(s)://host[:port], not \"%.80s\"", url);
	snprintf(registry->host, sizeof(registry->host), "%.*s", (int)length, host);
	/* A host that the grammar would take for a part of the name ("registry") cannot stand in a reference. */
	snprintf(probe, sizeof(probe), "%s/x", registry->host);
	if (reference_parse(probe, &reference, NULL) < 0 || !str_equal(reference.host, registry->host))
		return error_set(err, ERROR_INVALID, EINVAL,
				 "[registry] url: the host of \"%.80s\" needs a dot or a port", url);
	if (http && !is_loopback(registry->host) && !registry->insecure)
		return error_set(err, ERROR_INVALID, EINVAL,
				 "[registry] url: %s is not this machine: use https, or say insecure = yes",
				 registry->host);
	registry->insecure |= http;
	return 0;
}

int registry_init(struct registry *registry, const struct config *config, struct error *err)
{
	const char *authfile = config_string(config, "registry", "authfile");
	const char *ca_file = config_string(config, "build", "ca_file");
	int r;

	*registry = (struct registry){.insecure = config_bool(config, "registry", "insecure")};
	r = parse_url(registry, config_string(config, "registry", "url"), err);
	if (r < 0)
		return r;
	registry->authfile = *authfile != '\0' ? xstrdup(authfile) : NULL;
	registry->ca_file = *ca_file != '\0' ? xstrdup(ca_file) : NULL;
	return 0;
}

void registry_fini(struct registry *registry)
{
	free(registry->authfile);
	free(registry->ca_file);
	*registry = (struct registry){.host = ""};
}

int registry_reference(const struct registry *registry, const char *reference, char **ret_full, struct error *err)
{
	struct reference parsed;
	char full[REFERENCE_MAX];
	int r = reference_parse(reference, &parsed, err);

	if (r < 0)
		return r;
	reference_print(&parsed, registry->host, full);
	*ret_full = xstrdup(full);
	return 0;
}

bool registry_owns(const struct registry *registry, const char *full_reference)
{
	size_t length = strlen(registry->host);

	return strncmp(full_reference, registry->host, length) == 0 && full_reference[length] == '/';
}

const char *registry_tls_option(const struct registry *registry, const char *full_reference)
{
	return registry->insecure && registry_owns(registry, full_reference) ? "--tls-verify=false"
									     : "--tls-verify=true";
}

char **registry_environment(const struct registry *registry)
{
	static const char *const passed[] = {"http_proxy", "https_proxy", "no_proxy", "all_proxy",
					     "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"};
	char **environment = xcalloc(ARRAY_SIZE(passed) + 5, sizeof(char *));
	size_t count = 0;

	environment[count++] = xstrdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	environment[count++] = xstrdup("LANG=C.UTF-8");
	environment[count++] = xstrdup("HOME=/nonexistent");
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		if (getenv(passed[i]) != NULL)
			environment[count++] = xasprintf("%s=%s", passed[i], getenv(passed[i]));
	if (registry->ca_file != NULL)
		environment[count++] = xasprintf("SSL_CERT_FILE=%s", registry->ca_file);
	return environment;
}

void registry_environment_free(char **environment)
{
	for (size_t i = 0; environment != NULL && environment[i] != NULL; i++)
		free(environment[i]);
	free(environment);
}

int registry_auth_open(const struct registry *registry, int *ret_fd, struct error *err)
{
	auto_buf struct buf auth = BUF_INIT;
	auto_fd int fd = -1;
	int r;

	*ret_fd = -1;
	if (registry->authfile == NULL)
		return 0;
	r = file_read(AT_FDCWD, registry->authfile, AUTH_MAX, &auth);
	if (r < 0)
		return error_errno(err, r, "cannot read [registry] authfile %s", registry->authfile);
	fd = memfd_create("auth.json", MFD_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "cannot keep the registry's credentials");
	r = fd_write_all(fd, auth.data, auth.length);
	if (r < 0)
		return error_errno(err, r, "cannot keep the registry's credentials");
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* skopeo's last line is logrus: time="…" level=fatal msg="…". Gives what it says, unquoted, in place. */
static const char *said(char *line)
{
	char *start = strstr(line, "msg=\""), *to;

	if (start == NULL)
		return line;
	start += strlen("msg=\"");
	to = start;
	for (const char *p = start; *p != '\0' && *p != '"'; p++) {
		if (p[0] == '\\' && p[1] != '\0')
			p++;
		*to++ = *p;
	}
	*to = '\0';
	return start;
}

static bool contains(const char *s, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++)
		if (strcasestr(s, words[i]) != NULL)
			return true;
	return false;
}

int registry_failure(const char *written, struct error *err)
{
	static const char *const not_found[] = {"manifest unknown", "name unknown", "blob unknown",
						"not found",        "status 404",   NULL};
	static const char *const denied[] = {"unauthorized", "authentication required",
					     "denied",       "status 401",
					     "status 403",   NULL};
	static const char *const late[] = {"timeout", "deadline exceeded", NULL};
	static const char *const strange[] = {"unsupported", NULL};
	auto_free char *copy = xstrdup(written);
	const char *why;
	char *line;

	for (size_t n = strlen(copy); n > 0 && isspace((unsigned char)copy[n - 1]); n--)
		copy[n - 1] = '\0';
	line = strrchr(copy, '\n');
	why = said(line != NULL ? line + 1 : copy);
	if (*why == '\0')
		why = "the program that talks to it ended without a reason";
	if (contains(why, denied))
		return error_set(err, ERROR_UNAUTHENTICATED, EACCES, "the registry refuses: %.250s", why);
	if (contains(why, not_found))
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "the registry has no such image: %.250s", why);
	if (contains(why, late))
		return error_set(err, ERROR_TIMEOUT, ETIMEDOUT, "the registry does not answer: %.250s", why);
	if (contains(why, strange))
		return error_set(err, ERROR_UNSUPPORTED, ENOTSUP, "the image cannot be used: %.250s", why);
	return error_set(err, ERROR_UNAVAILABLE, EHOSTUNREACH, "cannot talk to the registry: %.250s", why);
}

int registry_become_nobody(void *unused)
{
	(void)unused;
	/* The raw calls: glibc's wrappers would want to tell threads that this process does not have. */
	if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) < 0 ||
	    syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0)
		return -errno;
	return 0;
}
