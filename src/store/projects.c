#include "store/projects.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "core/trending.h"

#define WORDS_MAX 8
#define IDS_MAX   100

void project_fini(struct project *project)
{
	free(project->owner);
	free(project->name);
	free(project->summary);
	free(project->summary_ko);
	free(project->category);
	free(project->tags);
	free(project->license);
	free(project->homepage);
	free(project->readme);
	free(project->readme_ko);
	free(project->run);
	free(project->ports);
	free(project->smoke);
	free(project->version_command);
	free(project->logo);
	free(project->source_kind);
	free(project->source);
	free(project->dockerfile);
	free(project->digest);
	free(project->state);
	free(project->visibility);
	free(project->contact);
	free(project->size_class);
	free(project->embed_origins);
	free(project->version);
	free(project->image);
	free(project->build);
	memset(project, 0, sizeof(*project));
}

void project_list_fini(struct project_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		project_fini(&list->items[i]);
	free(list->items);
	memset(list, 0, sizeof(*list));
}

int project_sort_from_name(const char *name, enum project_sort *ret_sort)
{
	static const char *const names[] = {
		[PROJECT_SORT_TRENDING] = "trending",
		[PROJECT_SORT_NEW] = "new",
		[PROJECT_SORT_LIKES] = "likes",
		[PROJECT_SORT_NAME] = "name",
		[PROJECT_SORT_RELEVANCE] = "relevance",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], name) == 0) {
			*ret_sort = (enum project_sort)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* What LIKE looks into: everything in lower case, as far as ASCII goes; Korean has no case. */
char *projects_search_text(const struct project *project)
{
	const char *const parts[] = {project->owner,      project->name,     project->summary,
				     project->summary_ko, project->category, project->tags};
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		for (const char *p = parts[i]; p != NULL && *p != '\0'; p++)
			buf_append_char(&text, (char)tolower((unsigned char)*p));
		buf_append_char(&text, '\n');
	}
	return buf_steal(&text);
}

struct upsert {
	const struct project *project;
	int64_t now_ms;
	char *tags; /* ",a,b," so that one tag can be found whole */
	char *search;
	int64_t id;
	bool rebuild;
};

static int insert(struct db *db, struct upsert *u, struct error *err)
{
	const struct project *p = u->project;
	int r = db_execute(
		db, NULL, err,
		"INSERT INTO projects (owner, name, summary, summary_ko, category, tags, license, homepage, readme, "
		"readme_ko, run_command, "
		"network, ports, smoke, version_command, logo, source_kind, source, dockerfile, digest, popularity, "
		"state, search, "
		"created_ms, updated_ms, contact, size_class, trend) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'building', ?, ?, ?, ?, ?, ?)",
		"sssssssssss"
		"issssssss"
		"isiissf",
		p->owner, p->name, p->summary, p->summary_ko, p->category, u->tags, p->license, p->homepage, p->readme,
		p->readme_ko, p->run, (int64_t)p->network, p->ports, p->smoke, p->version_command, p->logo,
		p->source_kind, p->source, p->dockerfile, p->digest, (int64_t)p->popularity, u->search, u->now_ms,
		u->now_ms, p->contact, p->size_class != NULL ? p->size_class : "medium",
		/* The editor's choice counts like a few tries on the first day, and fades like them. */
		trending_start(p->popularity / 10.0, u->now_ms));

	u->id = db_last_id(db);
	u->rebuild = true;
	return r;
}

static int update(struct db *db, struct upsert *u, struct error *err)
{
	const struct project *p = u->project;

	return db_execute(db, NULL, err,
			  "UPDATE projects SET summary = ?, summary_ko = ?, category = ?, tags = ?, license = ?, "
			  "homepage = ?, readme = ?, readme_ko = ?, "
			  "run_command = ?, network = ?, ports = ?, smoke = ?, version_command = ?, logo = ?, "
			  "source_kind = ?, source = ?, "
			  "dockerfile = ?, digest = ?, popularity = ?, search = ?, updated_ms = ? WHERE id = ?",
			  "sssssssss"
			  "issssssss"
			  "isii",
			  p->summary, p->summary_ko, p->category, u->tags, p->license, p->homepage, p->readme,
			  p->readme_ko, p->run, (int64_t)p->network, p->ports, p->smoke, p->version_command, p->logo,
			  p->source_kind, p->source, p->dockerfile, p->digest, (int64_t)p->popularity, u->search,
			  u->now_ms, u->id);
}

