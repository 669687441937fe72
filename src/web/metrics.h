/* GET /metrics on a listener of the operator's own, in Prometheus' text format (version 0.0.4). */
#pragma once

#include "base/error.h"

struct metrics;
struct web;

/* NULL in *ret_metrics when no address is configured ([metrics] listen). */
int metrics_new(struct web *web, struct metrics **ret_metrics, struct error *err);
int metrics_start(struct metrics *metrics, struct error *err); /* all take NULL */
unsigned metrics_port(const struct metrics *metrics);
void metrics_free(struct metrics *metrics); /* stops it, too */
