/* Where the agent's own helper programs are. */
#pragma once

/* ttob-unpack: beside the agent as it is installed or built, else where it is installed. The caller frees. */
char *programs_find_unpack(void);