static int upsert(struct db *db, void *data, struct error *err)
{
	struct upsert *u = data;
	struct statement *s;
	int r = db_query(db, &s, err, "SELECT id, built_digest FROM projects WHERE owner = ? AND name = ?", "ss",
			 u->project->owner, u->project->name);
	bool known;

	if (r < 0)
		return r;
	r = statement_step(s, err);
	known = r > 0;
	if (known) {
		u->id = statement_integer(s, 0);
		u->rebuild = !str_equal(statement_text(s, 1), u->project->digest);
	}
	statement_done(s);
	if (r < 0)
		return r;
	return known ? update(db, u, err) : insert(db, u, err);
}

int projects_insert(struct db *db, const struct project *project, int64_t now_ms, int64_t *ret_id, struct error *err)
{
	struct upsert u = {
		.project = project,
		.now_ms = now_ms,
		.tags = xasprintf(",%s,", project->tags != NULL ? project->tags : ""),
		.search = projects_search_text(project),
	};
	int r = insert(db, &u, err);

	free(u.tags);
	free(u.search);
	*ret_id = u.id;
	return r;
}

int projects_upsert(struct store *store, const struct project *project, int64_t now_ms, int64_t *ret_id,
		    bool *ret_rebuild, struct error *err)
{
	struct upsert u = {
		.project = project,
		.now_ms = now_ms,
		.tags = xasprintf(",%s,", project->tags != NULL ? project->tags : ""),
		.search = projects_search_text(project),
	};
	int r = db_transaction(store->db, upsert, &u, err);

	free(u.tags);
	free(u.search);
	if (r == 0) {
		*ret_id = u.id;
		*ret_rebuild = u.rebuild;
	}
	return r;
}

/* The columns in the order of read_project. The long texts come last, and lists put NULLs in their place. */
#define SHORT_COLUMNS                                                                                                  \
	"p.id, p.owner, p.name, p.summary, p.summary_ko, p.category, p.tags, p.license, p.homepage, p.run_command, "   \
	"p.network, p.ports, "                                                                                         \
	"p.smoke, p.version_command, p.logo, p.source_kind, p.digest, p.popularity, p.state, v.label, v.image, "       \
	"p.last_build, "                                                                                               \
	"p.created_ms, p.updated_ms, p.verified_ms, p.tries, p.likes, p.visibility, p.embed_origins, "                               \
	"p.contact, p.size_class, p.rebuild_days, p.deleted_ms, "
#define FROM_PROJECTS " FROM projects p LEFT JOIN versions v ON v.id = p.current_version "
#define SELECT_WHOLE  "SELECT " SHORT_COLUMNS "p.readme, p.readme_ko, p.source, p.dockerfile" FROM_PROJECTS
#define SELECT_SHORT  "SELECT " SHORT_COLUMNS "NULL, NULL, NULL, NULL" FROM_PROJECTS

/* ",a,b," → "a,b" */
static char *bare_tags(const char *tags)
{
	size_t length = strlen(tags);

	return length > 2 ? xstrndup(tags + 1, length - 2) : xstrdup("");
}

static void read_project(const struct statement *s, struct project *p)
{
	int i = 0;

	memset(p, 0, sizeof(*p));
	p->id = statement_integer(s, i++);
	p->owner = statement_text_copy(s, i++);
	p->name = statement_text_copy(s, i++);
	p->summary = statement_text_copy(s, i++);
	p->summary_ko = statement_text_copy(s, i++);
	p->category = statement_text_copy(s, i++);
	p->tags = bare_tags(statement_text(s, i++));
	p->license = statement_text_copy(s, i++);
	p->homepage = statement_text_copy(s, i++);
	p->run = statement_text_copy(s, i++);
	p->network = statement_integer(s, i++) != 0;
	p->ports = statement_text_copy(s, i++);
	p->smoke = statement_text_copy(s, i++);
	p->version_command = statement_text_copy(s, i++);
	p->logo = statement_text_copy(s, i++);
	p->source_kind = statement_text_copy(s, i++);
	p->digest = statement_text_copy(s, i++);
	p->popularity = (unsigned)statement_integer(s, i++);
	p->state = statement_text_copy(s, i++);
	p->version = statement_text_copy(s, i++);
	p->image = statement_text_copy(s, i++);
	p->build = statement_text_copy(s, i++);
	p->created_ms = statement_integer(s, i++);
	p->updated_ms = statement_integer(s, i++);
	p->verified_ms = statement_integer(s, i++);
	p->tries = statement_integer(s, i++);
	p->likes = statement_integer(s, i++);
	p->visibility = statement_text_copy(s, i++);
	p->embed_origins = statement_text_copy(s, i++);
	p->contact = statement_text_copy(s, i++);
	p->size_class = statement_text_copy(s, i++);
	p->rebuild_days = statement_integer(s, i++);
	p->deleted_ms = statement_integer(s, i++);
	p->readme = statement_text_copy(s, i++);
	p->readme_ko = statement_text_copy(s, i++);
	p->source = statement_text_copy(s, i++);
	p->dockerfile = statement_text_copy(s, i++);
}

