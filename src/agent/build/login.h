/* The name and password of one foreign registry, for the base images of one build. They are written to no disk: for skopeo they stand in a
 * file on a tmpfs of its own, which nobody else sees, as long as it needs them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct login {
	char *registry; /* "registry.example:5000" */
	char *username;
	char *password;
};

struct login *login_new(const char *registry, const char *username, const char *password);
struct login *login_copy(const struct login *login); /* NULL gives NULL */
void login_free(struct login *login);		     /* wipes the password; takes NULL */
/* Whether the image of that reference lies in the login's registry: to no other one is the password told. */
bool login_fits(const struct login *login, const char *reference);

/* Mounts `folder` (made) and writes containers-auth.json(5) into it, for `ids`. Gives the file's path. */
int login_mount(const struct login *login, const char *folder, uint32_t ids, char **ret_path, struct error *err);
void login_unmount(const char *folder); /* fine when there is none */
