#include "cli/settings.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

const struct config_key settings_keys[] = {
	{"web", "listen", CONFIG_STRING, "127.0.0.1:8080", "address and port of the pages and the API"},
	{"web", "data", CONFIG_STRING, "/var/lib/ttob", "folder that holds everything that is kept"},
	{"web", "ui", CONFIG_STRING, "", "folder of the built pages; empty: where they were installed or built"},
	{"web", "image", CONFIG_STRING, "", "program that makes pictures anew; empty: ttob-image where it was installed or built"},
	{"web", "catalog", CONFIG_STRING, "", "folder of the first projects; empty: where it was installed, or beside the sources"},
	{"web", "origin", CONFIG_STRING, "", "address people see (https://try.example.org); empty: what their browser asked for"},
	{"web", "user", CONFIG_STRING, "ttob", "system user that `ttob up` runs the web process as"},
	{"web", "node", CONFIG_STRING, "", "name of this web process among those on one database; empty: the machine's name and the port"},
	{"web", "workers", CONFIG_NUMBER, "0", "threads that serve requests; 0: two for each processor, at least 4"},
	{"web", "connections", CONFIG_NUMBER, "4096", "connections at one time"},
	{"web", "proxy", CONFIG_BOOL, "no", "a reverse proxy on this machine stands in front: believe its X-Forwarded-For"},
	{"web", "guests", CONFIG_BOOL, "yes", "people without an account may try"},
	{"web", "registration", CONFIG_BOOL, "yes", "people may make themselves an account"},
	{"web", "hashes", CONFIG_NUMBER, "0", "passwords checked at one time, 64 MiB each; 0: one for two processors, at most 4"},
	{"web", "credentials_key", CONFIG_STRING, "", "file of the key that encrypts passwords of registries; all nodes on one database need the same; empty: credentials.key in the data folder, made when missing"},
	{"web", "end_on_stop", CONFIG_BOOL, "no", "end all sandboxes when the web process is stopped (ttob up does)"},
	{"database", "url", CONFIG_STRING, "", "sqlite:/path/to/file or mariadb://user:password@host:port/database; empty: web/ttob.db in the data folder"},
	{"database", "password_file", CONFIG_STRING, "", "file that holds the database's password, so that it need not stand in the url; empty: none"},
	{"auth", "providers", CONFIG_STRING, "", "file of the providers people may sign in by (GitHub, Google, OpenID Connect); empty: none"},
	{"agent", "socket", CONFIG_STRING, "/run/ttob/agent.sock", "socket of ttob-agent"},
	{"agent", "config", CONFIG_STRING, "", "configuration file that `ttob up` hands to ttob-agent; empty: none"},
	{"registry", "url", CONFIG_STRING, "", "an OCI registry to use; empty: `ttob up` runs its own"},
	{"registry", "authfile", CONFIG_STRING, "", "credentials of that registry (containers-auth.json); empty: none"},
	{"registry", "ca_file", CONFIG_STRING, "", "certificates (PEM) to trust when asking that registry; empty: the system's"},
	{"registry", "insecure", CONFIG_BOOL, "no", "ask it without TLS, or without checking its certificate"},
	{"registry", "low", CONFIG_SIZE, "2G", "warn when the disk of our own registry has less room than this, or than a tenth"},
	{"registry", "floor", CONFIG_SIZE, "512M", "with less room than this on the disk of our own registry builds wait; 0: never"},
	{"registry", "collect", CONFIG_SECONDS, "1d", "time between two garbage collections of images that nothing needs; 0: only when asked"},
	{"registry", "pulls", CONFIG_NUMBER, "16", "images or layers of public projects handed out at one time (docker pull); 0: none"},
	{"registry", "folder", CONFIG_STRING, "", "folder of the registry on this machine, for its disk's room; `ttob up` fills it in"},
	{"registry", "control", CONFIG_NUMBER, "0", "descriptor by which `ttob up` is told to collect garbage; `ttob up` fills it in"},
	{"sandbox", "memory", CONFIG_SIZE, "512M", "memory of one sandbox"},
	{"sandbox", "cpu", CONFIG_NUMBER, "500", "processor of one sandbox, thousandths of a core"},
	{"sandbox", "pids", CONFIG_NUMBER, "128", "processes and threads of one sandbox"},
	{"sandbox", "disk", CONFIG_SIZE, "512M", "files that one sandbox may write"},
	{"sandbox", "idle", CONFIG_SECONDS, "15m", "a sandbox that nobody uses ends after this time"},
	{"sandbox", "lifetime", CONFIG_SECONDS, "60m", "a sandbox ends this long after its start unless it is extended"},
	{"sandbox", "extend", CONFIG_SECONDS, "30m", "what one extension adds"},
	{"sandbox", "lifetime_max", CONFIG_SECONDS, "2h", "no extension goes beyond this"},
	{"sandbox", "most", CONFIG_NUMBER, "0", "sandboxes at one time; 0: as the machine's memory allows"},
	{"sandbox", "queue", CONFIG_NUMBER, "500", "people who may wait for a place"},
	{"sandbox", "terminals", CONFIG_NUMBER, "4", "shells in one sandbox"},
	{"sandbox", "pool", CONFIG_NUMBER, "1", "prepared sandboxes of each of the eight most tried projects; 0: none"},
	{"build", "parallel", CONFIG_NUMBER, "2", "builds at one time"},
	{"build", "memory", CONFIG_SIZE, "2G", "memory of one build"},
	{"build", "cpu", CONFIG_NUMBER, "2000", "processor of one build, thousandths of a core"},
	{"build", "pids", CONFIG_NUMBER, "1024", "processes of one build"},
	{"build", "disk", CONFIG_SIZE, "8G", "files of one build"},
	{"build", "time", CONFIG_SECONDS, "30m", "a build that takes longer is stopped"},
	{"build", "output", CONFIG_SIZE, "4M", "log of one build that is kept"},
	{"build", "smoke", CONFIG_SECONDS, "60s", "a smoke command that takes longer has failed"},
	{"build", "context", CONFIG_SIZE, "64M", "an archive that is sent to be built"},
	{"limit", "builds", CONFIG_NUMBER, "50", "builds of one author in a day; 0: no limit"},
	{"limit", "projects", CONFIG_NUMBER, "100", "projects of one author; 0: no limit"},
	{"limit", "queued", CONFIG_NUMBER, "10", "builds of one author that wait; 0: no limit"},
	{"limit", "tries", CONFIG_NUMBER, "30", "tries of one address in ten minutes"},
	{"limit", "registrations", CONFIG_NUMBER, "10", "accounts made from one address in an hour"},
	{"limit", "signins", CONFIG_NUMBER, "60", "sign-ins from one address in ten minutes; a wrong password counts for three"},
	{"limit", "guesses", CONFIG_NUMBER, "10", "wrong passwords for one account from one address in ten minutes"},
	{"limit", "pulls", CONFIG_NUMBER, "3000", "manifests and layers that one address pulls in ten minutes"},
	{"limit", "loopback", CONFIG_BOOL, "no", "limit people on this machine too"},
	{"metrics", "listen", CONFIG_STRING, "", "address and port of GET /metrics (Prometheus), for the operator only; empty: none"},
	{"log", "level", CONFIG_STRING, "info", "debug, info, warning or error"},
	{"log", "audit", CONFIG_SECONDS, "180d", "how long the audit log is kept; 0: for good"},
	{"log", "json", CONFIG_BOOL, "no", "log lines as JSON"},
	{NULL, NULL, CONFIG_STRING, NULL, NULL},
};

