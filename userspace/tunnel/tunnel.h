/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TUNNEL_TUNNEL_H
#define TUNNEL_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "dp/dp.h"
#include "hook/hook.h"
#include "keep/keep.h"
#include "loop/loop.h"
#include "net/net.h"
#include "priv/priv.h"

/*
 * VPN tunnel state: everything that one process knows about its tunnels. A
 * tunnel is one peer: its control sessions, its keys, its addresses and its
 * peer in the data path. The host owns the tunnels, the registry in which
 * packets find them, and what they share: device, data path, TLS context.
 */

struct tunnel;
struct tunnel_host;
struct tunnel_link;

/**
 * struct tunnel_way - the two ends of a datagram's way; borrowed
 * @local: AF_UNSPEC: not known, or chosen by routing
 * @sock: which of the outer sockets, from 0 on
 */
struct tunnel_way {
	const union net_addr *remote, *local;
	unsigned int sock;
};

/**
 * struct tunnel_link_ops - what can be done with a connection
 * @send: one packet, behind those before it; must not call back. Return: 0; 1
 *	when it was taken but data should wait for tunnel_link_ready(); or
 *	-errno, when it was dropped
 * @fd: the connected socket
 * @hand_over: the data path reads and writes the stream from now on, see
 *	tunnel_host_hands_over(). Return: 0; -EBUSY, when a part of a packet has
 *	been sent and the peer does not take the rest
 * @keep: as long as it is there it will not be handed over
 * @close: give the link back; the connection is closed
 */
struct tunnel_link_ops {
	int (*send)(struct tunnel_link *link, const uint8_t *pkt, size_t len,
		    bool is_data);
	int (*fd)(const struct tunnel_link *link);
	int (*hand_over)(struct tunnel_link *link);
	void (*keep)(struct tunnel_link *link);
	void (*close)(struct tunnel_link *link);
};

/**
 * struct tunnel_link - one connection of a stream transport
 * @remote, @local: its ends
 * @sock: the outer socket that it came in by; 0 in the client role
 * @tunnel: that lives on it; NULL: none yet. extmux/ only asks whether there is
 * @relay: not AF_UNSPEC: the connection is to a proxy, and as long as it lasts
 *	datagrams to this address go to the remote and back
 *
 * Belongs to extmux/. Tunnels borrow it, until tunnel_link_down() takes it away
 * or they call @ops->close.
 */
struct tunnel_link {
	const struct tunnel_link_ops *ops;
	union net_addr remote, local;
	unsigned int sock;
	union net_addr relay;
	struct tunnel *tunnel;
};

/**
 * struct tunnel_outer - the outer network, as extmux/ offers it
 * @open: client role: a fresh socket for datagrams to @remote
 * @close: client role: close that socket
 * @connect: client role: begin a connection to @remote, or to @via's proxy,
 *	whose address @remote is then. tunnel_link_up() or tunnel_link_down()
 *	says how it went. Return: 0 or -errno
 * @send: transmit one control packet in a datagram; 0 or -errno
 * @fd: a transport socket; that of a server's connections is one that they
 *	come in at; -1 when closed; -ENOENT behind the last one
 * @divide: server role, datagrams: from now on data packets without a peer id,
 *	or with DP_ID_APART in it, do not come through these sockets but through
 *	others. NULL: never; 0 or -errno, then nothing has changed
 * @drain: take the datagrams that wait since before there were sockets of data
 *	threads, so that they go first; NULL: there are none
 * @gather: what comes from now on stays in these sockets, for the next process;
 *	NULL: nothing comes by others
 */
struct tunnel_outer {
	int (*open)(void *arg, const union net_addr *remote);
	void (*close)(void *arg);
	int (*connect)(void *arg, const union net_addr *remote,
		       const struct config_remote *via,
		       struct tunnel_link **link);
	int (*send)(void *arg, const struct tunnel_way *way,
		    const uint8_t *pkt, size_t len);
	int (*fd)(void *arg, unsigned int sock);
	int (*divide)(void *arg);
	void (*drain)(void *arg);
	void (*gather)(void *arg);
	void *arg;
};

