#include "cli/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/util.h"
#include "cli/places.h"
#include "db/db.h"

#define PASSWORD_MAX 1024

/* The configured one, else where it is found. */
static char *configured(const struct config *config, const char *key, const char *installed, const char *source)
{
	const char *value = config_string(config, "web", key);

	return *value != '\0' ? xstrdup(value) : places_folder(installed, source);
}

/* The address with the password from the file, when there is one. */
static int read_password(const char *file, char **url, struct error *err)
{
	auto_buf struct buf text = BUF_INIT;
	char *with = NULL;
	int r = file_read(AT_FDCWD, file, PASSWORD_MAX, &text);

	if (r < 0)
		return error_errno(err, -r, "[database] password_file = %s", file);
	text.length = text.data != NULL ? strcspn(text.data, "\r\n") : 0;
	r = db_url_with_password(*url, text.data != NULL ? text.data : "", text.length, &with, err);
	if (text.data != NULL)
		explicit_bzero(text.data, text.length);
	if (r < 0)
		return error_wrap(err, "[database] password_file = %s", file);
	free(*url);
	*url = with;
	return 0;
}

int paths_init(struct paths *paths, const struct config *config, struct error *err)
{
	const char *database = config_string(config, "database", "url");
	const char *password_file = config_string(config, "database", "password_file");
	const char *image = config_string(config, "web", "image");
	int r = 0;

	paths->user = config_string(config, "web", "user");
	paths->data = xasprintf("%s/web", config_string(config, "web", "data"));
	paths->database = *database != '\0' ? xstrdup(database) : xasprintf("sqlite:%s/ttob.db", paths->data);
	paths->ui = configured(config, "ui", "ui", "ui/dist");
	paths->catalog = configured(config, "catalog", "catalog", "catalog");
	paths->image = *image != '\0' ? xstrdup(image) : places_program("ttob-image");
	if (*password_file != '\0')
		r = read_password(password_file, &paths->database, err);
	if (r < 0)
		paths_fini(paths);
	return r;
}

void paths_fini(struct paths *paths)
{
	if (paths->database != NULL)
		explicit_bzero(paths->database, strlen(paths->database));
	free(paths->data);
	free(paths->database);
	free(paths->ui);
	free(paths->catalog);
	free(paths->image);
	*paths = (struct paths){0};
}

int paths_enter(const struct paths *paths, struct error *err)
{
	const struct passwd *user = geteuid() == 0 ? getpwnam(paths->user) : NULL;
	struct stat st;
	int r;

	if (stat(paths->data, &st) < 0) {
		r = dir_make_all(paths->data, user != NULL ? 0755 : 0750, err);
		if (r < 0)
			return r;
		if (user != NULL && (chown(paths->data, user->pw_uid, user->pw_gid) < 0 || chmod(paths->data, 0750) < 0))
			return error_errno(err, errno, "cannot set the rights of %s", paths->data);
	}
	if (geteuid() != 0)
		return 0;
	if (stat(paths->data, &st) < 0 || setgroups(0, NULL) < 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) < 0 ||
	    setresuid(st.st_uid, st.st_uid, st.st_uid) < 0)
		return error_errno(err, errno, "cannot become the owner of %s", paths->data);
	return 0;
}
