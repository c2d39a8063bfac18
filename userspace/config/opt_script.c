// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "config/parse.h"

/* Programs of the administrator's that are run at certain events. */

#define IN_MAIN CONFIG_IN_MAIN

/* The argument is a command line of its own: a program and its arguments. */
int config_script_set(struct config_parse *ps, enum config_script which,
		      const char *command)
{
	struct config_params params;
	const char **argv, *why;

	if (config_lex(command, strlen(command), &params, &why))
		return config_fail(ps, "%s", why);
	if (!params.n)
		return config_fail(ps, "the command is empty");
	argv = mem_arena_alloc(ps->cfg->arena,
			       ((size_t)params.n + 1) * sizeof(*argv));
	if (!argv)
		return config_nomem(ps);
	for (int i = 0; i < params.n; i++) {
		argv[i] = mem_arena_strdup(ps->cfg->arena, params.arg[i]);
		if (!argv[i])
			return config_nomem(ps);
	}
	ps->cfg->scripts[which] = argv;
	return 0;
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
