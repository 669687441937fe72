#include "core/recognise.h"

#include <stdio.h>

#include "base/util.h"
#include "core/dockerfile.h"
#include "core/license_text.h"
#include "core/names.h"
#include "core/project_form.h"
#include "core/tar.h"

#include "../test.h"

struct file {
	const char *name;
	const char *text;
};

static struct repository make(const struct file *files)
{
	struct repository repository;
	struct buf tar = BUF_INIT;

	for (; files->name != NULL; files++)
		assert_int_equal(tar_add_file(&tar, files->name, 0644, files->text, strlen(files->text), NULL), 0);
	tar_finish(&tar);
	assert_int_equal(repository_read(tar.data, tar.length, NULL, &repository, NULL), 0);
	buf_fini(&tar);
	return repository;
}

static const char *text_at(json_t *proposal, const char *key)
{
	return json_string_value(json_object_get(proposal, key));
}

static void kinds_and_commands(void **state)
{
	static const struct {
		const char *found;
		const char *run;    /* NULL: none */
		const char *script; /* has to be in it */
		struct file files[4];
	} table[] = {
		{"dockerfile", NULL, NULL, {{"Dockerfile", "FROM x"}, {"package.json", "{}"}}},
		{"node", "hi", "npm install --global .", {{"package.json", "{\"name\": \"@a/hi\", \"bin\": \"x.js\"}"}}},
		{"node", "first", "npm ci --omit=dev || npm install --omit=dev",
		 {{"package.json", "{\"bin\": {\"first\": \"x.js\"}}"}, {"package-lock.json", "{}"}}},
		{"node", "cd /src && npm start", "npm run build\n", {{"package.json", "{\"scripts\": {\"start\": \"x\", \"build\": \"y\"}}"}}},
		{"node", "cd /src && node lib/index.js", "npm install --omit=dev", {{"package.json", "{\"main\": \"lib/index.js\"}"}}},
		{"node", NULL, "npm install", {{"package.json", "{\"main\": \"a; rm -rf /\"}"}}},
		{"node", NULL, "npm install", {{"package.json", "{\"bin\": {\"$(id)\": \"x.js\"}}"}}},
		{"node", NULL, "npm install", {{"package.json", "not json"}, {"Makefile", "all:"}}},
		{"python", "say", "pip install --no-cache-dir .\n", {{"pyproject.toml", "[project]\n[project.scripts]\nsay = \"a:b\""}}},
		{"python", "cd /src && /opt/venv/bin/python app.py", "-r requirements.txt", {{"requirements.txt", "x"}, {"app.py", ""}}},
		{"python", "/opt/venv/bin/python", "pip install --no-cache-dir .\n", {{"setup.py", "setup()"}}},
		{"cargo", "rg", "cargo build --release --locked",
		 {{"Cargo.toml", "[[bin]]\nname = \"rg\"\n[package]\nname = \"ripgrep\""}, {"Cargo.lock", ""}, {"setup.py", ""}}},
		{"go", "tool", "go build", {{"go.mod", "module example.org/a/tool/v2\n\ngo 1.19\n"}}},
		{"go", "one", "go build", {{"go.mod", "// words\nmodule one"}}},
		{"meson", "thing", "meson install -C build", {{"meson.build", "project('x', 'c')\nexecutable('thing', 'a.c')"}, {"Makefile", ""}}},
		{"cmake", "demo", "cmake --install build", {{"CMakeLists.txt", "project(x)\nadd_executable( demo a.c)"}, {"Makefile", ""}}},
		{"cmake", NULL, "cmake --install build", {{"CMakeLists.txt", "add_executable(${NAME} a.c)"}}},
		{"make", NULL, "make install\n", {{"Makefile", "all:\ninstall : all\n"}}},
		{"make", "cd /src && exec bash", "make -j", {{"makefile", "all:\nuninstall:"}}},
		{"make", "hello", "autoreconf --force --install\n./configure", {{"configure.ac", "AC_INIT([hello], [1.0])"}}},
		{"make", NULL, "sh ./configure", {{"configure", "#!/bin/sh"}, {"Makefile", "install:"}}},
		{"unknown", "cd /src && exec bash", "Say here", {{"notes.txt", "hi"}}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct repository repository = make(table[i].files);
		json_t *proposal = recognise_proposal(&repository, "https://example.org/a/Thing.git", "v1");
		json_t *source = json_object_get(proposal, "source");
		const char *script = json_string_value(json_object_get(source, "script"));

		print_message("%zu %s\n", i, table[i].found);
		assert_string_equal(found_name(recognise(&repository)), table[i].found);
		assert_string_equal(text_at(proposal, "name"), "thing");
		assert_string_equal(text_at(source, "url"), "https://example.org/a/Thing.git");
		assert_string_equal(text_at(source, "ref"), "v1");
		if (table[i].run != NULL)
			assert_string_equal(text_at(proposal, "run"), table[i].run);
		else
			assert_null(text_at(proposal, "run"));
		if (table[i].script == NULL) {
			assert_null(script);
		} else {
			assert_non_null(strstr(script, table[i].script));
			assert_null(strstr(script, "$(id)"));
		}
		json_decref(proposal);
		repository_fini(&repository);
	}
}

/* `sh -n` takes each script. */
static void scripts_are_shell(void **state)
{
	static const struct file files[][2] = {{{"package.json", "{}"}, {0}}, {{"setup.py", ""}, {0}},	     {{"Cargo.toml", ""}, {0}},
					       {{"go.mod", ""}, {0}},	      {{"meson.build", ""}, {0}},   {{"CMakeLists.txt", ""}, {0}},
					       {{"configure.ac", ""}, {0}},   {{"Makefile", ""}, {0}}, {{"x", ""}, {0}}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct repository repository = make(files[i]);
		json_t *proposal = recognise_proposal(&repository, "https://example.org/", NULL);
		FILE *sh = popen("sh -n", "w");

		assert_non_null(sh);
		fputs(text_at(json_object_get(proposal, "source"), "script"), sh);
		assert_int_equal(pclose(sh), 0);
		assert_true(name_is_valid(text_at(proposal, "name")));
		json_decref(proposal);
		repository_fini(&repository);
	}
}

static void words_about_it(void **state)
{
	static const struct {
		const char *summary; /* NULL: none */
		const char *license;
		const char *category;
		struct file files[4];
	} table[] = {
		{"A tiny SQL database", "MIT", "database", {{"package.json", "{\"description\": \"A tiny SQL database\", \"license\": \"MIT\"}"}}},
		{"A game of snakes, with the terminal.", NULL, "fun",
		 {{"README.md", "# Snakes\n\n[![build](x)](y)\n<p>hi</p>\n\nA **game** of [snakes](https://x.y),\r\nwith the `terminal`.\r\n\nMore."}}},
		{"Words.", NULL, "system", {{"README.rst", "Title\n=====\n\n.. image:: x\n\nWords.\n"}}},
		{NULL, NULL, "system", {{"README", "# only\n# headings\n"}}},
		{NULL, NULL, "system", {{"package.json", "{\"description\": 7, \"license\": {\"type\": \"MIT\"}}"}}},
		{"An editor", "GPL-3.0-only", "editor",
		 {{"Cargo.toml", "[package]\ndescription = \"An editor\"\nlicense = \"two; words\""},
		  {"COPYING", "  GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007\n"}}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct repository repository = make(table[i].files);
		json_t *proposal = recognise_proposal(&repository, "https://example.org/a/b", NULL);

		print_message("%zu\n", i);
		if (table[i].summary != NULL)
			assert_string_equal(text_at(proposal, "summary"), table[i].summary);
		else
			assert_null(text_at(proposal, "summary"));
		if (table[i].license != NULL)
			assert_string_equal(text_at(proposal, "license"), table[i].license);
		else
			assert_null(text_at(proposal, "license"));
		assert_string_equal(text_at(proposal, "category"), table[i].category);
		json_decref(proposal);
		repository_fini(&repository);
	}
}

static void long_summaries_are_cut_between_words(void **state)
{
	struct file files[] = {{"README", NULL}, {0}};
	char text[2000] = "";
	struct repository repository;
	struct field_errors errors = {0};
	json_t *proposal;

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, "\xea\xb0\x80\xeb\x82\x98 word ");
	files[0].text = text;
	repository = make(files);
	proposal = recognise_proposal(&repository, "https://example.org/a/b", NULL);
	assert_int_equal(check_summary("summary", text_at(proposal, "summary"), &errors), 0);
	assert_true(strlen(text_at(proposal, "summary")) > FORM_SUMMARY_MAX / 2);
	json_decref(proposal);
	repository_fini(&repository);
}

static void names_of_addresses(void **state)
{
	static const struct {
		const char *url;
		const char *name;
	} table[] = {
		{"https://h.example/a/My_Tool.git", "my_tool"}, {"https://h.example/a/tool///", "tool"}, {"https://h.example/a/\xea\xb0\x80", "project"},
		{"https://h.example/a/.git", "project"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct repository repository = {0};
		json_t *proposal = recognise_proposal(&repository, table[i].url, NULL);

		assert_string_equal(text_at(proposal, "name"), table[i].name);
		json_decref(proposal);
	}
}

static void licences_by_their_text(void **state)
{
	static const char mit[] = "Permission is hereby granted, free of charge, to any\nperson obtaining a copy of this software and";
	static const struct {
		const char *id;
		const char *text;
	} table[] = {
		{"Apache-2.0", "   Apache License\n  Version 2.0, January 2004"},
		{"GPL-2.0-only", "GNU GENERAL PUBLIC LICENSE\nVersion 2, June 1991"},
		{"LGPL-2.1-only", "GNU LESSER GENERAL PUBLIC LICENSE Version 2.1, February 1999 ... GNU General Public License"},
		{"AGPL-3.0-only", "GNU AFFERO GENERAL PUBLIC LICENSE Version 3, 19 November 2007"},
		{"MIT-0", mit},
		{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy of this software. "
			"The above copyright notice and this permission\tnotice shall"},
		{"BSD-3-Clause", "Redistribution and use in source and binary forms ... Neither the name of"},
		{"BSD-2-Clause", "Redistribution and use in source and binary forms, with"},
		{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, "
			"provided that the above copyright notice"},
		{"Unlicense", "This is free and unencumbered software released into the public domain."},
		{NULL, "All rights reserved."},
		{NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const char *id = license_of_text(table[i].text);

		if (table[i].id == NULL)
			assert_null(id);
		else
			assert_string_equal(id, table[i].id);
		assert_true(id == NULL || license_is_valid(id));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_and_commands),	 cmocka_unit_test(scripts_are_shell),  cmocka_unit_test(words_about_it),
		cmocka_unit_test(long_summaries_are_cut_between_words), cmocka_unit_test(names_of_addresses), cmocka_unit_test(licences_by_their_text),
	};

	return cmocka_run_group_tests_name("recognise", tests, NULL, NULL);
}
