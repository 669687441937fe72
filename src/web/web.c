#include "web/web.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "auth/providers.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "http/files.h"
#include "search/search.h"
#include "web/feedback.h"
#include "web/guard.h"
#include "web/feedback.h"
#include "web/internal.h"
#include "web/metrics.h"
#include "web/pages.h"
#include "web/puller.h"

#define CACHED_ANSWERS 512
#define OUTSIDE_WORKERS 8 /* each may wait ten seconds for a provider */
#define KEYS 60 /* of one account in ten minutes: each is a line of the audit log */
#define AUTHS 30
#define TRIES_WINDOW_MS (10 * 60 * 1000)
#define STOP_WAIT_MS 5000
#define BESIDE_ARCHIVE ((size_t)7 << 20) /* what else a form may hold: the project, a logo, boundaries */
#define BANNER_VIEWS 60 /* of one address in the same window */
#define BANNER_CLICKS 20
#define PREVIEWS 300 /* of one address in ten minutes: one for each pause in somebody's typing */
#define FETCHES 30 /* repositories that one person looks at in an hour */
#define FETCHES_WINDOW_MS (60 * 60 * 1000)

const struct resource *const all_resources[] = {
	sandbox_resources, terminal_resources, find_resources, project_resources, build_resources, session_resources, status_resources,
	user_resources, leave_resources, key_resources, auth_resources, identity_resources,
	badge_resources,   feed_resources,     banner_resources,  banner_admin_resources, oembed_resources, publicity_resources,
	like_resources, comment_resources, report_resources, mine_resources, history_resources, recommendation_resources,
	statistics_resources, admin_overview_resources, admin_user_resources, admin_project_resources, admin_feedback_resources,
	admin_sandbox_resources, admin_registry_resources, publish_resources, manage_resources, source_resources, preview_resources,
	pull_resources,
};
const size_t all_resources_count = ARRAY_SIZE(all_resources);

/* The pages that the single-page app has beside those of pages.h; every other path is a file or not found. */
static const char *const app_pages[] = {
	"/u/{username}", "/me/containers", "/me/projects", "/me/projects/{owner}/{name}/statistics",
	"/me/likes",	 "/settings",	   "/login",	   "/register",
	"/admin",	 "/admin/{section}", "/docs",	   "/about",
	"/new",		 "/builds/{id}",     "/me/projects/{owner}/{name}/edit",
};

static void *open_worker_store(void *data)
{
	const struct web *web = data;
	struct store *store = xmalloc(sizeof(*store));
	struct error err;

	if (store_open(web->options->database, store, &err) < 0) {
		log_error("a worker has no database: %s", err.message);
		abort(); /* requests would find none; the supervisor starts us again */
	}
	return store;
}

static void close_worker_store(void *local, void *data)
{
	(void)data;
	store_close(local);
	free(local);
}

static size_t count_resources(const struct resource *resources)
{
	size_t count = 0;

	while (resources[count].pattern != NULL)
		count++;
	return count;
}

static void add_resources(struct web *web, const struct resource *resources, size_t *used)
{
	for (const struct resource *resource = resources; resource->pattern != NULL; resource++)
		web->routes[(*used)++] = (struct route){.methods = resource->methods,
							.pattern = resource->pattern,
							.kind = resource->kind,
							.handler = resource->handler,
							.data = web,
							.body_max = resource->body_max,
							.flags = ((resource->traits & RESOURCE_ANY_TYPE) != 0 ? ROUTE_ANY_TYPE : 0u) |
								 ((resource->traits & RESOURCE_FILES) != 0 ? ROUTE_FILES : 0u),
							.cache = (resource->traits & RESOURCE_CACHED) != 0 ? web->cache : NULL};
}

/* What no route fits: clients of registries understand an answer of their own kind only. */
static int answer_rest(struct request *request, struct error *err)
{
	const struct web *web = request_data(request);

	if (str_starts_with(request_path(request), "/v2/"))
		return pull_unknown(request, err);
	return web->files != NULL ? files_respond_any(web->files, request, err)
				  : error_set(err, ERROR_NOT_FOUND, ENOENT, "nothing is at %s", request_path(request));
}

static void add_routes(struct web *web)
{
	size_t count = ARRAY_SIZE(app_pages) + count_resources(page_resources), used = 0;

	for (size_t t = 0; t < all_resources_count; t++)
		count += count_resources(all_resources[t]);
	web->routes = xcalloc(count, sizeof(*web->routes));
	for (size_t t = 0; t < all_resources_count; t++)
		add_resources(web, all_resources[t], &used);
	if (web->files != NULL)
		add_resources(web, page_resources, &used);
	for (size_t i = 0; web->files != NULL && i < ARRAY_SIZE(app_pages); i++)
		web->routes[used++] = (struct route){.methods = METHOD_GET,
						     .pattern = app_pages[i],
						     .kind = ROUTE_IMMEDIATE,
						     .handler = files_index,
						     .data = web->files};
	server_add(web->server, web->routes, used);
	server_set_fallback(web->server, answer_rest, web);
}