/**
 * struct tunnel_host_setup - what a host works with; all outlive it
 * @loop: ended by the host when it has nothing more to do
 * @hook: of tunnel_hook_start()
 * @keep: what outlives the process; NULL: nothing
 */
struct tunnel_host_setup {
	struct loop *loop;
	const struct config *cfg;
	struct priv *priv;
	struct tunnel_outer outer;
	struct hook *hook;
	struct keep *keep;
};

/**
 * tunnel_hook_start() - the process that runs the administrator's programs
 * @out: freed by hook_free(); NULL when none are configured
 * @err: one line for the operator
 *
 * Context: with the first rights, before there are threads or a loop.
 * Return: 0 or -errno.
 */
int tunnel_hook_start(const struct config *cfg, struct hook **out, char *err,
		      size_t err_len);

/**
 * tunnel_check() - load what a configuration names, and say what it will do
 * @cfg: freed
 *
 * Return: 0, or 1 with the reason on stderr.
 */
int tunnel_check(struct config *cfg);

/**
 * tunnel_host_new() - load keys and certificates, make device and data path
 * @err: one line for the operator when it fails
 *
 * Context: before privileges are dropped.
 * Return: 0 or -errno.
 */
int tunnel_host_new(const struct tunnel_host_setup *setup,
		    struct tunnel_host **out, char *err, size_t err_len);

/** tunnel_host_start() - serve, or begin to connect; 0, or -errno and @err */
int tunnel_host_start(struct tunnel_host *host, char *err, size_t err_len);

/** tunnel_host_input() - one datagram from the outer network */
void tunnel_host_input(struct tunnel_host *host, const uint8_t *pkt,
		       size_t len, const struct tunnel_way *way);

/**
 * tunnel_host_batch_begin() - datagrams follow that arrived together
 *
 * Data packets among them may wait for each other until
 * tunnel_host_batch_end().
 */
void tunnel_host_batch_begin(struct tunnel_host *host);
void tunnel_host_batch_end(struct tunnel_host *host);

/**
 * tunnel_host_data_threads() - how many sockets the data path wants beside each
 * of datagrams
 */
unsigned int tunnel_host_data_threads(const struct tunnel_host *host);

/** tunnel_host_sockets_add() - see dp_sockets_add() */
int tunnel_host_sockets_add(struct tunnel_host *host, int main_fd,
			    const int *fds);
void tunnel_host_sockets_del(struct tunnel_host *host, int main_fd);

/**
 * tunnel_link_input() - one packet from a connection
 * @link: may be closed on return
 *
 * Return: 0, or -errno why the connection is of no more use: on a stream nobody
 * but the peer can have sent what is wrong.
 */
int tunnel_link_input(struct tunnel_host *host, struct tunnel_link *link,
		      const uint8_t *pkt, size_t len);

/**
 * tunnel_host_hands_over() - will connections be given to the data path?
 *
 * Return: true when @hand_over may be called, so that no more than whole
 * records may be taken from their sockets.
 */
bool tunnel_host_hands_over(const struct tunnel_host *host);

/** tunnel_link_up() - client role: the connection is there */
void tunnel_link_up(struct tunnel_host *host, struct tunnel_link *link);

/**
 * tunnel_link_down() - the connection has ended, or could not be made
 * @link: must not be used any more after this
 * @why: for the log
 */
void tunnel_link_down(struct tunnel_host *host, struct tunnel_link *link,
		      const char *why);

/** tunnel_link_ready() - there is room for data again */
void tunnel_link_ready(struct tunnel_host *host, struct tunnel_link *link);

/**
 * tunnel_host_stop() - say goodbye to the peers, then end the loop
 *
 * Takes as long as explicit-exit-notify allows; a second call does not wait.
 */
void tunnel_host_stop(struct tunnel_host *host);

/**
 * tunnel_host_reload() - go on with another configuration
 * @cfg: result of config_merge(); when @done says 0 it is in use, and the one
 *	before is not, but by copies
 * @done: called once, from the loop; @err: -errno, with one line in @why
 *
 * Certificates, keys and lists are loaded by a worker; nothing changes before
 * all of them are good. No tunnel ends.
 *
 * Return: 0, -EBUSY while another one is on its way or before the start, or
 * -ENOMEM; then @done is not called.
 */
