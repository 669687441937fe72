/* ttob admin: who may administrate. Works beside a running platform, on the same database. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/command.h"
#include "cli/paths.h"
#include "core/password.h"
#include "core/username.h"
#include "store/audit.h"
#include "store/sessions.h"
#include "store/users.h"
#include "web/secret.h"

#define LINE_SIZE (PASSWORD_MAX_BYTES + 2)

/* ---- the password
 * -------------------------------------------------------------------------------------------------------- */

static int read_line(char line[LINE_SIZE], struct error *err)
{
	if (fgets(line, LINE_SIZE, stdin) == NULL)
		return error_set(err, ERROR_INVALID, ENODATA, "no password came; nothing was changed");
	line[strcspn(line, "\r\n")] = '\0';
	return 0;
}

/* Without an echo. After a signal the shell mends the terminal. */
static int ask_line(const char *prompt, char line[LINE_SIZE], struct error *err)
{
	struct termios before, silent;
	int r;

	fputs(prompt, stderr);
	fflush(stderr);
	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return error_errno(err, errno, "cannot ask for a password");
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	r = read_line(line, err);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return r;
}

static int ask_twice(char line[LINE_SIZE], struct error *err)
{
	char again[LINE_SIZE];
	int r = ask_line("Password: ", line, err);

	if (r == 0)
		r = ask_line("Once more: ", again, err);
	if (r == 0 && strcmp(line, again) != 0)
		r = error_set(err, ERROR_INVALID, EINVAL, "these are two different passwords; nothing was changed");
	sodium_memzero(again, sizeof(again));
	return r;
}

/* From the terminal, or with --password-stdin the first line of the input. */
static int take_password(const char *username, bool from_input, char **ret_hash, struct error *err)
{
	char line[LINE_SIZE] = "";
	const char *fault = NULL;
	int r;

	if (!from_input && !isatty(STDIN_FILENO))
		return error_set(err, ERROR_INVALID, ENOTTY,
				 "there is no terminal to ask for a password; pass it by --password-stdin");
	r = from_input ? read_line(line, err) : ask_twice(line, err);
	if (r == 0)
		fault = password_fault(line, username, NULL);
	if (fault != NULL)
		r = error_set(err, ERROR_INVALID, EINVAL, "the password %s", fault);
	if (r == 0)
		r = secret_hash(line, 0, ret_hash, err);
	sodium_memzero(line, sizeof(line));
	return r;
}

/* ---- the commands
 * -------------------------------------------------------------------------------------------------------- */

static int note(struct store *store, const char *action, const char *username, const char *detail, struct error *err)
{
	return audit_add(store, clock_realtime_ms(), "operator", "", action, username, detail, err);
}

static int make(struct store *store, const char *username, bool from_input, struct error *err)
{
	struct user user = {0};
	const char *fault = username_fault(username);
	int r;

	if (fault != NULL)
		return error_set(err, ERROR_INVALID, EINVAL, "the name %s: a user name %s", username, fault);
	r = take_password(username, from_input, &user.password_hash, err);
	if (r < 0)
		return r;
	user.username = xstrdup(username);
	user.role = xstrdup("admin");
	r = users_add(store, &user, clock_realtime_ms(), err);
	if (r == 0)
		r = note(store, "user.register", username, "admin", err);
	if (r == 0)
		printf("%s is a new account and an administrator\n", username);
	user_fini(&user);
	return r;
}

/* With --password-stdin the account also gets that password, for administrators who have lost theirs. */
static int promote(struct store *store, const struct user *user, bool from_input, struct error *err)
{
	auto_free char *hash = NULL;
	int r = from_input ? take_password(user->username, true, &hash, err) : 0;

	if (r == 0 && hash != NULL)
		r = users_set_password(store, user->id, hash, err);
	if (r == 0 && hash != NULL)
		r = sessions_revoke_all(store, user->id, NULL, err);
	if (r == 0 && hash != NULL)
		r = note(store, "user.password", user->username, NULL, err);
	if (r == 0)
		r = users_set_role(store, user->id, "admin", err);
	if (r == 0)
		r = note(store, "user.role", user->username, "admin", err);
	if (r == 0)
		printf("%s is an administrator%s%s\n", user->username, hash != NULL ? ", with a new password" : "",
		       strcmp(user->state, "active") != 0 ? ", but suspended: another administrator has to lift that"
							  : "");
	return r;
}