static int make_server(struct web *web, struct error *err)
{
	const struct web_options *options = web->options;
	auto_free char *folder = xasprintf("%s/contexts", options->data);
	struct server_config config;
	int r = dir_make_all(folder, 0750, err);

	if (r < 0)
		return r;
	server_config_init(&config);
	config.listen = options->listen;
	config.public_url = options->public_url;
	config.session_cookie = SESSION_COOKIE;
	config.trust_forwarded = options->trust_forwarded;
	config.workers = options->workers;
	config.upload_folder = folder;
	config.upload_max = options->context_max + BESIDE_ARCHIVE;
	if (options->hash_threads > 0)
		config.heavy_workers = options->hash_threads;
	if (options->hash_queue > 0)
		config.heavy_queue_max = options->hash_queue;
	if (options->connections > 0)
		config.connections_max = options->connections;
	config.outside_workers = web->providers->count > 0 ? OUTSIDE_WORKERS : 0;
	config.worker_start = open_worker_store;
	config.worker_end = close_worker_store;
	config.worker_data = web;
	r = server_new(&config, &web->server, err);
	if (r == 0)
		add_routes(web);
	return r;
}

unsigned web_metrics_port(const struct web *web)
{
	return metrics_port(web->metrics);
}

static bool is_loopback(const char *listen)
{
	return str_starts_with(listen, "127.") || str_starts_with(listen, "[::1]") || str_starts_with(listen, "localhost:") ||
	       str_starts_with(listen, "unix:");
}

static int open_search(struct web *web, struct error *err)
{
	auto_free char *folder = xasprintf("%s/search", web->options->data);

	return search_new(folder, web->options->database, &web->search, err);
}

int web_new(const struct web_options *options, struct web **ret_web, struct error *err)
{
	struct web *web = xmalloc(sizeof(*web));
	int r;

	web->options = options;
	web->loopback = is_loopback(options->listen);
	web->started_ms = clock_realtime_ms();
	web->cache = cache_new(CACHED_ANSWERS);
	web->tries = limiter_new(options->tries, TRIES_WINDOW_MS);
	web->likes = limiter_new(FEEDBACK_LIKES, FEEDBACK_WINDOW_MS);
	web->comments = limiter_new(FEEDBACK_COMMENTS, FEEDBACK_WINDOW_MS);
	web->reports = limiter_new(FEEDBACK_REPORTS, FEEDBACK_WINDOW_MS);
	web->embeds = limiter_new(options->tries, TRIES_WINDOW_MS);
	web->banner_views = limiter_new(BANNER_VIEWS, TRIES_WINDOW_MS);
	web->banner_clicks = limiter_new(BANNER_CLICKS, TRIES_WINDOW_MS);
	web->fetches = limiter_new(FETCHES, FETCHES_WINDOW_MS);
	web->keys = limiter_new(KEYS, TRIES_WINDOW_MS);
	web->edits = limiter_new(FEEDBACK_EDITS, FEEDBACK_WINDOW_MS);
	web->previews = limiter_new(PREVIEWS, TRIES_WINDOW_MS);
	web->pulls = limiter_new(options->pull_requests, TRIES_WINDOW_MS);
	web->guard = guard_new(options);
	web->auths = limiter_new(AUTHS, TRIES_WINDOW_MS);
	r = providers_load(options->providers, &web->providers, err);
	if (r == 0)
		r = store_prepare(options->database, err);
	if (r == 0)
		r = open_search(web, err);
	if (r == 0 && options->ui != NULL && *options->ui != '\0')
		r = files_new(options->ui, &web->files, err);
	web->pages = pages_new(web->files);
	if (r == 0)
		r = make_server(web, err);
	if (r == 0)
		r = hub_new(options, web->cache, &web->hub, err);
	if (r == 0)
		r = puller_new(options, web->hub->keeper, &web->puller, err);
	if (r == 0)
		r = metrics_new(web, &web->metrics, err);
	if (r < 0) {
		web_free(web);
		return r;
	}
	*ret_web = web;
	return 0;
}

int web_start(struct web *web, struct error *err)
{
	int r = hub_start(web->hub, err);

	if (r == 0)
		r = puller_start(web->puller, err);
	if (r == 0)
		r = metrics_start(web->metrics, err);
	return r == 0 ? server_start(web->server, err) : r;
}

unsigned web_port(const struct web *web)
{
	return server_port(web->server);
}

struct stop_wait {
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool is_done;
};

static void on_stopped(void *data)
{
	struct stop_wait *wait = data;

	pthread_mutex_lock(&wait->lock);
	wait->is_done = true;
	pthread_cond_signal(&wait->done);
	pthread_mutex_unlock(&wait->lock);
}

void web_stop(struct web *web)
{
	struct stop_wait wait = {.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

	atomic_store(&web->providers->stopping, true);
	puller_stop(web->puller);
	hub_stop(web->hub, on_stopped, &wait);
	pthread_mutex_lock(&wait.lock);
	while (!wait.is_done)
		pthread_cond_wait(&wait.done, &wait.lock);
	pthread_mutex_unlock(&wait.lock);
	server_stop(web->server, STOP_WAIT_MS);
}

void web_free(struct web *web)
{
	if (web == NULL)
		return;
	if (web->server != NULL)
		server_stop(web->server, STOP_WAIT_MS);
	metrics_free(web->metrics);
	puller_free(web->puller);
	hub_free(web->hub);
	server_free(web->server);
	pages_free(web->pages);
	files_free(web->files);
	search_free(web->search);
	cache_free(web->cache);
	limiter_free(web->tries);
	limiter_free(web->embeds);
	limiter_free(web->banner_views);
	limiter_free(web->banner_clicks);
	limiter_free(web->likes);
	limiter_free(web->comments);
	limiter_free(web->reports);
	limiter_free(web->fetches);
	limiter_free(web->keys);
	limiter_free(web->edits);
	limiter_free(web->previews);
	limiter_free(web->pulls);
	guard_free(web->guard);
	providers_free(web->providers);
	limiter_free(web->auths);
	free(web->routes);
	free(web);
}