int tunnel_host_reload(struct tunnel_host *host, const struct config *cfg,
		       void (*done)(void *arg, int err, const char *why),
		       void *arg);

/**
 * tunnel_host_reread() - the configuration is the same, but a server reads the
 * files of its clients again, and looks up the names of its routes
 *
 * Return: 0 or -errno: routes cannot be set.
 */
int tunnel_host_reread(struct tunnel_host *host);

/** tunnel_host_restart() - client: connect anew; server: drop all tunnels */
void tunnel_host_restart(struct tunnel_host *host, const char *why);

/**
 * tunnel_host_leave() - end the loop with LEFT, and leave the tunnels to the
 * next process, which is to be started
 *
 * The caller ends the process without freeing the host.
 *
 * Return: 0, or -ENOENT when nobody keeps them meanwhile.
 */
#define TUNNEL_STATUS_LEFT 75
int tunnel_host_leave(struct tunnel_host *host);

/* who looks on (section 10) */

/** enum tunnel_phase - of the host, as OpenVPN's management interface has it */
enum tunnel_phase {
	TUNNEL_PHASE_CONNECTING,
	TUNNEL_PHASE_RESOLVE,
	TUNNEL_PHASE_TCP_CONNECT,
	TUNNEL_PHASE_WAIT,
	TUNNEL_PHASE_AUTH,
	TUNNEL_PHASE_AUTH_PENDING,
	TUNNEL_PHASE_GET_CONFIG,
	TUNNEL_PHASE_ASSIGN_IP,
	TUNNEL_PHASE_ADD_ROUTES,
	TUNNEL_PHASE_CONNECTED,
	TUNNEL_PHASE_RECONNECTING,
	TUNNEL_PHASE_EXITING,
};

/**
 * struct tunnel_event - a phase begins
 * @detail: ""; "SUCCESS"; or why
 * @vpn4, @vpn6: of the device, where that matters; else AF_UNSPEC
 * @remote, @local: likewise, of the transport
 */
struct tunnel_event {
	enum tunnel_phase phase;
	const char *detail;
	struct net_ip vpn4, vpn6;
	union net_addr remote, local;
};

/**
 * struct tunnel_note - of a server's client
 * @kid: which key exchange, counted in its connection
 * @is_again: it is connected, and exchanges the next key
 * @peer_info: what it says of itself; NULL: nothing
 * @env: as programs get them; with the password, while it is decided upon
 */
struct tunnel_note {
	uint64_t cid;
	uint32_t kid;
	bool is_again;
	const char *peer_info;
	const struct hook_env *env;
};

/**
 * struct tunnel_watch - what the onlooker hears; all may be NULL
 * @phase: see there
 * @hold: is the host to wait for tunnel_host_release() before it begins, or
 *	begins again? It would have waited for @seconds
 * @login: management-client-auth: tunnel_host_login_accept(), _refuse() decide
 * @established: a server's client is connected
 * @left: one goes that @login was told of
 * @address: of such a client, by which it is reached; or of a network behind it
 * @response: what it answers to a challenge, as it came
 * @echo: words that the server pushed
 * @need_login: a client waits for tunnel_host_login()
 * @need_passphrase: the host waits for tunnel_host_passphrase()
 * @passphrase_failed: that was the wrong one
 * @need_certificate: it waits for tunnel_host_certificate(); what the
 *	configuration says about it
 * @need_signature: a handshake waits for tunnel_host_signature(): of what, in
 *	base64, and how, in OpenVPN's words. @what NULL: none waits any more
 * @need_remote: a client waits for tunnel_host_choose(); the server it means
 * @need_proxy: likewise, for tunnel_host_proxy(); @n: its number, from 1
 * @login_failed: the server has refused it; @reason may be ""
 * @token: the server has given one
 * @info: what the server says to who sits there
 * @notify: why it sends its client away, in OpenVPN's words and its own
 * @updown: with the variables that the programs up and down get
 * @fatal: the host cannot go on, and ends
 *
 * None of them may free or stop the host.
 */
