// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "config/parse.h"

/* OpenVPN's management interface. */

#define IN_MAIN CONFIG_IN_MAIN
#define LOG_CACHE_MAX 100000u

static int set_password(struct config_parse *ps, const char *path)
{
	struct config *cfg = ps->cfg;

	if (!strcmp(path, "stdin"))
		return config_fail(ps, "the password cannot be asked for; write the name of a file that holds it");
	if (!ps->has_files)
		return config_fail(ps, "files cannot be read here");
	cfg->management_pass.text = NULL;
	cfg->management_pass.path = mem_arena_strdup(cfg->arena, path);
	return cfg->management_pass.path ? 0 : config_nomem(ps);
}

/* IP PORT [FILE], PATH unix [FILE] */
static CONFIG_SETTER(set_management)
{
	struct config *cfg = ps->cfg;
	uint16_t port;

	(void)row;
	if (!arg[0][0])
		return config_fail(ps, "the address is empty");
	if (!strcmp(arg[0], "tunnel"))
		return config_fail(ps, "an address inside the tunnel is not supported; write the address of a local interface");
	cfg->management_host = mem_arena_strdup(cfg->arena, arg[0]);
	cfg->management_port = NULL;
	if (strcmp(arg[1], "unix")) {
		if (config_port(ps, arg[1], &port))
			return -EINVAL;
		cfg->management_port = mem_arena_strdup(cfg->arena, arg[1]);
		if (!cfg->management_port)
			return config_nomem(ps);
	}
	if (!cfg->management_host)
		return config_nomem(ps);
	return n > 2 ? set_password(ps, arg[2]) : 0;
}

static CONFIG_SETTER(set_external_key)
{
	static const char *const names[] = {
		"nopadding", "pkcs1", "pss", "digest", NULL
	};
	struct config *cfg = ps->cfg;
	bool *const flags[] = {
		&cfg->is_external_nopadding, &cfg->is_external_pkcs1,
		&cfg->is_external_pss, &cfg->is_external_digest,
	};
	int choice;

	(void)row;
	for (int i = 0; i < n; i++) {
		choice = config_choice(ps, arg[i], names);
		if (choice < 0)
			return choice;
		*flags[choice] = true;
	}
	if (!cfg->is_external_nopadding)
		cfg->is_external_pkcs1 = true;
	cfg->has_external_key = true;
	return 0;
}

static CONFIG_SETTER(set_echo)
{
	char text[CONFIG_LINE_MAX + CONFIG_PARAMS] = "";
	size_t len = 0;

	(void)row;
	for (int i = 0; i < n; i++) {
		size_t more = strlen(arg[i]);

		if (len + more + 2 > sizeof(text))
			break;
		if (i)
			text[len++] = ' ';
		memcpy(text + len, arg[i], more + 1);
		len += more;
	}
	return config_text_append(ps, &ps->cfg->echoes, text);
}

static const struct config_row management_rows[] = {
	{ "management", 2, 3, CONFIG_KIND_APPLY, IN_MAIN, set_management,
	  CONFIG_FIELD(management_pass), 1, 0, "IP PORT|PATH unix [FILE]",
	  "Offer OpenVPN's management interface at a TCP port or a local "
	  "socket.\nOne program at a time can use it; others wait. It can see and "
	  "end the connections of all clients, and end the daemon. FILE holds a "
	  "password in its first line, which the program has to say first. As in "
	  "OpenVPN, everybody who can reach the local socket may use it, unless "
	  "there is a password, or one of management-client-user and "
	  "management-client-group: put it where others cannot go." },
	CONFIG_STRING("management-client-user", IN_MAIN, management_user,
		"USER",
		"Let only programs of USER connect to management's local socket."),
	CONFIG_STRING("management-client-group", IN_MAIN, management_group,
		"GROUP",
		"Let only programs of GROUP connect to management's local socket."),
	CONFIG_FLAG("management-client-auth", IN_MAIN, is_management_auth,
		"Ask at the management interface about each login, also at each "
		"renegotiation.\nThe program there is told what scripts are, with the "
		"password, and answers with client-auth, client-auth-nt, client-deny "
		"or client-pending-auth. Who has no answer after hand-window is "
		"refused. Clients must send a user name and a password, unless there "
		"is auth-user-pass-optional."),
	CONFIG_FLAG("management-query-passwords", IN_MAIN, is_management_query,
		"Ask for the user name and password of auth-user-pass at the "
		"management interface, when they are needed first and after "
		"auth-retry interact.\nAlso for the passphrase of key or pkcs12, "
		"unless it is in a file of askpass."),
	CONFIG_SPECIAL("management-external-key", 0, 4, IN_MAIN,
		set_external_key, "[nopadding] [pkcs1] [pss] [digest]",
		"Ask for the signatures of TLS at the management interface, and have "
		"no private key.\nIt takes the place of --key. The program there is "
		"told >PK_SIGN and answers with pk-sig; who has no answer within "
		"--hand-window fails. With an RSA key the words say what it can do: "
		"pkcs1 (meant without a word) is for TLS 1.2 only, pss or nopadding "
		"are needed for TLS 1.3. With digest it is told the message, and "
		"hashes that itself."),
	CONFIG_STRING("management-external-cert", IN_MAIN, management_cert,
		"HINT",
		"Ask for the own certificate at the management interface at the "
		"start.\nThe program there is told HINT with >NEED-CERTIFICATE, and "
		"answers with certificate. It takes the place of --cert."),
	CONFIG_FLAG("management-query-remote", IN_MAIN, is_management_remote,
		"Ask at the management interface about each server before it is "
		"connected to.\nThe program there answers with remote ACCEPT, remote "
		"SKIP or remote MOD HOST PORT."),
	CONFIG_FLAG("management-query-proxy", IN_MAIN, is_management_proxy,
		"Ask at the management interface through which proxy to connect to "
		"each server.\nThe program there answers with proxy NONE, proxy HTTP "
		"HOST PORT [nct] or proxy SOCKS HOST PORT. Without effect beside "
		"management-query-remote."),
	CONFIG_FLAG("management-client", IN_MAIN, is_management_client,
		"Connect to a program at management's address, instead of waiting for "
		"one.\nWhen it leaves, the daemon ends."),
	CONFIG_FLAG("management-forget-disconnect", IN_MAIN,
		is_management_forget,
		"Forget what was entered, and a token of the server, when the program "
		"leaves the management interface."),
	CONFIG_FLAG("management-up-down", IN_MAIN, is_management_updown,
		"Tell at the management interface what up and down are told."),
	CONFIG_FLAG("management-hold", IN_MAIN, is_management_hold,
		"Begin only when a program says \"hold release\" at the management "
		"interface, also after each restart."),
	CONFIG_FLAG("management-signal", IN_MAIN, is_management_signal,
		"Restart when a program leaves the management interface, as SIGUSR1 "
		"does."),
	CONFIG_NUMBER("management-log-cache", IN_MAIN, management_log_cache, 1,
		LOG_CACHE_MAX, "N",
		"Keep the last N messages for the management interface's command "
		"log; default 250."),
	CONFIG_SPECIAL("echo", 0, 16, IN_MAIN | CONFIG_IN_PUSH, set_echo,
		"[WORD ...]",
		"Tell these words to who asks at the management interface."),
};

CONFIG_TABLE(management, "Management interface");
