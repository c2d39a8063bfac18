// SPDX-License-Identifier: GPL-2.0-or-later
/* What can be asked of the management interface, and the short answers. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mgmt/iface.h"

#define VERB_MAX	15
#define VERB_OURS	11
#define BYTECOUNT_MAX	86400
#define VERSION_ANSWERED 4

void mgmt_command_unsupported(struct mgmt_iface *iface, const char *name)
{
	mgmt_iface_say(iface, "ERROR: The '%s' command is not supported by the current daemon mode",
		       name);
}

static void cmd_exit(struct mgmt_iface *iface, const char *const *w)
{
	(void)w;
	iface->conn.is_closing = true;
}

static void cmd_version(struct mgmt_iface *iface, const char *const *w)
{
	if (!w[1]) {
		mgmt_show_version(iface, w);
		return;
	}
	iface->client_version = atoi(w[1]);
	/* older programs do not expect an answer */
	if (iface->client_version >= VERSION_ANSWERED)
		mgmt_iface_say(iface, "SUCCESS: Management client version set to %d",
			       iface->client_version);
}

static void cmd_env_filter(struct mgmt_iface *iface, const char *const *w)
{
	iface->env_filter = w[1] ? atoi(w[1]) : 0;
	mgmt_iface_say(iface, "SUCCESS: env_filter_level=%d",
		       iface->env_filter);
}

static void cmd_signal(struct mgmt_iface *iface, const char *const *w)
{
	static const int known[] = {
		SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGTERM,
	};
	int signum = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strncmp(w[1], "SIG", 3) &&
		    !strcmp(w[1] + 3, sigabbrev_np(known[i])))
			signum = known[i];
	if (!signum) {
		mgmt_iface_say(iface, "ERROR: signal '%s' is not a known signal type",
			       w[1]);
		return;
	}
	if (mgmt_iface_is_quiet(iface) &&
	    (signum == SIGHUP || signum == SIGUSR1)) {
		mgmt_iface_say(iface, "ERROR: signal '%s' is currently ignored",
			       w[1]);
		if (iface->special)
			mgmt_iface_tell_line(iface, iface->special);
		return;
	}
	mgmt_iface_say(iface, "SUCCESS: signal %s thrown", w[1]);
	mgmt_conn_flush(&iface->conn);
	kill(getpid(), signum);
}

static void cmd_verb(struct mgmt_iface *iface, const char *const *w)
{
	int level = w[1] ? atoi(w[1]) : 0;

	if (!w[1]) {
		mgmt_iface_say(iface, "SUCCESS: verb=%d", iface->verb);
		return;
	}
	if (level < 0 || level > VERB_MAX) {
		mgmt_iface_say(iface, "ERROR: verb level is out of range");
		return;
	}
	iface->verb = level;
	log_set_verb(level > VERB_OURS ? VERB_OURS : level);
	mgmt_iface_say(iface, "SUCCESS: verb level changed");
}

static void cmd_mute(struct mgmt_iface *iface, const char *const *w)
{
	int level = w[1] ? atoi(w[1]) : 0;

	if (!w[1]) {
		mgmt_iface_say(iface, "SUCCESS: mute=%d", iface->mute);
	} else if (level < 0) {
		mgmt_iface_say(iface, "ERROR: mute level is out of range");
	} else {
		iface->mute = level;
		log_set_mute((uint32_t)level);
		mgmt_iface_say(iface, "SUCCESS: mute level changed");
	}
}

static void cmd_hold(struct mgmt_iface *iface, const char *const *w)
{
	if (!w[1]) {
		mgmt_iface_say(iface, "SUCCESS: hold=%d", iface->is_hold);
	} else if (!strcmp(w[1], "on")) {
		iface->is_hold = true;
		mgmt_iface_say(iface, "SUCCESS: hold flag set to ON");
	} else if (!strcmp(w[1], "off")) {
		iface->is_hold = false;
		mgmt_iface_say(iface, "SUCCESS: hold flag set to OFF");
	} else if (!strcmp(w[1], "release")) {
		mgmt_iface_say(iface, "SUCCESS: hold release succeeded");
		mgmt_iface_release(iface);
	} else {
		mgmt_iface_say(iface, "ERROR: bad hold command parameter");
	}
}

