/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MGMT_IFACE_H
#define MGMT_IFACE_H

#include <stdarg.h>

#include "hook/hook.h"
#include "log/log.h"
#include "mem/mem.h"
#include "mgmt/private.h"
#include "proto/proto.h"

/*
 * OpenVPN's management interface (section 10), as 2.6 speaks it: programs read
 * its words and its punctuation. One program at a time is connected; what it
 * does not read is kept up to a limit, then it is cut off, so that it can hold
 * up nobody and fill no memory.
 */

#define MGMT_IFACE_VERSION	5	/* that of OpenVPN 2.6 */
#define MGMT_IFACE_OUT_MAX	(32u << 20)	/* the status of many clients */
#define MGMT_IFACE_BACKLOG	(1u << 20)	/* what is told unasked */
#define MGMT_IFACE_EXTRA_MAX	65536u		/* lines of one client-auth */
#define MGMT_IFACE_HISTORY	100u		/* states, echoes */
#define MGMT_IFACE_TRIES	3		/* passwords */

/* iface_line.c: pure */

#define MGMT_LINE_MAX_LEN	1024u
#define MGMT_WORD_MAX		256u	/* without NUL */
#define MGMT_WORDS		16

/** struct mgmt_line - bytes become lines; zero at the beginning */
struct mgmt_line {
	char text[MGMT_LINE_MAX_LEN + 1];
	size_t len;
	bool is_whole;
};

/**
 * mgmt_line_feed() - one more byte
 *
 * What is not printable is left out; a line that is too long is forgotten, and
 * begins anew where it was too long, as in OpenVPN.
 *
 * Return: is @text a whole line now, without its end.
 */
bool mgmt_line_feed(struct mgmt_line *line, unsigned char c);

/** struct mgmt_words - a line, split; they are inside @buf */
struct mgmt_words {
	const char *word[MGMT_WORDS + 1];	/* NULL behind the last one */
	int n;
	char buf[MGMT_LINE_MAX_LEN + MGMT_WORDS + 1];
};

/**
 * mgmt_words_split() - by the rules of the configuration file (section 10.1)
 * @err: what the client is told
 *
 * Return: 0, also without any word, or -EINVAL.
 */
int mgmt_words_split(const char *line, struct mgmt_words *out, char *err,
		     size_t err_len);

/* iface_ring.c: the last lines */

struct mgmt_ring {
	char **lines;
	unsigned int cap, n, at;	/* the newest is before @at */
};

int mgmt_ring_init(struct mgmt_ring *ring, unsigned int cap);
void mgmt_ring_fini(struct mgmt_ring *ring);

/** mgmt_ring_add() - a copy; without memory the line is not there */
void mgmt_ring_add(struct mgmt_ring *ring, const char *line);

/** mgmt_ring_get() - @back 0: the newest one; NULL: there is none */
const char *mgmt_ring_get(const struct mgmt_ring *ring, unsigned int back);

/* iface_conn.c: the program at the other end */

/**
 * struct mgmt_conn - one program's connection, fd -1 without one
 * @listen_fd: -1: none
 * @out, @sent: what it has not read, and how much of that has left
 * @kick: what was said outside of its own events is sent soon
 * @is_closing: when all is sent; @is_broken: at once
 */
struct mgmt_conn {
	struct mgmt_iface *iface;
	int listen_fd, fd;
	struct loop_io *listen_io, *io;
	struct loop_timer *kick;
	struct mgmt_line line;
	struct mem_buf out;
	size_t sent;
	char path[MGMT_PATH_MAX];	/* of a local socket; "" */
	uid_t uid;			/* whose programs may connect */
	gid_t gid;
	bool has_uid, has_gid;
	bool is_closing, is_broken;
};

int mgmt_conn_open(struct mgmt_conn *conn, const struct config *cfg, char *err,
		   size_t err_len);
void mgmt_conn_close(struct mgmt_conn *conn);

/** mgmt_conn_write() - a line without its end; one without room breaks it */
void mgmt_conn_write(struct mgmt_conn *conn, const char *text, size_t len);

