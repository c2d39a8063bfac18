// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "config/parse.h"

#define IN_MAIN CONFIG_IN_MAIN

static CONFIG_SETTER(set_config)
{
	(void)row;
	(void)n;
	return config_parse_file(ps, arg[0]);
}

static CONFIG_SETTER(set_cd)
{
	struct config *cfg = ps->cfg;
	const char *path;
	int err;

	(void)row;
	(void)n;
	path = mem_arena_strdup(cfg->arena, arg[0]);
	if (path)
		path = config_path_resolve(cfg, path);
	if (!path)
		return config_nomem(ps);
	if (!ps->has_files)
		return config_fail(ps, "files cannot be read here");
	err = config_dir_check(cfg, path);
	if (err == -ENOTDIR)
		return config_fail(ps, "\"%s\" is not a directory", path);
	if (err)
		return config_fail(ps, "\"%s\": %s", path, strerror(-err));
	cfg->chdir = path;
	return 0;
}

/* What can be shown, by the number in the row. */
static void (*const printers[])(void) = {
	config_print_help,
	config_print_version,
	config_print_ciphers,
	config_print_digests,
	config_print_man,
	config_print_options,
};

static CONFIG_SETTER(set_print)
{
	(void)arg;
	(void)n;
	ps->print = printers[row->lo];
	return 0;
}

static CONFIG_SETTER(set_genkey)
{
	static const struct {
		const char *name;
		enum config_genkey genkey;
	} types[] = {
		{ "secret", CONFIG_GENKEY_SECRET },
		{ "tls-auth", CONFIG_GENKEY_SECRET },
		{ "tls-crypt", CONFIG_GENKEY_SECRET },
		{ "tls-crypt-v2-server", CONFIG_GENKEY_V2_SERVER },
		{ "tls-crypt-v2-client", CONFIG_GENKEY_V2_CLIENT },
		{ "auth-token", CONFIG_GENKEY_AUTH_TOKEN },
	};
	struct config *cfg = ps->cfg;

	(void)row;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(arg[0], types[i].name))
			cfg->genkey = types[i].genkey;
	if (!cfg->genkey)
		return config_fail(ps, "there is no key of type \"%s\"; write secret, "
				   "tls-crypt-v2-server, tls-crypt-v2-client or "
				   "auth-token", arg[0]);
	if (n > 2 && cfg->genkey != CONFIG_GENKEY_V2_CLIENT)
		return config_fail(ps, "only tls-crypt-v2-client takes data");
	cfg->genkey_path = n > 1 ? mem_arena_strdup(cfg->arena, arg[1]) : NULL;
	cfg->genkey_data = n > 2 ? mem_arena_strdup(cfg->arena, arg[2]) : NULL;
	return (n > 1 && !cfg->genkey_path) || (n > 2 && !cfg->genkey_data) ?
	       config_nomem(ps) : 0;
}

static CONFIG_SETTER(set_verb)
{
	uint32_t value;
	int ret;

	(void)row;
	(void)n;
	ret = config_number(ps, arg[0], 0, 15, &value);
	if (!ret)
		ps->cfg->verb = value > 11 ? 11 : (int)value;
	return ret;
}

static CONFIG_SETTER(set_log)
{
	ps->cfg->is_log_append = !strcmp(row->name, "log-append");
	return config_set_string(ps, row, arg, n);
}

static int set_ident(struct config_parse *ps, char **arg, int n)
{
	if (!n)
		return 0;
	ps->cfg->daemon_name = mem_arena_strdup(ps->cfg->arena, arg[0]);
	return ps->cfg->daemon_name ? 0 : config_nomem(ps);
}

static CONFIG_SETTER(set_daemon)
{
	(void)row;
	ps->cfg->is_daemon = true;
	return set_ident(ps, arg, n);
}

static CONFIG_SETTER(set_syslog)
{
	(void)row;
	ps->cfg->is_syslog = true;
	return set_ident(ps, arg, n);
}

static CONFIG_SETTER(set_status)
{
	if (n > 1 && config_number(ps, arg[1], 0, 86400,
				   &ps->cfg->status_interval))
		return -EINVAL;
	return config_set_string(ps, row, arg, 1);
}

static CONFIG_SETTER(set_status_version)
{
	uint32_t value;
	int ret;

	(void)row;
	(void)n;
	ret = config_number(ps, arg[0], 1, 3, &value);
	if (!ret)
		ps->cfg->status_version = (int)value;
	return ret;
}

static int set_optional(struct config_parse *ps, char **arg, int n)
{
	bool outer = ps->is_optional;
	int ret;

	if (!n)
		return config_fail(ps, "write: setenv opt OPTION [ARGUMENTS]");
	ps->is_optional = true;
	ret = config_parse_option(ps, arg, n);
	ps->is_optional = outer;
	return ret;
}