static void cmd_bytecount(struct mgmt_iface *iface, const char *const *w)
{
	int seconds = atoi(w[1]);

	if (seconds > BYTECOUNT_MAX)
		seconds = BYTECOUNT_MAX;
	iface->bytecount = seconds > 0 ? (unsigned int)seconds : 0;
	loop_timer_stop(iface->bytecount_timer);
	if (iface->bytecount)
		loop_timer_start(iface->bytecount_timer,
				 iface->bytecount * 1000ull);
	mgmt_iface_say(iface, "SUCCESS: bytecount interval changed");
}

/* What nothing waits for now; the words are OpenVPN's. */
static void cmd_unasked(struct mgmt_iface *iface, const char *const *w)
{
	static const struct {
		const char *name, *what;
	} names[] = {
		{ "needok", "needok-confirmation" },
		{ "needstr", "needstr-string" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(w[0], names[i].name))
			mgmt_iface_say(iface, "ERROR: no %s is currently needed at this time",
				       names[i].what);
}

static void cmd_no_tokens(struct mgmt_iface *iface, const char *const *w)
{
	if (w[1])
		mgmt_iface_say(iface, ">PKCS11ID-ENTRY:'%d'", atoi(w[1]));
	else
		mgmt_iface_say(iface, ">PKCS11ID-COUNT:0");
}

/**
 * struct command - one command
 * @min: words that it needs behind its name
 * @is_open: it takes more; only for what is said when there are too few
 * @args, @doc: for help
 */
struct command {
	const char *name;
	uint8_t min;
	bool is_open;
	mgmt_command_fn *run;
	const char *args, *doc;
};

static const struct command commands[] = {
	{ "auth-retry", 0, false, mgmt_query_retry,
	  "[none|nointeract|interact]",
	  "show or set what happens after a refused login" },
	{ "bytecount", 1, false, cmd_bytecount, "N",
	  "tell the bytes of each client every N seconds, 0: no more" },
	{ "certificate", 0, false, mgmt_identity_show, "",
	  "answer NEED-CERTIFICATE; lines of PEM follow, then END" },
	{ "client-auth", 2, false, mgmt_auth_accept, "CID KID",
	  "let a client in; lines of configuration follow, then END" },
	{ "client-auth-nt", 2, false, mgmt_auth_accept_plain, "CID KID",
	  "let a client in" },
	{ "client-deny", 3, true, mgmt_auth_refuse, "CID KID WHY [TEXT]",
	  "keep a client out; WHY is for the log, TEXT for the client" },
	{ "client-kill", 1, true, mgmt_client_end, "CID [TEXT]",
	  "end a client and send it TEXT, by default RESTART" },
	{ "client-pending-auth", 4, false, mgmt_auth_pending,
	  "CID KID TEXT SECONDS",
	  "tell a client what to do, and how long it may take" },
	{ "cr-response", 1, false, mgmt_query_respond, "TEXT",
	  "answer the server's challenge" },
	{ "echo", 1, true, mgmt_show_echo, "on|off|N|all",
	  "the words of the option echo, like log" },
	{ "env-filter", 0, false, cmd_env_filter, "[LEVEL]",
	  "which variables of clients are told, 0: all" },
	{ "exit", 0, false, cmd_exit, "", "close this connection" },
	{ "forget-passwords", 0, false, mgmt_query_forget, "",
	  "forget what was entered, and the server's token" },
	{ "help", 0, false, mgmt_show_help, "", "this list" },
	{ "hold", 0, false, cmd_hold, "[on|off|release]",
	  "show or set whether restarts wait here; let one go on" },
	{ "kill", 1, false, mgmt_client_kill, "NAME|[tcp:|udp:]IP:PORT",
	  "end the clients of a common name, or at an address" },
	{ "load-stats", 0, false, mgmt_show_load, "",
	  "number of clients, and bytes since the start" },
	{ "log", 1, true, mgmt_show_log, "on|off|N|all",
	  "follow the log, or show its last lines" },
	{ "mute", 0, false, cmd_mute, "[N]",
	  "kept for programs that set it; the log limits itself" },
	{ "nclients", 0, false, mgmt_show_clients, "", "number of clients" },
	{ "needok", 2, false, cmd_unasked, "TYPE ok|cancel",
	  "answer NEED-OK" },
	{ "needstr", 2, false, cmd_unasked, "TYPE TEXT", "answer NEED-STR" },
	{ "net", 0, false, mgmt_show_net, "", "for Windows only" },
	{ "password", 0, false, mgmt_query_password, "TYPE [TEXT]",
	  "answer the question for a password; without TEXT, from version 5 on, in lines of base64, then END" },
	{ "pid", 0, false, mgmt_show_pid, "", "number of the process" },
	{ "pk-sig", 0, false, mgmt_identity_sign, "",
	  "answer PK_SIGN; lines of base64 follow, then END" },
	{ "pkcs11-id-count", 0, false, cmd_no_tokens, "",
	  "number of token identities: none" },
	{ "pkcs11-id-get", 1, false, cmd_no_tokens, "N",
	  "a token identity: none" },
	{ "proxy", 1, true, mgmt_query_proxy,
	  "NONE|HTTP|SOCKS [HOST PORT [nct]]", "answer PROXY" },
	{ "push-update-broad", 1, false, mgmt_client_push_all, "OPTIONS",
	  "change options of all clients while they are connected" },
	{ "push-update-cid", 2, false, mgmt_client_push_one, "CID OPTIONS",
	  "change options of one client" },
	{ "quit", 0, false, cmd_exit, "", "the same as exit" },
	{ "remote", 1, true, mgmt_query_remote, "ACCEPT|SKIP|MOD [HOST PORT]",
	  "answer REMOTE" },
	{ "remote-entry-count", 0, false, mgmt_show_remote_count, "",
	  "number of servers that are configured" },
	{ "remote-entry-get", 1, true, mgmt_show_remotes, "N|all [END]",
	  "those from N up to END" },
	{ "rsa-sig", 0, false, mgmt_identity_sign, "",
	  "answer RSA_SIGN, which is PK_SIGN for old programs" },
	{ "signal", 1, false, cmd_signal, "NAME",
	  "SIGHUP, SIGTERM, SIGUSR1 or SIGUSR2 for the daemon" },
	{ "state", 0, false, mgmt_show_state, "[on|off] [N|all]",
	  "follow what the daemon does, or show what it did" },
	{ "status", 0, false, mgmt_show_status, "[1|2|3]",
	  "all clients, in a format of the option status-version" },
	{ "test", 1, false, mgmt_show_test, "N", "N lines of output" },
	{ "username", 2, false, mgmt_query_username, "TYPE TEXT",
	  "answer the question for a user name" },
	{ "verb", 0, false, cmd_verb, "[N]", "show or set the verbosity" },
	{ "version", 0, false, cmd_version, "[N]",
	  "versions, or which one the client speaks" },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

void mgmt_show_help(struct mgmt_iface *iface, const char *const *w)
{
	char form[64];

	(void)w;
	mgmt_iface_say(iface, "Management Interface for %s",
		       mgmt_title());
	mgmt_iface_say(iface, "Commands:");
	for (size_t i = 0; i < N_COMMANDS; i++) {
		snprintf(form, sizeof(form), "%s %s", commands[i].name,
			 commands[i].args);
		mgmt_iface_say(iface, "%-36s : %s", form, commands[i].doc);
	}
	mgmt_iface_say(iface, "END");
}

/* "password" and what stands behind it reaches no log. */
static void command_note(const char *name)
{
	if (strcmp(name, "load-stats"))
		log_debug("MANAGEMENT: CMD '%s'", name);
}

void mgmt_command_run(struct mgmt_iface *iface, const struct mgmt_words *words)
{
	const struct command *command = NULL;

	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(words->word[0], commands[i].name))
			command = &commands[i];
	if (!command) {
		mgmt_iface_say(iface, "ERROR: unknown command, enter 'help' for more options");
		return;
	}
	command_note(command->name);
	if (words->n - 1 < command->min)
		mgmt_iface_say(iface, "ERROR: the '%s' command requires %s%d parameter%s",
			       command->name,
			       command->is_open ? "at least " : "",
			       command->min, command->min > 1 ? "s" : "");
	else
		command->run(iface, words->word);
}
