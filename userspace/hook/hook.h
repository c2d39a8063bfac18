/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOOK_HOOK_H
#define HOOK_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"

/*
 * The administrator's programs and plugins (section 11). A small process of its
 * own starts programs, for two reasons: the daemon gives up the rights that
 * they may need, and priv/, which keeps some, has a filter that forbids to run
 * anything. The daemon names an event; what is run for it was fixed before it
 * heard of any peer. It chooses arguments and variables, of names that mean
 * nothing to a program loader or an interpreter. Each plugin has a process of
 * its own, too, and is called before the program of the same event.
 *
 * Nothing here blocks: a program has a time limit, results come through the
 * loop. Programs of one key (a client) run one after the other in the order of
 * hook_run(), those of different keys at the same time.
 */

struct hook;
struct hook_job;

enum hook_event {
	HOOK_UP,
	HOOK_DOWN,
	HOOK_ROUTE_UP,
	HOOK_ROUTE_PRE_DOWN,
	HOOK_IPCHANGE,
	HOOK_TLS_VERIFY,
	HOOK_USER_PASS_VERIFY,
	HOOK_CLIENT_CONNECT,
	HOOK_CLIENT_DISCONNECT,
	HOOK_LEARN_ADDRESS,
	HOOK_CLIENT_CRRESPONSE,
	HOOK_TLS_CRYPT_V2_VERIFY,
	HOOK_DNS_UP,
	HOOK_DNS_DOWN,
	HOOK_EVENTS,
};

/** hook_name() - "client-connect", which is also the script_type */
const char *hook_name(enum hook_event event);

struct hook_env;

/**
 * struct hook_plugin - what is called, and no program
 * @argv: its file first, NULL-terminated
 * @is_pam: it is PAM itself: a service first, then prompts and answers
 * @is_dns: it sets name servers; what it has set goes with the daemon. @argv is
 *	its name
 */
struct hook_plugin {
	const char *const *argv;
	bool is_pam, is_dns;
};

#define HOOK_PLUGINS_MAX 18

/**
 * struct hook_setup - what may be run; borrowed during hook_start()
 * @commands: by event: argv, NULL-terminated; NULL: nothing
 * @plugins, @n_plugins: in the order in which they are called
 * @env: the administrator's variables, "NAME=value", NULL-terminated; NULL
 * @plugin_env: besides, what a plugin is told when it begins
 * @user, @group: of all programs but up, down, route-up, route-pre-down and
 *	dns-updown, which have the rights that the daemon begins with; NULL:
 *	likewise
 * @cwd: where they begin; NULL: where the daemon does
 * @tmp_dir: for files that are handed over
 * @cert_dir: for those with a certificate; NULL: they are not
 * @output: a file that gets what they write; NULL: where the daemon writes
 * @timeout: seconds
 * @pam_reread: called in the process of PAM by hook_reread(), with @arg and in
 *	the folder that it was forked in: what @argv of that plugin is by now,
 *	to be freed with free(), also what it points to; NULL: the same as
 *	before, with @err if that is a failure. NULL: it does not change
 */
struct hook_setup {
	const char *const *commands[HOOK_EVENTS];
	const struct hook_plugin *plugins;
	size_t n_plugins;
	const char *const *env;
	const struct hook_env *plugin_env;
	const char *user, *group;
	const char *cwd, *tmp_dir, *cert_dir, *output;
	uint32_t timeout;
	char **(*pam_reread)(const void *arg, char *err, size_t err_len);
	const void *arg;
};

/**
 * hook_start() - fork the processes, and have plugins begin
 * @err: what is wrong with which command or plugin
 *
 * Context: with the first rights, before there are threads or a loop (the child
 * closes all descriptors, also those that libuv would go on using).
 * Return: 0 or -errno.
 */
int hook_start(const struct hook_setup *setup, struct hook **out, char *err,
	       size_t err_len);

/** hook_attach() - results come through this loop; 0 or -ENOMEM */
int hook_attach(struct hook *hook, struct loop *loop);

/**
 * hook_drain() - wait until all programs have ended, @limit_ms at most
 *
 * Those whose answer nobody waits for any more are left alone.
 *
 * Context: the loop has ended. Results are delivered from inside.
 */
void hook_drain(struct hook *hook, unsigned int limit_ms);

/**
 * hook_free() - nobody hears of what runs any more
 *
 * Programs that were asked for an answer are ended, others go on.
 */
void hook_free(struct hook *hook);

/** hook_has() - is there a program or a plugin; false for no @hook at all */
bool hook_has(const struct hook *hook, enum hook_event event);

/**
 * hook_gone() - plugins forget what they keep of a client
 * @key: of the runs that this comes after
 */
