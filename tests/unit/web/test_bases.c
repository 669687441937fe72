#include "unit/test.h"

#include <stdio.h>

#include "web/bases.h"

static void finds(const char *dockerfile, const char *joined)
{
	char all[1024] = "";
	struct bases bases;

	bases_find(dockerfile, &bases);
	for (size_t i = 0; i < bases.count; i++) {
		strcat(all, i > 0 ? " " : "");
		strcat(all, bases.references[i]);
	}
	assert_string_equal(all, joined);
}

static void finds_each_once(void **state)
{
	(void)state;
	finds(NULL, "");
	finds("", "");
	finds("RUN FROM x\n", "");
	finds("FROM debian:bookworm", "debian:bookworm");
	finds("# FROM no\nFROM debian:bookworm\nRUN x\nFROM debian:bookworm AS b\n", "debian:bookworm");
	finds("  from\tdebian:bookworm as build\nFROM build\nFROM alpine:3\r\n", "debian:bookworm alpine:3");
	finds("FROM --platform=linux/amd64 debian:sid\nFROM scratch\nFROM $BASE\nFROM\nFROM --x", "debian:sid");
}

static void holds_its_limits(void **state)
{
	char text[4096] = "FROM ";
	struct bases bases;

	(void)state;
	memset(text + 5, 'a', 3000);
	strcpy(text + 3005, "\nFROM ok\n");
	finds(text, "ok");
	text[0] = '\0';
	for (int i = 0; i < 40; i++)
		sprintf(text + strlen(text), "FROM image%d AS stage%d\n", i, i);
	bases_find(text, &bases);
	assert_int_equal(bases.count, BASES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(finds_each_once), cmocka_unit_test(holds_its_limits)};

	return cmocka_run_group_tests_name("web: base images", tests, NULL, NULL);
}