struct flag {
	const char *name;
	const char *section;
	const char *key;
};

static const struct flag flags[] = {
	{"--data", "web", "data"},
	{"--listen", "web", "listen"},
};

/* The value of the flag `name` at argv[*at], as "--name value" or "--name=value"; NULL: it is another argument. */
static const char *flag_value(char **argv, size_t *at, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(argv[*at], name, length) != 0)
		return NULL;
	if (argv[*at][length] == '=')
		return argv[*at] + length + 1;
	if (argv[*at][length] != '\0')
		return NULL;
	if (argv[*at + 1] == NULL)
		return "";
	(*at)++;
	return argv[*at];
}

/* "section.key=value" */
static int set_pair(struct config *config, const char *pair, struct error *err)
{
	auto_free char *text = xstrdup(pair);
	char *dot = strchr(text, '.');
	char *equals = strchr(text, '=');

	if (dot == NULL || equals == NULL || dot > equals)
		return error_set(err, ERROR_INVALID, EINVAL, "--set %s: must be SECTION.KEY=VALUE", pair);
	*dot = '\0';
	*equals = '\0';
	return config_set(config, text, dot + 1, equals + 1, "--set", err);
}

static int take_flags(struct config *config, char **argv, struct error *err)
{
	size_t kept = 0;

	for (size_t i = 0; argv[i] != NULL; i++) {
		const char *value = NULL;
		int r = 0;

		for (size_t f = 0; f < ARRAY_SIZE(flags) && value == NULL; f++) {
			value = flag_value(argv, &i, flags[f].name);
			if (value != NULL)
				r = config_set(config, flags[f].section, flags[f].key, value, flags[f].name, err);
		}
		if (value == NULL && (value = flag_value(argv, &i, "--set")) != NULL)
			r = set_pair(config, value, err);
		if (value == NULL)
			value = flag_value(argv, &i, "--config");
		if (r < 0)
			return r;
		if (value == NULL)
			argv[kept++] = argv[i];
	}
	argv[kept] = NULL;
	return 0;
}

static const char *config_file(char **argv)
{
	for (size_t i = 0; argv[i] != NULL; i++) {
		const char *value = flag_value(argv, &i, "--config");

		if (value != NULL)
			return value;
	}
	return NULL;
}

int settings_load(char **argv, struct config **ret_config, struct error *err)
{
	struct config *config = config_new(settings_keys);
	const char *file = config_file(argv);
	int r = 0;

	if (file != NULL || access(SETTINGS_FILE, F_OK) == 0)
		r = config_load_file(config, file != NULL ? file : SETTINGS_FILE, err);
	if (r == 0)
		r = config_load_environment(config, err);
	if (r == 0)
		r = take_flags(config, argv, err);
	if (r < 0) {
		config_free(config);
		return r;
	}
	*ret_config = config;
	return 0;
}
