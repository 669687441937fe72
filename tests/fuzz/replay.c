/* Stands in for libFuzzer where the compiler has none: gives each file, and each file of each folder, to the fuzzer
 * once. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* A fuzzer may have it or not (as with libFuzzer). */
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static int replay_file(int dir, const char *path)
{
	struct stat st;
	uint8_t *data;
	ssize_t n = 0;
	size_t length = 0;
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0) {
		perror(path);
		if (fd >= 0)
			close(fd);
		return 1;
	}
	/* An exact allocation, so that a read past the end is seen. */
	data = malloc(st.st_size > 0 ? (size_t)st.st_size : 1);
	if (data == NULL)
		abort();
	while (length < (size_t)st.st_size && (n = read(fd, data + length, (size_t)st.st_size - length)) > 0)
		length += (size_t)n;
	close(fd);
	LLVMFuzzerTestOneInput(data, length);
	free(data);
	return 0;
}

static int replay_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int failed = 0;

	if (dir == NULL) {
		perror(path);
		return 1;
	}
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			failed |= replay_file(dirfd(dir), entry->d_name);
	closedir(dir);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (argv[i][0] == '-')
			continue; /* an option for libFuzzer */
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			failed |= replay_folder(argv[i]);
		else
			failed |= replay_file(AT_FDCWD, argv[i]);
	}
	return failed;
}
