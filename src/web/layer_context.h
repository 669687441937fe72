/* A saved sandbox as what a build is made of. */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "web/context.h"

/* Writes an archive of the layer and of what removes that which was deleted in it, and gives the Dockerfile for it, on `image`. Owners and
 * modes stay. What shells remember of what was typed ("~/.bash_history") is left out. */
int layer_context_make(int layer, const char *image, struct context_writer *writer, struct buf *ret_dockerfile, struct error *err);
