/* The pages that say what they are about: /, /projects, /p/{owner}/{name}, and /embed/{owner}/{name}. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "core/markup.h"
#include "core/origins.h"
#include "store/projects.h"
#include "web/pages.h"
#include "web/views.h"

#define NAME "trythisonbrowser"

enum language { ENGLISH, KOREAN, LANGUAGES };

static const struct {
	const char *title; /* as the app's own (ui/src/i18n) */
	const char *description;
	const char *projects;
	const char *projects_description;
	const char *try; /* "try figlet…": with the name */
	const char *needs_script;
	const char *all_projects;
	const char *missing;
} texts[LANGUAGES] = {
	[ENGLISH] = {.title = NAME " — taste any open source",
		     .description = "Press Try and use an open-source program in a real shell, in your browser. Nothing to install, no account needed.",
		     .projects = "Projects · " NAME,
		     .projects_description = "All the open-source programs that you can try here, in a real shell, in your browser.",
		     .try = "Try %s in a real shell, in your browser: nothing to install.",
		     .needs_script = "A terminal lives on this page: it needs JavaScript.",
		     .all_projects = "All projects",
		     .missing = "This page is not on the menu · " NAME},
	[KOREAN] = {.title = NAME " — 오픈 소스를 바로 맛보세요",
		    .description = "써 보기를 누르면 오픈 소스 프로그램을 브라우저 속 진짜 셸에서 바로 쓸 수 있습니다. 설치도 가입도 필요 없습니다.",
		    .projects = "프로젝트 · " NAME,
		    .projects_description = "브라우저 속 진짜 셸에서 바로 써 볼 수 있는 오픈 소스 프로그램들입니다.",
		    .try = "%s, 설치 없이 브라우저 속 진짜 셸에서 바로 써 보세요.",
		    .needs_script = "이 페이지에는 터미널이 있어서 자바스크립트가 필요합니다.",
		    .all_projects = "모든 프로젝트",
		    .missing = "이 페이지는 메뉴에 없습니다 · " NAME},
};

static enum language language_of(const struct page_meta *meta)
{
	return strcmp(meta->language, "ko") == 0 ? KOREAN : ENGLISH;
}

static struct page_meta start(const struct request *request)
{
	return (struct page_meta){.language = page_language(request), .site = request_site(request)};
}

static int send(struct request *request, enum template which, unsigned status, const struct page_meta *meta, struct error *err)
{
	const struct web *web = request_data(request);
	auto_buf struct buf page = BUF_INIT;

	if (!pages_has(web->pages, which))
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "the pages were not built");
	pages_render(web->pages, which, meta, &page);
	respond_header(request, "Vary", "Accept-Language, Accept-Encoding");
	respond_tagged(request, status, "text/html; charset=utf-8", page.data, page.length);
	return 0;
}

/* ---- main and list ------------------------------------------------------------------------------------------------------ */

static json_t *site_data(const struct page_meta *meta, const char *description)
{
	auto_free char *target = xasprintf("%s/projects?q={search_term_string}", meta->site);

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:{s:s,s:{s:s,s:s},s:s}}", "@context", "https://schema.org", "@type", "WebSite", "name", NAME,
			 "url", meta->canonical, "description", description, "potentialAction", "@type", "SearchAction", "target", "@type",
			 "EntryPoint", "urlTemplate", target, "query-input", "required name=search_term_string");
}

static void append_plain(struct buf *out, enum language language, const char *heading)
{
	buf_append_string(out, "<h1>");
	markup_append(out, heading);
	buf_printf(out, "</h1><p>%s</p><p><a href=\"/projects\">%s</a></p>", texts[language].needs_script, texts[language].all_projects);
}

