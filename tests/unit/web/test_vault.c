#include "web/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "unit/test.h"

static const struct vault_owner ann = {7, "registry.example:5000", "robot$pull"};

struct place {
	char folder[40];
	char *key;
};

static int setup(void **state)
{
	struct place *place = xmalloc(sizeof(*place));

	strcpy(place->folder, "/tmp/ttob-vault-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	place->key = xasprintf("%s/key", place->folder);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	struct error err;

	dir_remove_all(place->folder, &err);
	free(place->key);
	free(place);
	return 0;
}

static struct vault *open_here(const struct place *place)
{
	struct vault *vault = NULL;
	struct error err = {0};

	if (vault_open(place->key, true, &vault, &err) < 0)
		fail_msg("%s", err.message);
	return vault;
}

static void write_key(const struct place *place, const char *text, mode_t mode)
{
	int fd = open(place->key, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static struct buf seal(const struct vault *vault, const struct vault_owner *owner, const char *password)
{
	struct buf out = BUF_INIT;
	struct error err = {0};

	assert_int_equal(vault_seal(vault, owner, password, &out, &err), 0);
	return out;
}

static void what_goes_in_comes_out(void **state)
{
	char long_one[4097];
	const char *const passwords[] = {"p", "비밀번호 😀", "", long_one, "exactly sixty-four bytes of a password, which is one whole step!"};
	struct vault *vault = open_here(*state);
	struct error err = {0};

	memset(long_one, 'x', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(passwords); i++) {
		struct buf once = seal(vault, &ann, passwords[i]), twice = seal(vault, &ann, passwords[i]);
		char *back = NULL;

		assert_int_equal(vault_unseal(vault, &ann, once.data, once.length, &back, &err), 0);
		assert_string_equal(back, passwords[i]);
		assert_memory_not_equal(once.data, twice.data, once.length); /* another nonce each time */
		if (strlen(passwords[i]) > 4)
			assert_null(memmem(once.data, once.length, passwords[i], strlen(passwords[i])));
		assert_int_equal((once.length - 1 - 24 - 16) % 64, 0);
		vault_forget(back);
		buf_fini(&once);
		buf_fini(&twice);
	}
	vault_close(vault);
}

static void nothing_else_opens_it(void **state)
{
	static const struct vault_owner others[] = {{8, "registry.example:5000", "robot$pull"},
						    {7, "registry.example", "robot$pull"},
						    {7, "registry.example:5000", "robot"},
						    {7, "registry.example:5000robot$pull", ""}};
	struct vault *vault = open_here(*state), *other = NULL;
	struct buf sealed = seal(vault, &ann, "secret");
	struct error err = {0};
	char *back = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_true(vault_unseal(vault, &others[i], sealed.data, sealed.length, &back, &err) < 0);
	for (size_t i = 0; i < sealed.length; i++) {
		sealed.data[i] ^= 1;
		assert_true(vault_unseal(vault, &ann, sealed.data, sealed.length, &back, &err) < 0);
		sealed.data[i] ^= 1;
	}
	for (size_t length = 0; length < sealed.length; length++)
		assert_true(vault_unseal(vault, &ann, sealed.data, length, &back, &err) < 0);
	unlink(((struct place *)*state)->key);
	other = open_here(*state);
	assert_true(vault_unseal(other, &ann, sealed.data, sealed.length, &back, &err) < 0);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_null(back);
	vault_close(other);
	other = NULL;
	buf_fini(&sealed);
	vault_close(vault);
	vault_close(NULL);
	vault_forget(NULL);
}

static void the_key_is_made_once_and_for_us_alone(void **state)
{
	const struct place *place = *state;
	struct vault *vault = NULL, *again;
	struct error err = {0};
	struct buf sealed;
	struct stat st;
	char *back = NULL;

	assert_int_equal(vault_open(place->key, false, &vault, &err), -ENOENT);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_non_null(strstr(err.message, "credentials_key"));
	vault = open_here(place);
	assert_int_equal(stat(place->key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_nlink, 1); /* the half made one is gone */
	sealed = seal(vault, &ann, "secret");
	again = open_here(place);
	assert_int_equal(vault_unseal(again, &ann, sealed.data, sealed.length, &back, &err), 0);
	vault_forget(back);
	buf_fini(&sealed);
	vault_close(again);
	vault_close(vault);
}

static void bad_keys_are_told(void **state)
{
	static const char good[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
	static const struct {
		const char *text;
		mode_t mode;
		int result;
	} table[] = {
		{good, 0600, 0},
		{good, 0640, 0}, /* a group of nodes */
		{good, 0644, -EACCES},
		{good, 0602, -EACCES},
		{"", 0600, -EINVAL},
		{"00112233", 0600, -EINVAL},
		{"zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 0600, -EINVAL},
		{"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00", 0600, -EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct vault *vault = NULL;
		struct error err = {0};
		int r;

		write_key(*state, table[i].text, table[i].mode);
		r = vault_open(((struct place *)*state)->key, true, &vault, &err);
		if (r != table[i].result)
			fail_msg("%zu gave %d: %s", i, r, err.message);
		if (r < 0)
			assert_null(strstr(err.message, "00112233"));
		vault_close(vault);
	}
}

static void *open_one(void *data)
{
	return open_here(data);
}

/* Several web processes may start at one time. */
static void many_make_one_key(void **state)
{
	struct vault *vaults[8];
	pthread_t threads[8];
	struct error err = {0};
	struct buf sealed;
	char *back = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, open_one, *state), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], (void **)&vaults[i]);
	sealed = seal(vaults[0], &ann, "secret");
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		assert_int_equal(vault_unseal(vaults[i], &ann, sealed.data, sealed.length, &back, &err), 0);
		vault_forget(back);
		vault_close(vaults[i]);
	}
	buf_fini(&sealed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_goes_in_comes_out, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_else_opens_it, setup, teardown),
		cmocka_unit_test_setup_teardown(the_key_is_made_once_and_for_us_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_keys_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(many_make_one_key, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
