#include "core/markdown.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

/* cmark-gfm keeps the characters that extensions care about in tables of the whole process while it parses. */
static pthread_mutex_t cmark_lock = PTHREAD_MUTEX_INITIALIZER;

/* "javascript:" and its like are never relative: what stands before the first of ":/?#" decides (RFC 3986 §4.2). */
static bool is_relative(const char *url)
{
	size_t length = strcspn(url, ":/?#");

	return url[length] != ':' && strncmp(url, "//", 2) != 0 && strncmp(url, "\\", 1) != 0;
}

static bool has_scheme(const char *url, const char *scheme)
{
	return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

static bool link_is_fit(const char *url)
{
	return has_scheme(url, "https://") || has_scheme(url, "http://") || has_scheme(url, "mailto:") || is_relative(url);
}

static bool image_is_fit(const char *url)
{
	return has_scheme(url, "https://") || is_relative(url);
}

/* Puts the children in the node's place: a link becomes its text. */
static void unwrap(cmark_node *node)
{
	cmark_node *child;

	while ((child = cmark_node_first_child(node)) != NULL)
		cmark_node_insert_before(node, child);
	cmark_node_free(node);
}

static bool is_shell(const char *info)
{
	static const char *const names[] = {"sh", "bash", "shell", "console"};
	size_t length = strcspn(info, " \t");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == length && strncasecmp(info, names[i], length) == 0)
			return true;
	return false;
}

static bool is_within_link(cmark_node *node)
{
	while ((node = cmark_node_parent(node)) != NULL)
		if (cmark_node_get_type(node) == CMARK_NODE_LINK)
			return true;
	return false;
}

/* A picture becomes a link to it; within a link, its text. */
static void link_to_image(cmark_node *image)
{
	cmark_node *link;

	if (!is_within_link(image) && image_is_fit(cmark_node_get_url(image)) && cmark_node_first_child(image) != NULL) {
		link = cmark_node_new(CMARK_NODE_LINK);
		cmark_node_set_url(link, cmark_node_get_url(image));
		cmark_node_insert_before(image, link);
		while (cmark_node_first_child(image) != NULL)
			cmark_node_append_child(link, cmark_node_first_child(image));
		cmark_node_free(image);
	} else {
		unwrap(image);
	}
}

enum flavour { README, COMMENT };

/* Called when the walk leaves the node, so that its children have been looked at and it may go. */
static void clean(cmark_node *node, enum flavour flavour)
{
	cmark_node_type type = cmark_node_get_type(node);

	if (type == CMARK_NODE_HTML_BLOCK || type == CMARK_NODE_HTML_INLINE) {
		cmark_node_free(node);
	} else if (type == CMARK_NODE_LINK) {
		if (!link_is_fit(cmark_node_get_url(node)))
			unwrap(node);
	} else if (type == CMARK_NODE_IMAGE && flavour == COMMENT) {
		link_to_image(node);
	} else if (type == CMARK_NODE_IMAGE) {
		if (!image_is_fit(cmark_node_get_url(node)))
			unwrap(node);
	} else if (type == CMARK_NODE_HEADING) {
		int level = cmark_node_get_heading_level(node) + (flavour == COMMENT ? 2 : 0);

		cmark_node_set_heading_level(node, level < 6 ? level + 1 : 6);
	} else if (type == CMARK_NODE_CODE_BLOCK) {
		/* The page styles and runs by this class alone; other words of the info string stay out of the HTML. */
		cmark_node_set_fence_info(node, is_shell(cmark_node_get_fence_info(node)) ? "sh" : "");
	}
}

static bool is_leaf(cmark_node *node)
{
	cmark_node_type type = cmark_node_get_type(node);

	return type == CMARK_NODE_HTML_BLOCK || type == CMARK_NODE_HTML_INLINE || type == CMARK_NODE_CODE_BLOCK;
}