struct tunnel_watch {
	void (*phase)(void *arg, const struct tunnel_event *event);
	bool (*hold)(void *arg, uint32_t seconds);
	void (*login)(void *arg, const struct tunnel_note *note);
	void (*established)(void *arg, const struct tunnel_note *note);
	void (*left)(void *arg, const struct tunnel_note *note);
	void (*address)(void *arg, uint64_t cid, const struct net_prefix *what,
			bool is_own);
	void (*response)(void *arg, const struct tunnel_note *note,
			 const char *text);
	void (*echo)(void *arg, const char *text);
	void (*need_login)(void *arg);
	void (*need_passphrase)(void *arg);
	void (*passphrase_failed)(void *arg);
	void (*need_certificate)(void *arg, const char *hint);
	void (*need_signature)(void *arg, const char *what,
			       const char *algorithm);
	void (*need_remote)(void *arg, const struct config_remote *remote);
	void (*need_proxy)(void *arg, unsigned int n,
			   const struct config_remote *remote);
	void (*login_failed)(void *arg, const char *reason);
	void (*token)(void *arg, const char *token);
	void (*info)(void *arg, const char *text);
	void (*notify)(void *arg, const char *what, const char *text);
	void (*updown)(void *arg, bool is_up, const struct hook_env *env);
	void (*fatal)(void *arg, const char *text);
};

/**
 * tunnel_host_watch() - be told of what happens
 * @watch: outlives the host, or NULL: nobody looks on any more
 *
 * Context: before tunnel_host_start().
 */
void tunnel_host_watch(struct tunnel_host *host,
		       const struct tunnel_watch *watch, void *arg);

/** tunnel_host_release() - do what @hold made wait */
void tunnel_host_release(struct tunnel_host *host);

/** tunnel_host_is_held() - it waits for tunnel_host_release() */
bool tunnel_host_is_held(const struct tunnel_host *host);

/** enum tunnel_retry - what a client does when its login is refused */
enum tunnel_retry {
	TUNNEL_RETRY_NONE,	/* it ends */
	TUNNEL_RETRY_NOINTERACT,
	TUNNEL_RETRY_INTERACT,	/* it asks again */
};

void tunnel_host_set_retry(struct tunnel_host *host, enum tunnel_retry retry);
enum tunnel_retry tunnel_host_retry(const struct tunnel_host *host);

/** tunnel_host_login() - user name and password, which @need_login asked for */
void tunnel_host_login(struct tunnel_host *host, const char *username,
		       const char *password);

/** tunnel_host_passphrase() - of the private key; 0, -ENOENT: nobody asked */
int tunnel_host_passphrase(struct tunnel_host *host, const char *text);

/** tunnel_host_certificate() - PEM; 0, -ENOENT: nobody asked, -ENOMEM */
int tunnel_host_certificate(struct tunnel_host *host, const char *pem);

/** tunnel_host_signs() - it waits for tunnel_host_signature() */
bool tunnel_host_signs(struct tunnel_host *host);

/**
 * tunnel_host_signature() - the answer to @need_signature
 * @base64: without blanks
 *
 * Return: 0; -ENOENT: nobody asked. What is no base64 is a wrong signature.
 */
int tunnel_host_signature(struct tunnel_host *host, const char *base64);

/** enum tunnel_choice - what becomes of the server that was asked about */
enum tunnel_choice {
	TUNNEL_CHOICE_ACCEPT,
	TUNNEL_CHOICE_SKIP,	/* ask about the next one */
	TUNNEL_CHOICE_CHANGE,	/* to another name and port */
};

/**
 * tunnel_host_choose() - the answer to @need_remote
 * @name, @port: of TUNNEL_CHOICE_CHANGE
 *
 * Return: 0; -EINVAL: nothing was asked, or the name is too long.
 */
int tunnel_host_choose(struct tunnel_host *host, enum tunnel_choice choice,
		       const char *name, uint16_t port);

/**
 * tunnel_host_proxy() - the answer to @need_proxy; unasked, it changes nothing
 * @proxy: NULL: none but what is configured
 *
 * Return: 0; -EINVAL: one that cannot carry it, and is still asked for.
 */
int tunnel_host_proxy(struct tunnel_host *host,
		      const struct config_proxy *proxy);

/** tunnel_host_forget() - what was entered, and the server's token */
void tunnel_host_forget(struct tunnel_host *host);

/**
 * tunnel_host_respond() - the answer to the server's challenge
 *
 * Return: 0; -ENOTCONN; -EOPNOTSUPP in the server role.
 */