static int get_main(struct request *request, struct error *err)
{
	auto_buf struct buf noscript = BUF_INIT;
	struct page_meta meta = start(request);
	enum language language = language_of(&meta);
	auto_free char *canonical = xasprintf("%s/", meta.site);
	int r;

	meta.title = texts[language].title;
	meta.description = texts[language].description;
	meta.canonical = canonical;
	meta.linked_data = site_data(&meta, meta.description);
	append_plain(&noscript, language, meta.title);
	meta.noscript = &noscript;
	r = send(request, TEMPLATE_APP, 200, &meta, err);
	json_decref(meta.linked_data);
	return r;
}

static int get_list(struct request *request, struct error *err)
{
	auto_buf struct buf noscript = BUF_INIT;
	struct page_meta meta = start(request);
	enum language language = language_of(&meta);
	auto_free char *canonical = xasprintf("%s/projects", meta.site);

	meta.title = texts[language].projects;
	meta.description = texts[language].projects_description;
	meta.canonical = canonical;
	meta.noindex = request_query(request, "q") != NULL; /* results of a search are nobody's page */
	append_plain(&noscript, language, meta.title);
	meta.noscript = &noscript;
	return send(request, TEMPLATE_APP, 200, &meta, err);
}

/* ---- a project ---------------------------------------------------------------------------------------------------------- */

static const char *summary_in(const struct project *project, enum language language)
{
	return language == KOREAN && project->summary_ko != NULL ? project->summary_ko : project->summary;
}

static bool is_web_address(const char *url)
{
	return url != NULL && (str_starts_with(url, "https://") || str_starts_with(url, "http://"));
}

/* schema.org/SoftwareApplication. */
static json_t *project_data(const struct project *project, const struct page_meta *meta)
{
	json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b}", "@context", "https://schema.org", "@type", "SoftwareApplication", "name",
				 project->name, "description", summary_in(project, language_of(meta)), "url", meta->canonical,
				 "applicationCategory", "DeveloperApplication", "operatingSystem", "Web", "isAccessibleForFree", 1);

	json_object_set_new(json, "offers", json_pack("{s:s,s:s,s:s}", "@type", "Offer", "price", "0", "priceCurrency", "USD"));
	json_object_set_new(json, "datePublished", view_time(project->created_ms));
	json_object_set_new(json, "dateModified", view_time(project->updated_ms));
	if (project->version != NULL)
		json_object_set_new(json, "softwareVersion", json_string(project->version));
	if (is_web_address(project->homepage))
		json_object_set_new(json, "sameAs", json_string(project->homepage));
	if (strspn(project->license, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-") == strlen(project->license)) {
		auto_free char *license = xasprintf("https://spdx.org/licenses/%s.html", project->license); /* one id, no expression */

		json_object_set_new(json, "license", json_string(license));
	}
	json_object_set_new(json, "interactionStatistic",
			    json_pack("{s:s,s:s,s:I}", "@type", "InteractionCounter", "interactionType", "https://schema.org/UseAction",
				      "userInteractionCount", (json_int_t)project->tries));
	return json;
}

static void append_project(struct buf *out, const struct project *project, enum language language)
{
	buf_append_string(out, "<h1>");
	markup_append(out, project->owner);
	buf_append_string(out, " / ");
	markup_append(out, project->name);
	buf_append_string(out, "</h1><p>");
	markup_append(out, summary_in(project, language));
	buf_append_string(out, "</p><p>");
	markup_append(out, project->license);
	if (is_web_address(project->homepage)) {
		buf_append_string(out, " · <a rel=\"nofollow noopener\" href=\"");
		markup_append(out, project->homepage);
		buf_append_string(out, "\">");
		markup_append(out, project->homepage);
		buf_append_string(out, "</a>");
	}
	buf_printf(out, "</p><p>%s</p><p><a href=\"/projects\">%s</a></p>", texts[language].needs_script, texts[language].all_projects);
}

static char *oembed_address(const struct request *request, const char *project_url)
{
	struct buf url = BUF_INIT;

	buf_printf(&url, "%s/oembed?format=json&url=", request_site(request));
	markup_append_segment(&url, project_url);
	return buf_steal(&url);
}

