/* /badge: for READMEs elsewhere, which proxies fetch and keep. Whatever the state, what exists has a picture with status 200: proxies show
 * a broken one for anything else. Only a project that isn't there is 404 (with a picture, too). */
#include "core/badge.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "core/names.h"
#include "store/projects.h"
#include "web/internal.h"

/* Opened by itself, it still can do nothing but be styled. */
#define POLICY "default-src 'none'; style-src 'unsafe-inline'; sandbox"

static int read_query(struct request *request, struct badge *badge, bool *ret_tries, struct error *err)
{
	uint64_t tries;

	if (badge_theme_from_name(request_query(request, "theme"), &badge->theme) < 0)
		return error_set(err, ERROR_INVALID, EINVAL, "theme must be auto, light or dark");
	if (request_query_number(request, "tries", 0, 1, 0, &tries, err) < 0)
		return -EINVAL;
	*ret_tries = tries == 1;
	return 0;
}

static void describe(const struct project *project, bool tries, struct badge *badge)
{
	badge->muted = true;
	if (strcmp(project->visibility, "hidden") == 0) {
		badge->text = "not available";
	} else if (project->image != NULL) { /* a newer build may be running, or have failed: this version goes on */
		badge->muted = false;
		badge->text = "on browser";
		badge->tries = tries ? project->tries : -1;
	} else {
		badge->text = strcmp(project->state, "building") == 0 ? "being built" : "not available yet";
	}
}

static void respond_badge(struct request *request, unsigned status, const struct badge *badge)
{
	auto_buf struct buf svg = BUF_INIT;

	badge_render(badge, &svg);
	respond_header(request, "Content-Security-Policy", POLICY);
	respond_header(request, "Cross-Origin-Resource-Policy", "cross-origin");
	respond_header(request, "Cache-Control", "no-cache, max-age=0");
	respond_tagged(request, status, "image/svg+xml; charset=utf-8", svg.data, svg.length);
}

static int get_badge(struct request *request, struct error *err)
{
	const char *owner = request_param(request, "owner"), *name = request_param(request, "name");
	auto_free char *full_name = xasprintf("%s/%s", owner, name);
	struct badge badge = {.name = full_name, .text = "not found", .muted = true, .tries = -1};
	struct project project = {0};
	bool tries = false;
	int r = read_query(request, &badge, &tries, err);

	if (r < 0)
		return r;
	r = projects_get_short(request_local(request), owner, name, &project, err);
	if (r < 0 && err->kind != ERROR_NOT_FOUND)
		return r;
	if (r == 0)
		describe(&project, tries, &badge);
	respond_badge(request, r == 0 ? 200 : 404, &badge);
	project_fini(&project);
	return 0;
}

const struct resource badge_resources[] = {
	{METHOD_GET, "/badge/{owner}/{name}.svg", ROUTE_WORK, get_badge, false, 0},
	{0},
};
