#include "web/sight.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "web/internal.h"

int sight_visitor(struct request *request, struct session *ret_session, struct error *err)
{
	int r = visitor_find(request, ret_session, err);

	if (r == 0 || err->kind != ERROR_UNAUTHENTICATED || request_header(request, "Authorization") != NULL)
		return r;
	memset(ret_session, 0, sizeof(*ret_session));
	return 0;
}

bool sight_is_author(const struct session *session, const struct project *project)
{
	return session->user != 0 && strcmp(session->username, project->owner) == 0;
}

bool sight_may_see(const struct session *session, const struct project *project)
{
	return !str_equal(project->visibility, "hidden") || session->admin || sight_is_author(session, project);
}

int sight_must_own(const struct session *session, const struct project *project, struct error *err)
{
	if (session->user == 0)
		return error_set(err, ERROR_UNAUTHENTICATED, EPERM, "sign in first");
	if (!session->admin && !sight_is_author(session, project))
		return error_set(err, ERROR_FORBIDDEN, EPERM, "%s/%s is not yours", project->owner, project->name);
	return 0;
}

int sight_named(struct store *store, const struct session *session, const char *owner, const char *name,
		struct project *ret_project, struct error *err)
{
	struct project project = {0};
	int r = projects_get(store, owner, name, &project, err);

	if (r < 0)
		return r;
	if (!sight_may_see(session, &project)) {
		project_fini(&project);
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no project %.40s/%.40s", owner, name);
	}
	*ret_project = project;
	return 0;
}

int sight_project(struct request *request, const struct session *session, struct project *ret_project,
		  struct error *err)
{
	return sight_named(request_local(request), session, request_param(request, "owner"),
			   request_param(request, "name"), ret_project, err);
}
