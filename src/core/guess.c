#include "core/guess.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "core/toml_text.h"

#define END_OF_SCRIPT "rm -rf /var/lib/apt/lists/*\n"

static void install(struct guess *guess, const char *packages)
{
	buf_printf(&guess->script, "apt-get update\napt-get install -y --no-install-recommends %s\n", packages);
}

static void add(struct guess *guess, const char *lines)
{
	buf_append_string(&guess->script, lines);
}

/* A word that needs no quotes in a shell. What a repository says is copied into commands only if it is one. */
static bool is_plain(const char *word)
{
	return *word != '\0' && *word != '-' && strlen(word) <= 100 &&
	       strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/+") == strlen(word) && strstr(word, "..") == NULL;
}

/* The program's name, when it is fit: takes `name`. */
static void set_program(struct guess *guess, char *name)
{
	if (name != NULL && is_plain(name) && strchr(name, '/') == NULL && guess->program == NULL)
		guess->program = name;
	else
		free(name);
}

/* ---- node ---------------------------------------------------------------------------------------------------------------- */

/* "@scope/name" → "name" */
static const char *without_scope(const char *name)
{
	const char *slash = name != NULL ? strrchr(name, '/') : NULL;

	return slash != NULL ? slash + 1 : name;
}

static void read_bin(struct guess *guess, const json_t *package)
{
	json_t *bin = json_object_get(package, "bin");

	if (json_is_string(bin))
		set_program(guess, xstrdup(without_scope(json_string_value(json_object_get(package, "name")))));
	else if (json_object_size(bin) > 0)
		set_program(guess, xstrdup(json_object_iter_key(json_object_iter(bin))));
}

static void node(const struct repository *repository, struct guess *guess)
{
	const char *text = repository_text(repository, "package.json");
	json_t *package = text != NULL ? json_loads(text, 0, NULL) : NULL;
	json_t *scripts = json_object_get(package, "scripts");
	const char *main = json_string_value(json_object_get(package, "main"));
	bool builds = json_is_string(json_object_get(scripts, "build"));

	install(guess, "ca-certificates git nodejs npm");
	buf_printf(&guess->script, repository_text(repository, "package-lock.json") != NULL ? "npm ci%s || npm install%s\n" : "npm install%s\n",
		   builds ? "" : " --omit=dev", builds ? "" : " --omit=dev");
	if (builds)
		add(guess, "npm run build\n");
	read_bin(guess, package);
	if (guess->program != NULL)
		add(guess, "npm install --global .\n");
	add(guess, END_OF_SCRIPT);
	if (guess->program == NULL && json_is_string(json_object_get(scripts, "start")))
		guess->run = xstrdup("cd /src && npm start");
	else if (guess->program == NULL && main != NULL && is_plain(main))
		guess->run = xasprintf("cd /src && node %s", main);
	if (guess->program == NULL)
		guess->smoke = xstrdup("node --version");
	json_decref(package);
}

/* ---- python --------------------------------------------------------------------------------------------------------------- */

static void python(const struct repository *repository, struct guess *guess)
{
	const char *project = repository_text(repository, "pyproject.toml");
	bool package = repository_text(repository, "setup.py") != NULL;
	static const char *const mains[] = {"main.py", "app.py"};

	if (project != NULL)
		package = package || strstr(project, "[build-system]") != NULL || strstr(project, "[project]") != NULL;
	install(guess, "build-essential ca-certificates git python3 python3-dev python3-venv");
	add(guess, "python3 -m venv /opt/venv\n");
	if (repository_text(repository, "requirements.txt") != NULL)
		add(guess, "/opt/venv/bin/pip install --no-cache-dir -r requirements.txt\n");
	if (package)
		add(guess, "/opt/venv/bin/pip install --no-cache-dir .\n");
	add(guess, "for program in /opt/venv/bin/*; do\n"
		    "\tcase ${program##*/} in\n"
		    "\tactivate*|Activate*|pip*|python*) ;;\n"
		    "\t*) ln -sf \"$program\" /usr/local/bin/ ;;\n"
		    "\tesac\n"
		    "done\n" END_OF_SCRIPT);
	if (project != NULL)
		set_program(guess, toml_first_key(project, "project.scripts"));
	if (project != NULL)
		set_program(guess, toml_first_key(project, "tool.poetry.scripts"));
	for (size_t i = 0; guess->program == NULL && guess->run == NULL && i < ARRAY_SIZE(mains); i++)
		if (repository_text(repository, mains[i]) != NULL)
			guess->run = xasprintf("cd /src && /opt/venv/bin/python %s", mains[i]);
	if (guess->program == NULL && guess->run == NULL)
		guess->run = xstrdup("/opt/venv/bin/python");
	if (guess->program == NULL)
		guess->smoke = xstrdup("/opt/venv/bin/python --version");
}

/* ---- what is compiled -------------------------------------------------------------------------------------------------------- */

static void cargo(const struct repository *repository, struct guess *guess)
{
	install(guess, "build-essential ca-certificates cargo git libssl-dev pkg-config");
	buf_printf(&guess->script, "cargo build --release%s\n", repository_text(repository, "Cargo.lock") != NULL ? " --locked" : "");
	add(guess, "find target/release -maxdepth 1 -type f -perm -100 -exec install {} /usr/local/bin/ ';'\n"
		    "rm -rf target /root/.cargo\n" END_OF_SCRIPT);
	set_program(guess, toml_text(repository_text(repository, "Cargo.toml"), "[bin]", "name"));
	set_program(guess, toml_text(repository_text(repository, "Cargo.toml"), "package", "name"));
}

