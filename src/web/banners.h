/* What the banner's two sides share: the one that everybody sees, and the administrators'. */
#pragma once

#include <jansson.h>

#include "store/banners.h"

#define BANNER_WIDTH_MAX  1200 /* pixels of its picture */
#define BANNER_HEIGHT_MAX 800

/* {url, width, height}, or null. */
json_t *view_banner_image(const struct banner *banner);
/* {ko: {text}}. */
json_t *view_banner_i18n(const struct banner *banner);
/* Which of those with these weights is shown for a random number; `count` is at least 1. */
size_t banner_pick(const struct banner *banners, size_t count, uint32_t random);
