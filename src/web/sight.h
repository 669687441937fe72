/* Who may see what of the catalogue: what an administrator has hidden is not there for anybody but its author and
 * administrators. */
#pragma once

#include "store/projects.h"
#include "web/visitor.h"

/* Whoever asks; without a session *ret_session is nobody: user 0, person "". */
int sight_visitor(struct request *request, struct session *ret_session, struct error *err);
bool sight_is_author(const struct session *session, const struct project *project);
bool sight_may_see(const struct session *session, const struct project *project);
/* The author or an administrator: else ERROR_FORBIDDEN; ERROR_UNAUTHENTICATED for who isn't signed in. */
int sight_must_own(const struct session *session, const struct project *project, struct error *err);
/* ERROR_NOT_FOUND, also for what this person may not see. */
int sight_named(struct store *store, const struct session *session, const char *owner, const char *name,
		struct project *ret_project, struct error *err);
/* The same with the route's {owner} and {name}. */
int sight_project(struct request *request, const struct session *session, struct project *ret_project,
		  struct error *err);
