/* What the store is told about a sandbox, by the recorder, in order. Nothing here waits. */
#pragma once

#include "web/live.h"

void record_starting(const struct live *live);
void record_running(const struct live *live);
void record_end(const struct live *live);
void record_expiry(const struct live *live);
void record_terminals(const struct live *live);
void record_try(const struct live *live); /* counted once a day for a person */
