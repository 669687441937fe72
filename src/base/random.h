/* Random bytes from the kernel (getrandom(2)); they never fail once the machine is up. */
#pragma once

#include <stddef.h>

void random_bytes(void *out, size_t length);
/* An unguessable id: `length` characters of a-z2-7 (5 bits each) and a NUL. */
void random_id(char *out, size_t length);
