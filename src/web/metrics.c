#include "web/metrics.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/util.h"
#include "store/overview.h"
#include "store/projects.h"
#include "web/internal.h"
#include "web/keeper.h"
#include "web/puller.h"

#define STOP_MS 1000

struct metrics {
	struct web *web;
	struct server *server;
	struct route route;
};

static void number(struct buf *out, const char *type, const char *name, const char *help, int64_t value)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", name, help, name, type, name, (long long)value);
}

static void gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
	number(out, "gauge", name, help, value);
}

static void counter(struct buf *out, const char *name, const char *help, uint64_t value)
{
	number(out, "counter", name, help, (int64_t)value);
}

static void write_builds(struct buf *out, struct tally *tally, const struct overview *overview)
{
	const uint64_t succeeded = atomic_load(&tally->succeeded), failed = atomic_load(&tally->failed);
	const uint64_t cancelled = atomic_load(&tally->cancelled);
	const char *name = "ttob_build_seconds";

	gauge(out, "ttob_builds_waiting", "Builds in the queue, of all nodes.", overview->builds_queued);
	gauge(out, "ttob_builds_running", "Builds that run, on all nodes.", overview->builds_running);
	buf_printf(out, "# HELP ttob_builds_total Builds that ended here since the start.\n# TYPE ttob_builds_total counter\n");
	buf_printf(out, "ttob_builds_total{state=\"succeeded\"} %llu\n", (unsigned long long)succeeded);
	buf_printf(out, "ttob_builds_total{state=\"failed\"} %llu\n", (unsigned long long)failed);
	buf_printf(out, "ttob_builds_total{state=\"cancelled\"} %llu\n", (unsigned long long)cancelled);
	buf_printf(out, "# HELP %s How long builds took that ended here, from their start.\n# TYPE %s histogram\n", name, name);
	for (unsigned i = 0; i < TALLY_BUCKETS; i++)
		buf_printf(out, "%s_bucket{le=\"%u\"} %llu\n", name, tally_seconds[i], (unsigned long long)atomic_load(&tally->within[i]));
	buf_printf(out, "%s_bucket{le=\"+Inf\"} %llu\n", name, (unsigned long long)(succeeded + failed + cancelled));
	buf_printf(out, "%s_sum %.3f\n", name, (double)atomic_load(&tally->sum_ms) / 1000);
	buf_printf(out, "%s_count %llu\n", name, (unsigned long long)(succeeded + failed + cancelled));
}

static void write_registry(struct buf *out, const struct keeper_numbers *numbers, const struct puller_counts *pulls)
{
	gauge(out, "ttob_registry_up", "1: the registry answers.", numbers->up);
	gauge(out, "ttob_registry_repositories", "Repositories with images.", numbers->repositories);
	gauge(out, "ttob_registry_tags", "Tags.", numbers->tags);
	gauge(out, "ttob_registry_bytes", "Bytes of all blobs that tags need, each once.", numbers->bytes);
	gauge(out, "ttob_registry_pushes_30d", "Images that were made in the last thirty days.", numbers->pushes);
	gauge(out, "ttob_registry_collecting", "1: garbage is being collected.", numbers->collecting);
	counter(out, "ttob_registry_freed_bytes_total", "Bytes that garbage collections gave back since the start.", (uint64_t)numbers->freed_all);
	if (numbers->disk_total > 0) {
		gauge(out, "ttob_registry_disk_free_bytes", "Free on the registry's disk.", numbers->disk_free);
		gauge(out, "ttob_registry_disk_bytes", "Size of the registry's disk.", numbers->disk_total);
		gauge(out, "ttob_registry_disk_low", "1: warned of; 2: builds wait for room.", numbers->disk_full ? 2 : numbers->disk_low);
	}
	counter(out, "ttob_pulls_total", "Manifests that strangers pulled since the start.", pulls->pulls);
	counter(out, "ttob_pull_bytes_total", "Bytes of layers that they pulled.", pulls->bytes);
	counter(out, "ttob_pulls_refused_total", "Pulls refused for being too many, or cut off for being too slow.", pulls->refused);
	gauge(out, "ttob_pulls_running", "Pulls under way.", pulls->running);
	gauge(out, "ttob_pulls_waiting", "Pulls that wait for a thread.", pulls->waiting);
}

