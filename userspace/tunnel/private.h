/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TUNNEL_PRIVATE_H
#define TUNNEL_PRIVATE_H

#include "auth/auth.h"
#include "control/control.h"
#include "hook/hook.h"
#include "keygen/keygen.h"
#include "log/log.h"
#include "mem/mem.h"
#include "tunnel/tunnel.h"

/**
 * enum tunnel_state - of one tunnel
 *
 * ADMISSION: a server asks its administrator's files what applies to a client.
 * LAME_DUCK: a renegotiation has failed; the data keys carry traffic until they
 * die, or until the peer has come back in a new session (section 4.1).
 * ADOPTED: a peer of the data path that an earlier daemon left behind; it
 * carries traffic but has no control session.
 */
enum tunnel_state {
	TUNNEL_STATE_HANDSHAKE,
	TUNNEL_STATE_ADMISSION,
	TUNNEL_STATE_AUTHENTICATED,
	TUNNEL_STATE_CONNECTED,
	TUNNEL_STATE_LAME_DUCK,
	TUNNEL_STATE_ADOPTED,
	TUNNEL_STATE_EXITING,
	TUNNEL_STATE_DEAD,
};

struct tunnel_ccd;
struct tunnel_iroute;
struct tunnel_persist;
struct tunnel_v2;

/* On user name and password of the latest key exchange of a client. */
enum tunnel_verdict {
	TUNNEL_VERDICT_OK,
	TUNNEL_VERDICT_PENDING,
	TUNNEL_VERDICT_REFUSED,
};

#define TUNNEL_PENDING_MAX	1024	/* INFO_PRE (section 8.8) */
#define TUNNEL_USER_LINE_MAX	(PROTO_USER_PASS_MAX * 4 / 3 + 24)
#define TUNNEL_TOKEN_LINE_MAX	(AUTH_TOKEN_STRLEN + 16)

/**
 * struct tunnel_session - a control session and what its peer said there
 * @has_cookie: made by a packet with a cookie: its resets are answered
 *	without state
 * @peer_info, @occ: what a server's client said first; owned, NULL before
 * @reject: why nothing was agreed upon, for AUTH_FAILED; NULL: it was
 * @is_held: the exchange is complete, and waits for @verdict
 * @job: a program that is asked about it, or before it about certificates
 * @verify_depth: of the certificate that is being judged
 * @answer_job: a program that looks at an answer of the client
 * @kid: number of the exchange in the tunnel
 * @is_asked: the onlooker has not answered yet
 * @answer_timer: has answered; what follows does not happen inside his call
 * @lines: what he wants to be configured; owned
 * @reason: for AUTH_FAILED of a refused login; owned; NULL: none
 * @pending: what the client shall do meanwhile, until it has been told; owned
 * @token: of the login, with @has_token
 */
struct tunnel_session {
	struct tunnel *tunnel;
	struct control_session *control;
	bool has_cookie;
	struct control_params params;
	struct tls_peer identity;
	bool has_identity;
	char *peer_info, *occ;
	const char *reject;
	enum tunnel_verdict verdict;
	bool is_held;
	struct hook_job *job;
	size_t verify_depth;
	struct hook_job *answer_job;
	uint32_t kid;
	bool is_asked;
	struct loop_timer *answer_timer;
	char *lines;
	size_t lines_len;
	char username[PROTO_USER_PASS_MAX];
	char *reason;
	char *pending;
	uint32_t pending_timeout;
	bool has_token;
	struct auth_session token;
	const char *token_state;
	struct loop_timer *token_timer;
};

/**
 * struct tunnel_usage - what a peer had carried when its key was new
 * @look_at: ms; UINT64_MAX: no limit is configured
 */
struct tunnel_usage {
	uint64_t look_at;
	uint64_t bytes, packets;
};

/** struct tunnel_limit - session-timeout and inactive of a tunnel; 0: off */
struct tunnel_limit {
	uint32_t timeout, inactive;
	uint64_t bytes;
};

/**
 * struct tunnel_lifetime - when a connection ends by itself
 * @ends_at: ms, by session-timeout; UINT64_MAX: never
 * @look_at: ms, whether something has happened; UINT64_MAX: never
 * @bytes: carried until the last look
 */
