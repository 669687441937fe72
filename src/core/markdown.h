/* README files as safe HTML: GitHub-flavoured markdown (tables, autolinks, strikethrough, task lists) with everything
 * that could run, track or imitate left out. */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* Some inputs cost cmark-gfm quadratic time ("a@b." over and over): 2 s at 256 KiB, 0.2 s at this. */
#define MARKDOWN_MAX (64 * 1024)

/* Raw HTML is dropped; links only http, https, mailto and relative, with rel="nofollow noopener"; images only https and
 * relative; headings one level down; fenced blocks in sh, bash, shell or console become class="language-sh". No style
 * or id attributes. ERROR_TOO_LARGE, ERROR_INVALID (not UTF-8). */
int markdown_to_html(const char *text, size_t length, struct buf *ret_html, struct error *err);
/* The same for what anybody may write below a project: pictures become links (nothing is loaded from elsewhere when the page is
 * shown), and headings begin at the fourth level. */
int markdown_comment_to_html(const char *text, size_t length, struct buf *ret_html, struct error *err);
