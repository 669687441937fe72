#include "search/fold.h"

#include <stdbool.h>

#include "base/util.h"
#include "search/fold_table.h"

#define L_BASE   0x1100u
#define V_BASE   0x1161u
#define T_BASE   0x11a7u
#define S_BASE   0xac00u
#define L_COUNT  19u
#define V_COUNT  21u
#define T_COUNT  28u
#define S_COUNT  (L_COUNT * V_COUNT * T_COUNT)
#define NOT_UTF8 0xfffdu

struct range {
	uint32_t first, last;
};

static bool within(const struct range *ranges, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

/* Gives the bytes taken; 1 and NOT_UTF8 for what isn't well-formed (RFC 3629). */
static size_t decode(const char *text, size_t length, uint32_t *ret_code)
{
	const unsigned char *p = (const unsigned char *)text;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
	uint32_t code;

	*ret_code = NOT_UTF8;
	if (n == 0 || n > length)
		return 1;
	code = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 1;
	*ret_code = code;
	return n;
}

static bool is_skipped(uint32_t code)
{
	static const struct range ranges[] = {
		{0xad, 0xad},     {0x300, 0x36f},   {0x61c, 0x61c},     {0x1ab0, 0x1aff},
		{0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x206f},   {0x20d0, 0x20ff},
		{0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xe0000, 0xe0fff},
	};

	return within(ranges, ARRAY_SIZE(ranges), code);
}

static bool is_run(uint32_t code)
{
	static const struct range ranges[] = {
		{0xe01, 0xedf},   {0x1000, 0x109f}, {0x1100, 0x11ff}, {0x1780, 0x17d3}, {0x3005, 0x3007},
		{0x3041, 0x30ff}, {0x3131, 0x318e}, {0x31f0, 0x31ff}, {0x3400, 0x4dbf}, {0x4e00, 0x9fff},
		{0xa960, 0xa97f}, {0xac00, 0xd7fb}, {0xf900, 0xfaff}, {0xff66, 0xff9f}, {0x20000, 0x3ffff},
	};

	return code >= 0xe01 && within(ranges, ARRAY_SIZE(ranges), code);
}

static bool is_mark(uint32_t code)
{
	static const struct range ranges[] = {
		{0, 0x2f},        {0x3a, 0x60},     {0x7b, 0xbf},       {0xd7, 0xd7},        {0xf7, 0xf7},
		{0x2b0, 0x2ff},   {0x37e, 0x37e},   {0x387, 0x387},     {0x589, 0x58a},      {0x5be, 0x5be},
		{0x60c, 0x60d},   {0x61b, 0x61f},   {0x66a, 0x66d},     {0x964, 0x965},      {0x1680, 0x1680},
		{0x2000, 0x2bff}, {0x2e00, 0x2e7f}, {0x3000, 0x3030},   {0xe000, 0xf8ff},    {0xfe10, 0xfe6f},
		{0xff00, 0xff0f}, {0xffe0, 0xffff}, {0x1f000, 0x1ffff}, {0xf0000, 0x10ffff},
	};

	return within(ranges, ARRAY_SIZE(ranges), code);
}

/* Upper case of scripts that have none of the tables. */
static uint32_t lower(uint32_t code)
{
	if (code < 0x80)
		return code >= 'A' && code <= 'Z' ? code + 0x20 : code;
	if ((code >= 0x391 && code <= 0x3a9) || (code >= 0x410 && code <= 0x42f))
		return code + 0x20;
	if (code == 0x401 || code == 0x451) /* Russians write e for yo */
		return 0x435;
	if (code >= 0x400 && code <= 0x40f)
		return code + 0x50;
	if (code >= 0x531 && code <= 0x556)
		return code + 0x30;
	return code;
}

/* Takes the jamo that follow a leading consonant. */
static void compose(const char *text, size_t length, struct letter *letter)
{
	uint32_t v, t;
	size_t n;

	if (letter->length >= length)
		return;
	n = decode(text + letter->length, length - letter->length, &v);
	if (v < V_BASE || v >= V_BASE + V_COUNT)
		return;
	letter->code = S_BASE + ((letter->code - L_BASE) * V_COUNT + (v - V_BASE)) * T_COUNT;
	letter->length += n;
	if (letter->length >= length)
		return;
	n = decode(text + letter->length, length - letter->length, &t);
	if (t <= T_BASE || t >= T_BASE + T_COUNT)
		return;
	letter->code += t - T_BASE;
	letter->length += n;
}

/* A whole syllable with a conjoining final consonant behind it is canonical, too. */
static void compose_final(const char *text, size_t length, struct letter *letter)
{
	uint32_t t;
	size_t n;

	if ((letter->code - S_BASE) % T_COUNT != 0 || letter->length >= length)
		return;
	n = decode(text + letter->length, length - letter->length, &t);
	if (t <= T_BASE || t >= T_BASE + T_COUNT)
		return;
	letter->code += t - T_BASE;
	letter->length += n;
}

struct letter letter_fold(const char *text, size_t length)
{
	struct letter letter = {.kind = LETTER_WORD};
	const char *latin = "";

	letter.length = decode(text, length, &letter.code);
	if (letter.code >= 0xff01 && letter.code <= 0xff5e)
		letter.code -= 0xfee0;
	if (letter.code >= 0xc0 && letter.code < 0x250)
		latin = latin_c0[letter.code - 0xc0];
	else if (letter.code >= 0x1e00 && letter.code < 0x1f00)
		latin = latin_1e00[letter.code - 0x1e00];
	if (latin[0] != '\0') {
		letter.code = (uint32_t)latin[0];
		letter.more = latin[1];
	} else if (is_skipped(letter.code)) {
		letter.kind = LETTER_SKIP;
	} else if (is_run(letter.code)) {
		letter.kind = LETTER_RUN;
		if (letter.code >= L_BASE && letter.code < L_BASE + L_COUNT)
			compose(text, length, &letter);
		else if (letter.code >= S_BASE && letter.code < S_BASE + S_COUNT)
			compose_final(text, length, &letter);
	} else {
		letter.code = lower(letter.code);
		if (is_mark(letter.code))
			letter.kind = LETTER_NONE;
	}
	return letter;
}

size_t letter_write(uint32_t code, char *out)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

uint32_t letter_open_syllable(uint32_t code)
{
	return code >= S_BASE && code < S_BASE + S_COUNT ? code - (code - S_BASE) % T_COUNT : code;
}

int letter_is_jamo(uint32_t code)
{
	return (code >= 0x3131 && code <= 0x318e) || (code >= 0x1100 && code <= 0x11ff);
}
