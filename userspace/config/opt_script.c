// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "config/parse.h"

/* Programs of the administrator's that are run at certain events. */

#define IN_MAIN CONFIG_IN_MAIN

/* A copy of @first, unless it is NULL, and of the words; NULL: no memory. */
static const char **argv_dup(struct config_parse *ps, const char *first,
			     char **word, int n)
{
	struct mem_arena *arena = ps->cfg->arena;
	const char **argv;
	int at = 0;

	argv = mem_arena_alloc(arena, ((size_t)n + 2) * sizeof(*argv));
	if (!argv)
		return NULL;
	if (first)
		argv[at++] = mem_arena_strdup(arena, first);
	for (int i = 0; i < n && (!at || argv[at - 1]); i++)
		argv[at++] = mem_arena_strdup(arena, word[i]);
	return at && !argv[at - 1] ? NULL : argv;
}

/* The argument is a command line of its own: a program and its arguments. */
int config_script_set(struct config_parse *ps, enum config_script which,
		      const char *command)
{
	struct config_params params;
	const char *why;

	if (config_lex(command, strlen(command), &params, &why))
		return config_fail(ps, "%s", why);
	if (!params.n)
		return config_fail(ps, "the command is empty");
	ps->cfg->scripts[which] = argv_dup(ps, NULL, params.arg, params.n);
	return ps->cfg->scripts[which] ? 0 : config_nomem(ps);
}

/* A single argument is split, as OpenVPN does it. */
static CONFIG_SETTER(set_plugin)
{
	struct config_params params;
	const char **argv, *why;

	(void)row;
	if (ps->cfg->n_plugins == CONFIG_PLUGINS_MAX)
		return config_fail(ps, "there can be %d at most",
				   CONFIG_PLUGINS_MAX);
	if (n == 2) {
		if (config_lex(arg[1], strlen(arg[1]), &params, &why))
			return config_fail(ps, "%s", why);
		argv = argv_dup(ps, arg[0], params.arg, params.n);
	} else {
		argv = argv_dup(ps, NULL, arg, n);
	}
	if (!argv)
		return config_nomem(ps);
	ps->cfg->plugins[ps->cfg->n_plugins++] = argv;
	return 0;
}

static CONFIG_SETTER(set_pam)
{
	(void)row;
	if (n % 2 == 0)
		return config_fail(ps, "\"%s\" has no answer; write prompts with their answers in pairs",
				   arg[n - 1]);
	if (strchr(arg[0], '/') || !arg[0][0])
		return config_fail(ps, "\"%s\" is no service; name a file of /etc/pam.d",
				   arg[0]);
	ps->cfg->pam = argv_dup(ps, NULL, arg, n);
	return ps->cfg->pam ? 0 : config_nomem(ps);
}

static CONFIG_SETTER(set_script)
{
	(void)n;
	return config_script_set(ps, (enum config_script)row->lo, arg[0]);
}

static CONFIG_SETTER(set_security)
{
	if (n > 1 && strcmp(arg[1], "execve"))
		return config_fail(ps, "\"%s\" is unknown; programs are never run "
				   "by a shell", arg[1]);
	return config_set_u32(ps, row, arg, n);
}