int tunnel_host_respond(struct tunnel_host *host, const char *text);

/** tunnel_host_remote() - the @n-th server of a client; NULL behind the last */
const struct config_remote *tunnel_host_remote(const struct tunnel_host *host,
					       unsigned int n);

/**
 * struct tunnel_totals - of all tunnels, also of those that have gone
 * @n_clients: that are connected to a server
 */
struct tunnel_totals {
	unsigned int n_clients;
	uint64_t bytes_in, bytes_out;
};

void tunnel_host_totals(struct tunnel_host *host, struct tunnel_totals *out);

/** tunnel_host_clients() - the same number alone, at no cost */
unsigned int tunnel_host_clients(const struct tunnel_host *host);

enum tunnel_kill_proto {
	TUNNEL_KILL_ANY,
	TUNNEL_KILL_UDP,
	TUNNEL_KILL_TCP,
};

/* a server's clients: how many were ended */
unsigned int tunnel_host_kill_name(struct tunnel_host *host, const char *name);
unsigned int tunnel_host_kill_addr(struct tunnel_host *host,
				   const union net_addr *addr,
				   enum tunnel_kill_proto proto);

/**
 * tunnel_host_kill() - end a server's client, and say so to it
 * @text: "RESTART", "HALT,reason"
 *
 * Return: 0, or -ENOENT: there is no client of this number.
 */
int tunnel_host_kill(struct tunnel_host *host, uint64_t cid, const char *text);

/**
 * tunnel_host_login_accept() - the onlooker lets a client in
 * @lines: of configuration for it, as from client-connect; copied
 *
 * Return: 0; -ENOENT: there is no such exchange; -ENOMEM.
 */
int tunnel_host_login_accept(struct tunnel_host *host, uint64_t cid,
			     uint32_t kid, const char *lines, size_t len);

/**
 * tunnel_host_login_refuse() - or keeps it out
 * @for_client: the reason that it is told; ""
 */
int tunnel_host_login_refuse(struct tunnel_host *host, uint64_t cid,
			     uint32_t kid, const char *why,
			     const char *for_client);

/**
 * tunnel_host_login_pending() - or tells it what to do meanwhile
 * @timeout: seconds that it may take
 *
 * Return: 0; -ENOENT; -EMSGSIZE: @text is too long.
 */
int tunnel_host_login_pending(struct tunnel_host *host, uint64_t cid,
			      uint32_t kid, const char *text,
			      uint32_t timeout);

/** tunnel_host_free() - everything that is left, without goodbye */
void tunnel_host_free(struct tunnel_host *host);

/**
 * struct tunnel_info - a tunnel for status output; strings are borrowed
 */
struct tunnel_info {
	uint32_t peer_id;
	uint64_t cid;			/* client id, never used twice */
	const char *common_name;	/* "UNDEF" until known */
	const char *username;		/* "UNDEF" without a login */
	const char *state;
	const char *cipher;		/* "" until negotiated */
	const char *tls;		/* summary, "" until established */
	const char *data_path;		/* "kernel", "user", "" */
	const char *reason;		/* why this data path */
	bool is_tcp;
	union net_addr remote;
	union net_addr local;		/* AF_UNSPEC: not known */
	unsigned int sock;
	struct net_ip vpn4, vpn6;
	int64_t connected_since;	/* unix time */
	struct dp_peer_info dp;		/* zero without a data path peer */
	const struct tunnel *tunnel;
};

/**
 * tunnel_info_route() - what is reached through a server's client
 * @n: 0, 1, ...: its addresses, then the networks behind it
 *
 * Return: false behind the last one.
 */
bool tunnel_info_route(const struct tunnel_info *info, unsigned int n,
		       struct net_prefix *out);

struct tunnel_host_info {
	const char *role;		/* "server", "client" */
	const char *state;
	const char *ifname;
	const char *data_path;
	const char *data_path_reason;
	union net_addr local;		/* of the first transport socket */
	int64_t started;		/* unix time */
	unsigned int n_tunnels;
	unsigned int max_tunnels;	/* max-clients; 1 of a client */
	unsigned int tun_mtu;
	int64_t cert_until, cert_from, ca_until, crl_until; /* 0: none */
};

