/* Projects of the catalogue and their versions. */
#pragma once

#include "store/store.h"

/* All strings are owned by the struct (project_fini). */
struct project {
	int64_t id; /* inside the store only */
	char *owner;
	char *name;
	char *summary;
	char *summary_ko; /* or NULL */
	char *category;
	char *tags; /* comma-separated, no spaces around, "" for none */
	char *license;
	char *homepage;  /* or NULL */
	char *readme;    /* markdown, or NULL */
	char *readme_ko; /* or NULL */
	char *run;       /* what the terminal starts, or NULL: a login shell */
	bool network;
	char *ports; /* comma-separated numbers, "" for none */
	char *smoke;
	char *version_command;
	char *logo;          /* URL or NULL */
	char *source_kind;   /* script, dockerfile, image, git, sandbox */
	char *source;        /* JSON object, as published */
	char *dockerfile;    /* what is built, or NULL */
	char *digest;        /* of everything a build depends on: another digest means that it has to be built again */
	unsigned popularity; /* 0…100, the editor's start value for trending */
	char *state;         /* ready, building, failed */
	char *visibility;    /* listed; unlisted: found by its address only; hidden: by an administrator; deleted. Kept by upsert */
	char *contact;       /* address of mail or web, for the page; or NULL */
	char *size_class;    /* small, medium, large; NULL: medium */
	char *embed_origins; /* sites that may show it in a frame, separated by spaces, or NULL. Kept by upsert */
	/* Filled by the store. */
	char *version; /* label of the current version, or NULL */
	char *image;   /* manifest digest of the current version, or NULL */
	char *build;   /* id of the last build, or NULL */
	int64_t created_ms;
	int64_t updated_ms;
	int64_t verified_ms; /* last time that the smoke command passed */
	int64_t tries;
	int64_t likes;
	int64_t rebuild_days; /* built again this often; 0: never */
	int64_t deleted_ms;   /* may be restored for a week */
};

void project_fini(struct project *project);

struct project_list {
	struct project *items;
	size_t count;
	int64_t total; /* of all pages */
};

void project_list_fini(struct project_list *list);

/* RELEVANCE is the search index's (search/search.h); the store, which can't tell, takes it for TRENDING. */
enum project_sort {
	PROJECT_SORT_TRENDING,
	PROJECT_SORT_NEW,
	PROJECT_SORT_LIKES,
	PROJECT_SORT_NAME,
	PROJECT_SORT_RELEVANCE,
};

struct project_filter {
	const char *text; /* words, all of which must occur somewhere in name, summaries, tags or category; NULL: all */
	const char *category;
	const char *tag;
	const char *state;
	const char *owner;
	const char *visibility; /* NULL: listed ones only; "any": all but deleted ones; "deleted": these */
	enum project_sort sort;
	struct page page;
};

/* "trending", "new", "likes", "name", "relevance": 0 or -EINVAL. */
int project_sort_from_name(const char *name, enum project_sort *ret_sort);

/* Writes the project by owner and name (new or known). *ret_rebuild: it is new, or its digest differs from that of the
 * last build that was enqueued. State, versions, visibility, tries and likes are left alone; a new one starts as "building" and
 * listed. */
int projects_upsert(struct store *store, const struct project *project, int64_t now_ms, int64_t *ret_id,
		    bool *ret_rebuild, struct error *err);
/* What the words of a search are looked for in; malloc'd. */
char *projects_search_text(const struct project *project);
/* A new one inside of a transaction; -EEXIST (ERROR_CONFLICT) when there is one of that name, also a deleted one. */
int projects_insert(struct db *db, const struct project *project, int64_t now_ms, int64_t *ret_id, struct error *err);
/* ERROR_NOT_FOUND, also for deleted ones. */
int projects_get(struct store *store, const char *owner, const char *name, struct project *ret_project,
		 struct error *err);
/* The same, with readme, readme_ko, source and dockerfile left NULL: for what is asked often. */
int projects_get_short(struct store *store, const char *owner, const char *name, struct project *ret_project,
		       struct error *err);
int projects_get_by_id(struct store *store, int64_t id, struct project *ret_project, struct error *err);
/* The list's items leave readme, readme_ko, source and dockerfile NULL. */
int projects_list(struct store *store, const struct project_filter *filter, struct project_list *ret_list,
		  struct error *err);
/* The listed ones of these ids (at most 100), in their order, without the long texts; total is left 0. */
int projects_list_by_ids(struct store *store, const int64_t *ids, size_t count, struct project_list *ret_list,
			 struct error *err);
int projects_set_state(struct store *store, int64_t id, const char *state, int64_t now_ms, struct error *err);
/* "listed", "unlisted" or "hidden" (ERROR_INVALID otherwise). ERROR_NOT_FOUND. */
int projects_set_visibility(struct store *store, int64_t id, const char *visibility, int64_t now_ms, struct error *err);
/* `origins` as in struct project; NULL or "": none. The caller has checked them. ERROR_NOT_FOUND. */
int projects_set_embed_origins(struct store *store, int64_t id, const char *origins, int64_t now_ms, struct error *err);
/* The smoke command passed again. */
int projects_verified(struct store *store, int64_t id, int64_t now_ms, struct error *err);
/* With everything that hangs on it. ERROR_NOT_FOUND. */
int projects_delete(struct store *store, int64_t id, struct error *err);

struct category_count {
	char *category;
	int64_t projects;
};
/* Counts listed projects. The caller frees each category and the array. Most projects first. */
int projects_categories(struct store *store, struct category_count **ret_counts, size_t *ret_count, struct error *err);
void category_counts_free(struct category_count *counts, size_t count);

struct state_counts {
	int64_t ready;
	int64_t building;
	int64_t failed;
};
/* Another number than before means that the catalogue has changed, maybe by another process: projects, who sees them, likes, tries.
 * 0: there are none. */
int projects_changed(struct store *store, int64_t *ret_change, struct error *err);
int projects_count_states(struct store *store, struct state_counts *ret_counts, struct error *err);

/* One value of every project, in no order; answered by an index of the database, without reading the rows
 * (project_scans.c). */
int projects_each_updated(struct store *store, void (*each)(int64_t id, int64_t updated_ms, void *data), void *data,
			  struct error *err);
int projects_each_likes(struct store *store, void (*each)(int64_t id, int64_t likes, void *data), void *data,
			struct error *err);
int projects_each_trend(struct store *store, void (*each)(int64_t id, double trend, void *data), void *data,
			struct error *err);
