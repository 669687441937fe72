#include "web/logo.h"

#include <errno.h>

#include "base/clock.h"
#include "base/util.h"
#include "store/project_life.h"

#define SIDE_MAX 256 /* shown at 96 at most, on fine screens */

int logo_keep(struct store *store, const struct web_options *options, const void *data, size_t length, char **ret_url, struct error *err)
{
	struct picture picture = {0};
	int r = options->image_program == NULL ? error_set(err, ERROR_UNAVAILABLE, ENOENT, "this site takes no pictures")
					       : picture_make(options->image_program, data != NULL ? data : "", length, SIDE_MAX,
							      SIDE_MAX, &picture, err);

	if (r == 0)
		r = pictures_put(store, &(struct picture_row){picture.data.data, picture.data.length, picture.type, picture.hash},
				 clock_realtime_ms(), err);
	if (r == 0)
		*ret_url = xasprintf("/media/%s.%s", picture.hash, picture.type);
	picture_fini(&picture);
	return r;
}
