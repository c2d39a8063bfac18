// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "config/parse.h"

#define IN_MAIN CONFIG_IN_MAIN
#define IN_CONN (CONFIG_IN_MAIN | CONFIG_IN_CONNECTION)

static CONFIG_SETTER(set_client)
{
	(void)row;
	(void)arg;
	(void)n;
	ps->is_client = true;
	return 0;
}

static CONFIG_SETTER(set_pull_filter)
{
	static const char *const names[] = {
		"accept", "ignore", "reject", NULL
	};
	struct config_filter *filter, **tail = &ps->cfg->pull_filters;
	int choice = config_choice(ps, arg[0], names);

	(void)row;
	(void)n;
	if (choice < 0)
		return choice;
	filter = mem_arena_alloc(ps->cfg->arena, sizeof(*filter));
	if (!filter)
		return config_nomem(ps);
	filter->action = (enum config_filter_action)choice;
	filter->prefix = mem_arena_strdup(ps->cfg->arena, arg[1]);
	if (!filter->prefix)
		return config_nomem(ps);
	while (*tail)
		tail = &(*tail)->next;
	*tail = filter;
	return 0;
}

static CONFIG_SETTER(set_auth_user_pass)
{
	ps->cfg->has_auth_user_pass = true;
	if (!n)
		return 0;
	ps->cfg->is_username_only = !ps->inline_text &&
				    !strcmp(arg[0], "username-only");
	if (ps->cfg->is_username_only)
		return 0;
	return config_set_blob(ps, row, arg, n);
}

static CONFIG_SETTER(set_challenge)
{
	static const char *const formats[] = { "scrv1", "concat", NULL };
	struct config *cfg = ps->cfg;
	int choice = n > 2 ? config_choice(ps, arg[2], formats) : 0;
	uint32_t echo;

	(void)row;
	if (choice < 0 || config_number(ps, arg[1], 0, 1, &echo))
		return -EINVAL;
	cfg->is_challenge_echoed = echo;
	cfg->is_challenge_concat = choice == 1;
	cfg->challenge = mem_arena_strdup(cfg->arena, arg[0]);
	return cfg->challenge ? 0 : config_nomem(ps);
}

static CONFIG_SETTER(set_auth_retry)
{
	static const char *const names[] = {
		"none", "nointeract", "interact", NULL
	};
	int choice = config_choice(ps, arg[0], names);

	(void)row;
	(void)n;
	if (choice < 0)
		return choice;
	ps->cfg->has_auth_retry = choice;
	ps->cfg->is_auth_interact = choice == 2;
	return 0;
}

static CONFIG_SETTER(set_connect_retry)
{
	(void)row;
	if (config_number(ps, arg[0], 1, 65535, &ps->cfg->connect_retry))
		return -EINVAL;
	if (n < 2)
		return 0;
	return config_number(ps, arg[1], 1, 65535,
			     &ps->cfg->connect_retry_max_wait);
}

static CONFIG_SETTER(set_connect_timeout)
{
	(void)row;
	(void)n;
	return config_number(ps, arg[0], 1, 86400, ps->block ?
			     &ps->block->connect_timeout :
			     &ps->cfg->connect_timeout);
}

/* config_parse_text() takes these blocks apart. */
static CONFIG_SETTER(set_connection)
{
	(void)row;
	(void)arg;
	(void)n;
	return config_fail(ps, "write a block <connection>...</connection>");
}

static const struct config_row client_rows[] = {
	CONFIG_SPECIAL("client", 0, 0, IN_MAIN, set_client, NULL,
		"Be a client: short for --pull and --tls-client."),
	CONFIG_FLAG("pull", IN_MAIN, is_pull,
		"Accept the options that the server pushes."),
	CONFIG_SPECIAL("pull-filter", 2, 2, IN_MAIN, set_pull_filter,
		"accept|ignore|reject TEXT",
		"Treat pushed options that begin with TEXT like that.\nThe first "
		"matching filter decides; reject ends the connection."),
	CONFIG_FLAG("route-nopull", IN_MAIN, is_route_nopull,
		"Skip pushed routes and name servers."),
	CONFIG_SPECIAL("connection", 1, 1, IN_MAIN, set_connection, "...",
		"Begin a block that describes one remote.\nThe lines up to "
		"</connection> may be remote, proto, port, rport and "
		"connect-timeout."),
	{ "auth-user-pass", 0, 1, CONFIG_KIND_APPLY, IN_MAIN | CONFIG_IN_BLOCK,
	  set_auth_user_pass, CONFIG_FIELD(auth_user_pass), 1, 0,
	  "[FILE|username-only]",
	  "Log in with a user name and a password.\nFILE holds them, one per "
	  "line. Without FILE they are asked for at start, on the terminal or, "
	  "without one, by systemd-ask-password, or as "
	  "management-query-passwords says. With username-only it is only the "
	  "user name, for servers that ask for the rest in another way." },
	CONFIG_FLAG("push-peer-info", IN_MAIN, is_peer_info_pushed,
		"Tell the server more about this machine.\nThe hardware address of "
		"the way to it, the versions of system and TLS library, and the "
		"variables of --setenv whose names begin with UV_. Those that begin "
		"with IV_GUI_VER or IV_SSO are told without this option, too."),
	CONFIG_SPECIAL("static-challenge", 2, 3, IN_MAIN, set_challenge,
		"TEXT ECHO [scrv1|concat]",
		"Ask TEXT, too, and send the answer with the password.\nECHO 1 "
		"shows what is typed, 0 does not. With concat the answer simply "
		"follows the password. It is asked for on the terminal or, without "
		"one, by systemd-ask-password, or as management-query-passwords "
		"says."),
	CONFIG_SPECIAL("auth-retry", 1, 1, IN_MAIN, set_auth_retry,
		"none|nointeract|interact",
		"Say what happens when the login is refused; default none.\nnone "
		"ends the daemon, nointeract tries again with the same user name "
		"and password, as after other failures, and interact asks for them "
		"again, with management-query-passwords. A token that is refused "
		"is forgotten first, and the password tried."),
	CONFIG_SPECIAL("connect-retry", 1, 2, IN_MAIN, set_connect_retry,
		"SECONDS [MAX]",
		"Wait SECONDS between attempts; default 1 300.\nFrom the sixth "
		"attempt on the wait doubles, up to MAX."),
	CONFIG_SPECIAL("connect-timeout", 1, 1,
		IN_MAIN | CONFIG_IN_CONNECTION, set_connect_timeout, "SECONDS",
		"Try the next remote when one has sent nothing for SECONDS; "
		"default 120.\nOver TCP that includes making the connection. "
		"Once something has come, --hand-window counts."),
	CONFIG_SPECIAL("server-poll-timeout", 1, 1,
		IN_MAIN | CONFIG_IN_CONNECTION, set_connect_timeout, "SECONDS",
		"The same as --connect-timeout."),
	{ "connect-retry-max", 1, 1, CONFIG_KIND_APPLY, IN_MAIN, config_set_u32,
	  CONFIG_FIELD(connect_retry_max), 0, 1u << 30, "N",
	  "Give up after N attempts at each remote; 0, the default, never." },
};

CONFIG_TABLE(client, "Client");
