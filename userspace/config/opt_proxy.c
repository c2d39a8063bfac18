// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "config/parse.h"

#define IN_MAIN CONFIG_IN_MAIN
#define IN_CONN (CONFIG_IN_MAIN | CONFIG_IN_CONNECTION)

/* The names after which nobody can be asked here, and no login is sent. */
static bool is_auto(const char *name)
{
	return !strcmp(name, "auto") || !strcmp(name, "auto-nct");
}

static int proxy_login(struct config_parse *ps, struct config_blob *blob,
		       const char *path)
{
	if (blob->path && strcmp(blob->path, path))
		return config_fail(ps, "the login is in \"%s\" already; all proxies "
				   "of a kind have one", blob->path);
	if (!ps->has_files)
		return config_fail(ps, "files cannot be read here");
	blob->path = mem_arena_strdup(ps->cfg->arena, path);
	return blob->path ? 0 : config_nomem(ps);
}

static int proxy_set(struct config_parse *ps, const struct config_row *row,
		     char **arg, const char *port, bool is_no_clear)
{
	const struct config_proxy **slot = ps->block ? &ps->block->proxy :
						       &ps->proxy;
	struct config_proxy *proxy;
	int ret;

	if (!arg[0][0])
		return config_fail(ps, "the host is empty");
	proxy = mem_arena_alloc(ps->cfg->arena, sizeof(*proxy));
	if (!proxy)
		return config_nomem(ps);
	proxy->is_socks = row->name[0] == 's';
	proxy->is_no_clear = is_no_clear;
	if (*slot && (*slot)->is_socks != proxy->is_socks)
		return config_fail(ps, "http-proxy and socks-proxy exclude each "
				   "other; keep one of them");
	ret = config_port(ps, port, &proxy->port);
	if (ret)
		return ret;
	proxy->host = mem_arena_strdup(ps->cfg->arena, arg[0]);
	if (!proxy->host)
		return config_nomem(ps);
	*slot = proxy;
	return 0;
}

static CONFIG_SETTER(set_http_proxy)
{
	static const char *const methods[] = { "basic", "none", NULL };
	bool is_no_clear = n > 2 && !strcmp(arg[2], "auto-nct");
	int ret = proxy_set(ps, row, arg, arg[1], is_no_clear), choice = 0;

	if (!ret && n > 3 && (!strcasecmp(arg[3], "ntlm") ||
			      !strcasecmp(arg[3], "ntlm2") ||
			      !strcasecmp(arg[3], "digest")))
		return config_fail(ps, "logins of the kind \"%s\" are not supported; "
				   "write basic", arg[3]);
	if (!ret && n > 3)
		choice = config_choice(ps, arg[3], methods);
	if (choice < 0)
		return choice;
	if (!ret && n > 2 && !is_auto(arg[2]) && !choice)
		ret = proxy_login(ps, &ps->cfg->http_login, arg[2]);
	return ret;
}

static CONFIG_SETTER(set_socks_proxy)
{
	int ret = proxy_set(ps, row, arg, n > 1 ? arg[1] : "1080", false);

	if (!ret && n > 2)
		ret = proxy_login(ps, &ps->cfg->socks_login, arg[2]);
	return ret;
}

/* A line must not end early: what follows would be a line of its own. */
static int line_check(struct config_parse *ps, const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return config_fail(ps, "there is a control character in it");
	return 0;
}

static int header_add(struct config_parse *ps, const char *name,
		      const char *value)
{
	struct config *cfg = ps->cfg;
	char *line;

	if (cfg->n_http_headers == CONFIG_HTTP_HEADERS_MAX)
		return config_fail(ps, "there can be %d headers at most",
				   CONFIG_HTTP_HEADERS_MAX);
	line = value ? mem_arena_printf(cfg->arena, "%s: %s", name, value) :
		       mem_arena_strdup(cfg->arena, name);
	if (!line)
		return config_nomem(ps);
	if (!strcasecmp(name, "Host") || !strncasecmp(name, "Host:", 5))
		cfg->has_http_host = true;
	cfg->http_headers[cfg->n_http_headers++] = line;
	return 0;
}

static CONFIG_SETTER(set_http_option)
{
	static const char *const names[] = {
		"VERSION", "AGENT", "CUSTOM-HEADER", NULL
	};
	static const char *const versions[] = { "1.0", "1.1", NULL };
	int choice = config_choice(ps, arg[0], names), version;
	struct config *cfg = ps->cfg;

	(void)row;
	if (choice < 0 || line_check(ps, arg[1]) ||
	    (n > 2 && line_check(ps, arg[2])))
		return -EINVAL;
	if (choice == 2)
		return header_add(ps, arg[1], n > 2 ? arg[2] : NULL);
	if (n > 2)
		return config_fail(ps, "too many arguments for %s; put quotation marks "
				   "around the value", arg[0]);
	if (!choice) {
		version = config_choice(ps, arg[1], versions);
		if (version < 0)
			return version;
		cfg->http_version = versions[version];
		return 0;
	}
	cfg->http_agent = mem_arena_strdup(cfg->arena, arg[1]);
	return cfg->http_agent ? 0 : config_nomem(ps);
}

static const struct config_row proxy_rows[] = {
	CONFIG_SPECIAL("http-proxy", 2, 4, IN_CONN, set_http_proxy,
		"HOST PORT [FILE|auto|auto-nct [basic|none]]",
		"Connect through the HTTP proxy at HOST and PORT.\nThis needs "
		"proto tcp. The proxy looks the name of --remote up. FILE has a "
		"user name and a password, one per line, which are sent to the "
		"proxy unencrypted (Basic). With auto, only a login of "
		"--http-proxy-user-pass is sent, with auto-nct none. Can be in "
		"<connection> blocks."),
	{ "http-proxy-user-pass", 1, 1, CONFIG_KIND_APPLY,
	  IN_MAIN | CONFIG_IN_BLOCK, config_set_blob, CONFIG_FIELD(http_login),
	  1, 0, "FILE",
	  "Log in to the HTTP proxy with the user name and password in FILE." },
	CONFIG_SPECIAL("http-proxy-option", 2, 3, IN_MAIN, set_http_option,
		"VERSION|AGENT|CUSTOM-HEADER VALUE [VALUE]",
		"Change what an HTTP proxy is told.\nVERSION is 1.0, the default, or "
		"1.1. AGENT sends User-Agent. CUSTOM-HEADER sends a line of its "
		"own, given as a whole or as name and content; there can be "
		"several."),
	{ "socks-proxy", 1, 3, CONFIG_KIND_APPLY, IN_CONN, set_socks_proxy, 0,
	  1, 0, "HOST [PORT [FILE]]",
	  "Connect through the SOCKS 5 proxy at HOST; default port 1080.\nIt "
	  "carries both transports. The proxy looks the name of --remote up. "
	  "FILE has a user name and a password, one per line. Datagrams take a "
	  "way through this process, which costs speed, and need the network "
	  "interface lo." },
};

CONFIG_TABLE(proxy, "Proxies of a client");