void tunnel_host_info(const struct tunnel_host *host,
		      struct tunnel_host_info *out);

/** struct tunnel_socket_info - an outer socket; @local AF_UNSPEC: closed */
struct tunnel_socket_info {
	bool is_tcp;
	union net_addr local;
	unsigned int n_tunnels;
};

/** tunnel_host_socket() - the @n-th; false behind the last one */
bool tunnel_host_socket(const struct tunnel_host *host, unsigned int n,
			struct tunnel_socket_info *out);

/**
 * tunnel_host_list() - call @fn for each tunnel; stops at non-zero
 *
 * Of the data path only path, thread and counters are told, by one question for
 * all. Without an answer they are zero.
 */
int tunnel_host_list(struct tunnel_host *host,
		     int (*fn)(void *arg, const struct tunnel_info *info),
		     void *arg);

/** tunnel_host_list_keys() - all of it, by up to four questions for each */
int tunnel_host_list_keys(struct tunnel_host *host,
			  int (*fn)(void *arg, const struct tunnel_info *info),
			  void *arg);

/** enum tunnel_change - what a monitor is told of */
enum tunnel_change {
	TUNNEL_CHANGE_STATE,	/* it has come to another state */
	TUNNEL_CHANGE_REMOTE,	/* its peer has another address */
	TUNNEL_CHANGE_KEY,	/* a renegotiation has given it a new key */
	TUNNEL_CHANGE_GONE,	/* it is about to end */
};

/**
 * tunnel_monitor_fn - something has changed at a tunnel
 * @info: as for tunnel_host_list()
 * @why: of TUNNEL_CHANGE_GONE; else ""
 *
 * Must not end or open tunnels.
 */
typedef void tunnel_monitor_fn(void *arg, enum tunnel_change change,
			       const struct tunnel_info *info,
			       const char *why);

/** tunnel_host_monitor() - be told of changes at tunnels; NULL: not any more */
void tunnel_host_monitor(struct tunnel_host *host, tunnel_monitor_fn *fn,
			 void *arg);

/**
 * struct tunnel_session_info - a control session; strings are borrowed
 * @remote_id: the peer's session id; all zero until known
 * @state: of the current key exchange (section 4.2)
 * @key_id: of that exchange
 * @age: ms since it began
 * @reneg_in: ms until the next one is begun from here; UINT64_MAX: never
 * @is_proven: the tunnel lives by it; else it has come to its address, and has
 *	not shown yet that it may
 * @is_lost: of an earlier process, without TLS until the next exchange
 */
struct tunnel_session_info {
	uint32_t peer_id;
	uint64_t cid;
	const char *common_name, *username;	/* "UNDEF" until known */
	union net_addr remote;
	struct net_ip vpn4, vpn6;
	const uint8_t *remote_id;		/* PROTO_SID_LEN bytes */
	const char *state;
	const char *tls;		/* summary, "" until established */
	uint8_t key_id;
	uint64_t age, reneg_in;
	bool is_proven, is_lost;
};

/** tunnel_host_sessions() - call @fn for each session; stops at non-zero */
int tunnel_host_sessions(struct tunnel_host *host,
			 int (*fn)(void *arg,
				   const struct tunnel_session_info *info),
			 void *arg);

/**
 * struct tunnel_push - what a server changes at clients that are connected
 * @options: of PUSH_UPDATE (section 8.12), separated by commas
 * @common_name, @cid: only there; NULL and not @has_cid: all clients
 */
struct tunnel_push {
	const char *options;
	const char *common_name;
	bool has_cid;
	uint64_t cid;
};

/** struct tunnel_push_result - @n_unable: clients that do not know of it */
struct tunnel_push_result {
	unsigned int n_sent, n_unable;
};

/**
 * tunnel_host_push() - send PUSH_UPDATE
 * @err: one line for the operator when it fails
 *
 * Return: 0; -EINVAL, an option is wrong and nothing was sent; -ENOENT, no such
 * client; -EOPNOTSUPP in the client role.
 */
int tunnel_host_push(struct tunnel_host *host, const struct tunnel_push *push,
		     struct tunnel_push_result *out, char *err, size_t err_len);

#endif
