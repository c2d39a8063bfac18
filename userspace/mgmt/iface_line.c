// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes to lines, lines to words (section 10.1). Pure. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mgmt/iface.h"

/* What OpenVPN writes in the place of a file's name and line. */
#define PLACE "TCP:0"

bool mgmt_line_feed(struct mgmt_line *line, unsigned char c)
{
	if (line->is_whole)
		line->len = 0;
	line->is_whole = c == '\n';
	if ((c < 0x20 && c != '\n') || c == 0x7f)
		return false;
	/* the end needs room, too */
	if (line->len == MGMT_LINE_MAX_LEN) {
		line->len = 0;
		line->is_whole = false;
		return false;
	}
	if (!line->is_whole)
		line->text[line->len++] = (char)c;
	line->text[line->len] = '\0';
	return line->is_whole;
}

enum split_state {
	SPLIT_BETWEEN,
	SPLIT_PLAIN,
	SPLIT_DOUBLE,		/* quotes */
	SPLIT_SINGLE,
};

/**
 * struct split - a line on its way to words
 * @at: where the next character of a word goes
 * @is_escaped: a backslash stood before
 */
struct split {
	struct mgmt_words *out;
	enum split_state state;
	char *at;
	bool is_escaped;
	char *err;
	size_t err_len;
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || !c;
}

static int split_keep(struct split *sp, char c)
{
	const char *word = sp->out->word[sp->out->n];

	if (sp->is_escaped && c != '\\' && c != '"' && !is_blank(c)) {
		snprintf(sp->err, sp->err_len, "ERROR: Options warning: Bad backslash ('\\') usage in %s: write two of them",
			 PLACE);
		return -EINVAL;
	}
	if ((size_t)(sp->at - word) >= MGMT_WORD_MAX) {
		snprintf(sp->err, sp->err_len, "ERROR: Options error: Parameter at %s is too long (%u chars max): %.*s",
			 PLACE, MGMT_WORD_MAX, (int)MGMT_WORD_MAX - 1, word);
		return -EINVAL;
	}
	*sp->at++ = c;
	return 0;
}

static void split_end(struct split *sp)
{
	*sp->at++ = '\0';
	sp->out->n++;
	sp->state = SPLIT_BETWEEN;
}

/* Return: 1 at a comment. */
static int split_begin(struct split *sp, char c)
{
	if (is_blank(c))
		return 0;
	if (c == '#' || c == ';')
		return 1;
	sp->out->word[sp->out->n] = sp->at;
	if (c == '"' && !sp->is_escaped) {
		sp->state = SPLIT_DOUBLE;
		return 0;
	}
	if (c == '\'' && !sp->is_escaped) {
		sp->state = SPLIT_SINGLE;
		return 0;
	}
	sp->state = SPLIT_PLAIN;
	return split_keep(sp, c);
}

static int split_char(struct split *sp, char c)
{
	bool is_end = false;

	switch (sp->state) {
	case SPLIT_BETWEEN:
		return split_begin(sp, c);
	case SPLIT_PLAIN:
		is_end = !sp->is_escaped && is_blank(c);
		break;
	case SPLIT_DOUBLE:
		is_end = !sp->is_escaped && c == '"';
		break;
	case SPLIT_SINGLE:
		is_end = c == '\'';
		break;
	}
	if (is_end)
		split_end(sp);
	else if (c)
		return split_keep(sp, c);
	return 0;
}

static int split_finish(const struct split *sp)
{
	switch (sp->state) {
	case SPLIT_BETWEEN:
		return 0;
	case SPLIT_PLAIN:
		snprintf(sp->err, sp->err_len,
			 "ERROR: Options error: Residual parse state (2) in %s",
			 PLACE);
		break;
	case SPLIT_DOUBLE:
		snprintf(sp->err, sp->err_len,
			 "ERROR: Options error: No closing quotation (\") in %s",
			 PLACE);
		break;
	case SPLIT_SINGLE:
		snprintf(sp->err, sp->err_len,
			 "ERROR: Options error: No closing single quotation (') in %s",
			 PLACE);
		break;
	}
	return -EINVAL;
}

int mgmt_words_split(const char *line, struct mgmt_words *out, char *err,
		     size_t err_len)
{
	struct split sp = {
		.out = out, .at = out->buf, .err = err, .err_len = err_len,
	};
	int ret = 0;

	memset(out->word, 0, sizeof(out->word));
	out->n = 0;
	for (; !ret && out->n < MGMT_WORDS; line++) {
		if (*line == '\\' && !sp.is_escaped &&
		    sp.state != SPLIT_SINGLE) {
			sp.is_escaped = true;
			continue;
		}
		ret = split_char(&sp, *line);
		sp.is_escaped = false;
		if (!*line)
			break;
	}
	if (ret >= 0)
		ret = split_finish(&sp);
	if (ret)
		out->n = 0;
	out->word[out->n] = NULL;
	return ret;
}
