/* The system calls that a sandbox may use: seccomp.json beside this file, in the form of OCI runtime-spec config-linux.md "Seccomp".
 * It is the default profile of the containers project made stricter: keyrings, mounts, namespaces (also through clone), io_uring, fanotify,
 * handles of files, the kernel's log, and socket families above AF_NETLINK's neighbours (AF_ALG, AF_VSOCK …) are closed. clone3, whose
 * flags a filter cannot see, is "not implemented", so that the C library falls back to clone. 32-bit programs are not let in. */
#pragma once

#include "base/error.h"

struct filter;

/* Compiles the profile once; a few milliseconds. */
int filter_new(struct filter **ret_filter, struct error *err);
void filter_free(struct filter *filter); /* takes NULL */
/* The profile as JSON for config.json; borrowed. */
const char *filter_json(const struct filter *filter);
/* The compiled program in base64, for crun's annotation run.oci.seccomp_bpf_data: saves it the compilation at every start (half of
 * its time). Borrowed. */
const char *filter_program(const struct filter *filter);