struct tunnel_lifetime {
	struct tunnel_limit limit;
	uint64_t ends_at, look_at;
	uint64_t bytes;
};

/**
 * struct tunnel - one peer; owned by the host's registry
 * @active: the session that the tunnel lives by; NULL in ADOPTED and early
 * @untrusted: a new session of the same address that has not proved itself
 * @occ: the peer's options string
 * @has_pool_address: @vpn4 and @vpn6 are taken out of the server's pool, as far
 *	as they lie in it
 * @is_pooled: and nothing but the pool has chosen them
 * @push_wanted: PUSH_REQUEST came before the tunnel was ready
 * @is_expired: nothing authentic came for the keepalive's timeout
 * @is_tls_failed: it ends because a key exchange did
 * @dp_why: why userspace has to carry it; "" if it does not have to
 * @opened_at: ms
 * @later4, @later6: addresses that the client has got since; see address.c
 * @own_cfg: what is special about a server's client; NULL: nothing
 * @ccd: a file on its way
 * @said: lines of its client-connect, of @said_len bytes; owned; NULL: none
 * @is_reread_wanted: as soon as what is under way for it has ended
 * @is_resumed: an earlier process knew what it was pushed
 * @is_farewell: all that it is for is to tell a client to come again
 * @v2: a session that begins when the key it came with has been accepted
 * @job: a program of this tunnel's that runs, if its result is waited for
 * @username: of the login that the tunnel began with, with @has_username
 * @login_name: what the client has logged in with, if @username is another one,
 *	by override-username; NULL
 * @n_learned: addresses that learn-address has been told of
 * @is_hooked: client-disconnect is to be run at the end
 * @next_kid: of the next key exchange
 * @is_watched: the onlooker has been asked about it
 * @is_established: it has been connected
 * @stats: of its last peer in the data path, when that was taken away
 * @deadline: ms, when the state must have changed; UINT64_MAX for never
 * @link: the connection that it lives on; NULL with datagrams
 * @sock: the outer socket that it came by; see struct tunnel_outer
 */
struct tunnel {
	struct tunnel_host *host;
	struct mem_arena *arena;
	enum tunnel_state state;
	uint32_t peer_id;	/* key in the registry */
	uint32_t dp_id;		/* id in the data path; differs for a client */
	uint64_t cid;
	union net_addr remote, local;
	unsigned int sock;
	struct tunnel_link *link;
	struct tunnel *addr_next;	/* registry, by address */
	struct tunnel *dead_next;
	struct tunnel_session *active, *untrusted;
	const char *occ;
	char common_name[65];
	struct net_ip vpn4, vpn6;
	struct net_ip later4, later6;
	struct config *own_cfg;
	struct tunnel_ccd *ccd;
	char *said;
	size_t said_len;
	bool is_reread_wanted, is_resumed;
	bool is_farewell;
	struct tunnel_iroute *iroutes;
	struct tunnel_v2 *v2;
	struct hook_job *job;
	struct hook_env *hook_env;
	bool has_username;
	char username[PROTO_USER_PASS_MAX];
	const char *login_name;
	unsigned int n_learned;
	bool is_hooked;
	uint32_t next_kid;
	bool is_watched, is_established;
	struct dp_stats stats;
	char dp_why[80];
	bool has_dp_peer;
	bool has_pool_address, is_pooled;
	bool push_wanted;
	bool is_expired;
	bool is_tls_failed;
	struct keygen_rotation rotation;
	struct tunnel_usage usage;
	struct tunnel_lifetime lifetime;
	struct loop_timer *timer;
	uint64_t opened_at;
	uint64_t deadline;
	int64_t connected_since;
};

/* registry.c: address or peer id to tunnel; one place inserts, one removes */

struct tunnel_registry {
	struct tunnel **by_addr;
	struct tunnel **by_id;
	uint32_t n_buckets;	/* a power of two */
	uint32_t max_tunnels;
	uint32_t next_id;
	uint32_t n_tunnels;
	uint32_t seed;
};

int tunnel_registry_init(struct tunnel_registry *reg, uint32_t max_tunnels,
			 uint32_t seed);