static int read_one(struct statement *s, struct project *ret_project, struct error *err)
{
	int r = statement_step(s, err);

	if (r > 0)
		read_project(s, ret_project);
	statement_done(s);
	return r;
}

static int get_by_name(struct store *store, const char *sql, const char *owner, const char *name, struct project *ret_project,
		       struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, sql, "ss", owner, name);

	if (r == 0)
		r = read_one(s, ret_project, err);
	if (r == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no project %s/%s", owner, name);
	return r < 0 ? r : 0;
}

int projects_get(struct store *store, const char *owner, const char *name, struct project *ret_project,
		 struct error *err)
{
	return get_by_name(store, SELECT_WHOLE "WHERE p.owner = ? AND p.name = ? AND p.deleted_ms IS NULL", owner, name, ret_project, err);
}

int projects_get_short(struct store *store, const char *owner, const char *name, struct project *ret_project,
		       struct error *err)
{
	return get_by_name(store, SELECT_SHORT "WHERE p.owner = ? AND p.name = ? AND p.deleted_ms IS NULL", owner, name, ret_project, err);
}

int projects_get_by_id(struct store *store, int64_t id, struct project *ret_project, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, SELECT_WHOLE "WHERE p.id = ?", "i", id);

	if (r == 0)
		r = read_one(s, ret_project, err);
	if (r == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such project");
	return r < 0 ? r : 0;
}

/* The conditions of a filter, put together with their parameters. */
struct conditions {
	struct buf sql;
	struct db_value values[WORDS_MAX + 7];
	size_t count;
	char *patterns[WORDS_MAX + 1]; /* owned */
	size_t pattern_count;
};

static void add_condition(struct conditions *c, const char *sql, const char *value)
{
	buf_append_string(&c->sql, c->count == 0 ? "WHERE " : " AND ");
	buf_append_string(&c->sql, sql);
	c->values[c->count++] = (struct db_value){.type = 's', .bytes = value};
}

/* "%<word>%" with LIKE's own characters made plain. */
static char *like_pattern(const char *before, const char *word, size_t length, const char *behind)
{
	struct buf pattern = BUF_INIT;

	buf_append_string(&pattern, before);
	for (size_t i = 0; i < length; i++) {
		if (strchr("%_!", word[i]) != NULL)
			buf_append_char(&pattern, '!');
		buf_append_char(&pattern, (char)tolower((unsigned char)word[i]));
	}
	buf_append_string(&pattern, behind);
	return buf_steal(&pattern);
}

static void add_like(struct conditions *c, const char *sql, char *pattern)
{
	c->patterns[c->pattern_count++] = pattern;
	add_condition(c, sql, pattern);
}

static void collect_conditions(const struct project_filter *filter, struct conditions *c)
{
	const char *word = filter->text != NULL ? filter->text : "";

	memset(c, 0, sizeof(*c));
	if (filter->visibility == NULL || strcmp(filter->visibility, "any") != 0)
		add_condition(c, "p.visibility = ?", filter->visibility != NULL ? filter->visibility : "listed");
	else
		add_condition(c, "p.visibility <> ?", "deleted");
	if (filter->owner != NULL)
		add_condition(c, "p.owner = ?", filter->owner);
	if (filter->category != NULL)
		add_condition(c, "p.category = ?", filter->category);
	if (filter->state != NULL)
		add_condition(c, "p.state = ?", filter->state);
	if (filter->tag != NULL)
		add_like(c, "p.tags LIKE ? ESCAPE '!'", like_pattern("%,", filter->tag, strlen(filter->tag), ",%"));
	for (size_t words = 0; words < WORDS_MAX; words++) {
		size_t length;

		word += strspn(word, " \t\r\n");
		length = strcspn(word, " \t\r\n");
		if (length == 0)
			break;
		add_like(c, "p.search LIKE ? ESCAPE '!'", like_pattern("%", word, length, "%"));
		word += length;
	}
}

