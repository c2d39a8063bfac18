// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "config/parse.h"

/* A server's configuration as one client sees it. */

/* The list is copied, so that one client's lines do not change the others'. */
static int push_copy(struct config *cfg)
{
	const struct config_text *src = cfg->push;
	struct config_text **tail = &cfg->push;

	for (; src; src = src->next) {
		struct config_text *node;

		node = mem_arena_memdup(cfg->arena, src, sizeof(*src));
		if (!node)
			return -ENOMEM;
		node->next = NULL;
		*tail = node;
		tail = &node->next;
	}
	return 0;
}

struct config *config_client_begin(const struct config *cfg)
{
	struct config *copy = config_copy(cfg, "config-client");

	if (copy && push_copy(copy)) {
		config_free(copy);
		return NULL;
	}
	return copy;
}

static int client_line(struct config_parse *ps, const char *line, size_t len)
{
	struct config_params params;
	const char *why;
	int ret = 0;

	if (config_lex(line, len, &params, &why))
		ret = config_fail(ps, "%s", why);
	else if (params.n)
		ret = config_parse_option(ps, params.arg, params.n);
	return ret;
}

int config_client_apply(struct config *cfg, const char *name, const char *text,
			size_t len, void (*report)(void *arg, const char *err),
			void *arg)
{
	const char *pos = text, *end = text + len;
	char err[CONFIG_ERROR_MAX];
	struct config_parse ps = {
		.cfg = cfg,
		.at = { .file = name },
		.scope = CONFIG_IN_CLIENT,
		.err = err,
		.err_len = sizeof(err),
	};
	int ret = 0;

	while (pos < end && ret != -ENOMEM) {
		const char *eol = memchr(pos, '\n', (size_t)(end - pos));

		if (!eol)
			eol = end;
		ps.at.line++;
		ps.is_first_error = false;
		ret = client_line(&ps, pos, (size_t)(eol - pos));
		if (ret)
			report(arg, err);
		pos = eol < end ? eol + 1 : end;
	}
	return ret == -ENOMEM ? ret : 0;
}