void tunnel_registry_fini(struct tunnel_registry *reg);
int tunnel_registry_resize(struct tunnel_registry *reg, uint32_t max_tunnels);
int tunnel_registry_id(struct tunnel_registry *reg, uint32_t *id);
void tunnel_registry_insert(struct tunnel_registry *reg,
			    struct tunnel *tunnel);
void tunnel_registry_remove(struct tunnel_registry *reg,
			    struct tunnel *tunnel);
void tunnel_registry_move(struct tunnel_registry *reg, struct tunnel *tunnel,
			  const union net_addr *remote, unsigned int sock);
struct tunnel *tunnel_registry_addr(const struct tunnel_registry *reg,
				    const union net_addr *remote,
				    unsigned int sock);
struct tunnel *tunnel_registry_peer(const struct tunnel_registry *reg,
				    uint32_t peer_id);

/**
 * struct tunnel_role - what differs between server and client
 * @link_input: a control packet from a connection, see tunnel_link_input()
 * @link_up, @link_down: of a connection without a tunnel; may be NULL
 * @resume: after a restart, when nothing holds it up any more
 * @own_km2, @peer_km2, @message: see struct control_ops
 * @is_patient: a tunnel whose renegotiation failed waits for its peer to come
 *	back; otherwise it is closed, and this side comes back
 * @ready: a first key exchange is complete
 * @refused: an exchange is complete, but its login is refused; NULL: never
 * @rekeyed: the key of a renegotiation is installed; NULL: nothing to do
 * @closed: a tunnel is about to go; @why is for the log
 * @reloaded: the host has another configuration than @before; 0 or -ENOMEM
 * @reread: it has not, but what it reads besides may be another; likewise, or
 *	NULL
 */
struct tunnel_role {
	const char *name;
	bool is_patient;
	int (*start)(struct tunnel_host *host);
	struct tunnel *(*find)(struct tunnel_host *host, uint32_t dp_id);
	void (*input)(struct tunnel_host *host, const uint8_t *pkt, size_t len,
		      const struct tunnel_way *way);
	int (*link_input)(struct tunnel_host *host, struct tunnel_link *link,
			  const uint8_t *pkt, size_t len);
	void (*link_up)(struct tunnel_host *host, struct tunnel_link *link);
	void (*link_down)(struct tunnel_host *host, struct tunnel_link *link,
			  const char *why);
	int (*own_km2)(struct tunnel_session *ts, struct proto_km2 *km2);
	int (*peer_km2)(struct tunnel_session *ts,
			const struct proto_km2 *km2);
	void (*ready)(struct tunnel_session *ts);
	void (*refused)(struct tunnel_session *ts);
	void (*rekeyed)(struct tunnel_session *ts);
	void (*message)(struct tunnel_session *ts, const char *text);
	void (*timeout)(struct tunnel *tunnel);
	void (*closed)(struct tunnel *tunnel, const char *why);
	void (*stop)(struct tunnel_host *host);
	void (*restart)(struct tunnel_host *host, const char *why);
	void (*resume)(struct tunnel_host *host);
	int (*reloaded)(struct tunnel_host *host, const struct config *before);
	int (*reread)(struct tunnel_host *host);
	void (*free)(struct tunnel_host *host);
};

extern const struct tunnel_role tunnel_server_role;
extern const struct tunnel_role tunnel_client_role;

extern const struct tunnel_role tunnel_pair_role;

struct tunnel_limits;

/**
 * struct tunnel_server - what only a server has
 * @files: threads that read and write files
 * @routes: the configuration with what is known of the names of its routes;
 *	NULL: there are none
 * @names: those that are being looked up; NULL: none
 * @resolver: does that; NULL: there has never been one
 */
struct tunnel_server {
	struct control_pool *pool;
	struct loop_pool *files;
	struct config *routes;
	struct tunnel_route_names *names;
	struct loop_pool *resolver;
};

struct tunnel_pair;
struct tls_config;
struct tls_sign;
struct tunnel_client;
struct tunnel_identity;
struct tunnel_signer;
struct tunnel_applied;
struct tunnel_reload;
struct tunnel_route_names;

