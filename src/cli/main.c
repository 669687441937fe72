/* ttob: trythisonbrowser's one program for operators. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/command.h"
#include "cli/settings.h"

static const struct command *const commands[] = {&command_up, &command_web, &command_doctor, &command_catalog, &command_admin, &command_config};

static void print_help(void)
{
	puts("ttob: try open-source programs in the browser\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  ttob %s %s\n      %s\n", commands[i]->name, commands[i]->arguments, commands[i]->help);
	puts("\nEverywhere: --config FILE (default " SETTINGS_FILE "), --set SECTION.KEY=VALUE, and the environment\n"
	     "(TTOB_SECTION_KEY). `ttob config` lists what can be set.");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int run(const struct command *command, char **arguments)
{
	struct config *config = NULL;
	enum log_level level = LOG_LEVEL_INFO;
	struct error err;
	int status;

	log_setup("ttob", LOG_LEVEL_INFO, false);
	if (settings_load(arguments, &config, &err) < 0) {
		fprintf(stderr, "ttob %s: %s\n", command->name, err.message);
		return 2;
	}
	if (log_level_from_name(config_string(config, "log", "level"), &level) < 0) {
		fprintf(stderr, "ttob %s: [log] level must be debug, info, warning or error\n", command->name);
		config_free(config);
		return 2;
	}
	log_setup("ttob", level, config_bool(config, "log", "json"));
	status = command->run(config, arguments);
	config_free(config);
	return status;
}

int main(int argc, char **argv)
{
	const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)) {
		print_help();
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("ttob " TTOB_VERSION);
		return 0;
	}
	for (int i = 2; command != NULL && i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			printf("ttob %s %s\n    %s\n", command->name, command->arguments, command->help);
			return 0;
		}
	}
	if (command == NULL) {
		fprintf(stderr, argc > 1 ? "ttob: there is no command %s; see ttob --help\n" : "ttob: what to do? See ttob --help\n",
			argc > 1 ? argv[1] : "");
		return 2;
	}
	return run(command, argv + 2);
}