static void clean_all(cmark_node *document, enum flavour flavour)
{
	cmark_iter *iter = cmark_iter_new(document);
	cmark_event_type event;

	/* Leaves have no exit event. The iterator has moved on before a node is cleaned, so that it may be freed. */
	while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(iter);

		if (event == CMARK_EVENT_EXIT || is_leaf(node))
			clean(node, flavour);
	}
	cmark_iter_free(iter);
}

/* Text is escaped and raw HTML is gone, so every `<a href="` is the renderer's own. */
static void append_with_rel(struct buf *out, const char *html)
{
	static const char link[] = "<a href=\"";
	const char *found;

	while ((found = strstr(html, link)) != NULL) {
		buf_append(out, html, (size_t)(found - html));
		buf_append_string(out, "<a rel=\"nofollow noopener\" href=\"");
		html = found + sizeof(link) - 1;
	}
	buf_append_string(out, html);
}

/* The columns of a line that may stand between a table's head and its rows ("| - | :-: |", in quotes and lists, too); 0: it may not. */
static size_t delimiter_columns(const char *line, size_t length)
{
	size_t columns = 1, start = 0;

	while (start < length && strchr(" \t>+*-.)0123456789", line[start]) != NULL)
		start++;
	for (size_t i = 0; i < length; i++) {
		if (i >= start && strchr("|:- \t\v\f", line[i]) == NULL)
			return 0;
		columns += line[i] == '|';
	}
	return columns;
}

static bool is_blank(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (strchr(" \t>", line[i]) == NULL)
			return false;
	return true;
}

/* Each row gets all the cells that its head has: a thousand columns and then lines of one letter would take gigabytes. A table that was
 * written out has fewer cells than characters. Looked at is what stands between blank lines, where at most each line is a row. */
static bool tables_are_sane(const char *text, size_t length)
{
	size_t columns = 0, cells = 0;

	for (size_t at = 0; at < length;) {
		size_t end = at, now;

		while (end < length && text[end] != '\n' && text[end] != '\r')
			end++;
		now = delimiter_columns(text + at, end - at);
		columns = is_blank(text + at, end - at) ? 0 : now > columns ? now : columns;
		cells += columns;
		at = end + 1;
	}
	return cells <= length;
}

static char *render(const char *text, size_t length, enum flavour flavour)
{
	static const char *const all[] = {"autolink", "strikethrough", "tasklist", "table"};
	const size_t count = ARRAY_SIZE(all) - (tables_are_sane(text, length) ? 0 : 1);
	cmark_parser *parser;
	cmark_node *document;
	char *html;

	pthread_mutex_lock(&cmark_lock);
	cmark_gfm_core_extensions_ensure_registered();
	parser = cmark_parser_new(CMARK_OPT_DEFAULT);
	for (size_t i = 0; i < count; i++)
		cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(all[i]));
	cmark_parser_feed(parser, text, length);
	document = cmark_parser_finish(parser);
	clean_all(document, flavour);
	html = cmark_render_html(document, CMARK_OPT_DEFAULT, cmark_parser_get_syntax_extensions(parser));
	cmark_node_free(document);
	cmark_parser_free(parser);
	pthread_mutex_unlock(&cmark_lock);
	return html;
}

static int to_html(const char *text, size_t length, enum flavour flavour, struct buf *ret_html, struct error *err)
{
	auto_free char *html = NULL;

	if (length > MARKDOWN_MAX)
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "the text is longer than %d KiB", MARKDOWN_MAX / 1024);
	if (!str_is_utf8(text, length))
		return error_set(err, ERROR_INVALID, EINVAL, "the text must be UTF-8 without NUL bytes");
	html = render(text, length, flavour);
	append_with_rel(ret_html, html);
	return 0;
}

int markdown_to_html(const char *text, size_t length, struct buf *ret_html, struct error *err)
{
	return to_html(text, length, README, ret_html, err);
}

int markdown_comment_to_html(const char *text, size_t length, struct buf *ret_html, struct error *err)
{
	return to_html(text, length, COMMENT, ret_html, err);
}
