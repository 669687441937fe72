/* What people say about projects. A comment of somebody who has withdrawn stays, without a name. */
#pragma once

#include "store/store.h"

struct comment {
	char id[STORE_ID_LENGTH + 1];
	int64_t project;
	char *full_name;    /* "owner/name" of the project */
	char *owner;        /* of the project: may hide comments */
	int64_t user;       /* 0: has withdrawn */
	char *username;     /* or NULL */
	char *display_name; /* or NULL */
	char *body;         /* markdown */
	char *hidden;       /* NULL, "author" (the project's), "admin" */
	int64_t created_ms;
	int64_t edited_ms;
};

void comment_fini(struct comment *comment);

struct comment_list {
	struct comment *items;
	size_t count;
	int64_t total;
};

void comment_list_fini(struct comment_list *list);

/* Who looks: the writer sees their own hidden ones, the project's author what an author has hidden, an administrator
 * all. */
struct comment_reader {
	int64_t user; /* 0: nobody */
	bool author;
	bool admin;
};

/* ERROR_NOT_FOUND when the project or the user is gone. `ret_id` holds STORE_ID_LENGTH+1. */
int comments_add(struct store *store, int64_t project, int64_t user, const char *body, int64_t now_ms, char *ret_id,
		 struct error *err);
/* ERROR_NOT_FOUND. */
int comments_get(struct store *store, const char *id, struct comment *ret_comment, struct error *err);
/* Newest first. */
int comments_list(struct store *store, int64_t project, const struct comment_reader *reader, struct page page,
		  struct comment_list *ret_list, struct error *err);
/* Of all projects, newest first; `hidden`: 1 hidden ones, 0 others, -1 all; `text` (or NULL) is a part of the body, the
 * writer's or the project's name. */
int comments_search(struct store *store, int hidden, const char *text, struct page page, struct comment_list *ret_list,
		    struct error *err);
/* Each ERROR_NOT_FOUND. */
int comments_edit(struct store *store, const char *id, const char *body, int64_t now_ms, struct error *err);
int comments_delete(struct store *store, const char *id, struct error *err);
/* By an administrator, or by the project's author, who changes nothing about what an administrator has hidden: hiding
 * it is fine then, unhiding ERROR_FORBIDDEN. Both are fine twice. */
int comments_hide(struct store *store, const char *id, bool admin, struct error *err);
int comments_unhide(struct store *store, const char *id, bool admin, struct error *err);
