/* The walls around the decoder, put up before it reads a byte: it can compute, read its input, write its output, and end. */
#pragma once

#include "base/error.h"

/* Limits of memory, time and files, no new privileges, and a filter of system calls (seccomp(2)) whose breach is death. */
int confine(struct error *err);
