#include "core/moment.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

/* `digits` digits at *p, which moves behind them; -1 when they aren't. */
static int number(const char **p, int digits)
{
	int value = 0;

	for (int i = 0; i < digits; i++, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return -1;
		value = value * 10 + (**p - '0');
	}
	return value;
}

static bool skip(const char **p, const char *any)
{
	if (**p == '\0' || strchr(any, **p) == NULL)
		return false;
	(*p)++;
	return true;
}

static bool read_date(const char **p, struct tm *tm)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = number(p, 4), month, day, length;

	month = year >= 1970 && skip(p, "-") ? number(p, 2) : -1;
	day = month >= 1 && month <= 12 && skip(p, "-") ? number(p, 2) : -1;
	if (day < 1)
		return false;
	length = lengths[month - 1] + (month == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0));
	*tm = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
	return day <= length;
}

static bool read_time(const char **p, struct tm *tm)
{
	tm->tm_hour = number(p, 2);
	tm->tm_min = tm->tm_hour >= 0 && skip(p, ":") ? number(p, 2) : -1;
	tm->tm_sec = tm->tm_min >= 0 && skip(p, ":") ? number(p, 2) : -1;
	if (skip(p, ".")) {
		if (!isdigit((unsigned char)**p))
			return false;
		while (isdigit((unsigned char)**p))
			(*p)++;
	}
	return tm->tm_sec >= 0 && tm->tm_hour <= 23 && tm->tm_min <= 59 && tm->tm_sec <= 60;
}

/* Minutes east of UTC. */
static bool read_zone(const char **p, int *ret_minutes)
{
	int sign = **p == '-' ? -1 : 1, hours, minutes;

	*ret_minutes = 0;
	if (skip(p, "Zz"))
		return true;
	if (!skip(p, "+-"))
		return false;
	hours = number(p, 2);
	minutes = hours >= 0 && skip(p, ":") ? number(p, 2) : -1;
	*ret_minutes = sign * (hours * 60 + minutes);
	return minutes >= 0 && hours <= 23 && minutes <= 59;
}

int moment_parse(const char *text, int64_t *ret_ms)
{
	const char *p = text;
	struct tm tm;
	int zone;

	if (!read_date(&p, &tm) || !skip(&p, "Tt") || !read_time(&p, &tm) || !read_zone(&p, &zone) || *p != '\0')
		return -EINVAL;
	*ret_ms = ((int64_t)timegm(&tm) - (int64_t)zone * 60) * 1000;
	return *ret_ms >= 0 ? 0 : -EINVAL;
}
