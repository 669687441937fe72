/* Likes: a bookmark of somebody with an account. projects.likes is kept right with them, also when several ask at once.
 */
#pragma once

#include "store/store.h"

/* Each is fine twice. *ret_likes: of the project, afterwards. ERROR_NOT_FOUND: there is no such project. */
int likes_add(struct store *store, int64_t project, int64_t user, int64_t now_ms, int64_t *ret_likes,
	      struct error *err);
int likes_remove(struct store *store, int64_t project, int64_t user, int64_t *ret_likes, struct error *err);
int likes_get(struct store *store, int64_t project, int64_t user, bool *ret_liked, int64_t *ret_likes,
	      struct error *err);
/* The ids of the projects that a user likes, the last liked first, without those that are hidden from them; malloc'd.
 * `username`: who sees their own hidden ones. */
int likes_list(struct store *store, int64_t user, const char *username, struct page page, int64_t **ret_projects,
	       size_t *ret_count, int64_t *ret_total, struct error *err);
