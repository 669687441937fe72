/* What images need of the host. */
#pragma once

#include "agent/check.h"

void image_check(struct agent *agent, struct checks *checks);