static void write_rest(struct buf *out, struct web *web, const struct overview *overview, const struct state_counts *states)
{
	struct server_counts counts;

	server_count(web->server, &counts);
	gauge(out, "ttob_engine_up", "1: the engine answers.", atomic_load(&web->hub->engine_up));
	gauge(out, "ttob_sandboxes_running", "Sandboxes that run here.", atomic_load(&web->hub->running));
	gauge(out, "ttob_sandboxes_capacity", "Places for them.", web->hub->capacity);
	gauge(out, "ttob_users", "Accounts.", overview->users);
	gauge(out, "ttob_projects_ready", "Projects that can be tried.", states->ready);
	gauge(out, "ttob_projects_failed", "Projects whose first build failed.", states->failed);
	counter(out, "ttob_http_requests_total", "Requests answered since the start.", counts.requests);
	counter(out, "ttob_http_refused_total", "Requests refused for being too many at one time.", counts.refused);
	gauge(out, "ttob_http_connections", "Connections open.", counts.connections);
}

static int get_metrics(struct request *request, struct error *err)
{
	const struct metrics *metrics = request_data(request);
	struct web *web = metrics->web;
	auto_buf struct buf out = BUF_INIT;
	struct keeper_numbers numbers;
	struct state_counts states = {0};
	struct overview overview = {0};
	struct puller_counts pulls;
	int r = overview_get(request_local(request), &overview, err);

	if (r == 0)
		r = projects_count_states(request_local(request), &states, err);
	if (r < 0)
		return r;
	puller_count(web->puller, &pulls);
	write_rest(&out, web, &overview, &states);
	write_builds(&out, &web->hub->tally, &overview);
	if (keeper_read(web->hub->keeper, &numbers))
		write_registry(&out, &numbers, &pulls);
	respond_data(request, 200, "text/plain; version=0.0.4; charset=utf-8", out.data, out.length);
	return 0;
}

static void *open_store(void *data)
{
	const struct metrics *metrics = data;
	struct store *store = xmalloc(sizeof(*store));
	struct error err;

	if (store_open(metrics->web->options->database, store, &err) < 0) {
		log_error("the metrics have no database: %s", err.message);
		abort(); /* as workers do */
	}
	return store;
}

static void close_store(void *local, void *data)
{
	(void)data;
	store_close(local);
	free(local);
}

int metrics_new(struct web *web, struct metrics **ret_metrics, struct error *err)
{
	const char *listen = web->options->metrics_listen;
	struct server_config config;
	struct metrics *metrics;
	int r;

	*ret_metrics = NULL;
	if (listen == NULL || *listen == '\0')
		return 0;
	metrics = xmalloc(sizeof(*metrics));
	metrics->web = web;
	server_config_init(&config);
	config.listen = listen;
	config.threads = 1;
	config.workers = 1;
	config.connections_max = 64;
	config.worker_start = open_store;
	config.worker_end = close_store;
	config.worker_data = metrics;
	r = server_new(&config, &metrics->server, err);
	if (r < 0) {
		free(metrics);
		return error_wrap(err, "[metrics] listen");
	}
	metrics->route = (struct route){.methods = METHOD_GET, .pattern = "/metrics", .kind = ROUTE_WORK, .handler = get_metrics, .data = metrics};
	server_add(metrics->server, &metrics->route, 1);
	*ret_metrics = metrics;
	return 0;
}

int metrics_start(struct metrics *metrics, struct error *err)
{
	return metrics != NULL ? server_start(metrics->server, err) : 0;
}

unsigned metrics_port(const struct metrics *metrics)
{
	return metrics != NULL ? server_port(metrics->server) : 0;
}

void metrics_free(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	server_stop(metrics->server, STOP_MS);
	server_free(metrics->server);
	free(metrics);
}
