/* ttob admin, as a process of its own would do it: with an input, on a folder that belongs to somebody else. */
#include "unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/command.h"
#include "cli/settings.h"
#include "store/audit.h"
#include "store/users.h"
#include "web/secret.h"

#define OWNER 65534

struct bench {
	char root[64];
	char *url;
};

static int setup(void **state)
{
	struct bench *bench = xmalloc(sizeof(*bench));
	auto_free char *web = NULL;

	strcpy(bench->root, "/tmp/ttob-admin-XXXXXX");
	assert_non_null(mkdtemp(bench->root));
	assert_int_equal(chmod(bench->root, 0755), 0);
	web = xasprintf("%s/web", bench->root);
	assert_int_equal(mkdir(web, 0750), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(web, OWNER, OWNER), 0);
	bench->url = xasprintf("sqlite:%s/ttob.db", web);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	dir_remove_all(bench->root, NULL);
	free(bench->url);
	free(bench);
	return 0;
}

static void run_child(const struct bench *bench, const char *const *words, int input, int output)
{
	char *arguments[10] = {0};
	struct config *config;
	struct error err;
	size_t count = 0;
	int status;

	for (; words[count] != NULL; count++)
		arguments[count] = xstrdup(words[count]);
	arguments[count] = xasprintf("--data=%s", bench->root);
	dup2(input, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	log_setup("ttob", LOG_LEVEL_INFO, false);
	if (settings_load(arguments, &config, &err) < 0)
		_exit(99);
	status = command_admin.run(config, arguments);
	fflush(NULL);
	_exit(status);
}

/* The exit status; what it said goes to `said`. */
static int run(const struct bench *bench, const char *input, char said[1024], const char *const *words)
{
	int in[2], out[2], status;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(write(in[1], input, strlen(input)), (ssize_t)strlen(input));
	close(in[1]);
	pid = fork();
	if (pid == 0)
		run_child(bench, words, in[0], out[1]);
	close(out[1]);
	close(in[0]);
	while ((n = read(out[0], said + used, 1023 - used)) > 0)
		used += (size_t)n;
	said[used] = '\0';
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define RUN(bench, input, said, ...) run(bench, input, said, (const char *const[]){__VA_ARGS__, NULL})

static struct user get(const struct bench *bench, const char *username)
{
	struct store store;
	struct user user;

	assert_int_equal(store_open(bench->url, &store, NULL), 0);
	assert_int_equal(users_by_name(&store, username, &user, NULL), 0);
	store_close(&store);
	return user;
}

static int64_t number(const struct bench *bench, const char *sql)
{
	struct store store;
	int64_t value;

	assert_int_equal(store_open(bench->url, &store, NULL), 0);
	assert_int_equal(db_number(store.db, -1, &value, NULL, sql, ""), 0);
	store_close(&store);
	return value;
}

static void makes_the_first_one(void **state)
{
	struct bench *bench = *state;
	char said[1024];
	struct user user;

	assert_int_equal(RUN(bench, "", said, "list"), 0);
	assert_non_null(strstr(said, "no administrator yet"));
	assert_int_equal(RUN(bench, "seven green kettles\n", said, "add", "olive", "--password-stdin"), 0);
	user = get(bench, "olive");
	assert_string_equal(user.role, "admin");
	assert_true(secret_fits(user.password_hash, "seven green kettles", 0));
	assert_null(strstr(said, "kettles"));
	user_fini(&user);
	assert_int_equal(RUN(bench, "", said, "list"), 0);
	assert_string_equal(said, "olive\n");
	assert_int_equal(number(bench, "SELECT COUNT(*) FROM audit WHERE actor = 'operator' AND target = 'olive'"), 1);
}

static void files_stay_the_web_users(void **state)
{
	struct bench *bench = *state;
	char said[1024];
	struct stat st;

	if (geteuid() != 0)
		skip();
	assert_int_equal(RUN(bench, "seven green kettles\n", said, "add", "olive", "--password-stdin"), 0);
	assert_int_equal(stat(strchr(bench->url, ':') + 1, &st), 0);
	assert_int_equal(st.st_uid, OWNER);
	assert_int_equal(st.st_gid, OWNER);
}

static void refuses_what_is_not_good(void **state)
{
	struct bench *bench = *state;
	char said[1024];

	assert_int_equal(RUN(bench, "password\n", said, "add", "olive", "--password-stdin"), 1);
	assert_non_null(strstr(said, "the password is one of those"));
	assert_int_equal(RUN(bench, "", said, "add", "olive", "--password-stdin"), 1);
	assert_int_equal(RUN(bench, "seven green kettles\n", said, "add", "olive"), 1); /* no terminal */
	assert_non_null(strstr(said, "--password-stdin"));
	assert_int_equal(RUN(bench, "seven green kettles\n", said, "add", "Olive", "--password-stdin"), 1);
	assert_int_equal(RUN(bench, "seven green kettles\n", said, "add", "root", "--password-stdin"), 1);
	assert_int_equal(RUN(bench, "", said, "remove", "nobody-here"), 1);
	assert_int_equal(RUN(bench, "", said, "add"), 2);
	assert_int_equal(RUN(bench, "", said, "remove"), 2);
	assert_int_equal(RUN(bench, "", said, "list", "olive"), 2);
	assert_int_equal(RUN(bench, "", said, "add", "a", "b"), 2);
	assert_int_equal(RUN(bench, "", said, "burn", "olive"), 2);
	assert_int_equal(number(bench, "SELECT COUNT(*) FROM users"), 0);
}

static void raises_and_lowers(void **state)
{
	struct bench *bench = *state;
	char said[1024];
	struct user user;

	assert_int_equal(RUN(bench, "seven green kettles\n", said, "add", "olive", "--password-stdin"), 0);
	assert_int_equal(RUN(bench, "", said, "remove", "olive"), 1);
	assert_non_null(strstr(said, "last active administrator"));
	assert_int_equal(RUN(bench, "eight blue teapots\n", said, "add", "peter", "--password-stdin"), 0);
	assert_int_equal(RUN(bench, "", said, "remove", "olive"), 0);
	assert_int_equal(RUN(bench, "", said, "remove", "olive"), 0);
	user = get(bench, "olive");
	assert_string_equal(user.role, "user");
	user_fini(&user);
	assert_int_equal(RUN(bench, "", said, "add", "olive"), 0); /* raised, keeps the password */
	user = get(bench, "olive");
	assert_string_equal(user.role, "admin");
	assert_true(secret_fits(user.password_hash, "seven green kettles", 0));
	user_fini(&user);
	assert_int_equal(RUN(bench, "nine red saucers\r\n", said, "add", "olive", "--password-stdin"), 0);
	user = get(bench, "olive");
	assert_true(secret_fits(user.password_hash, "nine red saucers", 0));
	user_fini(&user);
	assert_int_equal(RUN(bench, "", said, "list"), 0);
	assert_string_equal(said, "olive\npeter\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_the_first_one),
		TEST(files_stay_the_web_users),
		TEST(refuses_what_is_not_good),
		TEST(raises_and_lowers),
	};

	return cmocka_run_group_tests_name("ttob admin", tests, NULL, NULL);
}
