#include "agent/build/explain.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

#define WORD_MAX ((size_t)160)

/* What stands in a log, and what it means. `%s` is the text between `before` and `after` (to the end of the line when that is NULL). */
struct cause {
	const char *before;
	const char *after;
	const char *message;
};

/* The more telling ones first. */
static const struct cause causes[] = {
	{"E: Unable to locate package ", NULL, "there is no package %s in the package lists: run apt-get update first, or check the name"},
	{"E: Package '", "' has no installation candidate", "the package %s cannot be installed here: nothing offers it; check the name"},
	{"ERROR: unable to select packages:\n  ", " (no such package)", "there is no package %s: check the name"},
	{"No matching distribution found for ", NULL, "there is no Python package %s: check its name and version"},
	{"npm ERR! 404  '", "' is not in", "there is no npm package %s: check its name and version"},
	{"npm error 404  '", "' is not in", "there is no npm package %s: check its name and version"},
	{"Could not resolve host: ", NULL, "the name %s cannot be resolved: check it, and whether the build has a network"},
	{"Temporary failure resolving '", "'", "the name %s cannot be resolved: check it, and whether the build has a network"},
	{"Could not resolve '", "'", "the name %s cannot be resolved: check it, and whether the build has a network"},
	{"unable to resolve host address ", NULL, "the name %s cannot be resolved: check it, and whether the build has a network"},
	{"Could not connect to ", " ", "the network of builds is closed to %s: only public addresses can be reached, and no mail servers"},
	{"Failed to connect to ", " port", "the network of builds is closed to %s: only public addresses can be reached, and no mail servers"},
	{"parse error on line ", NULL, "the Dockerfile has a mistake on line %s"},
	{"nknown instruction: ", NULL, "the Dockerfile has an unknown instruction: %s"},
	{": exec: \"", "\": ", "the program %s is not in the image"},
	{"copier: stat: \"/", "\": no such file or directory", "COPY or ADD: %s is not among the files of this build"},
	{"creating build container: ", ": image not known", "the base image %s is not known here: name it plainly in FROM"},
};

/* The last line that says it, so that a failure that was handled before does not count for more than the end. */
static const char *find_last(const char *log, const char *needle)
{
	const char *last = NULL;

	for (const char *at = strstr(log, needle); at != NULL; at = strstr(at + 1, needle))
		last = at;
	return last;
}

/* One word or line of the log, safe to show: printable, short, without quotes at its ends. */
static char *clean(const char *start, size_t length)
{
	char *text = xstrndup(start, min_size(length, WORD_MAX));
	char *to = text;
	char *plain;

	for (const char *from = text; *from != '\0'; from++)
		if (!iscntrl((unsigned char)*from))
			*to++ = *from;
	*to = '\0';
	plain = str_trim(text);
	while (*plain == '"' || *plain == '\'')
		plain++;
	for (size_t n = strlen(plain); n > 0 && strchr("\"'.,;", plain[n - 1]) != NULL; n--)
		plain[n - 1] = '\0';
	memmove(text, plain, strlen(plain) + 1);
	/* A cut in the middle of a character would not be UTF-8 any more, and JSON takes nothing else. */
	if (!str_is_utf8(text, strlen(text)))
		for (to = text; *to != '\0'; to++)
			if ((unsigned char)*to >= 0x80)
				*to = '?';
	return text;
}

static bool try_cause(const struct cause *cause, const char *log, struct error *err)
{
	const char *start = find_last(log, cause->before);
	auto_free char *word = NULL;
	size_t line, length;

	if (start == NULL)
		return false;
	start += strlen(cause->before);
	line = strcspn(start, "\n");
	length = line;
	if (cause->after != NULL) {
		const char *end = memmem(start, line, cause->after, strlen(cause->after));

		if (end == NULL)
			return false;
		length = (size_t)(end - start);
	}
	word = clean(start, length);
	if (*word == '\0')
		return false;
	error_set(err, ERROR_INVALID, EINVAL, cause->message, word);
	return true;
}