/* As OpenVPN does: of the name letters, digits and underscores are left, of the
 * value what can be printed.
 */
static int env_append(struct config_parse *ps, const char *prefix,
		      const char *name, const char *value)
{
	char *text = mem_arena_alloc(ps->cfg->arena, strlen(prefix) +
				     strlen(name) + strlen(value) + 2);
	size_t len = strlen(prefix);

	if (!text)
		return config_nomem(ps);
	memcpy(text, prefix, len);
	for (; *name; name++)
		if (isalnum((unsigned char)*name) || *name == '_')
			text[len++] = *name;
	if (!len)
		return config_fail(ps, "a variable's name consists of letters, digits and underscores");
	text[len++] = '=';
	for (; *value; value++)
		if (!iscntrl((unsigned char)*value))
			text[len++] = *value;
	text[len] = '\0';
	return config_text_append(ps, &ps->cfg->env, text);
}

static CONFIG_SETTER(set_setenv)
{
	(void)row;
	if (!strcmp(arg[0], "opt"))
		return set_optional(ps, arg + 1, n - 1);
	if (ps->scope == CONFIG_IN_PUSH) {
		config_fail(ps, "cannot be pushed by a server");
		return -EPERM;
	}
	if (n > 2)
		return config_fail(ps, "too many arguments; write: setenv NAME [VALUE]");
	if (!strcmp(arg[0], "FORWARD_COMPATIBLE")) {
		ps->is_forward_compatible = n > 1 && !strcmp(arg[1], "1");
		return 0;
	}
	return env_append(ps, "", arg[0], n > 1 ? arg[1] : "");
}

static CONFIG_SETTER(set_setenv_safe)
{
	(void)row;
	return env_append(ps, "OPENVPN_", arg[0], n > 1 ? arg[1] : "");
}

static CONFIG_SETTER(set_ignore_unknown)
{
	int i, ret = 0;

	(void)row;
	for (i = 0; i < n && !ret; i++)
		ret = config_text_append(ps, &ps->ignore_unknown, arg[i]);
	return ret;
}

static CONFIG_SETTER(set_data_path)
{
	static const char *const names[] = { "auto", "kernel", "user", NULL };
	int choice = config_choice(ps, arg[0], names);

	(void)row;
	(void)n;
	if (choice < 0)
		return choice;
	ps->cfg->data_path = (enum config_data_path)choice;
	return 0;
}

static CONFIG_SETTER(set_disable_dco)
{
	(void)row;
	(void)arg;
	(void)n;
	ps->cfg->data_path = CONFIG_DATA_PATH_USER;
	return 0;
}

static CONFIG_SETTER(set_check)
{
	(void)row;
	ps->cfg->is_check = true;
	if (!n)
		return 0;
	if (!ps->cfg->config_path)
		ps->cfg->config_path = mem_arena_strdup(ps->cfg->arena, arg[0]);
	return config_parse_file(ps, arg[0]);
}

/* "2.4.0"; what it changes is in expand.c */
static CONFIG_SETTER(set_compat)
{
	unsigned int major, minor, patch = 0;
	char end;

	(void)row;
	(void)n;
	if (sscanf(arg[0], "%2u.%2u.%3u%c", &major, &minor, &patch, &end) != 3 &&
	    sscanf(arg[0], "%2u.%2u%c", &major, &minor, &end) != 2)
		return config_fail(ps, "\"%s\" is not a version, such as 2.4.0",
				   arg[0]);
	ps->compat = 10000 * major + 100 * minor + patch;
	return 0;
}

static CONFIG_SETTER(set_remap)
{
	(void)row;
	(void)n;
	if (!strcmp(arg[0], "SIGHUP"))
		ps->cfg->remap_usr1 = SIGHUP;
	else if (!strcmp(arg[0], "SIGTERM"))
		ps->cfg->remap_usr1 = SIGTERM;
	else
		return config_fail(ps, "write SIGHUP or SIGTERM");
	return 0;
}

static CONFIG_SETTER(set_nice)
{
	bool is_negative = arg[0][0] == '-';
	uint32_t value;

	(void)row;
	(void)n;
	if (config_number(ps, arg[0] + is_negative, 0, is_negative ? 20 : 19,
			  &value))
		return -EINVAL;
	ps->cfg->nice = is_negative ? -(int)value : (int)value;
	return 0;
}

#define PRINT(name, which, doc) \
	{ name, 0, 0, CONFIG_KIND_APPLY, CONFIG_IN_ARGV, set_print, 0, which, \
	  0, NULL, doc }

