/* Base images: a small Debian, made from the host's own package mirror, so that no public registry is needed. */
#pragma once

#include "agent/agent.h"
#include "agent/dispatch.h"

/* The operation base.ensure: answers when the registry has the image; one of "debian:<suite>" is made when it has not.
 * Making one takes a minute; asking twice at once makes it once. */
void base_ensure(struct agent *agent, struct request *request);
/* Ends what is being made. */
void base_stop(struct agent *agent);