/** mgmt_conn_prompt() - the same without a line's end */
void mgmt_conn_prompt(struct mgmt_conn *conn, const char *text);

/** mgmt_conn_flush() - send what can be sent */
void mgmt_conn_flush(struct mgmt_conn *conn);

/* iface.c */

/* What the lines belong to that come until END. */
enum mgmt_extra {
	MGMT_EXTRA_NONE,
	MGMT_EXTRA_CLIENT_AUTH,
	MGMT_EXTRA_SIGNATURE,
	MGMT_EXTRA_CERTIFICATE,
	MGMT_EXTRA_PASSWORD,
};

/**
 * struct mgmt_iface - the interface
 * @is_welcome: the program has said the password, if there is one
 * @log_next: number of the line that it gets next
 * @special: what is waited for, told to each who connects; NULL: nothing
 * @signature: likewise, of a signature
 * @is_rsa_sign: it was asked for in the oldest way
 * @is_released: "hold release" has been said, and holds until the next restart
 * @bytecount: seconds; 0: off
 */
struct mgmt_iface {
	struct loop *loop;
	struct tunnel_host *host;
	char challenge[160];	/* " SC:1,text" of static-challenge; "" */
	bool is_server;
	struct mgmt_conn conn;
	struct mgmt_ring states, echoes;
	bool is_welcome;
	unsigned int n_tries;
	bool has_states, has_log, has_echoes;
	uint64_t log_next;
	int log_fd;
	struct loop_io *log_io;
	struct loop_timer *bytecount_timer;
	unsigned int bytecount;
	char *special, *signature;
	bool is_rsa_sign;
	char exit_reason[64];		/* "": the daemon does not end */
	bool is_ending;
	bool is_hold, is_released;
	bool is_signal, is_forgetful, is_updown;	/* as configured */
	bool is_username_only;		/* likewise */
	bool is_outgoing;		/* management-client */
	char *password;			/* of who connects; NULL: none */
	int status_version;
	struct mgmt_query *query;
	int verb, mute;
	int env_filter;
	enum mgmt_extra extra_of;	/* lines that are coming */
	uint64_t extra_cid;
	uint32_t extra_kid;
	struct mem_buf extra;
	bool is_extra_full;
	int client_version;
};

