#include "core/names.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/util.h"

static const char *const all_categories[] = {"language", "system", "database", "web", "cloud", "ai", "editor", "fun"};
/* In the same order. */
static const char *const all_words[] = {
	"programming languages 프로그래밍 언어",
	"system tools 시스템 도구",
	"databases db 데이터베이스",
	"web servers 웹 서버",
	"cloud devops 클라우드",
	"artificial intelligence machine learning 인공지능 머신러닝 기계 학습",
	"text editors 텍스트 편집기 에디터",
	"fun games 재미 놀이",
};

_Static_assert(ARRAY_SIZE(all_words) == ARRAY_SIZE(all_categories), "words for each category");

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_separator(char c)
{
	return c == '-' || c == '.' || c == '_';
}

static bool is_letter(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

bool name_is_valid(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > NAME_MAX_LENGTH || is_separator(name[0]) || is_separator(name[length - 1]))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!is_lower(name[i]) && !is_digit(name[i]) && !is_separator(name[i]))
			return false;
		if (is_separator(name[i]) && is_separator(name[i + 1]))
			return false;
	}
	return true;
}

bool project_name_is_reserved(const char *name)
{
	static const char *const reserved[] = {
		"alpine", "api",      "badge",   "builds",    "busybox", "centos", "comments", "debian",  "docker", "edit",
		"embed",  "fedora",   "image",   "images",    "latest",  "library", "like",	"log",	   "logo",   "manifests",
		"new",	  "projects", "rebuild", "registry",  "scratch", "session", "settings", "source",  "statistics", "tags",
		"try",	  "ubuntu",   "v1",	 "v2",	      "versions",
	};

	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (strcmp(reserved[i], name) == 0)
			return true;
	return false;
}

const char *const *categories(size_t *ret_count)
{
	*ret_count = ARRAY_SIZE(all_categories);
	return all_categories;
}

const char *category_words(const char *category)
{
	for (size_t i = 0; i < ARRAY_SIZE(all_categories); i++)
		if (strcmp(all_categories[i], category) == 0)
			return all_words[i];
	return "";
}

bool category_is_valid(const char *category)
{
	for (size_t i = 0; i < ARRAY_SIZE(all_categories); i++)
		if (strcmp(all_categories[i], category) == 0)
			return true;
	return false;
}

bool tag_is_valid(const char *tag)
{
	size_t length = strlen(tag);

	if (length == 0 || length > 30 || tag[0] == '-' || tag[length - 1] == '-')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_lower(tag[i]) && !is_digit(tag[i]) && strchr("-+.", tag[i]) == NULL)
			return false;
	return true;
}

/* The next word of a licence expression: an id, or one parenthesis. Gives its length, 0 at the end or at what fits nowhere. */
static size_t license_word(const char **p)
{
	size_t length = 0;

	while (**p == ' ')
		(*p)++;
	if (**p == '(' || **p == ')')
		return 1;
	while (is_letter((*p)[length]) || is_digit((*p)[length]) ||
	       ((*p)[length] != '\0' && strchr(".-+:", (*p)[length]) != NULL))
		length++;
	return length;
}

static bool word_is(const char *word, size_t length, const char *what)
{
	return strlen(what) == length && memcmp(word, what, length) == 0;
}

bool license_is_valid(const char *expression)
{
	const char *p = expression;
	bool want_id = true; /* else an operator or the end */
	int depth = 0;
	size_t length;

	if (strlen(expression) > 200)
		return false;
	while ((length = license_word(&p)) > 0) {
		bool is_operator = word_is(p, length, "AND") || word_is(p, length, "OR") || word_is(p, length, "WITH");

		if (*p == '(') {
			if (!want_id)
				return false;
			depth++;
		} else if (*p == ')') {
			if (want_id || --depth < 0)
				return false;
		} else if (is_operator) {
			if (want_id)
				return false;
			want_id = true;
		} else {
			if (!want_id || !(is_letter(*p) || is_digit(*p)))
				return false;
			want_id = false;
		}
		p += length;
	}
	return *p == '\0' && !want_id && depth == 0;
}

bool version_is_valid(const char *label)
{
	size_t length = strlen(label);

	if (length == 0 || length > 64 || (!is_letter(label[0]) && !is_digit(label[0])))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_letter(label[i]) && !is_digit(label[i]) && strchr("._+-~:", label[i]) == NULL)
			return false;
	return true;
}

int name_from_text(const char *text, char *out)
{
	size_t used = 0;

	for (; *text != '\0' && used < NAME_MAX_LENGTH; text++) {
		char c = (char)tolower((unsigned char)*text);

		if (is_lower(c) || is_digit(c))
			out[used++] = c;
		else if (used > 0 && !is_separator(out[used - 1]))
			out[used++] = is_separator(c) ? c : '-';
	}
	while (used > 0 && is_separator(out[used - 1]))
		used--;
	out[used] = '\0';
	return used > 0 ? 0 : -EINVAL;
}