/* "module example.org/some/tool/v2" → "tool" */
static char *go_program(const char *module)
{
	const char *line = strncmp(module, "module ", 7) == 0 ? module : strstr(module, "\nmodule ");
	auto_free char *path = NULL;
	char *slash;

	if (line == NULL)
		return NULL;
	line += strspn(line, "\n") + strlen("module ");
	path = xstrndup(line, strcspn(line, " \t\r\n"));
	slash = strrchr(path, '/');
	if (slash != NULL && slash[1] == 'v' && slash[2] != '\0' && strspn(slash + 2, "0123456789") == strlen(slash + 2)) {
		*slash = '\0';
		slash = strrchr(path, '/');
	}
	return xstrdup(slash != NULL ? slash + 1 : path);
}

static void go(const struct repository *repository, struct guess *guess)
{
	install(guess, "build-essential ca-certificates git golang-go");
	add(guess, "CGO_ENABLED=0 go build -buildvcs=false -o /usr/local/bin/ ./...\nrm -rf /root/go /root/.cache\n" END_OF_SCRIPT);
	set_program(guess, go_program(repository_text(repository, "go.mod")));
}

/* The first word behind `call` "(": "add_executable(name main.c)" → "name"; quotes are left out. */
static char *first_argument(const char *text, const char *call)
{
	const char *at = strcasestr(text, call);

	if (at == NULL)
		return NULL;
	at += strlen(call);
	at += strspn(at, " \t\r\n('\"");
	return xstrndup(at, strcspn(at, " \t\r\n)'\",$"));
}

static void meson(const struct repository *repository, struct guess *guess)
{
	install(guess, "build-essential ca-certificates git meson ninja-build pkg-config");
	add(guess, "meson setup build --buildtype=release --prefix=/usr/local\nninja -C build\nmeson install -C build\nldconfig\n"
		    "rm -rf build\n" END_OF_SCRIPT);
	set_program(guess, first_argument(repository_text(repository, "meson.build"), "executable("));
}

static void cmake(const struct repository *repository, struct guess *guess)
{
	install(guess, "build-essential ca-certificates cmake git pkg-config");
	add(guess, "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release\ncmake --build build -j \"$(nproc)\"\ncmake --install build\nldconfig\n"
		    "rm -rf build\n" END_OF_SCRIPT);
	set_program(guess, first_argument(repository_text(repository, "CMakeLists.txt"), "add_executable("));
}

static bool has_target(const char *makefile, const char *target)
{
	size_t length = strlen(target);

	for (const char *line = makefile; line != NULL && *line != '\0'; line = strchr(line, '\n'), line += line != NULL)
		if (strncmp(line, target, length) == 0 && line[length + strspn(line + length, " \t")] == ':')
			return true;
	return false;
}

static void make(const struct repository *repository, struct guess *guess)
{
	const char *configure_ac = repository_text(repository, "configure.ac");
	const char *makefile = repository_text_like(repository, "makefile");
	bool has_configure = repository_text(repository, "configure") != NULL;

	if (makefile == NULL)
		makefile = repository_text(repository, "GNUmakefile");
	install(guess, configure_ac != NULL && !has_configure ? "autoconf automake build-essential ca-certificates git libtool pkg-config"
							       : "build-essential ca-certificates git pkg-config");
	if (has_configure)
		add(guess, "sh ./configure --prefix=/usr/local\n");
	else if (configure_ac != NULL)
		add(guess, "autoreconf --force --install\n./configure --prefix=/usr/local\n");
	add(guess, "make -j \"$(nproc)\"\n");
	if (has_configure || configure_ac != NULL || (makefile != NULL && has_target(makefile, "install")))
		add(guess, "make install\nldconfig\n");
	add(guess, END_OF_SCRIPT);
	if (configure_ac != NULL) {
		char *name = first_argument(configure_ac, "AC_INIT(");

		if (name != NULL && *name == '[') { /* AC_INIT([name], …) */
			memmove(name, name + 1, strlen(name));
			name[strcspn(name, "]")] = '\0';
		}
		set_program(guess, name);
	}
	if (guess->program == NULL && (makefile == NULL || !has_target(makefile, "install")))
		guess->run = xstrdup("cd /src && exec bash");
}

static void unknown(const struct repository *repository, struct guess *guess)
{
	(void)repository;
	install(guess, "build-essential ca-certificates git");
	add(guess, "# The repository is in /src. Say here how the program is built and installed.\n" END_OF_SCRIPT);
	guess->run = xstrdup("cd /src && exec bash");
}

void guess_make(const struct repository *repository, enum found found, struct guess *ret_guess)
{
	static void (*const makers[FOUND_KINDS])(const struct repository *, struct guess *) = {
		[FOUND_CARGO] = cargo, [FOUND_GO] = go,       [FOUND_NODE] = node, [FOUND_PYTHON] = python,
		[FOUND_MESON] = meson, [FOUND_CMAKE] = cmake, [FOUND_MAKE] = make, [FOUND_UNKNOWN] = unknown,
	};

	*ret_guess = (struct guess){.script = BUF_INIT};
	if (makers[found] != NULL)
		makers[found](repository, ret_guess);
	if (ret_guess->program != NULL && ret_guess->smoke == NULL)
		ret_guess->smoke = xasprintf("%s --version || %s --help", ret_guess->program, ret_guess->program);
}

void guess_fini(struct guess *guess)
{
	buf_fini(&guess->script);
	free(guess->program);
	free(guess->run);
	free(guess->smoke);
	*guess = (struct guess){0};
}