/** struct tunnel_occ - own options strings; @framed: for peers with comp-lzo */
struct tunnel_occ {
	char plain[PROTO_OPTIONS_MAX];
	char framed[PROTO_OPTIONS_MAX];
};

struct tunnel_host {
	struct tunnel_host_setup setup;
	const struct tunnel_role *role;
	struct loop_pool *tls_pool;
	struct tls_ctx *tls;	/* NULL: @identity is not complete */
	struct tunnel_identity *identity;	/* NULL: nobody is asked */
	struct tunnel_signer *signer;	/* NULL: the private key is here */
	struct wrap_key *wrap;	/* NULL: a key for each client only */
	struct wrap_v2 *v2;	/* server role with tls-crypt-v2 */
	struct wrap_v2_client *v2_client;
	struct control_env env;
	struct priv_link link;
	bool has_link;
	struct priv_link apart;	/* of peers apart */
	bool has_apart;
	struct dp *dp;
	char dp_reason[160];
	struct tunnel_registry reg;
	struct tunnel_occ occ[2];	/* UDP, TCP */
	uint64_t next_cid;
	int64_t started;
	struct tunnel *dead;
	struct loop_timer *reaper;
	struct loop_timer *exit_timer;
	struct tunnel_applied *applied;
	struct wrap_cookie *cookie;	/* of who waits; see first.c */
	struct tunnel_limits *limits;
	struct tunnel_server *server;
	struct tunnel_persist *persist;
	struct auth_keys *token_keys;	/* NULL: no tokens */
	uint8_t *token_seed;	/* of them, without auth-gen-token-secret */
	struct hook_env *hook_env;	/* NULL: no programs */
	bool is_hook_up;
	const char *last_signal;	/* why it ends, in OpenVPN's words */
	struct hook_env *names;	/* of name servers that are set; NULL: none */
	struct hook_job *names_job;	/* sets them; NULL: it has */
	struct tunnel_client *client;
	struct tunnel_pair *pair;
	const struct tunnel_watch *watch;	/* never NULL */
	void *watch_arg;
	tunnel_monitor_fn *monitor;	/* NULL: nobody */
	void *monitor_arg;
	struct dp_stats past;	/* of peers that have gone */
	bool is_started, is_held;
	enum tunnel_retry retry;
	struct tunnel_reload *reload;	/* one that is being prepared */
	bool is_stopping;
	bool is_left;	/* the next process goes on with the tunnels */
};

/* tunnel.c */
struct tunnel *tunnel_new(struct tunnel_host *host, uint32_t peer_id,
			  const struct tunnel_way *way);
void tunnel_enter_state(struct tunnel *tunnel, enum tunnel_state state);
const char *tunnel_state_name(enum tunnel_state state);
int tunnel_session_open(struct tunnel *tunnel,
			const struct control_origin *origin);
void tunnel_session_drop_untrusted(struct tunnel *tunnel);
void tunnel_session_proceed(struct tunnel_session *ts);
void tunnel_close(struct tunnel *tunnel, const char *why);
void tunnel_close_later(struct tunnel *tunnel, uint64_t delay_ms);
void tunnel_set_deadline(struct tunnel *tunnel, uint64_t at);
const char *tunnel_label(const struct tunnel *tunnel, char *out, size_t len);
void tunnel_host_reap(struct tunnel_host *host);
void tunnel_host_finish(struct tunnel_host *host, int status);

extern const struct control_ops tunnel_control_ops;

/* info.c, monitor.c */
void tunnel_info_fill(struct tunnel *tunnel, struct tunnel_info *out);
void tunnel_monitor_tell(struct tunnel *tunnel, enum tunnel_change change,
			 const char *why);

/* watch.c: what onlookers are told; @detail NULL: none */
void tunnel_watch_phase(struct tunnel_host *host, enum tunnel_phase phase,
			const char *detail);
bool tunnel_watch_hold(struct tunnel_host *host, uint64_t delay_ms);
void tunnel_watch_established(struct tunnel *tunnel);
void tunnel_watch_left(struct tunnel *tunnel);
void tunnel_watch_login(struct tunnel_session *ts, const struct hook_env *env);
void tunnel_watch_response(struct tunnel_session *ts, const char *text);
void tunnel_watch_echo(struct tunnel_host *host, const struct config *cfg);
void tunnel_watch_token(struct tunnel_host *host, const struct config *cfg);
void tunnel_watch_updown(struct tunnel_host *host, bool is_up);
extern const struct tunnel_watch tunnel_watch_none;

