/* Which licence a LICENSE file holds, told by sentences that only it has. */
#pragma once

/* An SPDX id, or NULL. Where the text alone can't tell "or later" (GNU), it is "-only": the narrower promise. */
const char *license_of_text(const char *text);
