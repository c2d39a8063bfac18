// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "config/parse.h"

/*
 * A configuration in use and the one that its files have become. Options are
 * compared by what is written, and files by what is in them; those that need a
 * restart are taken from the former, all others from the latter, and the whole
 * is checked once more.
 */

/* The next occurrence of @row (NULL: of <connection>) from @note on. */
static const struct config_note *note_of(const struct config_note *note,
					 const struct config_row *row)
{
	while (note && note->row != row)
		note = note->next;
	return note;
}

static bool text_is_equal(const char *a, size_t a_len, const char *b,
			  size_t b_len)
{
	return !a == !b && a_len == b_len && (!a || mem_equal(a, b, a_len));
}

static bool note_is_equal(const struct config_note *a,
			  const struct config_note *b)
{
	if (a->n != b->n || !text_is_equal(a->text, a->len, b->text, b->len))
		return false;
	for (int i = 0; i < a->n; i++)
		if (strcmp(a->arg[i], b->arg[i]))
			return false;
	return true;
}

/* What stands in the file that an option names. */
static bool blob_is_equal(const struct config *a, const struct config *b,
			  const struct config_row *row)
{
	const struct config_blob *x, *y;

	if (!row || !(row->scope & CONFIG_IN_BLOCK) || !row->off)
		return true;
	x = (const struct config_blob *)((const char *)a + row->off);
	y = (const struct config_blob *)((const char *)b + row->off);
	return text_is_equal(x->text, x->len, y->text, y->len);
}

/* struct merge - two configurations side by side */
struct merge {
	const struct config *running, *fresh;
	void (*report)(void *arg, const char *name, enum config_effect effect,
		       const char *file, unsigned int line);
	void *arg;
	bool is_changed;
};

/* The process of PAM is there from the beginning, or never. */
static enum config_effect effect_of(const struct merge *merge,
				    const struct config_row *row)
{
	if (row && !strcmp(row->name, "auth-pam") && merge->running->pam &&
	    merge->fresh->pam)
		return CONFIG_EFFECT_HANDSHAKE;
	return config_effect_of(row ? row->name : NULL);
}

/* Report @row if it differs, with where it stands now, if it still does. */
static void merge_row(struct merge *merge, const struct config_row *row)
{
	const struct config_note *first = note_of(merge->fresh->notes, row);
	const struct config_note *a = note_of(merge->running->notes, row);
	const struct config_note *b = first, *at;
	const char *name = row ? row->name : NULL;

	while (a && b && note_is_equal(a, b)) {
		a = note_of(a->next, row);
		b = note_of(b->next, row);
	}
	if (!a && !b && blob_is_equal(merge->running, merge->fresh, row))
		return;
	at = a || b ? b : first;
	merge->is_changed = true;
	merge->report(merge->arg, name ? name : "<connection>",
		      effect_of(merge, row), at ? at->place.file : "",
		      at ? at->place.line : 0);
}

static bool is_kept(const struct merge *merge, const struct config_note *note)
{
	return effect_of(merge, note->row) == CONFIG_EFFECT_RESTART;
}

static int replay(const struct merge *merge, struct config_parse *ps,
		  const struct config_note *note, bool wants_kept)
{
	int ret = 0;

	for (; note && !ret; note = note->next)
		if (is_kept(merge, note) == wants_kept)
			ret = config_note_replay(ps, note);
	return ret;
}

static int merge_build(const struct merge *merge, struct config_bundle *bundle,
		       struct config **out, char *err, size_t err_len)
{
	struct config_parse ps;
	int ret;

	ret = config_parse_begin(&ps, err, err_len);
	if (ret)
		return ret;
	ps.has_files = true;
	ps.cfg->files = bundle;
	ps.cfg->config_path = merge->fresh->config_path ?
		mem_arena_strdup(ps.cfg->arena, merge->fresh->config_path) :
		NULL;
	ret = replay(merge, &ps, merge->running->notes, true);
	if (!ret)
		ret = replay(merge, &ps, merge->fresh->notes, false);
	if (ps.cfg->config_path)
		ps.at.file = ps.cfg->config_path;
	if (!ret)
		ret = config_finish(&ps);
	ps.cfg->files = NULL;
	if (ret) {
		config_free(ps.cfg);
		return ret == -ENOMEM ? ret : -EINVAL;
	}
	*out = ps.cfg;
	return 0;
}

int config_merge(const struct config *running, const struct config *fresh,
		 struct config_bundle *bundle,
		 void (*report)(void *arg, const char *name,
				enum config_effect effect, const char *file,
				unsigned int line),
		 void *arg, struct config **out, char *err, size_t err_len)
{
	struct merge merge = { running, fresh, report, arg, false };

	*out = NULL;
	for (size_t i = 0; i < config_row_count(); i++)
		merge_row(&merge, config_row_at(i));
	merge_row(&merge, NULL);
	return merge.is_changed ?
	       merge_build(&merge, bundle, out, err, err_len) : 0;
}
