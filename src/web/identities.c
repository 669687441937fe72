/* /users/me/identities: accounts at providers that sign in to mine. */
#include "store/identities.h"

#include <errno.h>
#include <string.h>

#include "web/accounts.h"
#include "web/auth.h"
#include "web/views.h"

/* A provider that the operator has taken away since still has its id. */
static json_t *identity_json(const struct web *web, const struct identity *identity)
{
	const struct provider *provider = providers_find(web->providers, identity->provider);

	return json_pack("{s:s,s:s,s:s,s:o}", "provider", identity->provider, "name",
			 provider != NULL ? provider->label : identity->provider, "label", identity->label,
			 "created_at", view_time(identity->created_ms));
}

static int get_identities(struct request *request, struct error *err)
{
	const struct web *web = request_data(request);
	struct identity *identities = NULL;
	struct session session;
	json_t *items;
	size_t count = 0;
	int r = visitor_user(request, &session, err);

	if (r == 0)
		r = identities_list(request_local(request), session.user, &identities, &count, err);
	if (r < 0)
		return r;
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, identity_json(web, &identities[i]));
	identities_free(identities, count);
	respond_json(request, 200, json_pack("{s:o}", "items", items));
	return 0;
}

static int delete_identity(struct request *request, struct error *err)
{
	const char *provider = request_param(request, "provider");
	struct session session;
	struct user user = {0};
	int r = account_find_in_browser(request, &session, &user, err);

	if (r == 0)
		r = identities_remove(request_local(request), session.user, provider, err);
	if (r == 0)
		r = visitor_audit(request, &session, "identity.unlink", user.username, provider, err);
	user_fini(&user);
	if (r < 0 && err->kind == ERROR_CONFLICT)
		return account_refuse(request, err, "last_way_in");
	if (r == 0)
		respond_empty(request, 204);
	return r;
}

const struct resource identity_resources[] = {
	{METHOD_GET, "/api/v1/users/me/identities", ROUTE_WORK, get_identities, false, 0},
	{METHOD_DELETE, "/api/v1/users/me/identities/{provider}", ROUTE_WORK, delete_identity, false, 0},
	{0},
};