static void conditions_fini(struct conditions *c)
{
	buf_fini(&c->sql);
	for (size_t i = 0; i < c->pattern_count; i++)
		free(c->patterns[i]);
}

static int count_projects(struct store *store, const struct conditions *c, int64_t *ret_total, struct error *err)
{
	auto_free char *sql = xasprintf("SELECT COUNT(*) FROM projects p %s", c->sql.data != NULL ? c->sql.data : "");
	struct statement *s;
	int r = db_query_values(store->db, &s, err, sql, c->values, c->count);

	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0)
		*ret_total = statement_integer(s, 0);
	statement_done(s);
	return r < 0 ? r : 0;
}

int projects_list(struct store *store, const struct project_filter *filter, struct project_list *ret_list,
		  struct error *err)
{
	static const char *const orders[] = {
		[PROJECT_SORT_TRENDING] = "p.trend DESC, p.popularity DESC, p.name, p.owner",
		[PROJECT_SORT_NEW] = "p.created_ms DESC, p.id DESC",
		[PROJECT_SORT_LIKES] = "p.likes DESC, p.trend DESC, p.name, p.owner",
		[PROJECT_SORT_NAME] = "p.name, p.owner",
		[PROJECT_SORT_RELEVANCE] = "p.trend DESC, p.popularity DESC, p.name, p.owner",
	};
	auto_free char *sql = NULL;
	struct conditions c;
	struct statement *s;
	int r;

	memset(ret_list, 0, sizeof(*ret_list));
	collect_conditions(filter, &c);
	r = count_projects(store, &c, &ret_list->total, err);
	if (r == 0) {
		sql = xasprintf(SELECT_SHORT "%s ORDER BY %s LIMIT ? OFFSET ?", c.sql.data != NULL ? c.sql.data : "",
				orders[filter->sort]);
		c.values[c.count++] = (struct db_value){.type = 'i', .integer = filter->page.per_page};
		c.values[c.count++] = (struct db_value){.type = 'i', .integer = page_offset(filter->page)};
		r = db_query_values(store->db, &s, err, sql, c.values, c.count);
	}
	conditions_fini(&c);
	if (r < 0)
		return r;
	ret_list->items = xcalloc(filter->page.per_page, sizeof(*ret_list->items));
	while (ret_list->count < filter->page.per_page && (r = statement_step(s, err)) > 0)
		read_project(s, &ret_list->items[ret_list->count++]);
	statement_done(s);
	if (r < 0)
		project_list_fini(ret_list);
	return r < 0 ? r : 0;
}

/* Puts the rows into the order of the ids; what was not found leaves no gap. */
static void order_by_ids(struct project_list *list, const int64_t *ids, size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t j = at; j < list->count; j++) {
			struct project found = list->items[j];

			if (found.id != ids[i])
				continue;
			list->items[j] = list->items[at];
			list->items[at++] = found;
			break;
		}
	}
}

int projects_list_by_ids(struct store *store, const int64_t *ids, size_t count, struct project_list *ret_list,
			 struct error *err)
{
	struct buf sql = BUF_INIT;
	struct db_value values[IDS_MAX];
	struct statement *s;
	size_t places;
	int r;

	memset(ret_list, 0, sizeof(*ret_list));
	count = min_size(count, IDS_MAX);
	if (count == 0)
		return 0;
	/* Statements are kept prepared: few lengths make few of them. */
	places = count <= 8 ? 8 : count <= 20 ? 20 : IDS_MAX;
	buf_append_string(&sql, SELECT_SHORT "WHERE p.visibility = 'listed' AND p.id IN (?");
	for (size_t i = 0; i < places; i++) {
		values[i] = (struct db_value){.type = 'i', .integer = ids[i < count ? i : 0]};
		if (i > 0)
			buf_append_string(&sql, ", ?");
	}
	buf_append_char(&sql, ')');
	r = db_query_values(store->db, &s, err, sql.data, values, places);
	buf_fini(&sql);
	if (r < 0)
		return r;
	ret_list->items = xcalloc(count, sizeof(*ret_list->items));
	while (ret_list->count < count && (r = statement_step(s, err)) > 0)
		read_project(s, &ret_list->items[ret_list->count++]);
	statement_done(s);
	if (r < 0)
		project_list_fini(ret_list);
	else
		order_by_ids(ret_list, ids, count);
	return r < 0 ? r : 0;
}

