/* The way of a new sandbox into the store, which alone knows whether the person has one already, here or on another node. */
#pragma once

#include "web/hub.h"

/* Writes the new one (starting, or queued) down, then starts it or puts it at the end of the queue. live->waiting is the call that asked
 * for it: answered with 202 when it is queued, and with 409 when there is another one, unless the call says that it is to be replaced. */
void entry_begin(struct live *live);
