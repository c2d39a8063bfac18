// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/parse.h"

/* ---- messages ------------------------------------------------------ */

const char *config_place_format(const struct config_place *place,
				char out[CONFIG_PLACE_STRLEN])
{
	if (place->line)
		snprintf(out, CONFIG_PLACE_STRLEN, "%s:%u", place->file,
			 place->line);
	else
		snprintf(out, CONFIG_PLACE_STRLEN, "%s",
			 place->file ? place->file : "configuration");
	return out;
}

static void message_format(char *out, size_t cap,
			   const struct config_place *place,
			   const char *option, const char *fmt, va_list ap)
{
	char where[CONFIG_PLACE_STRLEN];
	int len;

	len = snprintf(out, cap, "%s: %s%s", config_place_format(place, where),
		       option ? option : "", option ? ": " : "");
	if (len > 0 && (size_t)len < cap)
		vsnprintf(out + len, cap - (size_t)len, fmt, ap);
	for (; *out; out++) {
		if ((unsigned char)*out < 0x20 || *out == 0x7f)
			*out = '?';
	}
}

static void fail_format(struct config_parse *ps,
			const struct config_place *place, const char *option,
			const char *fmt, va_list ap)
{
	if (ps->is_first_error)
		return;
	ps->is_first_error = true;
	message_format(ps->err, ps->err_len, place, option, fmt, ap);
}