/* host.c */
void tunnel_host_env(struct tunnel_host *host);
int tunnel_host_occ(struct tunnel_host *host);
const char *tunnel_occ(const struct tunnel *tunnel, enum proto_framing framing);

/* sock.c: which of the outer sockets */
int tunnel_sock_fd(const struct tunnel_host *host, unsigned int sock);
bool tunnel_sock_of_fd(const struct tunnel_host *host, int fd,
		       unsigned int *sock);
uint64_t tunnel_sock_id(const struct tunnel_host *host, unsigned int sock);
bool tunnel_sock_of_id(const struct tunnel_host *host, uint64_t id,
		       unsigned int *sock);
unsigned int tunnel_sock_at(const struct tunnel_host *host,
			    const union net_addr *local);

/* link.c */
void tunnel_link_bind(struct tunnel *tunnel, struct tunnel_link *link);
void tunnel_link_release(struct tunnel *tunnel);

/* server.c: @is_allowed: by the administrator */
void tunnel_server_admitted(struct tunnel *tunnel, bool is_allowed);
void tunnel_server_learned(struct tunnel *tunnel, bool is_allowed);
int tunnel_server_assign(struct tunnel *tunnel);
void tunnel_server_refuse(struct tunnel *tunnel, const char *why);
void tunnel_server_addresses(const struct tunnel *tunnel,
			     struct control_push_reply *reply);

/* client_info.c */
void tunnel_info_abilities(const struct tunnel_host *host, char *out,
			   size_t len);

/* login.c: user names, passwords, tokens */
bool tunnel_login_is_on(const struct tunnel_host *host);
bool tunnel_login_name_fits(const struct tunnel_session *ts);
int tunnel_login_load(struct tunnel_host *host, char *err, size_t err_len);
int tunnel_login_check(struct tunnel_session *ts, const struct proto_km2 *km2);
void tunnel_login_hold(struct tunnel_session *ts);
void tunnel_login_fail(struct tunnel_session *ts, const char *why);
struct hook_env *tunnel_login_env(struct tunnel_session *ts);
int tunnel_login_answer(struct tunnel_session *ts, const char *why,
			const char *for_client);
int tunnel_login_wait_for(struct tunnel_session *ts, const char *text,
			  uint32_t timeout);
bool tunnel_login_token(struct tunnel_session *ts,
			char out[TUNNEL_TOKEN_LINE_MAX]);
void tunnel_login_override(struct tunnel_session *ts, const char *name);
bool tunnel_login_user(const struct tunnel_session *ts,
		       char out[TUNNEL_USER_LINE_MAX]);
void tunnel_login_arm(struct tunnel_session *ts);
void tunnel_login_renew(struct tunnel_session *ts);
uint64_t tunnel_login_wait(const struct config *cfg, const char *text);
void tunnel_login_pushed(struct config *applied, const char *text);

/* verify.c: certificates of a peer, and the answers of a client */
bool tunnel_verify_start(struct tunnel_session *ts);
void tunnel_verify_answer(struct tunnel_session *ts, const char *text);

/* v2.c: tls-crypt-v2-verify */
int tunnel_v2_ask(struct tunnel *tunnel, struct control_origin *origin,
		  const uint8_t *metadata, size_t metadata_len,
		  const uint8_t *pkt, size_t len);
void tunnel_v2_drop(struct tunnel *tunnel);

/* hooks.c: programs of the administrator's */
int tunnel_hook_init(struct tunnel_host *host);
struct hook_env *tunnel_hook_env(struct tunnel *tunnel);
struct hook_env *tunnel_hook_session_env(const struct tunnel_session *ts);
void tunnel_hook_chain_env(struct hook_env *env,
			   const struct tunnel_session *ts, size_t lowest);
void tunnel_hook_exported_env(struct hook_env *env,
			      const struct tunnel_session *ts);
