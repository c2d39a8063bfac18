/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOOK_RUN_H
#define HOOK_RUN_H

#include <limits.h>
#include <sys/types.h>

#include "hook/wire.h"

/*
 * Inside the processes that do what the daemon asks for: a loop, a socket to
 * the daemon, runs with their files. A run is a program, or a call of a plugin.
 */

#define RUNNER_SOCK_FD	3

struct run;
struct runner;
struct plugin;
struct pam;

/**
 * struct runner_kind - what a process does
 * @start: begin a run whose files are there. Return: 0; run_ended() follows,
 *	perhaps from inside; or -errno
 * @gone: the daemon has forgotten a client; NULL: no matter
 * @reread: what it does may be something else now; NULL: it cannot be
 * @end: before the process ends; NULL: nothing
 */
struct runner_kind {
	int (*start)(struct run *run, const struct hook_request *req);
	void (*gone)(struct runner *runner, uint64_t client);
	void (*reread)(struct runner *runner);
	void (*end)(struct runner *runner);
};

/**
 * struct runner - the process
 * @uid, @gid: of programs, with @has_ids
 * @is_orphan: the daemon has gone
 * @home: of PAM: the folder that it was forked in
 */
struct runner {
	const struct runner_kind *kind;
	struct loop *loop;
	struct loop_io *io;
	const struct hook_setup *setup;
	struct plugin *plugin;
	struct pam *pam;
	bool has_ids;
	uid_t uid;
	gid_t gid;
	struct run *runs;
	bool is_orphan;
	int home;
	uint8_t buf[HOOK_MESSAGE_MAX];
};

/** struct run_file - @path: "" for none; @data: as read last, wiped */
struct run_file {
	char path[PATH_MAX];
	char env[64];
	unsigned int flags;
	char *data;
	size_t len;
};

/**
 * struct run - one run and its files
 * @process: what runs for it; NULL: nothing, or it has ended
 * @kill: sends it a signal
 * @look: of a plugin: asked for the result of what it has put off; NULL: only
 *	the control file is
 * @data: of @look
 * @end: loop time
 * @uid: whose the files are
 */
struct run {
	struct run *next;
	struct runner *runner;
	uint32_t id;
	uint64_t client;
	enum hook_event event;
	enum hook_defer defer;
	void *process;
	void (*kill)(struct run *run, int signum);
	enum hook_status (*look)(struct run *run);
	void *data;
	struct loop_timer *timer;
	uint64_t end;
	bool is_killed;
	uid_t uid;
	size_t n_files;
	struct run_file files[HOOK_FILES_MAX];
};

/* run.c: files, answers, what is put off */
struct run *run_new(struct runner *runner, const struct hook_request *req);
struct run *run_by_id(const struct runner *runner, uint32_t id);
int run_file_make(struct run *run, const struct hook_file *in);
int run_file_append(struct run *run, size_t i, const char *text);
void run_free(struct run *run);
void run_finish(struct run *run, enum hook_status status, int32_t code);
void run_look(struct run *run, bool is_first);

/** run_ended() - a program has: its exit status, or the signal that ended it */
void run_ended(struct run *run, int status, int signum);

/** struct run_env - the variables of a run; large, one at a time */
#define RUN_ENV_MAX	(HOOK_ENV_MAX + 256)

struct run_env {
	char *list[RUN_ENV_MAX + 1];
	size_t n;
	char paths[2 * HOOK_FILES_MAX][PATH_MAX + 66];
	size_t n_paths;
	char type[64];
};

void run_env_fill(struct run_env *env, const struct run *run,
		  const struct hook_request *req);
void run_env_fill_up(struct run_env *env, const struct hook_env *begin);

/* runner.c */
void runner_check_end(struct runner *runner);
bool runner_has_first_rights(enum hook_event event);
int runner_reply(const struct hook_reply *reply);
int runner_drop(struct runner *runner);

/* program.c */
extern const struct runner_kind runner_program;

/* plugin.c */
extern const struct runner_kind runner_plugin;

/* pam.c */
extern const struct runner_kind runner_pam;
int pam_open(struct runner *runner, const char *const *argv, char *err,
	     size_t err_len);

/* dns.c */
extern const struct runner_kind runner_dns;

/* plugin.c: load it, and say so; 0, or -errno with @err */
int plugin_open(struct runner *runner, const struct hook_plugin *what,
		uint32_t *events, char *err, size_t err_len);

#endif
