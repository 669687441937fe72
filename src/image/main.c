/* ttob-image WIDTH HEIGHT <picture >answer
 * Makes a stranger's picture anew, at most that large. The answer is "TYPE WIDTH HEIGHT\n" and the new picture, status 0; or a line that says
 * what is wrong with it, status 1. Any other end is a fault of the picture too: it drove the decoder against a wall. */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "image/confine.h"
#include "image/convert.h"

#define INPUT_MAX ((size_t)8 << 20)

static int refuse(const struct error *err)
{
	char line[sizeof(err->message) + 2];

	snprintf(line, sizeof(line), "%s\n", err->message);
	fd_write_all(STDOUT_FILENO, line, strlen(line));
	return 1;
}

static int answer(const struct image_result *result)
{
	char line[64];

	snprintf(line, sizeof(line), "%s %u %u\n", result->type, result->width, result->height);
	if (fd_write_all(STDOUT_FILENO, line, strlen(line)) < 0)
		return 2;
	return fd_write_all(STDOUT_FILENO, result->data.data, result->data.length) < 0 ? 2 : 0;
}

static int run(const struct image_wish *wish)
{
	struct image_result result = {0};
	struct buf input = BUF_INIT;
	struct error err = {0};
	int r = fd_read_all(STDIN_FILENO, INPUT_MAX, &input);

	if (r < 0)
		r = error_set(&err, ERROR_INVALID, -r, "the picture has more than %zu MiB", INPUT_MAX >> 20);
	else
		r = image_convert(input.data != NULL ? input.data : "", input.length, wish, &result, &err);
	return r < 0 ? refuse(&err) : answer(&result);
}

int main(int argc, char **argv)
{
	uint64_t width, height;
	struct error err = {0};

	if (argc != 3 || str_to_u64(argv[1], 10000, &width) < 0 || str_to_u64(argv[2], 10000, &height) < 0 || width == 0 || height == 0) {
		fprintf(stderr, "usage: ttob-image WIDTH HEIGHT <picture >answer\n");
		return 2;
	}
	if (confine(&err) < 0) {
		fprintf(stderr, "ttob-image: %s\n", err.message);
		return 2;
	}
	/* Nothing is left to do for exit handlers, and those of the sanitizers ask for more than the filter gives. */
	syscall(SYS_exit_group, run(&(struct image_wish){(unsigned)width, (unsigned)height}));
}