void tunnel_hook_routes_env(struct tunnel_host *host, const struct config *cfg);
/* names.c */
bool tunnel_names_is_ours(const struct config *cfg);
void tunnel_names_foreign(struct hook_env *env, const struct config *cfg);
void tunnel_names_up(struct tunnel_host *host, const struct config *cfg);
void tunnel_names_down(struct tunnel_host *host);

void tunnel_hook_resumed(struct tunnel_host *host, const struct config *cfg);
void tunnel_hook_reloaded(struct tunnel_host *host);
void tunnel_hook_up(struct tunnel_host *host, const struct config *cfg,
		    bool is_restart);
void tunnel_hook_down(struct tunnel_host *host, const struct config *cfg,
		      bool is_restart, const char *signal);
void tunnel_hook_ipchange(struct tunnel *tunnel);
const struct hook_env *tunnel_hook_connected_env(struct tunnel *tunnel);
const struct hook_env *tunnel_hook_left_env(struct tunnel *tunnel);
int tunnel_hook_connect(struct tunnel *tunnel, hook_done_fn *done);
int tunnel_hook_learn(struct tunnel *tunnel, const struct net_prefix *what,
		      bool is_add, hook_done_fn *done);
void tunnel_hook_leave(struct tunnel *tunnel);
void tunnel_hook_gone(struct tunnel *tunnel);

/* policy.c: what the administrator says about one client */
const struct config *tunnel_cfg(const struct tunnel *tunnel);
void tunnel_policy_start(struct tunnel *tunnel);
void tunnel_policy_drop(struct tunnel *tunnel);
void tunnel_policy_learn(struct tunnel *tunnel);
bool tunnel_policy_address(const struct tunnel *tunnel, unsigned int n,
			   struct net_prefix *out);
bool tunnel_policy_forget(struct tunnel *tunnel, const struct net_prefix *dst);
int tunnel_policy_apply(struct tunnel *tunnel, const char *name,
			const char *text, size_t len);

/* address.c */
const struct net_ip *tunnel_address(const struct tunnel *tunnel,
				    sa_family_t family);
bool tunnel_address_is(const struct tunnel *tunnel, const struct net_ip *ip);
const char *tunnel_address_check(const struct tunnel *tunnel,
				 const struct net_ip *ip);
void tunnel_address_set(struct tunnel *tunnel, const struct net_ip *ip);
void tunnel_address_drop(struct tunnel *tunnel);

/* reread.c */
void tunnel_reread(struct tunnel *tunnel);

/**
 * struct tunnel_push_changes - see tunnel_push_changes()
 * @options: of PUSH_UPDATE; NULL: none
 * @has_others: some of what has changed cannot while the client is connected
 */
struct tunnel_push_changes {
	char *options;
	bool has_others;
};

/* update.c */
int tunnel_push_changes(const struct config *before, const struct config *after,
			struct tunnel_push_changes *out);
bool tunnel_push_is_own(const struct config *cfg, const char *option);
bool tunnel_push_update(struct tunnel *tunnel, const char *options);

/* ccd.c: client-config-dir; @err: 0 or -errno, then without @text */
typedef void tunnel_ccd_fn(struct tunnel *tunnel, const char *path, int err,
			   const char *text, size_t len);
int tunnel_ccd_path(const char *dir, const char *name, char *out);
int tunnel_ccd_read(struct tunnel *tunnel, tunnel_ccd_fn *done);
void tunnel_ccd_drop(struct tunnel *tunnel);

/**
 * struct tunnel_iroute_saved - a network behind a client
 * @is_behind: else it is only the way to the client's own address
 */
struct tunnel_iroute_saved {
	struct net_prefix dst;
	bool is_behind;
};

/* server_routes.c: the interface of a server */
int tunnel_server_routes(struct tunnel_host *host);
void tunnel_server_routes_free(struct tunnel_server *server);

/* route_names.c */

/**
 * tunnel_route_names() - look up the names of routes
 * @host: for @done
 * @cfg: has the routes, and gets what is found; it stays until @slot is empty
 * @pool: of one thread
 * @slot: not NULL from now on, until @done
 * @done: when all are known, as far as possible
 *
 * Return: false when there are none to look up; then @done is not called.
 */
