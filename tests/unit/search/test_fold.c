#include "search/fold.h"

#include "search/words.h"
#include "unit/test.h"

static const char *key(const char *text)
{
	static char out[WORD_BYTES_MAX];

	words_key(text, strlen(text), out, sizeof(out));
	return out;
}

static void folds_case_and_accents(void **state)
{
	(void)state;
	assert_string_equal(key("SQLite"), "sqlite");
	assert_string_equal(key("Caf\xc3\xa9"), "cafe");
	assert_string_equal(key("cafe\xcc\x81"), "cafe"); /* a combining accent */
	assert_string_equal(key("Stra\xc3\x9f"
				"e \xc3\x86ther"),
			    "strasseaether");
	assert_string_equal(key("\xe1\xba\xbf"), "e"); /* Vietnamese */
	assert_string_equal(key("ＰｙｔＨＯＮ３"), "python3");
	assert_string_equal(key("ЁЛКА Ελλα"), "елкаελλα");
}

static void composes_hangul(void **state)
{
	(void)state;
	/* 한글 as macOS writes it in file names */
	assert_string_equal(key("\u1112\u1161\u11ab\u1100\u1173\u11af"), "한글");
	assert_string_equal(key("\u1110\u1165\u1106\u1175\u1102\u1165\u11af"), "터미널");
	/* a syllable with a conjoining final */
	assert_string_equal(key("하\u11ab"), "한");
	/* what can't be composed stays */
	assert_string_equal(key("\u1161"), "\u1161");
	assert_string_equal(key("\u1112"), "\u1112");
	assert_string_equal(key("한\u11ab"), "한\u11ab");
}

static void leaves_out_what_nobody_sees(void **state)
{
	(void)state;
	assert_string_equal(key("sq\u200blite"), "sqlite");
	assert_string_equal(key("\u202esqlite\u202c"), "sqlite");
	assert_string_equal(key("터\u200d미\ufeff널"), "터미널");
	assert_string_equal(key("\u200b\u200f"), "");
}

static void stands_broken_bytes(void **state)
{
	static const char *const broken[] = {"\xff\xfe",         "\xc0\x80", "\xed\xa0\x80",
					     "\xf4\x90\x80\x80", "\xe1\x88", "\x80"};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		assert_int_equal(letter_fold(broken[i], strlen(broken[i])).kind, LETTER_NONE);
		assert_int_equal(letter_fold(broken[i], strlen(broken[i])).length, 1);
	}
	assert_string_equal(key("a\xff"
				"b"),
			    "ab");
	assert_int_equal(letter_fold("\0", 1).kind, LETTER_NONE);
}

struct expected {
	const char *text;
	bool run;
	enum word_joint joint;
};

static void expect_words(const char *text, const struct expected *expected, size_t count)
{
	struct words words;
	struct word word;

	words_init(&words, text, strlen(text));
	for (size_t i = 0; i < count; i++) {
		assert_true(words_next(&words, &word));
		assert_string_equal(word.text, expected[i].text);
		assert_int_equal(word.run, expected[i].run);
		assert_int_equal(word.joint, expected[i].joint);
	}
	assert_false(words_next(&words, &word));
}

static void takes_text_apart(void **state)
{
	static const struct expected node[] = {{"node", false, JOINT_OTHER}, {"js", false, JOINT_MARK}};
	static const struct expected plus[] = {{"c++", false, JOINT_OTHER},
					       {"c#", false, JOINT_SPACE},
					       {"17", false, JOINT_NONE},
					       {"ctrl", false, JOINT_SPACE},
					       {"c", false, JOINT_OTHER}};
	static const struct expected korean[] = {{"c", false, JOINT_OTHER},
						 {"언어와", true, JOINT_NONE},
						 {"웹", true, JOINT_SPACE},
						 {"터미널", true, JOINT_OTHER},
						 {"ok", false, JOINT_NONE}};

	(void)state;
	expect_words("node.js", node, 2);
	expect_words("C++ C#17 Ctrl+C", plus, 5);
	expect_words("c언어와 웹, 터미널ok", korean, 5);
	expect_words("", NULL, 0);
	expect_words("* \" - ' () 🐍", NULL, 0);
}

static void cuts_what_is_long(void **state)
{
	static char text[9000];
	struct words words;
	struct word word;
	size_t letters = 0;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	words_init(&words, text, sizeof(text) - 1);
	assert_true(words_next(&words, &word));
	assert_int_equal(word.length, WORD_LETTERS_MAX);
	assert_false(words_next(&words, &word));
	for (size_t i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "가", 3);
	words_init(&words, text, sizeof(text) / 3 * 3 - 3);
	while (words_next(&words, &word)) {
		assert_true(word.letters <= WORD_RUN_MAX);
		letters += word.letters;
	}
	assert_int_equal(letters, sizeof(text) / 3 - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folds_case_and_accents),
		cmocka_unit_test(composes_hangul),
		cmocka_unit_test(leaves_out_what_nobody_sees),
		cmocka_unit_test(stands_broken_bytes),
		cmocka_unit_test(takes_text_apart),
		cmocka_unit_test(cuts_what_is_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