static int add(struct store *store, const char *username, bool from_input, struct error *err)
{
	struct user user = {0};
	int r = users_by_name(store, username, &user, err);

	if (r == 0)
		r = promote(store, &user, from_input, err);
	else if (err->kind == ERROR_NOT_FOUND)
		r = make(store, username, from_input, err);
	user_fini(&user);
	return r;
}

static int take_away(struct store *store, const char *username, struct error *err)
{
	struct user user = {0};
	int r = users_by_name(store, username, &user, err);

	if (r < 0 && err->kind == ERROR_NOT_FOUND)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no user %s", username);
	if (r == 0 && strcmp(user.role, "admin") != 0) {
		printf("%s is no administrator\n", username);
		goto out;
	}
	if (r == 0)
		r = users_set_role(store, user.id, "user", err);
	if (r == 0)
		r = note(store, "user.role", username, "user", err);
	if (r == 0)
		printf("%s is an administrator no more; the account stays\n", username);
out:
	user_fini(&user);
	return r;
}

static int list(struct store *store, struct error *err)
{
	struct user_list admins = {0};
	int r = users_list_admins(store, &admins, err);

	for (size_t i = 0; r == 0 && i < admins.count; i++)
		printf("%s%s%s\n", admins.items[i].username,
		       admins.items[i].password_hash != NULL ? "" : " (no password)",
		       strcmp(admins.items[i].state, "active") != 0 ? " (suspended)" : "");
	if (r == 0 && admins.count == 0)
		fprintf(stderr, "there is no administrator yet; make one by: ttob admin add NAME\n");
	user_list_fini(&admins);
	return r;
}

struct task {
	enum { TASK_NONE, TASK_ADD, TASK_REMOVE, TASK_LIST } what;
	const char *username;
	bool from_input;
};

static struct task read_arguments(char **arguments)
{
	struct task task = {0};

	for (size_t i = 0; arguments[i] != NULL; i++) {
		if (i == 0 && strcmp(arguments[0], "add") == 0)
			task.what = TASK_ADD;
		else if (i == 0 && strcmp(arguments[0], "remove") == 0)
			task.what = TASK_REMOVE;
		else if (i == 0 && strcmp(arguments[0], "list") == 0)
			task.what = TASK_LIST;
		else if (i > 0 && strcmp(arguments[i], "--password-stdin") == 0 && task.what == TASK_ADD)
			task.from_input = true;
		else if (i > 0 && arguments[i][0] != '-' && task.username == NULL && task.what != TASK_LIST)
			task.username = arguments[i];
		else
			return (struct task){0};
	}
	return task.what != TASK_NONE && (task.username != NULL) == (task.what != TASK_LIST) ? task : (struct task){0};
}

static int perform(const struct task *task, const struct paths *paths, struct error *err)
{
	struct store store;
	int r = paths_enter(paths, err);

	if (r == 0)
		r = store_prepare(paths->database, err);
	if (r == 0)
		r = store_open(paths->database, &store, err);
	if (r < 0)
		return r;
	if (task->what == TASK_ADD)
		r = add(&store, task->username, task->from_input, err);
	else if (task->what == TASK_REMOVE)
		r = take_away(&store, task->username, err);
	else
		r = list(&store, err);
	store_close(&store);
	return r;
}

static int run_admin(struct config *config, char **arguments)
{
	struct task task = read_arguments(arguments);
	struct paths paths;
	struct error err = {0};
	int r;

	if (task.what == TASK_NONE) {
		fprintf(stderr, "usage: ttob admin add NAME [--password-stdin]\n       ttob admin remove NAME\n       "
				"ttob admin list\n");
		return 2;
	}
	r = sodium_init() < 0 ? error_set(&err, ERROR_INTERNAL, EIO, "cannot start libsodium")
			      : paths_init(&paths, config, &err);
	if (r == 0) {
		r = perform(&task, &paths, &err);
		paths_fini(&paths);
	}
	if (r < 0)
		log_error("%s", err.message);
	return r < 0 ? 1 : 0;
}

const struct command command_admin = {
	.name = "admin",
	.arguments = "add NAME [--password-stdin] | remove NAME | list",
	.help = "say who may administrate: make an account or raise one that there is; take it back; show who does",
	.run = run_admin,
};