bool tunnel_route_names(struct tunnel_host *host, struct config *cfg,
			struct loop_pool *pool,
			struct tunnel_route_names **slot,
			void (*done)(struct tunnel_host *host));

/** tunnel_route_names_keep() - @cfg has what @before knows of its names */
void tunnel_route_names_keep(struct config *cfg, const struct config *before);

/** tunnel_route_names_forget() - done() is not called any more */
void tunnel_route_names_forget(struct tunnel_route_names **slot);

/* iroute.c: networks behind a client */
void tunnel_iroutes_add(struct tunnel *tunnel);
bool tunnel_iroute_has(struct tunnel *tunnel, const struct net_prefix *dst);
void tunnel_iroute_add(struct tunnel *tunnel, const struct net_prefix *dst);
void tunnel_iroute_del(struct tunnel *tunnel, const struct net_prefix *dst);
int tunnel_iroutes_save(const struct tunnel *tunnel,
			struct tunnel_iroute_saved *out, size_t max);
int tunnel_iroutes_restore(struct tunnel *tunnel,
			   const struct tunnel_iroute_saved *in, size_t n);
void tunnel_iroutes_del(struct tunnel *tunnel);

/* persist.c: ifconfig-pool-persist */
int tunnel_persist_open(struct tunnel_host *host, char *err, size_t err_len);
int tunnel_persist_start(struct tunnel_host *host);
void tunnel_persist_close(struct tunnel_host *host);

/* first.c: a server's packets, from sources without a session above all */
int tunnel_first_start(struct tunnel_host *host);
void tunnel_first_free(struct tunnel_host *host);
void tunnel_first_input(struct tunnel_host *host, const uint8_t *pkt,
			size_t len, const struct tunnel_way *way);
int tunnel_first_link(struct tunnel_host *host, struct tunnel_link *link,
		      const uint8_t *pkt, size_t len);

/**
 * struct tunnel_pull - what the server has pushed (pull.c)
 * @lines: without secrets
 * @replaced: options that this sequence of PUSH_UPDATE has begun to set anew
 */
struct tunnel_pull {
	char **lines;
	size_t n, cap;
	uint32_t replaced;
};

void tunnel_pull_clear(struct tunnel_pull *pull);
int tunnel_pull_add(struct tunnel_pull *pull, const char *line);
int tunnel_pull_update(struct tunnel_pull *pull, const char *option);
bool tunnel_pull_is_updatable(const char *option, size_t len);
int tunnel_pull_message(struct tunnel_pull *pull, const char *text);
int tunnel_pull_config(struct tunnel_pull *pull, const struct config *own,
		       const struct config *before, struct config **out);
int tunnel_pull_params(struct tunnel_session *ts, const struct config *cfg,
		       uint32_t *peer_id);
int tunnel_pull_alone(struct tunnel_session *ts, const struct config *cfg,
		      uint32_t *peer_id);

/* usage.c: a key that has carried much is followed by the next */
void tunnel_usage_begin(struct tunnel *tunnel);
void tunnel_usage_step(struct tunnel *tunnel);

/* lifetime.c: inactive, session-timeout */
void tunnel_lifetime_begin(struct tunnel *tunnel);
void tunnel_lifetime_resume(struct tunnel *tunnel,
			    const struct tunnel_limit *limit);
uint64_t tunnel_lifetime_deadline(const struct tunnel *tunnel);
void tunnel_lifetime_step(struct tunnel *tunnel);

/* limits.c: what strangers may cost a server */
struct tunnel_limits *tunnel_limits_new(uint32_t seed);
void tunnel_limits_free(struct tunnel_limits *limits);
bool tunnel_limits_answer(struct tunnel_host *host,
			  const union net_addr *remote, bool is_stateless);
bool tunnel_limits_return(struct tunnel_host *host,
			  const struct proto_sid *cookie);
bool tunnel_limits_again(struct tunnel_host *host);
bool tunnel_limits_open(struct tunnel_host *host,
			const union net_addr *remote);

/* tls.c: who this host is, and whom it accepts */
int tunnel_tls_load(struct tunnel_host *host, char *err, size_t err_len);

