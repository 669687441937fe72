/* Logos of projects: made anew like every stranger's picture (picture.h), kept in the database, shown below /media. */
#pragma once

#include "store/store.h"
#include "web/options.h"
#include "web/picture.h"

#define LOGO_INPUT_MAX PICTURE_INPUT_MAX

/* Gives its address ("/media/<hash>.png", malloc'd). ERROR_INVALID says what is wrong with it. Takes up to some seconds. */
int logo_keep(struct store *store, const struct web_options *options, const void *data, size_t length, char **ret_url, struct error *err);
