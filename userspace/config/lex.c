// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "config/parse.h"

/*
 * Parameters are separated by white space. '…' takes everything literally;
 * inside "…" and outside of quotes a backslash escapes itself, a double quote
 * and a space. A # or ; where a parameter would begin starts a comment.
 */

enum lex_state {
	LEX_BETWEEN,
	LEX_BARE,
	LEX_DOUBLE,
	LEX_SINGLE,
};

struct lexer {
	struct config_params *out;
	enum lex_state state;
	bool is_escaped;
	size_t used;		/* of out->buf */
	size_t start;		/* of the parameter in out->buf */
	const char *why;
};

static bool lex_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void lex_begin(struct lexer *lx, enum lex_state state)
{
	lx->state = state;
	lx->start = lx->used;
}

static void lex_put(struct lexer *lx, char c)
{
	if (lx->used - lx->start >= CONFIG_PARAM_MAX - 1)
		lx->why = "a parameter is longer than 1023 bytes";
	else
		lx->out->buf[lx->used++] = c;
}

static void lex_end(struct lexer *lx)
{
	lx->state = LEX_BETWEEN;
	if (lx->out->n == CONFIG_PARAMS) {
		lx->why = "more than 16 parameters";
		return;
	}
	lx->out->buf[lx->used++] = '\0';
	lx->out->arg[lx->out->n++] = &lx->out->buf[lx->start];
}

static void lex_put_escaped(struct lexer *lx, char c)
{
	lx->is_escaped = false;
	if (c != '\\' && c != '"' && !lex_is_space(c)) {
		lx->why = "a backslash escapes only \\, \" and a space; "
			  "write \\\\ for a backslash, or use '...'";
		return;
	}
	if (lx->state == LEX_BETWEEN) {
		/* As upstream, a space does not begin a parameter even so. */
		if (lex_is_space(c))
			return;
		lex_begin(lx, LEX_BARE);
	}
	lex_put(lx, c);
}

/* Return: false at the start of a comment. */
static bool lex_between(struct lexer *lx, char c)
{
	if (lex_is_space(c))
		return true;
	if (c == '#' || c == ';')
		return false;
	if (c == '"') {
		lex_begin(lx, LEX_DOUBLE);
	} else if (c == '\'') {
		lex_begin(lx, LEX_SINGLE);
	} else {
		lex_begin(lx, LEX_BARE);
		lex_put(lx, c);
	}
	return true;
}

static bool lex_step(struct lexer *lx, char c)
{
	if (lx->is_escaped) {
		lex_put_escaped(lx, c);
		return true;
	}
	if (c == '\\' && lx->state != LEX_SINGLE) {
		lx->is_escaped = true;
		return true;
	}
	switch (lx->state) {
	case LEX_BETWEEN:
		return lex_between(lx, c);
	case LEX_BARE:
		if (lex_is_space(c))
			lex_end(lx);
		else
			lex_put(lx, c);
		break;
	case LEX_DOUBLE:
	case LEX_SINGLE:
		if (c == (lx->state == LEX_DOUBLE ? '"' : '\''))
			lex_end(lx);
		else
			lex_put(lx, c);
		break;
	}
	return true;
}

static void lex_finish(struct lexer *lx)
{
	if (lx->is_escaped)
		lx->why = "a backslash at the end of the line";
	else if (lx->state == LEX_DOUBLE)
		lx->why = "no closing quotation mark (\")";
	else if (lx->state == LEX_SINGLE)
		lx->why = "no closing quotation mark (')";
	else if (lx->state == LEX_BARE)
		lex_end(lx);
}

int config_lex(const char *line, size_t len, struct config_params *out,
	       const char **why)
{
	struct lexer lx = { .out = out };
	size_t i;

	out->n = 0;
	*why = NULL;
	if (len > CONFIG_LINE_MAX)
		lx.why = "the line is longer than 4096 bytes";
	else if (memchr(line, '\0', len))
		lx.why = "the line has a NUL byte";
	for (i = 0; i < len && !lx.why; i++) {
		if (!lex_step(&lx, line[i]))
			break;
	}
	if (!lx.why)
		lex_finish(&lx);
	if (!lx.why)
		return 0;
	*why = lx.why;
	return -EINVAL;
}