/* identity.c: certificate and passphrase that somebody is asked for */
int tunnel_identity_open(struct tunnel_host *host);
bool tunnel_identity_can_wait(const struct tunnel_host *host, int err);
void tunnel_identity_ask(struct tunnel_host *host);
int tunnel_identity_fill(const struct tunnel_host *host,
			 struct tls_config *tls);
void tunnel_identity_forget(struct tunnel_host *host);
int tunnel_identity_copy(const struct tunnel_host *host,
			 struct tunnel_host *next);
void tunnel_identity_free(struct tunnel_host *host);

/* sign.c: signatures that somebody is asked for */
#define TUNNEL_SIGN_WAITERS 8	/* more of them keep no handshake waiting */
int tunnel_sign_open(struct tunnel_host *host);
int tunnel_sign(void *arg, const struct tls_sign *what, uint8_t *out,
		size_t *len);
void tunnel_sign_close(struct tunnel_host *host);
void tunnel_sign_free(struct tunnel_host *host);

/* survive.c: what the next process has to know */
void tunnel_survive_save(struct tunnel *tunnel);
void tunnel_survive_end(struct tunnel *tunnel);
struct dp_counter *tunnel_survive_key(struct tunnel *tunnel, uint8_t key_id,
				      const struct keygen_pair *pair);
int tunnel_survive_restore(struct tunnel_host *host);
int tunnel_survive_seed(struct tunnel_host *host);

/* farewell.c: clients of an earlier process that cannot go on */
int tunnel_farewell(struct tunnel_host *host, uint32_t peer_id,
		    const struct tunnel_way *way, const char *common_name,
		    const struct control_saved *saved);
void tunnel_farewell_heard(struct tunnel *tunnel);
uint32_t tunnel_farewell_all(struct tunnel_host *host);

/* reload.c */
void tunnel_reload_forget(struct tunnel_host *host);

/* keys.c: how control packets are wrapped */
int tunnel_keys_load(struct tunnel_host *host, char *err, size_t err_len);
void tunnel_keys_free(struct tunnel_host *host);

/* data.c: a tunnel's peer and keys in the data path */
const char *tunnel_data_special(const struct dp *dp,
				const struct control_params *params);
bool tunnel_data_is_apart(const struct tunnel *tunnel);
uint32_t tunnel_data_wire_id(const struct tunnel *tunnel);
int tunnel_data_connect(struct tunnel *tunnel, uint32_t tx_id,
			const struct config *cfg);
int tunnel_data_rekey(struct tunnel *tunnel);
void tunnel_data_next_key(struct tunnel *tunnel);
int tunnel_data_keepalive(struct tunnel *tunnel, const struct config *cfg);
int tunnel_data_peer(struct tunnel *tunnel, uint32_t tx_id,
		     const struct config *cfg);
int tunnel_data_install(struct tunnel *tunnel, enum dp_slot slot,
			uint8_t key_id, const struct keygen_pair *pair,
			struct dp_counter *live);
void tunnel_data_disconnect(struct tunnel *tunnel);
void tunnel_data_step(struct tunnel *tunnel);
uint16_t tunnel_data_mss(const struct config *cfg);
extern const struct dp_events tunnel_data_events;

/* device.c: the virtual interface, its addresses and routes */
const char *tunnel_device_user_only(const struct config *cfg);
unsigned int tunnel_device_threads(const struct config *cfg);
int tunnel_device_open(struct tunnel_host *host, char *err, size_t err_len);
void tunnel_device_gateway(struct tunnel_host *host, sa_family_t family,
			   struct net_ip *out);
int tunnel_device_apply(struct tunnel_host *host, const struct config *cfg,
			const union net_addr *server);
void tunnel_device_undo(struct tunnel_host *host);

/* kept.c: one that outlives the process */
int tunnel_kept_tun(struct tunnel_host *host);
int tunnel_kept_name(struct tunnel_host *host, char name[16]);
bool tunnel_kept_goes_on(struct tunnel_host *host);
void tunnel_keep_device(struct tunnel_host *host);

/* apart.c: a second one, of peers apart */
int tunnel_device_apart(struct tunnel_host *host);

#endif
