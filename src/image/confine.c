#include "image/confine.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/util.h"

#define MEMORY_MAX   ((rlim_t)768 << 20) /* the largest picture three times, and the libraries */
#define SECONDS_MAX  10
#define OUTPUT_MAX   ((rlim_t)16 << 20)

/* The shadow of the address sanitizer is larger than any limit. */
#if defined(__SANITIZE_ADDRESS__)
#define MEMORY RLIM_INFINITY
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define MEMORY RLIM_INFINITY
#endif
#endif
#ifndef MEMORY
#define MEMORY MEMORY_MAX
#endif

static int limit(struct error *err)
{
	static const struct {
		int resource;
		rlim_t most;
	} limits[] = {
		{RLIMIT_AS, MEMORY},  {RLIMIT_CPU, SECONDS_MAX}, {RLIMIT_FSIZE, OUTPUT_MAX}, {RLIMIT_NOFILE, 3},
		{RLIMIT_NPROC, 0},    {RLIMIT_CORE, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		const struct rlimit value = {limits[i].most, limits[i].most};

		if (limits[i].most != RLIM_INFINITY && setrlimit(limits[i].resource, &value) < 0)
			return error_errno(err, errno, "cannot set a limit");
	}
	return 0;
}

static int filter(struct error *err)
{
	static const int calls[] = {
		SCMP_SYS(read),	     SCMP_SYS(write),	 SCMP_SYS(mmap),    SCMP_SYS(munmap),	    SCMP_SYS(mremap),
		SCMP_SYS(mprotect),  SCMP_SYS(madvise),	 SCMP_SYS(brk),	    SCMP_SYS(futex),	    SCMP_SYS(exit_group),
		SCMP_SYS(getrandom), SCMP_SYS(rt_sigreturn), SCMP_SYS(clock_gettime),
		SCMP_SYS(sigaltstack), /* the address sanitizer looks at it at each longjmp, which is how libpng gives up */
	};
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = context != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_SIZE(calls) && r == 0; i++)
		r = seccomp_rule_add(context, SCMP_ACT_ALLOW, calls[i], 0);
	if (r == 0)
		r = seccomp_load(context);
	seccomp_release(context);
	return r < 0 ? error_errno(err, r, "cannot load the filter of system calls") : 0;
}

int confine(struct error *err)
{
	int r = limit(err);

	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0)
		r = error_errno(err, errno, "cannot give up new privileges");
	return r == 0 ? filter(err) : r;
}