/* A shell names the script, the line and the command: "install.sh: 3: make: not found", bash "line 3: make: command not found". */
static bool try_command(const char *log, struct error *err)
{
	static const char *const ends[] = {": command not found", ": not found"};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		const char *end = find_last(log, ends[i]);
		const char *start = end;
		auto_free char *word = NULL;

		if (end == NULL)
			continue;
		while (start > log && start[-1] != '\n' && (start - log < 2 || strncmp(start - 2, ": ", 2) != 0))
			start--;
		/* Behind the line's number. */
		if (start == end || start - log < 3 || strncmp(start - 2, ": ", 2) != 0 || !isdigit((unsigned char)start[-3]))
			continue;
		word = clean(start, (size_t)(end - start));
		error_set(err, ERROR_INVALID, EINVAL, "the command %s is not in the image: install it first", word);
		return true;
	}
	return false;
}

/* buildah's last words: error building at STEP "RUN make": while running runtime: exit status 2. Gives the step; NULL: not found. */
static char *find_step(const char *log, const char **ret_reason)
{
	static const char before[] = "at STEP \"";
	const char *start = find_last(log, before);
	const char *line_end, *end = NULL;

	if (start == NULL)
		return NULL;
	start += strlen(before);
	line_end = start + strcspn(start, "\n");
	for (const char *at = start; at + 3 <= line_end; at++)
		if (strncmp(at, "\": ", 3) == 0)
			end = at;
	if (end == NULL)
		return NULL;
	*ret_reason = end + 3;
	return clean(start, (size_t)(end - start));
}

/* What is known when nothing else is: the step, and how it ended. */
static int explain_step(const struct explain_facts *facts, struct error *err)
{
	const char *reason;
	auto_free char *step = find_step(facts->log, &reason);
	const char *status = find_last(facts->log, "exit status ");
	auto_free char *words = NULL;

	if (step == NULL && find_last(facts->log, "Error: ") != NULL) {
		reason = find_last(facts->log, "Error: ") + strlen("Error: ");
		words = clean(reason, strcspn(reason, "\n"));
		return error_set(err, ERROR_INVALID, EINVAL, "the build could not go on: %s", words);
	}
	if (step == NULL)
		return error_set(err, ERROR_INVALID, EINVAL, "the build failed with exit code %d; the log tells more", facts->exit_code);
	if (status != NULL && status >= reason)
		return error_set(err, ERROR_INVALID, EINVAL, "the step \"%s\" failed with exit code %d", step,
				 atoi(status + strlen("exit status ")));
	words = clean(reason, strcspn(reason, "\n"));
	return error_set(err, ERROR_INVALID, EINVAL, "the step \"%s\" failed: %s", step, words);
}

int explain_failure(const struct explain_facts *facts, struct error *err)
{
	if (facts->timed_out)
		return error_set(err, ERROR_TIMEOUT, ETIMEDOUT, "the build took longer than the %llu minutes and %llu seconds it may take",
				 (unsigned long long)facts->seconds / 60, (unsigned long long)facts->seconds % 60);
	if (facts->out_of_memory)
		return error_set(err, ERROR_TOO_LARGE, ENOMEM, "the build needs more than its %llu MiB of memory",
				 (unsigned long long)facts->memory >> 20);
	if (strcasestr(facts->log, "no space left on device") != NULL)
		return error_set(err, ERROR_TOO_LARGE, ENOSPC, "the disk of the build is full: it has %llu MiB",
				 (unsigned long long)facts->disk >> 20);
	/* A file with a hole becomes as large as it seems to be, when it is put into a layer. */
	if (strstr(facts->log, "to tar: io: read/write on closed pipe") != NULL && strstr(facts->log, "storing layer ") != NULL)
		return error_set(err, ERROR_TOO_LARGE, ENOSPC, "the disk of the build is full: it has %llu MiB, and a file with holes counts whole",
				 (unsigned long long)facts->disk >> 20);
	/* The kernel takes one page of names of layers. */
	if (strstr(facts->log, ": creating overlay mount to ") != NULL || strstr(facts->log, ": max depth exceeded") != NULL)
		return error_set(err, ERROR_TOO_LARGE, E2BIG, "the base image has too many layers to build on: name one with at most 60 of them");
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
		if (try_cause(&causes[i], facts->log, err))
			return err->code;
	return try_command(facts->log, err) ? err->code : explain_step(facts, err);
}
