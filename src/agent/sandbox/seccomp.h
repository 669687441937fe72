/* The system calls that a sandbox may use: seccomp.json beside this file, in the form of OCI runtime-spec config-linux.md "Seccomp".
 * It is the default profile of the containers project made stricter: keyrings, mounts, namespaces (also through clone), io_uring, fanotify,
 * handles of files, the kernel's log, and socket families above AF_NETLINK's neighbours (AF_ALG, AF_VSOCK …) are closed. clone3, whose
 * flags a filter cannot see, is "not implemented", so that the C library falls back to clone. 32-bit programs are not let in. */
#pragma once

#include "base/error.h"

struct seccomp;

/* Compiles the profile once; a few milliseconds. */
int seccomp_new(struct seccomp **ret_seccomp, struct error *err);
void seccomp_free(struct seccomp *seccomp); /* takes NULL */
/* The profile as JSON for config.json; borrowed. */
const char *seccomp_json(const struct seccomp *seccomp);
/* The compiled program in base64, for crun's annotation run.oci.seccomp_bpf_data: saves it the compilation at every start (half of
 * its time). Borrowed. */
const char *seccomp_program(const struct seccomp *seccomp);