static int must_change(int r, int64_t changes, struct error *err)
{
	if (r == 0 && changes == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such project");
	return r;
}

int projects_set_state(struct store *store, int64_t id, const char *state, int64_t now_ms, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err, "UPDATE projects SET state = ?, updated_ms = ? WHERE id = ?",
			   "sii", state, now_ms, id);

	return must_change(r, changes, err);
}

int projects_set_visibility(struct store *store, int64_t id, const char *visibility, int64_t now_ms, struct error *err)
{
	int64_t changes = 0;
	int r;

	if (strcmp(visibility, "listed") != 0 && strcmp(visibility, "unlisted") != 0 && strcmp(visibility, "hidden") != 0)
		return error_set(err, ERROR_INVALID, EINVAL, "visibility must be listed, unlisted or hidden");
	r = db_execute(store->db, &changes, err, "UPDATE projects SET visibility = ?, updated_ms = ? WHERE id = ?", "sii",
		       visibility, now_ms, id);
	return must_change(r, changes, err);
}

int projects_set_embed_origins(struct store *store, int64_t id, const char *origins, int64_t now_ms, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err, "UPDATE projects SET embed_origins = ?, updated_ms = ? WHERE id = ?",
			   "sii", origins != NULL && *origins != '\0' ? origins : NULL, now_ms, id);

	return must_change(r, changes, err);
}

int projects_verified(struct store *store, int64_t id, int64_t now_ms, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err, "UPDATE projects SET verified_ms = ? WHERE id = ?", "ii", now_ms,
			   id);

	return must_change(r, changes, err);
}

int projects_delete(struct store *store, int64_t id, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err, "DELETE FROM projects WHERE id = ?", "i", id);

	return must_change(r, changes, err);
}

int projects_categories(struct store *store, struct category_count **ret_counts, size_t *ret_count, struct error *err)
{
	struct category_count *counts = NULL;
	size_t count = 0;
	struct statement *s;
	int r = db_query(store->db, &s, err,
			 "SELECT category, COUNT(*) FROM projects WHERE visibility = 'listed' GROUP BY category "
			 "ORDER BY COUNT(*) DESC, category",
			 "");

	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0) {
		counts = xrealloc(counts, (count + 1) * sizeof(*counts));
		counts[count].category = statement_text_copy(s, 0);
		counts[count++].projects = statement_integer(s, 1);
	}
	statement_done(s);
	if (r < 0) {
		category_counts_free(counts, count);
		return r;
	}
	*ret_counts = counts;
	*ret_count = count;
	return 0;
}

void category_counts_free(struct category_count *counts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(counts[i].category);
	free(counts);
}

int projects_count_states(struct store *store, struct state_counts *ret_counts, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, "SELECT state, COUNT(*) FROM projects WHERE deleted_ms IS NULL GROUP BY state", "");

	memset(ret_counts, 0, sizeof(*ret_counts));
	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0) {
		const char *state = statement_text(s, 0);

		if (strcmp(state, "ready") == 0)
			ret_counts->ready = statement_integer(s, 1);
		else if (strcmp(state, "building") == 0)
			ret_counts->building = statement_integer(s, 1);
		else
			ret_counts->failed += statement_integer(s, 1);
	}
	statement_done(s);
	return r;
}

int projects_changed(struct store *store, int64_t *ret_change, struct error *err)
{
	struct statement *s;
	uint64_t change = 0;
	int r = db_query(store->db, &s, err, "SELECT MAX(updated_ms), COUNT(*), SUM(likes), SUM(tries) FROM projects", "");

	if (r < 0)
		return r;
	r = statement_step(s, err);
	for (int i = 0; r > 0 && i < 4; i++)
		change = change * 1000003 + (uint64_t)statement_integer(s, i);
	statement_done(s);
	*ret_change = (int64_t)change;
	return r < 0 ? r : 0;
}
