/* Which line of an installation script or Dockerfile a build was at, told from its log: `sh -x` prints each command behind "+ ", and
 * buildah each instruction as "STEP n/m: …". The log is a stranger's: what is told here is shown, and nothing hangs on it. */
#pragma once

#include <stddef.h>

#define BUILD_TRACE_LINE 1024

struct build_trace {
	char line[BUILD_TRACE_LINE]; /* the one that comes in; what is longer is cut */
	size_t length;
	unsigned stage; /* of a Dockerfile with several, from 1 */
	unsigned step;	/* in the stage, from 1; 0: none has begun */
	char command[BUILD_TRACE_LINE]; /* the last one that the shell began, "" none */
	unsigned same;	/* how often that very command has been begun in this step */
	unsigned named; /* the line that the shell itself has named since; 0: none */
};

/* All zero is a trace that has seen nothing. */
void build_trace_feed(struct build_trace *trace, const char *log, size_t length);
/* The line, from 1, or 0 when it can't be told. */
unsigned build_trace_script_line(const struct build_trace *trace, const char *script);
unsigned build_trace_dockerfile_line(const struct build_trace *trace, const char *dockerfile);
