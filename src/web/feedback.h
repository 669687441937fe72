/* What likes, comments and reports share. */
#pragma once

#include <jansson.h>

#include "core/fields.h"
#include "store/comments.h"
#include "web/internal.h"

#define FEEDBACK_WINDOW_MS (10 * 60 * 1000)
#define FEEDBACK_LIKES     120 /* of one account in that time */
#define FEEDBACK_COMMENTS  20
#define FEEDBACK_REPORTS   10 /* of one account, or of all guests of an address */
#define FEEDBACK_EDITS     120 /* of projects and of what opens an account: each is a line of the audit log */

/* Counts one for the account, or for a guest's address: 0, or ERROR_RATE_LIMITED and Retry-After. */
int feedback_limit(struct request *request, struct limiter *limiter, const struct session *session, struct error *err);
/* ?page= and ?per_page=. */
int feedback_page(struct request *request, struct page *ret_page, struct error *err);
/* The same for a list that administrators alone see. */
int feedback_admin_page(struct request *request, struct session *ret_session, struct page *ret_page, struct error *err);
/* With r 0 the page's answer; else gives r. Takes items. */
int feedback_answer(struct request *request, int r, json_t *items, struct page page, int64_t total);
/* A filter of the query; NULL when it is missing or empty. */
const char *feedback_filter(struct request *request, const char *name);
/* A text of the body, cleaned (core/prose.h): `least` to `most` characters. malloc'd; NULL when it is missing (fine
 * with least 0) or noted as wrong. */
char *feedback_text(json_t *json, const char *field, size_t least, size_t most, struct field_errors *errors);
/* Answers the problem with the fields and gives 0, or gives r. */
int feedback_refuse(struct request *request, int r, const struct field_errors *errors, struct error *err);

/* The Comment object as this person sees it; a new reference. */
json_t *view_comment(const struct comment *comment, const struct session *session);