#define SCRIPT(name, which, doc) \
	{ name, 1, 1, CONFIG_KIND_APPLY, IN_MAIN, set_script, 0, \
	  CONFIG_SCRIPT_##which, 0, "COMMAND", doc }

static const struct config_row script_rows[] = {
	{ "script-security", 1, 2, CONFIG_KIND_APPLY, IN_MAIN, set_security,
	  CONFIG_FIELD(script_security), 0, 3, "LEVEL",
	  "Say what may be run: 2 programs, 3 also with passwords in variables.\n"
	  "The default, 1, and 0 allow none of the programs below. COMMAND is a "
	  "program and its arguments in quotes; no shell is involved. What it "
	  "gets as arguments and variables is the same as from OpenVPN. Nothing "
	  "waits for a program but its own client, and programs for different "
	  "clients run at the same time: where they write to the same file, they "
	  "need a lock, such as flock(1). They run with the rights of --user "
	  "and --group, but up, down, route-up and route-pre-down with those "
	  "that the daemon was started with." },
	CONFIG_NUMBER("script-timeout", IN_MAIN, script_timeout, 1, 86400,
		"SECONDS",
		"End a program that takes longer; it has failed then. Default 60."),
	CONFIG_STRING("tmp-dir", IN_MAIN, tmp_dir, "DIR",
		"Keep files for programs in DIR, default /tmp."),
	CONFIG_SPECIAL("plugin", 1, CONFIG_PARAMS - 1, IN_MAIN, set_plugin,
		"FILE [ARGUMENT...]",
		"Load a plugin for OpenVPN.\nIt lives in a process of its own and is "
		"called before the program of the same event; all have to agree. A "
		"FILE without a slash in front is looked for in OpenVPN's folders "
		"for plugins. It begins with the rights that the daemon begins with "
		"and goes on with those of --user and --group. One that blocks holds "
		"up only those who need it, for --script-timeout at most, and one "
		"that dies is logged; what it was to decide is refused. "
		"openvpn-plugin-auth-pam.so is told to answer later, so that clients "
		"do not wait for each other."),
	CONFIG_SPECIAL("auth-pam", 1, CONFIG_PARAMS - 1, IN_MAIN, set_pam,
		"SERVICE [PROMPT ANSWER]...",
		"Ask PAM about user name and password of each client.\nSERVICE is a "
		"file in /etc/pam.d. Each login has a process of its own, which keeps "
		"the rights that the daemon begins with and has --script-timeout. "
		"Prompts that do not echo get the password, others the user name, "
		"unless there are PROMPTs: one that begins with PROMPT, in any case, "
		"gets ANSWER, where USERNAME, PASSWORD, COMMONNAME and OTP stand for "
		"what the client has sent, the last of these for the answer of a "
		"static challenge. Another service, or others of these, count from "
		"the next login after SIGHUP on; where there was none, or is to be "
		"none, a restart is needed."),
	SCRIPT("up", UP,
		"Run COMMAND when the device has its addresses.\nArguments: device, "
		"MTU, 0, address, netmask or peer, init or restart. If it "
		"fails, the daemon ends."),
	SCRIPT("down", DOWN,
		"Run COMMAND before the device goes, with the arguments of --up."),
	CONFIG_FLAG("up-restart", IN_MAIN, is_up_restart,
		"Run --up and --down also when a client connects anew."),
	SCRIPT("route-up", ROUTE_UP, "Run COMMAND when the routes are there."),
	SCRIPT("route-pre-down", ROUTE_PRE_DOWN,
		"Run COMMAND before the routes go, in front of --down."),
	SCRIPT("ipchange", IPCHANGE,
		"Run COMMAND when the server has proved who it is.\nArguments: its "
		"address and port."),
	SCRIPT("tls-verify", TLS_VERIFY,
		"Run COMMAND for each certificate of the peer, CA first.\nArguments: "
		"how many certificates are below it, and its subject. Nothing is said "
		"to the peer before; if it fails, the connection ends. It is run again "
		"at each renegotiation."),
	CONFIG_STRING("tls-export-cert", IN_MAIN, cert_dir, "DIR",
		"Show --tls-verify the certificate in a file in DIR, by peer_cert."),
	SCRIPT("tls-crypt-v2-verify", TLS_CRYPT_V2_VERIFY,
		"Run COMMAND when a client brings a tls-crypt-v2 key.\nThe variable "
		"metadata_type is 0 for what was given when the key was made, which "
		"is in the file named by metadata_file, and 1 for the time when it was "
		"made. If it fails, the client gets no answer."),
	SCRIPT("client-crresponse", CLIENT_CRRESPONSE,
		"Run COMMAND when a client answers a challenge (CR_TEXT).\nThe "
		"argument is a file with the answer, in base64; auth_control_file "
		"names the file where auth-user-pass-verify promised to decide. If it "
		"fails, the client is refused."),
	SCRIPT("client-connect", CLIENT_CONNECT,
		"Run COMMAND when a client has proved who it is.\nThe argument is "
		"a file for lines as in client-config-dir. If it fails, the client "
		"is refused. To answer later, it writes 2 to the file named by "
		"client_connect_deferred_file, and then 1 or 0."),
	SCRIPT("client-disconnect", CLIENT_DISCONNECT,
		"Run COMMAND when a client has gone."),
	SCRIPT("learn-address", LEARN_ADDRESS,
		"Run COMMAND when a client gets or loses an address or a network.\n"
		"Arguments: add or delete, the address, and with add the common "
		"name. If it fails, a network is not the client's, and a client "
		"without its address is refused."),
};

CONFIG_TABLE(script, "Programs");
