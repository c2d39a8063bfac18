// SPDX-License-Identifier: GPL-2.0-or-later
#include "wrap/wrap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mem/mem.h"

/* Section 1.7: key files as made by "openvpn --genkey secret". */

#define KEY_BEGIN "-----BEGIN OpenVPN Static key V1-----"
#define KEY_END   "-----END OpenVPN Static key V1-----"

/**
 * struct key_parser - where the parser is
 * @nibbles: hex digits read so far
 */
struct key_parser {
	const char *pos;
	const char *end;
	unsigned int line;
	size_t nibbles;
	uint8_t *key;
};

static bool key_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' ||
	       c == '\v';
}

static int key_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Return: true with the next line, without white space around it. */
static bool key_next_line(struct key_parser *ps, const char **text, size_t *len)
{
	const char *eol;

	if (ps->pos == ps->end)
		return false;
	eol = memchr(ps->pos, '\n', (size_t)(ps->end - ps->pos));
	*text = ps->pos;
	ps->pos = eol ? eol + 1 : ps->end;
	*len = (size_t)((eol ? eol : ps->end) - *text);
	ps->line++;
	while (*len && key_is_space(**text)) {
		(*text)++;
		(*len)--;
	}
	while (*len && key_is_space((*text)[*len - 1]))
		(*len)--;
	return true;
}

static bool key_line_is(const char *text, size_t len, const char *marker)
{
	return len == strlen(marker) && !memcmp(text, marker, len);
}

static int key_data_line(struct key_parser *ps, const char *text, size_t len)
{
	size_t i;
	int value;

	for (i = 0; i < len; i++) {
		if (key_is_space(text[i]))
			continue;
		value = key_hex_value(text[i]);
		if (value < 0 || ps->nibbles >= 2 * WRAP_STATIC_KEY_LEN)
			return -EBADMSG;
		ps->key[ps->nibbles / 2] |=
			(uint8_t)(ps->nibbles % 2 ? value : value << 4);
		ps->nibbles++;
	}
	return 0;
}

static int key_parse_block(struct key_parser *ps)
{
	bool has_begun = false;
	const char *text;
	size_t len;
	int ret;

	while (key_next_line(ps, &text, &len)) {
		if (!has_begun) {
			has_begun = key_line_is(text, len, KEY_BEGIN);
			continue;
		}
		if (key_line_is(text, len, KEY_END))
			return ps->nibbles == 2 * WRAP_STATIC_KEY_LEN ?
				0 : -ENODATA;
		ret = key_data_line(ps, text, len);
		if (ret)
			return ret;
	}
	/* The file ended inside the block, or there was none. */
	return has_begun ? -EBADMSG : -ENODATA;
}

int wrap_static_key_parse(const char *text, size_t len,
			  uint8_t key[WRAP_STATIC_KEY_LEN],
			  unsigned int *line)
{
	struct key_parser ps = { .pos = text, .end = text + len, .key = key };
	int ret;

	memset(key, 0, WRAP_STATIC_KEY_LEN);
	ret = key_parse_block(&ps);
	if (!ret)
		return 0;
	mem_wipe(key, WRAP_STATIC_KEY_LEN);
	*line = ps.line ? ps.line : 1;
	return ret;
}

#define KEY_LINE 16	/* bytes of the key in a line of the file */

void wrap_static_key_format(const uint8_t key[WRAP_STATIC_KEY_LEN], char *text)
{
	char *pos = text + sprintf(text,
		"#\n# 2048 bit OpenVPN static key\n#\n" KEY_BEGIN "\n");

	for (size_t i = 0; i < WRAP_STATIC_KEY_LEN; i++)
		pos += sprintf(pos, "%02x%s", key[i],
			       i % KEY_LINE == KEY_LINE - 1 ? "\n" : "");
	sprintf(pos, KEY_END "\n");
}
