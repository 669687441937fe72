/* What the resources of the API share: what a handler finds behind its request. */
#pragma once

#include <jansson.h>

#include "core/fields.h"
#include "http/request.h"
#include "http/response.h"
#include "http/server.h"
#include "store/sessions.h"
#include "store/store.h"
#include "web/builder.h"
#include "web/call.h"
#include "web/hub.h"
#include "web/limiter.h"
#include "web/options.h"
#include "web/visitor.h"

struct files;
struct search;
struct pages;
struct guard;
struct providers;
struct metrics;
struct puller;

struct web {
	const struct web_options *options;
	struct server *server;
	struct hub *hub;
	struct cache *cache;
	struct search *search;
	struct files *files; /* NULL: no pages were built */
	struct pages *pages;
	struct limiter *tries;
	struct limiter *likes; /* these by account (feedback.h) */
	struct limiter *comments;
	struct limiter *reports;
	struct limiter *fetches;  /* of repositories, by account */
	struct limiter *keys;	  /* access tokens made, by account */
	struct limiter *edits;	  /* by account (feedback.h) */
	struct limiter *previews; /* of sources, by address */
	struct limiter *pulls;	  /* of images, by address */
	struct metrics *metrics; /* NULL: none are asked for */
	struct puller *puller;	  /* NULL: no images are handed out */
	struct guard *guard; /* of accounts */
	struct providers *providers; /* to sign in by */
	struct limiter *auths;	     /* sign-ins begun at these, by address */
	struct limiter *embeds; /* these by address: guests in frames, views and clicks of banners */
	struct limiter *banner_views;
	struct limiter *banner_clicks;
	bool loopback; /* we listen there only */
	int64_t started_ms;
	struct route *routes;
};

enum resource_trait {
	RESOURCE_CACHED = 1,   /* answers by respond_cached */
	RESOURCE_ANY_TYPE = 2, /* bodies of every Content-Type, not JSON only */
	RESOURCE_FILES = 4,    /* multipart/form-data, too, with an archive in it (http/upload.h) */
};

/* A route as the tables of the resources have it; web.c adds `data` and `cache`. */
struct resource {
	unsigned methods;
	const char *pattern;
	enum route_kind kind;
	request_handler handler;
	unsigned traits; /* RESOURCE_… | …; true and false will do for the first */
	size_t body_max;
};

extern const struct resource sandbox_resources[];  /* sandboxes.c; all end with a NULL pattern */
extern const struct resource terminal_resources[]; /* terminals.c */
extern const struct resource find_resources[];	   /* find.c */
extern const struct resource project_resources[];  /* projects.c */
extern const struct resource build_resources[];	   /* builds.c */
extern const struct resource source_resources[];  /* sources.c */
extern const struct resource preview_resources[]; /* preview.c */
extern const struct resource pull_resources[];	   /* pull.c */
extern const struct resource publish_resources[];  /* publish.c */
extern const struct resource manage_resources[];   /* manage.c */
extern const struct resource session_resources[];  /* session.c */
extern const struct resource status_resources[];   /* status.c */
extern const struct resource user_resources[];	   /* users.c */
extern const struct resource leave_resources[];	   /* leave.c */
extern const struct resource key_resources[];	   /* keys.c */
extern const struct resource auth_resources[];	   /* auth.c */
extern const struct resource identity_resources[]; /* identities.c */
extern const struct resource badge_resources[];	   /* badge.c */
extern const struct resource feed_resources[];	   /* feeds.c */
extern const struct resource banner_resources[];	   /* banners.c */
extern const struct resource banner_admin_resources[]; /* banners_admin.c */
extern const struct resource oembed_resources[];	   /* oembed.c */
extern const struct resource publicity_resources[];	   /* publicity.c */

extern const struct resource like_resources[];		 /* likes.c */
extern const struct resource comment_resources[];	 /* comments.c */
extern const struct resource report_resources[];	 /* reports.c */
extern const struct resource mine_resources[];		 /* mine.c */
extern const struct resource history_resources[];	 /* history.c */
extern const struct resource recommendation_resources[]; /* recommendations.c */

extern const struct resource statistics_resources[];	 /* statistics.c */
extern const struct resource admin_overview_resources[]; /* admin_overview.c, and so on */
extern const struct resource admin_user_resources[];
extern const struct resource admin_project_resources[];
extern const struct resource admin_feedback_resources[];
extern const struct resource admin_sandbox_resources[];
extern const struct resource admin_registry_resources[];

/* Every route served, for docs and tests: each table in turn. */
extern const struct resource *const all_resources[];
extern const size_t all_resources_count;

/* pull.c: no such path below /v2/. */
int pull_unknown(struct request *request, struct error *err);

/* projects.c: answers with the whole project of the route's {owner} and {name}. */
int project_answer(struct request *request, struct error *err);

/* body.c: pieces of JSON bodies; faults are noted by field. */
void body_members(json_t *json, const char *const *known, struct field_errors *errors); /* `known` ends with NULL */
/* A text, borrowed; NULL: it is not there, null, or something else, which is noted. */
const char *body_text(json_t *json, const char *field, struct field_errors *errors);
unsigned body_size(json_t *json, const char *field, unsigned fallback, struct field_errors *errors); /* columns or rows */

/* Common to requests of one sandbox: finds the session and hands the call to `run` with person and id (route parameter "id"). */
int sandbox_call(struct request *request, void (*run)(struct call *call), struct call **ret_call, struct error *err);
/* Of the person's open sandbox when another node has it: the Sandbox object, else null; a new reference. For a worker or the recorder. */
int sandbox_elsewhere(struct store *store, const struct hub *hub, const char *person, json_t **ret_json, struct error *err);
/* On the loop: the caller's own open sandbox, or NULL after a 404 was answered. */
struct live *sandbox_of_call(struct call *call);
