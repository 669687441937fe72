/* The name and password of a source's image: from the form into the order that keeps them, and back for the build. For a worker's or the
 * recorder's thread. */
#pragma once

#include <jansson.h>

#include "core/project_form.h"
#include "engine/engine.h"
#include "store/publish.h"
#include "web/vault.h"

/* How a form's login becomes part of an order; zeroed, then filled, then given back. */
struct login_order {
	struct publish_login login; /* login.seal NULL: there is no new one */
	const struct vault *vault;
	const char *password; /* borrowed of the form */
};

/* Fills form->credentials, which the source names it by. `project`: whose login is kept with form->keep_login, of the source `source`
 * (JSON); 0: there is none yet. Faults are noted by field and give ERROR_INVALID. The form must outlive the order. */
int login_order_make(struct store *store, const struct vault *vault, struct project_form *form, int64_t project, const char *source,
		     struct login_order *ret_order, struct field_errors *errors, struct error *err);
void login_order_fini(struct login_order *order);
/* For publish_order.login. */
const struct publish_login *login_order_of(struct login_order *order);

/* What people see of a source: "credentials" goes, and "has_credentials" and "username" come when they are still there. */
int login_show(struct store *store, int64_t project, json_t *source, struct error *err);

/* One that is decrypted, for a build. */
struct login {
	char *host;
	char *username;
	char *password;
};
/* 1 when the source (JSON, may be NULL) has one, 0 when it needs none; ERROR_NOT_FOUND: it was thrown away. */
int login_open(struct store *store, const struct vault *vault, int64_t project, const char *source, struct login *ret_login,
	       struct error *err);
void login_fini(struct login *login); /* wipes the password */