void hook_gone(struct hook *hook, uint64_t client, const char *key);

/**
 * hook_reread() - what PAM is asked may have changed
 * @service: its name now, for messages
 *
 * The process finds out for itself: from here it could be told anything. Logins
 * that it has been asked about go on as they began, those of hook_run() from
 * now on are new ones.
 */
void hook_reread(struct hook *hook, const char *service);

/* variables */

/** hook_env_new() - with all variables of @base, which may be NULL */
struct hook_env *hook_env_new(const struct hook_env *base);
void hook_env_free(struct hook_env *env);

/**
 * hook_env_set() - set a variable
 * @name: what is neither a letter, a digit nor "_" becomes "_"
 * @value: what is not printable becomes "_"; NULL removes the variable
 *
 * What has no room any more is left out: peers can choose some of them.
 */
void hook_env_set(struct hook_env *env, const char *name, const char *value);
void hook_env_setf(struct hook_env *env, const char *name, const char *fmt,
		   ...) __attribute__((format(printf, 3, 4)));

/**
 * hook_env_peer_info() - IV_ and UV_ lines of a peer-info (section 5.4)
 *
 * As in OpenVPN, blanks become "_".
 */
void hook_env_peer_info(struct hook_env *env, const char *info);

/** hook_env_each() - "NAME=value", the newest first; NULL is allowed */
void hook_env_each(const struct hook_env *env,
		   void (*fn)(void *arg, const char *text), void *arg);

const char *hook_env_get(const struct hook_env *env, const char *name);

/* running */

enum hook_file_flag {
	HOOK_FILE_ARG = 1 << 0,		/* its path is the last argument */
	HOOK_FILE_RESULT = 1 << 1,	/* returned with the last word */
	HOOK_FILE_CONTROL = 1 << 2,	/* '0', '1' or '2': see hook_defer */
	HOOK_FILE_EARLY = 1 << 3,	/* returned with HOOK_DEFERRED, too */
	HOOK_FILE_CERT = 1 << 4,	/* only where there is a cert_dir */
	HOOK_FILE_PROGRAM = 1 << 5,	/* not for plugins; behind the others */
};

#define HOOK_FILES_MAX 4

/**
 * struct hook_file - a temporary file, for the time of one run
 * @env: variable that gets its path; NULL: none
 * @data, @len: what it holds; NULL: empty
 * @flags: of enum hook_file_flag
 */
struct hook_file {
	const char *env;
	const char *data;
	size_t len;
	unsigned int flags;
};

/* When is a program's answer to come later, in its control file: '1' or '0'? */
enum hook_defer {
	HOOK_DEFER_NEVER,
	HOOK_DEFER_STATUS,	/* its exit status is 2 */
	HOOK_DEFER_FILE,	/* it has written '2' there (section 11.4) */
};

/**
 * struct hook_run - one run; borrowed for the call
 * @key: whose it is
 * @client: who is behind it, of which plugins keep something; 0: nobody
 * @env: besides script_type and the administrator's
 * @plugin_env: instead of that, for plugins; NULL: the same
 * @ref: a deferred run whose files the program is told of; NULL: none
 * @timeout: seconds; 0: as set up
 * @defer_timeout: until an answer that comes later, from the start on; 0: the
 *	same
 */
struct hook_run {
	enum hook_event event;
	const char *key;
	uint64_t client;
	const char *const *args;
	size_t n_args;
	const struct hook_env *env, *plugin_env;
	struct hook_file files[HOOK_FILES_MAX];
	size_t n_files;
	enum hook_defer defer;
	const struct hook_job *ref;
	uint32_t timeout;
	uint32_t defer_timeout;
};

enum hook_status {
	HOOK_OK,
	HOOK_FAILED,
	HOOK_DEFERRED,		/* the last word comes later */
};

/**
 * struct hook_result - borrowed for the call
 * @why: for the log, of HOOK_FAILED: "exit status 1"
 * @files: as in the request; "" when not asked for
 */
struct hook_result {
	enum hook_status status;
	const char *why;
	struct {
		const char *data;	/* NUL-terminated */
		size_t len;
	} files[HOOK_FILES_MAX];
};

typedef void hook_done_fn(void *arg, const struct hook_result *result);

/**
 * hook_run() - have an event's program run
 * @done: called from the loop, last with a status other than HOOK_DEFERRED;
 *	NULL: nobody asks
 *
 * Return: the job, valid until its last call or hook_job_drop(); NULL when it
 * cannot be run.
 */
struct hook_job *hook_run(struct hook *hook, const struct hook_run *run,
			  hook_done_fn *done, void *arg);

/** hook_job_drop() - the result is of no interest any more; NULL is allowed */
void hook_job_drop(struct hook_job *job);

#endif