static const struct config_row general_rows[] = {
	PRINT("help", 0, "Show the options and exit."),
	PRINT("version", 1, "Show version, data paths and libraries and exit."),
	PRINT("show-ciphers", 2, "Show the ciphers of the data channel and exit."),
	PRINT("show-digests", 3, "Show the digests for --auth and exit."),
	PRINT("dump-man", 4, "Write the manual page to standard output and exit."),
	PRINT("list-options", 5, "List the names of all supported options and exit."),
	CONFIG_SPECIAL("check", 0, 1, CONFIG_IN_ARGV, set_check, "[FILE]",
		"Check the configuration and what it names, and exit.\nKeys and "
		"certificates are loaded, and nothing else is done. What is odd "
		"is said, and which data path clients will get and why. FILE is "
		"short for --config FILE. The exit status is 0 when the daemon "
		"could start with it. Not an option of OpenVPN."),
	CONFIG_SPECIAL("genkey", 1, 3, CONFIG_IN_ARGV, set_genkey,
		"TYPE [FILE [DATA]]",
		"Make a key file and exit.\nsecret is for --tls-auth and "
		"--tls-crypt, tls-crypt-v2-server and auth-token for the options "
		"of that name. tls-crypt-v2-client, for one client, needs the "
		"server's key as --tls-crypt-v2 FILE; DATA (base64) goes into it "
		"for the server to read, in place of the time. Without FILE the "
		"key goes to standard output."),
	CONFIG_SPECIAL("config", 1, 1, IN_MAIN, set_config, "FILE",
		"Read options from FILE.\nLines hold one option each, without "
		"the leading dashes. Files may include each other, up to 10 "
		"deep. A single argument on the command line is taken as FILE."),
	CONFIG_SPECIAL("cd", 1, 1, IN_MAIN, set_cd, "DIR",
		"Change to DIR before any file is read.\nRelative names of keys, "
		"certificates, log and status files start there, wherever the "
		"line stands; names of included files only behind it."),
	CONFIG_SPECIAL("verb", 1, 1, IN_MAIN | CONFIG_IN_PUSH, set_verb, "N",
		"Set the verbosity, 0 to 11; default 1.\n0 shows errors only, 1 "
		"and 2 connects and disconnects, 3 more, 4 and above are for "
		"debugging."),
	{ "log", 1, 1, CONFIG_KIND_APPLY, IN_MAIN, set_log,
	  CONFIG_FIELD(log_path), 0, 0, "FILE",
	  "Write messages to FILE, which is emptied first." },
	{ "log-append", 1, 1, CONFIG_KIND_APPLY, IN_MAIN, set_log,
	  CONFIG_FIELD(log_path), 0, 0, "FILE",
	  "Append messages to FILE." },
	CONFIG_SPECIAL("syslog", 0, 1, IN_MAIN, set_syslog, "[NAME]",
		"Write messages to the system log.\nNAME is the program name "
		"shown there; default ovpnd."),
	CONFIG_SPECIAL("daemon", 0, 1, IN_MAIN, set_daemon, "[NAME]",
		"Go to the background when initialised.\nMessages then go to the "
		"system log under NAME, unless a log file is given."),
	CONFIG_STRING("writepid", IN_MAIN, writepid, "FILE",
		"Write the process id to FILE."),
	CONFIG_STRING("user", IN_MAIN, user, "USER",
		"Become USER after initialisation.\nThe process keeps the right "
		"to administer its network device."),
	CONFIG_STRING("group", IN_MAIN, group, "GROUP",
		"Become a member of GROUP only, after initialisation."),
	{ "status", 1, 2, CONFIG_KIND_APPLY, IN_MAIN, set_status,
	  CONFIG_FIELD(status_path), 0, 0, "FILE [SECONDS]",
	  "Write the list of clients to FILE every SECONDS; default 60." },
	CONFIG_SPECIAL("status-version", 1, 1, IN_MAIN, set_status_version,
		"1|2|3", "Choose the format of the status file; default 1."),
	CONFIG_NUMBER("mute", IN_MAIN, mute, 0, 1u << 20, "N",
		"Write at most N messages of one kind in a row; 0, the default, "
		"is no limit.\nIn front of the next other message it is said how "
		"many are missing."),
	CONFIG_SPECIAL("compat-mode", 1, 1, IN_MAIN, set_compat, "VERSION",
		"Take the defaults that suit peers of this version of OpenVPN."
		"\nBefore 2.7.0, a server's topology is net30; before 2.5.0, "
		"--cipher is one of --data-ciphers; before 2.4.0, it is used with "
		"peers that cannot negotiate."),
	CONFIG_FLAG("machine-readable-output", IN_MAIN, is_log_for_machines,
		"Begin each message with SECONDS.MICROSECONDS and its kind.\nThe "
		"kind is a hexadecimal number as OpenVPN has it: 10 errors, 40 "
		"warnings, 80 debugging, 1 everything else."),
	CONFIG_SPECIAL("nice", 1, 1, IN_MAIN, set_nice, "N",
		"Get more of the processor, or less; -20 to 19."),
	CONFIG_SPECIAL("remap-usr1", 1, 1, IN_MAIN, set_remap,
		"SIGHUP|SIGTERM",
		"Take a signal SIGUSR1 that ovpnd gets for another one."),
	CONFIG_FLAG("mlock", IN_MAIN, is_mlock,
		"Keep the whole process in memory.\nKeys are kept there without "
		"it, too."),
	CONFIG_STRING("chroot", IN_MAIN, chroot, "DIR",
		"See nothing outside of DIR after initialisation.\nIt holds for "
		"the process that reads the network. Programs run outside, and "
		"what SIGHUP reads again is read outside. Names of what that "
		"process reads and writes later, such as those of --status, "
		"--client-config-dir, --crl-verify and --tmp-dir, are names "
		"inside of DIR."),
	CONFIG_STRING("setcon", IN_MAIN, setcon, "CONTEXT",
		"Go on in this SELinux context after initialisation."),
	CONFIG_FLAG("suppress-timestamps", IN_MAIN, has_suppress_timestamps,
		"Write messages without the time."),
	CONFIG_SPECIAL("setenv", 1, 16, IN_MAIN | CONFIG_IN_PUSH, set_setenv,
		"NAME [VALUE] | opt OPTION ...",
		"Set a variable, or give an option that may be unknown.\nOther "
		"characters of NAME than letters, digits and _ are left out. After "
		"setenv opt, an option that is unknown or not supported is "
		"skipped with a warning instead of being an error. setenv "
		"FORWARD_COMPATIBLE 1 does that for everything that follows."),
	CONFIG_SPECIAL("setenv-safe", 1, 2, IN_MAIN | CONFIG_IN_PUSH,
		set_setenv_safe, "NAME [VALUE]",
		"Set the variable OPENVPN_NAME; a server may push this."),
	CONFIG_SPECIAL("ignore-unknown-option", 1, 16, IN_MAIN,
		set_ignore_unknown, "OPTION ...",
		"Skip these options with a warning if they are not known."),
	CONFIG_SPECIAL("data-path", 1, 1, IN_MAIN, set_data_path,
		"auto|kernel|user",
		"Choose who carries the tunnel's packets; default auto.\nkernel "
		"requires the module ovpn, user is the process itself through "
		"a TUN device, and auto prefers the kernel. What the module "
		"cannot carry of a server's clients, the process does beside it; "
		"if the module is not this project's, on a second device whose "
		"name is that of the first with -u behind. Not an option of "
		"OpenVPN."),
	CONFIG_NUMBER("data-threads", IN_MAIN, data_threads, 0, 4, "N",
		"Carry datagrams of the userspace data path in N threads, four "
		"at most; default 0, the main loop.\nEach "
		"has its own queue of the TUN device, its own sockets, and the "
		"clients whose id modulo N says so; a client, and a link of two, "
		"has one thread at most. Over TCP, and with tap beside "
		"TCP the main loop carries the packets. Each destination has "
		"its queue, which takes CAP_BPF at the start; without it the "
		"first thread reads the device for all. If the system refuses "
		"a queue or a socket, as many threads carry as there are, the "
		"main loop if there are none, and the log names the reason. "
		"Not an option of OpenVPN."),
	CONFIG_SPECIAL("disable-dco", 0, 0, IN_MAIN, set_disable_dco, NULL,
		"The same as --data-path user."),
	CONFIG_NUMBER("restart-hold", IN_MAIN, restart_hold, 0, 3600,
		"SECONDS",
		"Keep a server's clients for SECONDS when it ends without saying "
		"so; default 0.\nSocket, device and sessions are handed to a small "
		"process, and to the next ovpnd with the same command line, which "
		"goes on with them: no client has to connect again. Those with whom "
		"it cannot go on are told to. Under systemd "
		"that is done by the service manager, without this option, if the "
		"unit has FileDescriptorStoreMax. Over TCP clients have to connect "
		"again. Not an option of OpenVPN."),
	CONFIG_STRING("control", IN_MAIN, control_path, "PATH",
		"Put ovpnctl's socket at PATH; default /run/ovpnd/DEV.sock.\nNot "
		"an option of OpenVPN."),
};

CONFIG_TABLE(general, "General");
