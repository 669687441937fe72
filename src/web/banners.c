/* /banner, /media: the banner that a page shows. Views and clicks are counted by day and by nothing else: no cookie is set or read. */
#include "web/banners.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"
#include "store/project_life.h"
#include "web/internal.h"
#include "web/limiter.h"
#include "web/picture.h"
#include "web/views.h"

json_t *view_banner_image(const struct banner *banner)
{
	auto_free char *url = NULL;

	if (banner->image_hash == NULL)
		return json_null();
	url = xasprintf("/media/%s.%s", banner->image_hash, banner->image_type);
	return json_pack("{s:s,s:i,s:i}", "url", url, "width", (int)banner->width, "height", (int)banner->height);
}

json_t *view_banner_i18n(const struct banner *banner)
{
	json_t *korean = json_object();

	if (banner->text_ko != NULL)
		json_object_set_new(korean, "text", json_string(banner->text_ko));
	return json_pack("{s:o}", "ko", korean);
}

size_t banner_pick(const struct banner *banners, size_t count, uint32_t random)
{
	uint64_t sum = 0, point;
	size_t i = 0;

	for (size_t b = 0; b < count; b++)
		sum += banners[b].weight;
	point = sum * random >> 32; /* 0 … sum-1 */
	while (i + 1 < count && point >= banners[i].weight)
		point -= banners[i++].weight;
	return i;
}

static int get_banner(struct request *request, struct error *err)
{
	struct banner_list list;
	const struct banner *banner;
	uint32_t random;
	int r = banners_running(request_local(request), clock_realtime_ms(), &list, err);

	if (r < 0)
		return r;
	if (list.count == 0) {
		respond_empty(request, 204);
		banner_list_fini(&list);
		return 0;
	}
	random_bytes(&random, sizeof(random));
	banner = &list.items[banner_pick(list.items, list.count, random)];
	respond_json(request, 200,
		     json_pack("{s:s,s:s,s:o,s:s,s:o}", "id", banner->id, "text", banner->text, "i18n", view_banner_i18n(banner), "link",
			       banner->link, "image", view_banner_image(banner)));
	banner_list_fini(&list);
	return 0;
}

/* ---- counting ----------------------------------------------------------------------------------------------------------- */

/* What fetches without a person looking. Robots that pretend are bounded by the limits of an address. */
static bool is_person(const struct request *request)
{
	static const char *const robots[] = {"bot", "crawl", "spider", "slurp", "preview", "fetch", "curl/", "wget/", "headless"};
	const char *agent = request_header(request, "User-Agent");
	const char *purpose = request_header(request, "Sec-Purpose");

	if (purpose == NULL)
		purpose = request_header(request, "Purpose");
	if (request_is_head(request) || agent == NULL || (purpose != NULL && strstr(purpose, "prefetch") != NULL))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(robots); i++)
		if (strcasestr(agent, robots[i]) != NULL)
			return false;
	return true;
}

/* Whether this one counts: a person, and not too often from one address. */
static bool counts(struct request *request, struct limiter *limiter)
{
	const struct web *web = request_data(request);
	const char *address = request_address(request);
	char key[LIMITER_ADDRESS_SIZE];
	unsigned seconds;

	if (!is_person(request))
		return false;
	if (!web->options->limit_loopback && (str_starts_with(address, "127.") || strcmp(address, "::1") == 0 || strcmp(address, "unix") == 0))
		return true;
	limiter_address(address, key);
	return limiter_take(limiter, key, clock_monotonic_ms(), &seconds) == 0;
}

static bool id_is_plausible(const char *id)
{
	return strlen(id) == STORE_ID_LENGTH && strspn(id, "abcdefghijklmnopqrstuvwxyz234567") == STORE_ID_LENGTH;
}

static int post_view(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	const char *id = request_param(request, "id");
	int r = 0;

	if (!id_is_plausible(id))
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such banner");
	if (counts(request, web->banner_views))
		r = banners_count(request_local(request), id, false, clock_realtime_ms(), err);
	if (r == 0)
		respond_empty(request, 204);
	return r;
}

/* Whatever the counting does, the person gets where they wanted to go. */
static int get_go(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	const char *id = request_param(request, "id");
	struct banner banner = {0};
	struct error not_counted;
	int r = banners_get(request_local(request), id, &banner, err);

	if (r < 0)
		return r;
	if (counts(request, web->banner_clicks))
		banners_count(request_local(request), id, true, clock_realtime_ms(), &not_counted);
	respond_header(request, "Referrer-Policy", "no-referrer");
	respond_redirect(request, 302, banner.link);
	banner_fini(&banner);
	return 0;
}

/* ---- pictures ------------------------------------------------------------------------------------------------------------ */

static int get_media(struct request *request, struct error *err)
{
	auto_buf struct buf data = BUF_INIT;
	char hash[PICTURE_HASH_SIZE], type[8];
	int end = 0;
	int r;

	if (sscanf(request_param(request, "name"), "%32[0-9a-f].%7[a-z]%n", hash, type, &end) != 2 ||
	    request_param(request, "name")[end] != '\0')
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such picture");
	r = banners_image(request_local(request), hash, type, &data, err);
	if (r < 0 && err->kind == ERROR_NOT_FOUND)
		r = pictures_get(request_local(request), hash, type, &data, err);
	if (r < 0)
		return r;
	respond_header(request, "Content-Security-Policy", "default-src 'none'; sandbox");
	respond_header(request, "Cross-Origin-Resource-Policy", "cross-origin");
	respond_header(request, "Cache-Control", "public, max-age=31536000, immutable");
	respond_tagged(request, 200, picture_media_type(type), data.data, data.length);
	return 0;
}

const struct resource banner_resources[] = {
	{METHOD_GET, "/api/v1/banner", ROUTE_WORK, get_banner, false, 0},
	{METHOD_POST, "/api/v1/banner/{id}/view", ROUTE_WORK, post_view, false, 1024},
	{METHOD_GET, "/banner/{id}/go", ROUTE_WORK, get_go, false, 0},
	{METHOD_GET, "/media/{name}", ROUTE_WORK, get_media, false, 0},
	{0},
};