static char *describe(const struct project *project, enum language language)
{
	auto_free char *invitation = xasprintf(texts[language].try, project->name);
	const char *summary = summary_in(project, language);
	bool ends = str_ends_with(summary, ".") || str_ends_with(summary, "!") || str_ends_with(summary, "?");

	return xasprintf("%s%s %s", summary, ends ? "" : ".", invitation);
}

static int send_missing(struct request *request, enum template which, struct error *err)
{
	auto_buf struct buf noscript = BUF_INIT;
	struct page_meta meta = start(request);
	enum language language = language_of(&meta);

	meta.title = texts[language].missing;
	meta.description = texts[language].description;
	meta.noindex = true;
	append_plain(&noscript, language, meta.title);
	meta.noscript = &noscript;
	return send(request, which, 404, &meta, err);
}

static int send_project(struct request *request, const struct project *project, struct error *err)
{
	auto_free char *canonical = page_project_url(request, project->owner, project->name);
	auto_free char *oembed = oembed_address(request, canonical);
	auto_buf struct buf noscript = BUF_INIT;
	struct page_meta meta = start(request);
	enum language language = language_of(&meta);
	auto_free char *title = xasprintf("%s · " NAME, project->name);
	auto_free char *description = describe(project, language);
	int r;

	meta.title = title;
	meta.description = description;
	meta.canonical = canonical;
	meta.oembed = oembed;
	meta.noindex = strcmp(project->visibility, "listed") != 0 || project->image == NULL;
	meta.linked_data = project_data(project, &meta);
	append_project(&noscript, project, language);
	meta.noscript = &noscript;
	r = send(request, TEMPLATE_APP, 200, &meta, err);
	json_decref(meta.linked_data);
	return r;
}

/* Of a project that may be seen; ERROR_NOT_FOUND else. */
static int find_project(struct request *request, struct project *ret_project, struct error *err)
{
	int r = projects_get_short(request_local(request), request_param(request, "owner"), request_param(request, "name"), ret_project, err);

	if (r == 0 && strcmp(ret_project->visibility, "hidden") == 0) {
		project_fini(ret_project);
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such project");
	}
	return r;
}

static int get_project_page(struct request *request, struct error *err)
{
	struct project project = {0};
	int r = find_project(request, &project, err);

	if (r < 0)
		return err->kind == ERROR_NOT_FOUND ? send_missing(request, TEMPLATE_APP, err) : r;
	r = send_project(request, &project, err);
	project_fini(&project);
	return r;
}

/* ---- the terminal in a frame of another site ---------------------------------------------------------------------------- */

/* As strict as every page, but for who may show it. */
static void allow_framing(struct request *request, const char *origins)
{
	auto_buf struct buf policy = BUF_INIT;

	buf_append_string(&policy, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
				   "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors ");
	origins_append_frame_ancestors(&policy, origins);
	respond_header(request, "Content-Security-Policy", policy.data);
}

static int get_embed(struct request *request, struct error *err)
{
	auto_free char *canonical = NULL;
	struct page_meta meta = start(request);
	struct project project = {0};
	int r = find_project(request, &project, err);

	if (r < 0)
		return err->kind == ERROR_NOT_FOUND ? send_missing(request, TEMPLATE_EMBED, err) : r;
	canonical = page_project_url(request, project.owner, project.name);
	meta.title = project.name;
	meta.description = summary_in(&project, language_of(&meta));
	meta.canonical = canonical;
	meta.noindex = true;
	allow_framing(request, project.embed_origins);
	r = send(request, TEMPLATE_EMBED, 200, &meta, err);
	project_fini(&project);
	return r;
}

const struct resource page_resources[] = {
	{METHOD_GET, "/", ROUTE_IMMEDIATE, get_main, false, 0},
	{METHOD_GET, "/projects", ROUTE_IMMEDIATE, get_list, false, 0},
	{METHOD_GET, "/p/{owner}/{name}", ROUTE_WORK, get_project_page, false, 0},
	{METHOD_GET, "/embed/{owner}/{name}", ROUTE_WORK, get_embed, false, 0},
	{0},
};
