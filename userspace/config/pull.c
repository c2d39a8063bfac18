// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/parse.h"

/* The list is copied, so that pushed routes can be added behind it. */
static int routes_copy(struct config *cfg)
{
	const struct config_route *src = cfg->routes;
	struct config_route **tail = &cfg->routes;

	for (; src; src = src->next) {
		struct config_route *route;

		route = mem_arena_memdup(cfg->arena, src, sizeof(*src));
		if (!route)
			return -ENOMEM;
		route->next = NULL;
		*tail = route;
		tail = &route->next;
	}
	return 0;
}

/* Likewise. */
static int nat_copy(struct config *cfg)
{
	const struct config_nat *src = cfg->nat;
	struct config_nat **tail = &cfg->nat;

	for (*tail = NULL; src; src = src->next) {
		*tail = mem_arena_memdup(cfg->arena, src, sizeof(*src));
		if (!*tail)
			return -ENOMEM;
		(*tail)->next = NULL;
		tail = &(*tail)->next;
	}
	return 0;
}

/* Likewise. */
static int texts_copy(struct config *cfg, struct config_text **list)
{
	const struct config_text *src = *list;
	struct config_text **tail = list;

	for (*tail = NULL; src; src = src->next) {
		*tail = mem_arena_memdup(cfg->arena, src, sizeof(*src));
		if (!*tail)
			return -ENOMEM;
		(*tail)->next = NULL;
		tail = &(*tail)->next;
	}
	return 0;
}

/* Likewise; and those that are pushed take the places of these. */
static int dns_copy(struct config *cfg)
{
	const struct config_dns_server *src = cfg->dns_servers;
	struct config_dns_server **tail = &cfg->dns_servers;

	for (*tail = NULL; src; src = src->next) {
		*tail = mem_arena_memdup(cfg->arena, src, sizeof(*src));
		if (!*tail || texts_copy(cfg, &(*tail)->domains))
			return -ENOMEM;
		(*tail)->is_own = true;
		(*tail)->next = NULL;
		tail = &(*tail)->next;
	}
	return texts_copy(cfg, &cfg->dns_search);
}

struct config *config_pull_begin(const struct config *cfg)
{
	struct config *copy = config_copy(cfg, "config-pull");

	if (!copy)
		return NULL;
	copy->env = NULL;
	copy->push = NULL;
	copy->echoes = NULL;
	if (routes_copy(copy) || texts_copy(copy, &copy->dhcp_options) ||
	    dns_copy(copy) || nat_copy(copy)) {
		config_free(copy);
		return NULL;
	}
	return copy;
}

/* A filter may have more space between words than what is pushed. */
static bool filter_matches(const struct config_filter *filter,
			   const char *option)
{
	return !strncmp(filter->prefix, option, strlen(filter->prefix));
}

static int filter_apply(const struct config *cfg, const char *option)
{
	const struct config_filter *filter;

	for (filter = cfg->pull_filters; filter; filter = filter->next) {
		if (!filter_matches(filter, option))
			continue;
		switch (filter->action) {
		case CONFIG_FILTER_ACCEPT:
			return 0;
		case CONFIG_FILTER_IGNORE:
			return 1;
		case CONFIG_FILTER_REJECT:
			return -ECANCELED;
		}
	}
	return 0;
}

static bool is_masked_by_nopull(const struct config *cfg, const char *name)
{
	static const char *const names[] = {
		"dhcp-option", "dns", "block-outside-dns", "register-dns",
		"block-ipv6", "redirect-private", "route-ipv6-gateway",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(names[i], name))
			return cfg->is_route_nopull;
	}
	return false;
}

static int pushed_parse(struct config_parse *ps, const char *option)
{
	struct config_params params;
	const char *why;
	int ret;

	ret = config_lex(option, strlen(option), &params, &why);
	if (ret)
		config_fail(ps, "%s", why);
	else if (params.n && !is_masked_by_nopull(ps->cfg, params.arg[0]))
		ret = config_parse_option(ps, params.arg, params.n);
	mem_wipe(&params, sizeof(params));
	return ret;
}

int config_apply_pushed(struct config *cfg, const char *option, char *err,
			size_t err_len)
{
	struct config_parse ps = {
		.cfg = cfg,
		.at = { .file = "pushed" },
		.scope = CONFIG_IN_PUSH,
		.err = err,
		.err_len = err_len,
	};
	int ret;

	if (err_len)
		err[0] = '\0';
	ret = filter_apply(cfg, option);
	if (ret == -ECANCELED)
		config_fail(&ps, "refused by pull-filter: %.64s", option);
	return ret ? (ret < 0 ? ret : 0) : pushed_parse(&ps, option);
}
