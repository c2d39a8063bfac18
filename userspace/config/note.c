// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "config/parse.h"

/*
 * What was given, option by option, so that two configurations can be compared
 * and a third one be put together from both.
 */

static int note_add(struct config_parse *ps, struct config_note *note,
		    const char *text, size_t len, bool is_secret)
{
	if (text) {
		note->len = len;
		note->text = is_secret ? config_secret_dup(ps->cfg, text, len) :
			mem_arena_memdup(ps->cfg->arena, text, len);
		if (!note->text)
			return config_nomem(ps);
	}
	*ps->note_tail = note;
	ps->note_tail = &note->next;
	return 0;
}

static struct config_note *note_new(struct config_parse *ps,
				    const struct config_row *row,
				    const struct config_place *place, int n)
{
	struct mem_arena *arena = ps->cfg->arena;
	struct config_note *note = mem_arena_alloc(arena, sizeof(*note));

	if (!note)
		return NULL;
	note->row = row;
	note->place = *place;
	note->scope = ps->scope;
	note->n = n;
	note->arg = mem_arena_alloc(arena, ((size_t)n + 1) * sizeof(char *));
	return note->arg ? note : NULL;
}

/* These stand for what is in them, which is noted by itself. */
static bool is_wrapper(const struct config_row *row, char **arg, int n)
{
	return !strcmp(row->name, "config") ||
	       (!strcmp(row->name, "setenv") && n && !strcmp(arg[0], "opt"));
}

int config_note_option(struct config_parse *ps, const struct config_row *row,
		       char **arg, int n)
{
	struct config_note *note;

	if (!ps->note_tail || ps->block || is_wrapper(row, arg, n))
		return 0;
	note = note_new(ps, row, &ps->at, n);
	for (int i = 0; note && i < n; i++) {
		note->arg[i] = mem_arena_strdup(ps->cfg->arena, arg[i]);
		if (!note->arg[i])
			note = NULL;
	}
	if (!note)
		return config_nomem(ps);
	return note_add(ps, note, ps->inline_text, ps->inline_len, row->lo);
}

int config_note_connection(struct config_parse *ps, const char *text,
			   size_t len, const struct config_place *place)
{
	struct config_note *note;

	if (!ps->note_tail)
		return 0;
	note = note_new(ps, NULL, place, 0);
	return note ? note_add(ps, note, text, len, false) : config_nomem(ps);
}

int config_note_replay(struct config_parse *ps, const struct config_note *note)
{
	char *arg[CONFIG_PARAMS + 1];
	int ret;

	/* the configuration that the name belongs to may be freed before */
	ps->at = note->place;
	ps->at.file = mem_arena_strdup(ps->cfg->arena, note->place.file);
	if (!ps->at.file)
		return config_nomem(ps);
	if (!note->row)
		return config_parse_connection(ps, note->text, note->len,
					       ps->at);
	arg[0] = (char *)note->row->name;
	/* setters may write into their arguments */
	for (int i = 0; i < note->n; i++) {
		arg[i + 1] = mem_arena_strdup(ps->cfg->arena, note->arg[i]);
		if (!arg[i + 1])
			return config_nomem(ps);
	}
	ps->scope = note->scope;
	ps->inline_text = note->text;
	ps->inline_len = note->len;
	ret = config_parse_option(ps, arg, note->n + 1);
	ps->inline_text = NULL;
	ps->inline_len = 0;
	return ret;
}
