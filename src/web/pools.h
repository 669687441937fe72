/* Which projects the engine keeps prepared sandboxes of: the most trending ones that start a plain shell. Follows the catalogue once a minute, and
 * at once when the engine comes (back) or a project becomes ready. For the control loop's thread. */
#pragma once

struct hub;
struct pools;

struct pools *pools_new(struct hub *hub);
void pools_free(struct pools *pools); /* takes NULL; not before the recorder has stopped */
/* Looks at the catalogue again and tells the engine what to keep; [sandbox] pool = 0 keeps none. */
void pools_refresh(struct pools *pools);
