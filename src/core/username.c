#include "core/username.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

/* One a line would hide the rest of the file. */
/* clang-format off */
/* Sorted. Pages and parts of addresses, roles, ourselves, what a host or registry may be called, what reads as nobody. */
static const char *const reserved[] = {
	"abuse",      "access",      "account",    "accounts",    "admin",       "administrator", "admins",     "all",
	"anonymous",  "anyone",      "api",        "app",         "apps",        "assets",        "audit",      "auth",
	"author",     "authors",     "badge",      "badges",      "banner",      "banners",       "billing",    "blog",
	"bot",        "browser",     "build",      "builds",      "bundle",      "callback",      "catalog",    "catalogue",
	"categories", "category",    "cdn",        "cloud",       "comment",     "comments",      "community",  "config",
	"console",    "contact",     "container",  "containers",  "create",      "daemon",        "dashboard",  "database",
	"debug",      "default",     "delete",     "deleted",     "demo",        "dev",           "developer",  "dns",
	"docker",     "docker-hub",  "dockerhub",  "docs",        "documentation", "download",    "downloads",  "edit",
	"email",      "embed",       "engine",     "error",       "errors",      "everyone",      "example",    "explore",
	"false",      "faq",         "favicon",    "feed",        "feedback",    "files",         "forgot",     "ftp",
	"gcr",        "ghcr",        "git",        "github",      "gitlab",      "google",        "guest",      "guests",
	"healthz",    "help",        "home",       "host",        "hostmaster",  "http",          "https",      "hub",
	"image",      "images",      "imap",       "index",       "info",        "internal",      "invite",     "issues",
	"join",       "js",          "json",       "jobs",        "k8s",         "kubernetes",    "legal",      "library",
	"license",    "like",        "likes",      "list",        "local",       "localhost",     "log",        "login",
	"logout",     "mail",        "mailer-daemon", "maintainer", "manage",    "manifest",      "me",         "media",
	"member",     "members",     "metrics",    "moderator",   "moderators",  "my",            "mysql",      "name",
	"network",    "new",         "news",       "nil",         "no-reply",    "nobody",        "none",       "noreply",
	"notifications", "null",     "oauth",      "oci",         "oembed",      "official",      "oidc",       "operator",
	"org",        "owner",       "owners",     "page",        "pages",       "password",      "people",     "ping",
	"policy",     "pop3",        "popular",    "postmaster",  "press",       "preview",       "pricing",    "privacy",
	"private",    "production",  "profile",    "project",     "projects",    "proxy",         "public",     "quay",
	"readyz",     "register",    "registry",   "report",      "reports",     "reset",         "robots",     "root",
	"rss",        "sandbox",     "sandboxes",  "search",      "secure",      "security",      "self",       "server",
	"service",    "services",    "session",    "sessions",    "settings",    "shell",         "sign-in",    "sign-out",
	"sign-up",    "signin",      "signout",    "signup",      "site",        "sitemap",       "smtp",       "ssh",
	"ssl",        "staff",       "static",     "statistics",  "stats",       "status",        "store",      "sudo",
	"suggest",    "superuser",   "support",    "suspended",   "sysadmin",    "system",        "tag",        "tags",
	"taste",      "team",        "terminal",   "terminals",   "terms",       "test",          "theme",      "token",
	"tokens",     "trending",    "true",       "try",         "try-this-on-browser", "trythis", "trythisonbrowser", "ttob",
	"ttob-agent", "undefined",   "unknown",    "unlisted",    "upload",      "uploads",       "url",        "user",
	"username",   "users",       "version",    "versions",    "void",        "web",           "webhook",    "webmaster",
	"websocket",  "withdraw",    "withdrawn",  "wpad",        "www",         "you",
};
/* clang-format on */

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool username_is_reserved(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (strcmp(reserved[i], name) == 0)
			return true;
	/* "admin-1", "ttob-team": nobody speaks for the house by a name. */
	return str_starts_with(name, "admin-") || str_starts_with(name, "ttob-") || str_starts_with(name, "xn-") ||
	       str_starts_with(name, "registry-") || str_ends_with(name, "-admin");
}

static const char *fault_of_characters(const char *name)
{
	for (const char *p = name; *p != '\0'; p++) {
		if (*p >= 'A' && *p <= 'Z')
			return "must be in lower case";
		if ((unsigned char)*p >= 0x80)
			return "must be made of the letters a to z, digits and \"-\"; other letters can stand in your "
			       "display name";
		if (!is_plain(*p) && *p != '-')
			return "must be made of the letters a to z, digits and \"-\"";
	}
	return NULL;
}

const char *username_fault(const char *name)
{
	size_t length = strlen(name);
	const char *fault = fault_of_characters(name);

	if (fault != NULL)
		return fault;
	if (length < USERNAME_MIN || length > USERNAME_MAX)
		return "must have 3 to 32 characters";
	if (!is_plain(name[0]) || !is_plain(name[length - 1]))
		return "must begin and end with a letter or digit";
	if (strstr(name, "--") != NULL)
		return "must not have two \"-\" in a row";
	return username_is_reserved(name) ? "is reserved; choose another" : NULL;
}
