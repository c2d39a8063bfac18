/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOOK_WIRE_H
#define HOOK_WIRE_H

#include "hook/hook.h"
#include "mem/mem.h"

/*
 * Between the daemon and the process that runs programs: a message is a request
 * or a reply (SOCK_SEQPACKET). Integers are big endian, strings end with NUL.
 * Neither side takes a message for granted.
 */

#define HOOK_MESSAGE_MAX	(128u * 1024)
#define HOOK_ARGS_MAX		32
#define HOOK_ENV_MAX		1024
#define HOOK_RESULT_MAX		(64u * 1024)	/* all files of a reply */

/* Replies that answer no request: a plugin is loaded, or has a message. */
#define HOOK_ID_READY		0u
#define HOOK_ID_LOG		UINT32_MAX

/* In the place of an event: the daemon has forgotten a client. */
#define HOOK_WIRE_GONE		((enum hook_event)HOOK_EVENTS)
/* Likewise: the process looks for itself what it is to do from now on. */
#define HOOK_WIRE_REREAD	((enum hook_event)(HOOK_EVENTS + 1))

/** struct hook_request - parsed; everything is inside the message */
struct hook_request {
	uint32_t id;
	uint32_t ref;			/* id of another run, 0: none */
	uint64_t client;
	enum hook_event event;
	enum hook_defer defer;
	uint32_t timeout, defer_timeout;	/* seconds */
	size_t n_args, n_env, n_files;
	const char *args[HOOK_ARGS_MAX];
	const char *env[HOOK_ENV_MAX];
	struct hook_file files[HOOK_FILES_MAX];
};

struct hook_reply {
	uint32_t id;
	enum hook_status status;
	/* exit status, -signal, or -1000 - errno; events; level */
	int32_t code;
	size_t n_files;
	struct hook_file files[HOOK_FILES_MAX];	/* @data and @len */
};

/* 0 or -EMSGSIZE */
int hook_wire_request(struct mem_buf *out, uint32_t id, uint32_t ref,
		      const struct hook_run *run, const char *const *env,
		      size_t n_env, uint32_t timeout);
int hook_wire_reply(struct mem_buf *out, const struct hook_reply *reply);

/* 0 or -EBADMSG */
int hook_wire_request_parse(const uint8_t *msg, size_t len,
			    struct hook_request *out);
int hook_wire_reply_parse(const uint8_t *msg, size_t len,
			  struct hook_reply *out);

/* may the daemon set a variable of this name */
bool hook_wire_name_is_harmless(const char *assignment);

/* hook.c: is an answer all that the event's program is for */
bool hook_is_question(enum hook_event event);

/* env.c: the assignments, and how many */
const char *const *hook_env_list(const struct hook_env *env, size_t *n);

/* runner.c: the process itself; @plugin NULL: it runs programs */
void hook_runner_main(const struct hook_setup *setup,
		      const struct hook_plugin *plugin, int sock)
	__attribute__((noreturn));

#endif