/** mgmt_iface_say() - one line for the program, if there is one */
void mgmt_iface_say(struct mgmt_iface *iface, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** mgmt_iface_tell() - the same, unasked: dropped with who does not read */
void mgmt_iface_tell(struct mgmt_iface *iface, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* what a connection tells its interface */
void mgmt_iface_joined(struct mgmt_iface *iface);
void mgmt_iface_left(struct mgmt_iface *iface);

/** mgmt_iface_line() - a line has come */
void mgmt_iface_line(struct mgmt_iface *iface, const char *line);

/** mgmt_iface_again() - all lines that had come have been dealt with */
void mgmt_iface_again(struct mgmt_iface *iface);

/** mgmt_iface_is_quiet() - no restart may be asked for now */
bool mgmt_iface_is_quiet(const struct mgmt_iface *iface);

/** mgmt_iface_wait_for() - tell this to who connects, too, until it is NULL */
void mgmt_iface_wait_for(struct mgmt_iface *iface, const char *what);

/** mgmt_iface_tell_line() - a line as it is, of any length, unasked */
void mgmt_iface_tell_line(struct mgmt_iface *iface, const char *line);

/** mgmt_iface_extra_reset() - lines that were coming are not any more */
void mgmt_iface_extra_reset(struct mgmt_iface *iface);

/** mgmt_iface_is_ready() - has the host begun; no: says so */
bool mgmt_iface_is_ready(struct mgmt_iface *iface, const char *name);

/** mgmt_iface_env() - variables, with the end of their list */
void mgmt_iface_env(struct mgmt_iface *iface, const char *kind,
		    const struct hook_env *env);

/** mgmt_iface_release() - what is held goes on */
void mgmt_iface_release(struct mgmt_iface *iface);

/* iface_log.c */
int mgmt_iface_log_open(struct mgmt_iface *iface, uint32_t n_lines);
void mgmt_iface_log_close(struct mgmt_iface *iface);
void mgmt_iface_log_show(struct mgmt_iface *iface, unsigned int n);

/* iface_command.c */

/** mgmt_command_run() - carry out what the program wants */
void mgmt_command_run(struct mgmt_iface *iface, const struct mgmt_words *words);

/** mgmt_command_unsupported() - not in this role, or not yet */
void mgmt_command_unsupported(struct mgmt_iface *iface, const char *name);

/** mgmt_command_fn - carry out one command; @w: its words, NULL behind them */
typedef void mgmt_command_fn(struct mgmt_iface *iface, const char *const *w);

/* iface_query.c: user names and passwords of a client */

/**
 * struct mgmt_query - in secret memory; what has been entered so far
 * @type: what it is about, in OpenVPN's words
 * @has_no_password: only the user name is wanted
 * @has_lines: those of its password are coming
 */
struct mgmt_query {
	bool is_open, has_no_password, has_lines;
	const char *type;
	char username[PROTO_USER_PASS_MAX], password[PROTO_USER_PASS_MAX];
	bool has_password;		/* an empty one is one */
};

mgmt_command_fn mgmt_query_username, mgmt_query_password, mgmt_query_forget,
	mgmt_query_retry, mgmt_query_respond, mgmt_query_remote,
	mgmt_query_proxy;
void mgmt_query_login(void *arg);
void mgmt_query_passphrase(void *arg);

/** mgmt_query_lines() - all lines of a password have come */
void mgmt_query_lines(struct mgmt_iface *iface);
void mgmt_query_passphrase_failed(void *arg);
void mgmt_query_server(void *arg, const struct config_remote *remote);
void mgmt_query_way(void *arg, unsigned int n,
		    const struct config_remote *remote);

/** mgmt_remote_proto() - "udp4", "tcp-client"; returns @out */
#define MGMT_PROTO_STRLEN 16
const char *mgmt_remote_proto(const struct config_remote *remote,
			      char out[MGMT_PROTO_STRLEN]);

void mgmt_query_failed(void *arg, const char *reason);
void mgmt_query_token(void *arg, const char *token);

/* iface_show.c: what is asked, iface_client.c: a server's clients */
mgmt_command_fn mgmt_show_help, mgmt_show_version, mgmt_show_pid,
	mgmt_show_status, mgmt_show_state, mgmt_show_log, mgmt_show_echo,
	mgmt_show_load, mgmt_show_clients, mgmt_show_net, mgmt_show_test,
	mgmt_show_remotes, mgmt_show_remote_count;
mgmt_command_fn mgmt_client_kill, mgmt_client_end;
mgmt_command_fn mgmt_client_push_all, mgmt_client_push_one;
void mgmt_client_bytes(struct mgmt_iface *iface);
bool mgmt_client_is_ready(struct mgmt_iface *iface, const char *name);
bool mgmt_client_cid(struct mgmt_iface *iface, const char *word, uint64_t *cid);

/* iface_auth.c: who of them may come in */
mgmt_command_fn mgmt_auth_accept, mgmt_auth_accept_plain, mgmt_auth_refuse,
	mgmt_auth_pending;

/** mgmt_auth_finish() - all lines of client-auth have come */
void mgmt_auth_finish(struct mgmt_iface *iface);

/* iface_identity.c: the own certificate, and what its key signs */
mgmt_command_fn mgmt_identity_sign, mgmt_identity_show;
void mgmt_identity_certificate(void *arg, const char *hint);
void mgmt_identity_signature(void *arg, const char *what,
			     const char *algorithm);

/** mgmt_identity_finish() - all lines of an answer have come */
void mgmt_identity_finish(struct mgmt_iface *iface, enum mgmt_extra what);

/* struct tunnel_watch */
void mgmt_client_login(void *arg, const struct tunnel_note *note);
void mgmt_client_established(void *arg, const struct tunnel_note *note);
void mgmt_client_left(void *arg, const struct tunnel_note *note);
void mgmt_client_address(void *arg, uint64_t cid,
			 const struct net_prefix *what, bool is_own);
void mgmt_client_response(void *arg, const struct tunnel_note *note,
			  const char *text);

#endif
