#include "web/logins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"
#include "core/reference.h"

#define MEMBER "credentials"

/* The id that the source names; NULL: none. The caller frees. */
static char *id_of(const char *source)
{
	json_t *json = source != NULL ? json_loads(source, 0, NULL) : NULL;
	const char *id = json_string_value(json_object_get(json, MEMBER));
	char *copy = id != NULL && strlen(id) <= STORE_ID_LENGTH ? xstrdup(id) : NULL;

	json_decref(json);
	return copy;
}

/* ---- from the form ---------------------------------------------------------------------------------------------------------- */

static int seal(void *data, int64_t project, struct buf *out, struct error *err)
{
	const struct login_order *order = data;
	const struct vault_owner owner = {project, order->login.row.host, order->login.row.username};

	return vault_seal(order->vault, &owner, order->password, out, err);
}

static int keep_old(struct store *store, struct project_form *form, const char *host, int64_t project, const char *source,
		    struct field_errors *errors, struct error *err)
{
	auto_free char *id = id_of(source);
	struct login_row row = {0};
	int r = id != NULL && project != 0 ? logins_get(store, project, id, &row, err)
					   : error_set(err, ERROR_NOT_FOUND, ENOENT, "there are no such credentials");

	if (r < 0 && err->kind != ERROR_NOT_FOUND)
		return r;
	if (r < 0)
		field_error(errors, "source.has_credentials", "none are kept: give a user name and a password");
	else if (strcmp(row.host, host) != 0)
		field_error(errors, "source.reference", "what is kept is for %.200s; give a user name and a password for this one", row.host);
	else if (form->username != NULL && strcmp(form->username, row.username) != 0)
		field_error(errors, "source.password", "is needed with another user name");
	else
		form->credentials = xstrdup(row.id);
	login_row_fini(&row);
	return field_errors_result(errors, err);
}

int login_order_make(struct store *store, const struct vault *vault, struct project_form *form, int64_t project, const char *source,
		     struct login_order *ret_order, struct field_errors *errors, struct error *err)
{
	struct reference reference;
	int r;

	*ret_order = (struct login_order){.vault = vault, .password = form->password};
	if (form->source_kind != SOURCE_IMAGE || (form->password == NULL && !form->keep_login))
		return 0;
	r = reference_parse(form->reference, &reference, err);
	if (r < 0)
		return r;
	if (form->keep_login)
		return keep_old(store, form, reference.host, project, source, errors, err);
	random_id(ret_order->login.row.id, STORE_ID_LENGTH);
	form->credentials = xstrdup(ret_order->login.row.id);
	ret_order->login.row.host = xstrdup(reference.host);
	ret_order->login.row.username = xstrdup(form->username);
	ret_order->login.seal = seal;
	return 0;
}

void login_order_fini(struct login_order *order)
{
	login_row_fini(&order->login.row);
	*order = (struct login_order){0};
}

const struct publish_login *login_order_of(struct login_order *order)
{
	order->login.data = order;
	return order->login.seal != NULL ? &order->login : NULL;
}

/* ---- to people -------------------------------------------------------------------------------------------------------------- */

int login_show(struct store *store, int64_t project, json_t *source, struct error *err)
{
	const char *id = json_string_value(json_object_get(source, MEMBER));
	struct login_row row = {0};
	int r;

	if (id == NULL)
		return 0;
	r = logins_get(store, project, id, &row, err);
	json_object_del(source, MEMBER);
	if (r < 0)
		return err->kind == ERROR_NOT_FOUND ? 0 : r;
	json_object_set_new(source, "has_credentials", json_true());
	json_object_set_new(source, "username", json_string(row.username));
	login_row_fini(&row);
	return 0;
}

/* ---- for the build ---------------------------------------------------------------------------------------------------------- */

int login_open(struct store *store, const struct vault *vault, int64_t project, const char *source, struct login *ret_login,
	       struct error *err)
{
	auto_free char *id = id_of(source);
	struct vault_owner owner;
	struct login_row row = {0};
	char *password = NULL;
	int r;

	if (id == NULL)
		return 0;
	r = logins_get(store, project, id, &row, err);
	if (r < 0 && err->kind == ERROR_NOT_FOUND)
		return error_set(err, ERROR_NOT_FOUND, ENOENT,
				 "the user name and password of this image are kept no longer; publish a version with them");
	if (r < 0)
		return r;
	owner = (struct vault_owner){project, row.host, row.username};
	r = vault_unseal(vault, &owner, row.secret.data != NULL ? row.secret.data : "", row.secret.length, &password, err);
	if (r == 0)
		*ret_login = (struct login){steal(row.host), steal(row.username), password};
	login_row_fini(&row);
	return r < 0 ? r : 1;
}

void login_fini(struct login *login)
{
	free(login->host);
	free(login->username);
	vault_forget(login->password);
	*login = (struct login){0};
}
