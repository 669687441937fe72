/* What is over is thrown away, once an hour: sessions, and the audit log's old entries. */
#pragma once

#include "web/hub.h"

/* On the loop, or before it runs. */
void upkeep_start(struct hub *hub);
void upkeep_stop(struct hub *hub);