int config_fail(struct config_parse *ps, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail_format(ps, &ps->at, ps->option, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int config_fail_at(struct config_parse *ps, const struct config_place *place,
		   const char *fmt, ...)
{
	static const struct config_place nowhere;
	va_list ap;

	va_start(ap, fmt);
	fail_format(ps, place ? place : &nowhere, NULL, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int config_nomem(struct config_parse *ps)
{
	config_fail(ps, "out of memory");
	return -ENOMEM;
}

static int warn_format(struct config_parse *ps,
		       const struct config_place *place, const char *option,
		       const char *fmt, va_list ap)
{
	char text[CONFIG_ERROR_MAX];

	message_format(text, sizeof(text), place, option, fmt, ap);
	return config_text_append(ps, &ps->cfg->warnings, text);
}

int config_warn(struct config_parse *ps, const char *fmt, ...)
{
	va_list ap;
	int ret;

	/* What a server pushes is reported by the caller, not kept. */
	if (ps->scope == CONFIG_IN_PUSH)
		return 0;
	va_start(ap, fmt);
	ret = warn_format(ps, &ps->at, ps->option, fmt, ap);
	va_end(ap);
	return ret;
}

int config_warn_at(struct config_parse *ps, const struct config_place *place,
		   const char *fmt, ...)
{
	static const struct config_place nowhere;
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = warn_format(ps, place ? place : &nowhere, NULL, fmt, ap);
	va_end(ap);
	return ret;
}

const struct config_place *config_place_of(const struct config_parse *ps,
					   const char *name)
{
	const struct config_row *row = config_row_find(name);
	const struct config_place *place;

	if (!row || !ps->places)
		return NULL;
	place = &ps->places[config_row_index(row)];
	return place->file ? place : NULL;
}

/* ---- one option ---------------------------------------------------- */

static bool is_to_be_ignored(const struct config_parse *ps, const char *name)
{
	const struct config_text *node;

	if (ps->is_optional || ps->is_forward_compatible)
		return true;
	for (node = ps->ignore_unknown; node; node = node->next) {
		if (!strcmp(node->text, name))
			return true;
	}
	return false;
}

static int option_unknown(struct config_parse *ps, const char *name)
{
	const char *near;

	ps->option = NULL;
	if (ps->scope == CONFIG_IN_PUSH && !ps->is_optional) {
		config_fail(ps, "unknown option \"%.64s\"", name);
		return -ENOENT;
	}
	if (is_to_be_ignored(ps, name))
		return config_warn(ps, "unknown option \"%.64s\" is ignored",
				   name);
	near = config_row_suggest(name);
	if (near)
		return config_fail(ps, "unknown option \"%.64s\"; did you mean \"%s\"?",
				   name, near);
	return config_fail(ps, "unknown option \"%.64s\"", name);
}

static int option_misplaced(struct config_parse *ps,
			    const struct config_row *row)
{
	switch ((enum config_scope)ps->scope) {
	case CONFIG_IN_PUSH:
		config_fail(ps, "cannot be pushed by a server");
		return -EPERM;
	case CONFIG_IN_CONNECTION:
		return config_fail(ps, "is not supported inside <connection>; "
				   "write it outside");
	case CONFIG_IN_BLOCK:
		return config_fail(ps, "cannot be given as a block; write it on one line");
	case CONFIG_IN_CLIENT:
		return config_fail(ps, "cannot be set for a single client; write it into the server's file");
	case CONFIG_IN_ARGV:
	case CONFIG_IN_FILE:
	case CONFIG_IN_MAIN:
		break;
	}
	if (row->scope & CONFIG_IN_PUSH)
		return config_fail(ps, "is sent by a server and cannot be configured");
	if (row->scope & CONFIG_IN_CLIENT)
		return config_fail(ps, "is for single clients; write it into a file of client-config-dir");
	return config_fail(ps, "works only on the command line");
}

static int option_count_check(struct config_parse *ps,
			      const struct config_row *row, int n)
{
	const char *args = row->args ? row->args : "";

	if (n >= row->min && n <= row->max)
		return 0;
	if (!row->max)
		return config_fail(ps, "takes no argument");
	return config_fail(ps, "%s; write: %s %s",
			   n < row->min ? "an argument is missing" :
			   "too many arguments", row->name, args);
}

static int option_refused(struct config_parse *ps, const struct config_row *row)
{
	if (is_to_be_ignored(ps, row->name))
		return config_warn(ps, "is ignored: not supported in this version");
	if (ps->scope == CONFIG_IN_PUSH) {
		config_fail(ps, "is not supported in this version");
		return -ENOENT;
	}
	ps->option = NULL;	/* the text names it */
	return config_fail(ps, "option \"%s\" is not supported in this version%s%s",
			   row->name, row->doc[0] ? "; " : "", row->doc);
}

static int option_ignored(struct config_parse *ps, const struct config_row *row)
{
	return row->doc[0] ? config_warn(ps, "ignored: %s", row->doc) : 0;
}

static int option_apply(struct config_parse *ps, const struct config_row *row,
			char **arg, int n)
{
	int ret;

	if (!(row->scope & ps->scope))
		return option_misplaced(ps, row);
	/* What is refused is refused whatever its arguments are. */
	if (row->kind == CONFIG_KIND_REFUSE)
		return option_refused(ps, row);
	ret = option_count_check(ps, row, n);
	if (ret)
		return ret;
	if (ps->places)
		ps->places[config_row_index(row)] = ps->at;
	if (row->kind == CONFIG_KIND_IGNORE)
		return option_ignored(ps, row);
	ret = config_note_option(ps, row, arg, n);
	return ret ? ret : row->set(ps, row, arg, n);
}

int config_parse_option(struct config_parse *ps, char **arg, int n)
{
	const struct config_row *row = config_row_find(arg[0]);
	const char *outer = ps->option;
	int ret;

	if (!row)
		return option_unknown(ps, arg[0]);
	ps->option = row->name;
	ret = option_apply(ps, row, arg + 1, n - 1);
	ps->option = outer;
	return ret;
}

/* ---- lines and blocks ---------------------------------------------- */

struct text_cursor {
	const char *pos, *end;
};

/* Return: false at the end of the text. */
static bool line_next(struct text_cursor *cur, const char **line, size_t *len)
{
	const char *eol;

	if (cur->pos >= cur->end)
		return false;
	eol = memchr(cur->pos, '\n', (size_t)(cur->end - cur->pos));
	if (!eol)
		eol = cur->end;
	*line = cur->pos;
	*len = (size_t)(eol - cur->pos);
	cur->pos = eol < cur->end ? eol + 1 : eol;
	return true;
}

static bool line_starts_with(const char *line, size_t len, const char *tag)
{
	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	return len >= strlen(tag) && !memcmp(line, tag, strlen(tag));
}

int config_parse_connection(struct config_parse *ps, const char *text,
			    size_t len, struct config_place place)
{
	struct config_conn *conn, **tail = &ps->blocks;
	const char *option = ps->option;
	uint8_t scope = ps->scope;
	int ret;

	conn = mem_arena_alloc(ps->cfg->arena, sizeof(*conn));
	if (!conn || config_note_connection(ps, text, len, &place))
		return config_nomem(ps);
	conn->place = place;
	conn->is_block = true;
	conn->family = config_proto_family(ps->cfg->proto);
	ps->block = conn;
	ps->scope = CONFIG_IN_CONNECTION;
	ps->option = NULL;
	ret = config_parse_text(ps, place.file, text, len);
	ps->scope = scope;
	ps->option = option;
	ps->block = NULL;
	if (ret)
		return ret;
	ps->at = place;
	if (!conn->host)
		return config_fail(ps, "the <connection> block has no \"remote\"");
	while (*tail)
		tail = &(*tail)->next;
	*tail = conn;
	return 0;
}

static int block_apply(struct config_parse *ps, const char *name,
		       const char *text, size_t len)
{
	char path[] = CONFIG_INLINE_PATH;
	char *arg[2] = { (char *)name, path };
	uint8_t scope = ps->scope;
	int ret;

	ps->inline_text = text;
	ps->inline_len = len;
	ps->scope = CONFIG_IN_BLOCK;
	ret = config_parse_option(ps, arg, 2);
	ps->scope = scope;
	ps->inline_text = NULL;
	ps->inline_len = 0;
	return ret;
}

/* @tag: "<name>"; the cursor stands behind its line. */
static int block_parse(struct config_parse *ps, const char *tag,
		       struct text_cursor *cur)
{
	struct config_place place = ps->at;
	const char *text = cur->pos, *line = text;
	unsigned int last = place.line;
	char name[64], close[72];
	size_t len = 0;
	int ret;

	snprintf(name, sizeof(name), "%.*s", (int)strlen(tag) - 2, tag + 1);
	snprintf(close, sizeof(close), "</%s>", name);
	for (;;) {
		if (!line_next(cur, &line, &len))
			return config_fail(ps, "the block <%s> has no end; add a line %s",
					   name, close);
		last++;
		if (line_starts_with(line, len, close))
			break;
	}
	if (ps->block)
		return config_fail(ps, "a block <%s> cannot stand inside <connection>",
				   name);
	if (!strcmp(name, "connection"))
		ret = config_parse_connection(ps, text, (size_t)(line - text),
					      place);
	else
		ret = block_apply(ps, name, text, (size_t)(line - text));
	ps->at.line = last;
	return ret;
}

static bool is_block_tag(const struct config_params *params)
{
	size_t len = params->n == 1 ? strlen(params->arg[0]) : 0;

	return len > 2 && len < 64 && params->arg[0][0] == '<' &&
	       params->arg[0][1] != '/' && params->arg[0][len - 1] == '>';
}

static int line_parse(struct config_parse *ps, const char *line, size_t len,
		      struct config_params *params, struct text_cursor *cur)
{
	const char *why;

	if (config_lex(line, len, params, &why))
		return config_fail(ps, "%s", why);
	if (!params->n)
		return 0;
	if (is_block_tag(params))
		return block_parse(ps, params->arg[0], cur);
	if (!strncmp(params->arg[0], "--", 2))
		params->arg[0] += 2;
	return config_parse_option(ps, params->arg, params->n);
}

int config_parse_text(struct config_parse *ps, const char *name,
		      const char *text, size_t len)
{
	struct text_cursor cur = { text, text + len };
	struct config_params params;
	const char *line;
	size_t line_len;
	int ret = 0;

	/* A <connection> block goes on counting where its file stands. */
	if (!ps->block) {
		ps->at.file = name;
		ps->at.line = 0;
		if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
			cur.pos += 3;
	}
	while (!ret && line_next(&cur, &line, &line_len)) {
		ps->at.line++;
		ret = line_parse(ps, line, line_len, &params, &cur);
	}
	mem_wipe(&params, sizeof(params));
	return ret;
}

int config_parse_file(struct config_parse *ps, const char *path)
{
	struct config_place outer = ps->at;
	uint8_t scope = ps->scope;
	const char *text, *full, *name, *option = ps->option;
	size_t len;
	int ret;

	if (!ps->has_files)
		return config_fail(ps, "files cannot be read here");
	if (ps->depth == CONFIG_DEPTH_MAX)
		return config_fail(ps, "more than %d files include each other",
				   CONFIG_DEPTH_MAX);
	full = config_path_resolve(ps->cfg, path);
	name = mem_arena_strdup(ps->cfg->arena, path);
	if (!full || !name)
		return config_nomem(ps);
	/* It may hold keys inline. */
	ret = config_file_read(ps->cfg, full, true, &text, &len);
	if (ret == -ENOMEM)
		return config_nomem(ps);
	if (ret)
		return config_fail(ps, "cannot read \"%s\": %s", full,
				   strerror(-ret));
	ps->depth++;
	ps->scope = CONFIG_IN_FILE;
	ps->option = NULL;
	ret = config_parse_text(ps, name, text, len);
	ps->depth--;
	ps->scope = scope;
	ps->option = option;
	ps->at = outer;
	return ret;
}
